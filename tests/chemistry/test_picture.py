"""Pictures: what they hold, that they are well formed, small, and look the same for the same crystal."""

from __future__ import annotations

import io
import re
from itertools import product
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from mofa.assemble import load_node
from mofa.chemistry import Bond, Framework, Node
from mofa.chemistry.cells import rectangular, supercell
from mofa.chemistry.picture import structure_png, structure_svg
from mofa.chemistry.scene import framework_scene, node_scene
from tests.structures import irmof1

SVG = "{http://www.w3.org/2000/svg}"


def circles(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}circle"))


def image_of(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png))).astype(float)


# --- cells


def test_the_primitive_cell_of_mof_5_becomes_its_cubic_one() -> None:
    cubic = rectangular(irmof1())
    assert cubic.cell_parameters() == pytest.approx((25.832, 25.832, 25.832, 90.0, 90.0, 90.0), abs=1e-3)
    assert len(cubic) == 4 * len(irmof1())
    assert rectangular(cubic) is cubic


@pytest.mark.parametrize(
    "transform", [np.diag([2, 1, 1]), [[1, 1, 0], [-1, 1, 0], [0, 0, 3]], [[-1, 1, 1], [1, -1, 1], [1, 1, -1]]]
)
def test_a_supercell_is_the_same_crystal(transform) -> None:
    mof = irmof1()
    large = supercell(mof, np.array(transform))
    n = round(abs(np.linalg.det(transform)))
    assert (len(large), len(large.bonds)) == (n * len(mof), n * len(mof.bonds))
    assert large.density_g_per_cm3 == pytest.approx(mof.density_g_per_cm3)
    lengths = np.linalg.norm(large.bonds.vectors(large.positions, large.cell), axis=1)
    expected = np.linalg.norm(mof.bonds.vectors(mof.positions, mof.cell), axis=1)
    assert np.sort(lengths) == pytest.approx(np.sort(np.tile(expected, n)), abs=1e-6)
    assert [rank for _, rank in large.bonds.components()] == [3]


def test_hexagonal_and_unrelated_cells_stay() -> None:
    hexagonal, triclinic = [[9, 0, 0], [-4.5, 7.794, 0], [0, 0, 12]], [[9, 1, 0], [0, 9, 2], [1, 0, 11]]
    for cell in (np.diag([9.0, 10.0, 11.0]), hexagonal, triclinic):
        lone = Framework("x", ("Zn",), np.zeros((1, 3)), np.array(cell, dtype=float))
        assert rectangular(lone) is lone


# --- scenes


def test_every_corner_of_the_cell_has_a_whole_node() -> None:
    cubic = rectangular(irmof1())
    scene = framework_scene(cubic)
    symbols = np.array([scene.looks[k].name for k in scene.look])
    zinc = scene.positions[symbols == "Zn"]
    for corner in product((0.0, 0.5, 1.0), repeat=3):
        distance = np.linalg.norm(zinc - np.array(corner) @ cubic.cell, axis=1)
        assert (distance < 2.5).sum() == 4
    # A node brings its six carboxylates along: no Zn-O or C-O bond is cut off.
    degree = np.bincount(scene.bonds.ravel(), minlength=len(symbols))
    assert set(degree[symbols == "Zn"]) == {4}
    assert set(degree[symbols == "O"]) == {2, 4}


def test_marks_stand_where_linkers_go() -> None:
    node = load_node("zn-paddlewheel-pillar")
    scene = node_scene(node)
    marks = scene.positions[scene.atom < 0]
    assert len(marks) == len(node.points)
    for mark, point in zip(marks, node.points, strict=True):
        out = mark - node.positions[point.atom]
        assert out / np.linalg.norm(out) == pytest.approx(point.direction)
    assert {look.name for look in scene.looks if not look.element} == {"carboxylate", "N donor"}


# --- SVG


