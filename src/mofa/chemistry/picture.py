"""Pictures of structures for reports: balls and sticks or filled space, as SVG or PNG.

    from mofa.chemistry.picture import structure_png, structure_svg

    Path("mof.svg").write_text(structure_svg(framework, title="MOF-5"))
    Path("node.png").write_bytes(structure_png(node, background="transparent"))

A `Drawing` is the scene as the camera sees it; `picture_svg` and `picture_png` put it on paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.cells import rectangular
from mofa.chemistry.elements import van_der_waals_radius_ang
from mofa.chemistry.framework import Framework
from mofa.chemistry.node import Node
from mofa.chemistry.picture_ink import Background
from mofa.chemistry.scene import Look, Scene, framework_scene, node_scene

Style = Literal["ball-stick", "space-filling"]
Along = Literal["auto", "a", "b", "c"]

STICK_RADIUS_ANG = 0.13
EDGE_RADIUS_ANG = 0.045
EDGE_PIECES = 10
"""Parts of a cell edge, each in front of some atoms and behind others."""
# Of the default view: the upright axis leans towards the viewer, and the scene is turned about it.
_YAW_DEG, _PITCH_DEG = -24.0, 17.0
# A weak perspective: the camera is this many radii of the scene away.
_CAMERA_RADII = 4.5
_MARGIN_PX = 14
_CAPTION_PX = 30
_TALLEST, _FLATTEST = 1.5, 0.5


@dataclass(frozen=True, eq=False)
class Drawing:
    """A scene in pixels: x to the right, y downwards, z towards the viewer."""

    width_px: int
    height_px: int
    looks: tuple[Look, ...]
    look: NDArray[np.int64]
    """Of every ball the index into `looks`, ``[n]``."""
    centers: NDArray[np.float64]
    """``[n, 3]``."""
    radii: NDArray[np.float64]
    """``[n]``."""
    sticks: NDArray[np.int64]
    """Pairs of balls, ``[n_sticks, 2]``."""
    stick_radii: NDArray[np.float64]
    """``[n_sticks]``."""
    edges: NDArray[np.float64]
    """Pieces of the cell's edges, ``[n_pieces, 2, 3]``."""
    edge_radius: float
    ang_px: float
    """Length of 1 Å, pixels."""
    background: Background
    title: str
    legend: tuple[Look, ...]

    def fog(self, z: NDArray[np.floating]) -> NDArray[np.float64]:
        """How far depths fade into the background: 0 at the front, 1 at the back."""
        front, back = float(self.centers[:, 2].max()), float(self.centers[:, 2].min())
        # Small molecules have no far side to lose.
        span = max(front - back, 16.0 * self.ang_px)
        return np.asarray(np.clip((front - z) / span, 0.0, 1.0), dtype=np.float64)


def structure_svg(
    structure: Framework | Node,
    *,
    style: Style = "ball-stick",
    along: Along = "auto",
    background: Background = "light",
    title: str = "",
    legend: bool = True,
    width_px: int = 640,
) -> str:
    """An SVG picture of a framework's cell or of a node with marks where linkers leave.

    Args:
        structure: what to draw; a framework is drawn as one closed cell of whole building blocks.
        style: balls and sticks, or balls of the van der Waals radii.
        along: cell axis to look along; auto looks a little from the side and above. A node has the axes x, y, z.
        background: what the far side fades into; transparent lets any page shine through.
        title: a line above the picture.
        legend: name the elements, and a node's kinds of points.
        width_px: width, pixels; the height follows the structure.
    """
    from mofa.chemistry.picture_svg import svg

    return svg(_drawing(structure, style, along, background, title, legend, width_px))


def structure_png(
    structure: Framework | Node,
    *,
    style: Style = "ball-stick",
    along: Along = "auto",
    background: Background = "light",
    title: str = "",
    legend: bool = True,
    width_px: int = 960,
) -> bytes:
    """The same as a PNG file, with light and shade on every pixel; see `structure_svg`."""
    from mofa.chemistry.picture_png import png

    return png(_drawing(structure, style, along, background, title, legend, width_px))


