"""A drawing as PNG: spheres and cylinders lit pixel by pixel, nearest first, twice as fine and then averaged."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mofa.chemistry.picture import Drawing
from mofa.chemistry.picture_ink import EDGE, FOG, INK, MOST_FOG, PAPER, rgb

SUPERSAMPLING = 2
# Towards the light: from the upper left, over the viewer's shoulder.
_LIGHT = np.array([-0.379, -0.499, 0.779], dtype=np.float32)
# Halfway between the light and the viewer: surfaces that face there gleam.
_GLEAM = np.array([-0.201, -0.265, 0.943], dtype=np.float32)
_AMBIENT, _DIFFUSE, _GLOSS, _GLOSS_POWER = 0.52, 0.56, 0.34, 26.0
# A rim is drawn where something this many Å nearer ends, so that what overlaps is told apart.
_RIM_STEP_ANG, _RIM_DARKENING = 0.9, 0.42
_RIM_NEIGHBORS = ((-2, 0), (2, 0), (0, -2), (0, 2))


@dataclass(frozen=True, eq=False)
class _Canvas:
    """Colour and depth of every pixel so far; what is nothing yet lies at minus infinity."""

    color: NDArray[np.float32]
    """``[height, width, 3]``, 0 to 255."""
    depth: NDArray[np.float32]
    """``[height, width]``, pixels towards the viewer."""

    @classmethod
    def blank(cls, height: int, width: int) -> _Canvas:
        """Nothing on it yet."""
        return cls(np.zeros((height, width, 3), np.float32), np.full((height, width), -np.inf, np.float32))

    def window(self, low: NDArray[np.floating], high: NDArray[np.floating]) -> tuple[slice, slice]:
        """Rows and columns between two corners (x, y), within the canvas."""
        height, width = self.depth.shape
        x0, x1 = max(0, int(low[0])), min(width, int(high[0]) + 2)
        y0, y1 = max(0, int(low[1])), min(height, int(high[1]) + 2)
        return slice(y0, max(y0, y1)), slice(x0, max(x0, x1))

    def put(
        self,
        window: tuple[slice, slice],
        seen: NDArray[np.bool_],
        depth: NDArray[np.float32],
        normal: NDArray[np.float32],
        color: NDArray[np.float32],
    ) -> None:
        """Paint a window's pixels where `seen` and nearer than what is there.

        Args:
            window: from `window`.
            seen: pixels that the thing covers, ``[h, w]``.
            depth: of its surface, ``[h, w]``.
            normal: unit normal of its surface, ``[h, w, 3]``.
            color: of its surface, ``[h, w, 3]`` or what broadcasts to it.
        """
        nearer = seen & (depth > self.depth[window])
        self.depth[window][nearer] = depth[nearer]
        self.color[window][nearer] = _lit(normal[nearer], np.broadcast_to(color, normal.shape)[nearer])


def png(drawing: Drawing) -> bytes:
    """The PNG file, with an alpha channel where the background is transparent."""
    k = SUPERSAMPLING
    canvas = _Canvas.blank(k * drawing.height_px, k * drawing.width_px)
    colors = np.array([rgb(look.color) for look in drawing.looks], dtype=np.float32)[drawing.look]
    centers = k * drawing.centers.astype(np.float32)
    for center, radius, color in zip(centers, (k * drawing.radii).tolist(), colors, strict=True):
        _sphere(canvas, center, radius, color)
    for (i, j), radius in zip(drawing.sticks.tolist(), (k * drawing.stick_radii).tolist(), strict=True):
        _cylinder(canvas, centers[i], centers[j], radius, colors[[i, j]])
    edge_color = np.array([EDGE, EDGE], dtype=np.float32)
    for start, end in k * drawing.edges.astype(np.float32):
        _cylinder(canvas, start, end, k * drawing.edge_radius, edge_color)
    return _encoded(_finished(canvas, drawing), drawing)


def _sphere(canvas: _Canvas, center: NDArray[np.float32], radius: float, color: NDArray[np.float32]) -> None:
    window = canvas.window(center[:2] - radius, center[:2] + radius)
    y, x = _pixels(window)
    dx, dy = (x - center[0]) / radius, (y - center[1]) / radius
    square = 1.0 - dx**2 - dy**2
    height = np.sqrt(np.maximum(square, 0.0))
    normal = np.stack(np.broadcast_arrays(dx, dy, height), axis=-1)
    canvas.put(window, square > 0.0, center[2] + radius * height, normal, color)


def _cylinder(
    canvas: _Canvas,
    start: NDArray[np.float32],
    end: NDArray[np.float32],
    radius: float,
    colors: NDArray[np.float32],
) -> None:
    """A stick whose halves have the two colours ``[2, 3]``; its flat ends lie within balls."""
    length = float(np.linalg.norm(end - start))
    if length < 1e-6:
        return
    axis = (end - start) / np.float32(length)
    across = 1.0 - float(axis[2]) ** 2  # of the line of sight, the squared part across the stick
    if across < 1e-4:
        return
    window = canvas.window(np.minimum(start, end)[:2] - radius, np.maximum(start, end)[:2] + radius)
    y, x = _pixels(window)
    px, py = np.broadcast_arrays(x - start[0], y - start[1])
    along = px * axis[0] + py * axis[1]
    # Points start + (px, py, z): their distance from the axis is the radius at the larger root z.
    half = along * axis[2] / across
    rest = (px**2 + py**2 - along**2 - radius**2) / across
    square = half**2 - rest
    z = half + np.sqrt(np.maximum(square, 0.0))
    reach = along + z * axis[2]
    offset = np.stack([px, py, z], axis=-1) - reach[..., None] * axis
    color = np.where((reach < length / 2.0)[..., None], colors[0], colors[1])
    canvas.put(window, (square > 0.0) & (reach > 0.0) & (reach < length), start[2] + z, offset / radius, color)


def _pixels(window: tuple[slice, slice]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Middles of a window's pixels: y as a column, x as a row."""
    rows, columns = (np.arange(part.start, part.stop, dtype=np.float32) + np.float32(0.5) for part in window)
    return rows[:, None], columns[None, :]