def test_an_svg_holds_every_ball_and_names_the_elements() -> None:
    svg = structure_svg(irmof1(), title="MOF-5 <cubic>")
    drawn = len(framework_scene(rectangular(irmof1())).atom)
    legend = 4
    assert len(circles(svg)) == drawn + legend
    texts = [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert texts == ["MOF-5 <cubic>", "C", "H", "O", "Zn"]
    assert len(rectangular(irmof1())) == 424
    assert len(svg.encode()) < 300_000


def test_all_that_is_drawn_lies_on_the_paper() -> None:
    root = ElementTree.fromstring(structure_svg(irmof1(), width_px=500))
    width, height = (float(root.get(side)) for side in ("width", "height"))
    assert width == 500
    for circle in root.iter(f"{SVG}circle"):
        x, y, r = (float(circle.get(key)) for key in ("cx", "cy", "r"))
        assert r <= x <= width - r
        assert r <= y <= height - r


def test_far_things_are_painted_first() -> None:
    """Looking along c at two metals of a paddlewheel, the nearer one covers the other."""
    node = load_node("zn-paddlewheel")
    zinc = [c for c in circles(structure_svg(node, along="c", legend=False)) if "bZn" in c.get("class")]
    radii = [float(circle.get("r")) for circle in zinc]
    assert radii == sorted(radii)
    assert radii[0] < radii[1]


def test_pictures_can_share_a_page() -> None:
    """Names of gradients and classes mean the same in all pictures of one background."""
    seen: dict[str, str] = {}
    for name in ("zn4o", "zr6", "cu-paddlewheel-pillar", "co-azolate"):
        for background in ("light", "dark", "transparent"):
            svg = structure_svg(load_node(name), background=background)
            for key, body in re.findall(r"(\.[bdme][\w-]+)\{(.*?)\}", svg):
                assert seen.setdefault(key, body) == body
            for key, body in re.findall(r"<radialGradient id='(\S+)'.*?>(.*?)</radialGradient>", svg):
                assert seen.setdefault(key, body) == body


def test_space_filling_shows_no_sticks() -> None:
    svg = structure_svg(irmof1(), style="space-filling")
    assert not re.search(r"class='[dm]", svg)
    small = max(float(c.get("r")) for c in circles(structure_svg(irmof1(), legend=False)))
    assert max(float(c.get("r")) for c in circles(svg)) > 2 * small


def test_the_same_crystal_gives_the_same_picture() -> None:
    mof = irmof1()
    moved = mof.with_geometry(mof.positions + mof.cell[0] - 2 * mof.cell[2], mof.cell)
    assert structure_svg(moved) == structure_svg(mof)


# --- PNG


def test_a_png_shows_the_elements_on_its_background() -> None:
    node = load_node("zn4o")
    light = image_of(structure_png(node, width_px=200))
    dark = image_of(structure_png(node, width_px=200, background="dark"))
    clear = image_of(structure_png(node, width_px=200, background="transparent"))
    assert light.shape[1:] == dark.shape[1:] == (200, 3)
    assert light[0, 0] == pytest.approx([255.0] * 3)
    assert dark[0, 0].max() < 40
    assert (clear[0, 0, 3], clear[..., 3].max()) == (0.0, 255.0)
    red = (light[..., 0] > 1.5 * light[..., 1]) & (light[..., 0] > 1.5 * light[..., 2])
    assert 0.01 < red.mean() < 0.5  # the oxygens


@pytest.mark.parametrize(("height_ang", "color"), [(2.0, "#c4524c"), (-2.0, "#7f86b8")])
def test_the_nearer_ball_hides_the_farther(height_ang: float, color: str) -> None:
    """Oxygen before or behind zinc, looking along c: what is in the middle of the picture."""
    node = Node("x", ("Zn", "O"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, height_ang]]), (Bond(0, 1, 0.5),), (), "")
    pixels = image_of(structure_png(node, along="c", legend=False, width_px=300))
    middle = pixels[pixels.shape[0] // 2, 150]
    hue = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)], dtype=float)
    assert middle @ hue / np.linalg.norm(middle) / np.linalg.norm(hue) > 0.99


@pytest.mark.parametrize("along", ["a", "b", "c", "auto"])
def test_every_view_is_drawn_upright_and_finite(along: str) -> None:
    svg = structure_svg(irmof1(), along=along)
    assert "nan" not in svg
    assert "inf" not in re.sub(r"font-family='[^']*'", "", svg)


def test_skewed_and_empty_looking_structures_are_drawn() -> None:
    cell = np.array([[9.0, 0.0, 0.0], [4.0, 8.0, 0.0], [3.0, 2.0, 7.0]])
    skew = Framework("x", ("C", "O"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.2]]), cell)
    assert structure_svg(skew).startswith("<svg")
    assert structure_png(load_node("zn-azolate"), width_px=120).startswith(b"\x89PNG")