def _drawing(
    structure: Framework | Node,
    style: Style,
    along: Along,
    background: Background,
    title: str,
    legend: bool,
    width_px: int,
) -> Drawing:
    """The structure through the camera, as large as the paper allows."""
    if isinstance(structure, Node):
        scene, turn = node_scene(structure), _camera(np.eye(3), along)
    else:
        shown = rectangular(structure)
        scene, turn = framework_scene(shown), _camera(shown.cell, along)
    radii = np.array([_radius_ang(look, style) for look in scene.looks])[scene.look]
    corners = scene.edges.reshape(-1, 3)
    everything = np.concatenate([scene.positions, corners])
    middle = (everything.min(axis=0) + everything.max(axis=0)) / 2.0
    reach = 1.0 + float(np.linalg.norm(everything - middle, axis=1).max())
    centers, near = _projected(scene.positions - middle, turn, reach)
    edges, _ = _projected(_pieces(scene.edges) - middle, turn, reach)
    low = np.minimum((centers - (radii * near)[:, None]).min(axis=0), edges.min(axis=0, initial=np.inf))[:2]
    high = np.maximum((centers + (radii * near)[:, None]).max(axis=0), edges.max(axis=0, initial=-np.inf))[:2]
    inner = width_px - 2 * _MARGIN_PX
    unit = inner / max(float(high[0] - low[0]), float(high[1] - low[1]) / _TALLEST)
    height = max(unit * float(high[1] - low[1]), _FLATTEST * inner)
    top = _MARGIN_PX + (_CAPTION_PX if title else 0)
    # The middle of the picture goes to the middle of the paper.
    shift = np.array([width_px / 2, top + height / 2, 0.0]) - unit * np.array([*(low + high) / 2, 0.0])
    sticks = _sticks(scene, style)
    return Drawing(
        width_px=width_px,
        height_px=round(top + height + _MARGIN_PX + (_CAPTION_PX if legend else 0)),
        looks=scene.looks,
        look=scene.look,
        centers=unit * centers + shift,
        radii=unit * radii * near,
        sticks=sticks,
        stick_radii=unit * STICK_RADIUS_ANG * near[sticks].mean(axis=1),
        edges=(unit * edges + shift).reshape(-1, 2, 3),
        edge_radius=max(0.6, unit * EDGE_RADIUS_ANG),
        ang_px=unit,
        background=background,
        title=title,
        legend=scene.looks if legend else (),
    )


def _radius_ang(look: Look, style: Style) -> float:
    return look.radius_ang if style == "ball-stick" or not look.element else van_der_waals_radius_ang(look.name)


def _sticks(scene: Scene, style: Style) -> NDArray[np.int64]:
    """Bonds to draw; filled space hides all but those to the marks."""
    return scene.bonds if style == "ball-stick" else scene.bonds[(scene.atom[scene.bonds] < 0).any(axis=1)]


def _camera(cell: NDArray[np.float64], along: Along) -> NDArray[np.float64]:
    """Rows are the screen's x, y (downwards) and the axis towards the viewer, ``[3, 3]``."""
    unit = cell / np.linalg.norm(cell, axis=1)[:, None]
    if along == "auto":
        toward, up = unit[0] - (unit[0] @ unit[2]) * unit[2], unit[2]
    else:
        looked = "abc".index(along)
        toward, up = unit[looked], unit[(looked + 2) % 3]
    toward = toward / np.linalg.norm(toward)
    up = up - (up @ toward) * toward
    up /= np.linalg.norm(up)
    frame = np.array([np.cross(up, toward), up, toward])
    flip = np.diag([1.0, -1.0, 1.0])
    if along != "auto":
        return np.asarray(flip @ frame, dtype=np.float64)
    yaw, pitch = np.radians([_YAW_DEG, _PITCH_DEG])
    about_up = np.array([[np.cos(yaw), 0.0, np.sin(yaw)], [0.0, 1.0, 0.0], [-np.sin(yaw), 0.0, np.cos(yaw)]])
    nod = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(pitch), -np.sin(pitch)], [0.0, np.sin(pitch), np.cos(pitch)]])
    return np.asarray(flip @ nod @ about_up @ frame, dtype=np.float64)


def _projected(
    points: NDArray[np.float64], turn: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points as the camera sees them, Å, ``[n, 3]``, and how much nearness enlarges each, ``[n]``."""
    seen = points @ turn.T
    near = 1.0 / (1.0 - seen[:, 2] / (_CAMERA_RADII * reach))
    seen[:, :2] *= near[:, None]
    return seen, near


def _pieces(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ends of the pieces of all edges, ``[2 * n_pieces, 3]``."""
    share = np.arange(EDGE_PIECES + 1)[:, None] / EDGE_PIECES
    along = edges[:, None, 0] + share * (edges[:, None, 1] - edges[:, None, 0])
    return np.stack([along[:, :-1], along[:, 1:]], axis=2).reshape(-1, 3)