def _lit(normal: NDArray[np.float32], color: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours of surfaces with these unit normals, ``[n, 3]``, 0 to 255."""
    diffuse = np.maximum(normal @ _LIGHT, 0.0)
    gloss = np.maximum(normal @ _GLEAM, 0.0) ** _GLOSS_POWER
    base = color * (_AMBIENT + _DIFFUSE * diffuse)[..., None]
    shine = (_GLOSS * gloss)[..., None]
    lit: NDArray[np.float32] = np.minimum(base, 255.0) * (1.0 - shine) + 255.0 * shine
    return lit


def _finished(canvas: _Canvas, drawing: Drawing) -> NDArray[np.uint8]:
    """Rims, fog and paper put in, ``[height, width, 4]``."""
    hit = np.isfinite(canvas.depth)
    dark = _rim(canvas.depth, drawing.ang_px)[hit]
    share = np.float32(MOST_FOG) * drawing.fog(canvas.depth[hit] / SUPERSAMPLING)
    color = canvas.color[hit] * ((1.0 - dark) * (1.0 - share))[:, None]
    color += np.array(FOG[drawing.background], dtype=np.float32) * share[:, None]
    paper = PAPER[drawing.background]
    pixels = np.empty((*hit.shape, 4), dtype=np.uint8)
    pixels[...] = (0, 0, 0, 0) if paper is None else (*paper, 255)
    pixels[hit] = np.concatenate([color, np.full((len(color), 1), 255.0)], axis=1)
    return pixels


def _rim(depth: NDArray[np.float32], ang_px: float) -> NDArray[np.float32]:
    """How much darker pixels are that lie just behind the outline of something nearer, ``[height, width]``."""
    height, width = depth.shape
    around = np.pad(depth, 2, constant_values=-np.inf)
    nearest = depth
    for dy, dx in _RIM_NEIGHBORS:
        nearest = np.maximum(nearest, around[2 + dy : 2 + dy + height, 2 + dx : 2 + dx + width])
    step = SUPERSAMPLING * ang_px * _RIM_STEP_ANG
    gap = np.where(np.isfinite(depth), nearest, 0.0) - np.where(np.isfinite(depth), depth, 0.0)
    return np.asarray(_RIM_DARKENING * np.clip(gap / step - 0.4, 0.0, 1.0), dtype=np.float32)


def _encoded(pixels: NDArray[np.uint8], drawing: Drawing) -> bytes:
    """Averaged down, with title and legend, as a file."""
    # With colours times their alpha ("RGBa"), no black seeps in from pixels that hold nothing.
    image = Image.fromarray(pixels).convert("RGBa").reduce(SUPERSAMPLING).convert("RGBA")
    _write_words(image, drawing)
    target = io.BytesIO()
    (image if drawing.background == "transparent" else image.convert("RGB")).save(target, "PNG")
    return target.getvalue()


def _write_words(image: Image.Image, drawing: Drawing) -> None:
    """Title and legend, where the SVG has them."""
    pen, ink = ImageDraw.Draw(image), INK[drawing.background]
    if drawing.title:
        pen.text((drawing.width_px / 2, 8), drawing.title, ink, ImageFont.load_default(20), anchor="ma")
    font = ImageFont.load_default(16)
    widths = [32 + font.getlength(look.name) for look in drawing.legend]
    x, y = (drawing.width_px - sum(widths)) / 2, drawing.height_px - 20
    for look, width in zip(drawing.legend, widths, strict=True):
        image.alpha_composite(_swatch(look.color), (round(x), y - 8))
        pen.text((x + 20, y), look.name, ink, font, anchor="lm")
        x += width


def _swatch(color: str) -> Image.Image:
    """A small ball for the legend."""
    side = 16 * 4
    canvas = _Canvas.blank(side, side)
    _sphere(
        canvas,
        np.array([side / 2, side / 2, 0.0], dtype=np.float32),
        side / 2 - 2,
        np.array(rgb(color), dtype=np.float32),
    )
    alpha = np.where(np.isfinite(canvas.depth), 255.0, 0.0)[..., None]
    pixels = np.concatenate([canvas.color, alpha], axis=-1).astype(np.uint8)
    return Image.fromarray(pixels).resize((16, 16), Image.Resampling.LANCZOS)
