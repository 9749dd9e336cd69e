"""A drawing as SVG: the painter's way, from far to near, in as few bytes as that takes."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.picture import Drawing
from mofa.chemistry.picture_ink import EDGE, FOG, INK, MOST_FOG, PAPER, Background, css, mixed, rgb, shades
from mofa.chemistry.scene import Look

FOG_LEVELS = 6
# Sticks under this width are one line: a rim would hardly be seen.
_THIN_PX = 4.5
_FONT = "font-family='system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif'"


def svg(drawing: Drawing) -> str:
    """The SVG document."""
    width, height = drawing.width_px, drawing.height_px
    paper = PAPER[drawing.background]
    out = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}'"
        f" role='img' aria-label='{escape(drawing.title or 'Structure', quote=True)}'>",
        _definitions(drawing),
    ]
    if paper is not None:
        out.append(f"<rect width='100%' height='100%' fill='{css(paper)}'/>")
    out.append(f"<g fill='none' stroke-width='{_n(2 * drawing.edge_radius)}'>")
    out += [*_layers(drawing), "</g>", *_words(drawing), "</svg>"]
    return "\n".join(out) + "\n"


def _definitions(drawing: Drawing) -> str:
    """Gradients of the balls and colours of the sticks, one for each element and depth."""
    gradients, rules = [], []
    fog = FOG[drawing.background]
    for level in range(FOG_LEVELS + 1):
        for look in drawing.looks:
            light, middle, dark = (css(mixed(color, fog, _share(level))) for color in shades(rgb(look.color)))
            name = _name(look, level, drawing.background)
            gradients.append(
                f"<radialGradient id='g{name}' cx='.36' cy='.32' r='.72'><stop stop-color='{light}'/>"
                f"<stop offset='.42' stop-color='{middle}'/><stop offset='1' stop-color='{dark}'/></radialGradient>"
            )
            rules.append(f".b{name}{{fill:url(#g{name})}}.d{name}{{stroke:{dark}}}.m{name}{{stroke:{middle}}}")
        edge = css(mixed(EDGE, fog, _share(level)))
        rules.append(f".e{_name(None, level, drawing.background)}{{stroke:{edge};stroke-linecap:round}}")
    return f"<defs><style>{''.join(rules)}</style>{''.join(gradients)}</defs>"


def _name(look: Look | None, level: int, background: Background) -> str:
    """End of a class or gradient name; it means the same in every picture, so that many can share a page."""
    symbol = "" if look is None else look.name if look.element else f"-{look.name[0]}"
    return f"{symbol}{level}{'' if background == 'light' else background[0]}"


def _share(level: int) -> float:
    """How much of the background a depth takes on."""
    return MOST_FOG * level / FOG_LEVELS


def _layers(drawing: Drawing) -> list[str]:
    """Balls, sticks and pieces of edges, from far to near."""
    layers: list[tuple[float, str]] = []
    depth = np.rint(FOG_LEVELS * drawing.fog(drawing.centers[:, 2])).astype(int).tolist()
    looks = [drawing.looks[k] for k in drawing.look.tolist()]
    names = [_name(look, level, drawing.background) for look, level in zip(looks, depth, strict=True)]
    for (x, y, z), radius, name in zip(drawing.centers.tolist(), drawing.radii.tolist(), names, strict=True):
        layers.append((z, f"<circle class='b{name}' cx='{_n(x)}' cy='{_n(y)}' r='{_n(radius)}'/>"))
    for (i, j), radius in zip(drawing.sticks.tolist(), drawing.stick_radii.tolist(), strict=True):
        start, end = _surface(drawing, i, j, radius), _surface(drawing, j, i, radius)
        middle = (drawing.centers[i] + drawing.centers[j]) / 2.0
        if names[i] == names[j]:
            layers.append(_stick(start, end, radius, names[i]))
        else:
            layers += [_stick(start, middle, radius, names[i]), _stick(end, middle, radius, names[j])]
    levels = np.rint(FOG_LEVELS * drawing.fog(drawing.edges[:, :, 2].mean(axis=1))).astype(int).tolist()
    for (start, end), level in zip(drawing.edges, levels, strict=True):
        name = _name(None, level, drawing.background)
        layers.append((float(start[2] + end[2]) / 2, f"<path class='e{name}' {_path(start, end)}/>"))
    layers.sort(key=lambda layer: layer[0])
    return [text for _, text in layers]


def _surface(drawing: Drawing, near: int, far: int, radius: float) -> NDArray[np.float64]:
    """Where a stick of this radius comes out of its ball, ``[3]``."""
    along = drawing.centers[far] - drawing.centers[near]
    inside = float(np.sqrt(max(0.0, drawing.radii[near] ** 2 - radius**2)))
    share = min(0.5, 0.9 * inside / max(1e-9, float(np.linalg.norm(along))))
    return np.asarray(drawing.centers[near] + share * along, dtype=np.float64)


def _stick(start: NDArray[np.float64], end: NDArray[np.float64], radius: float, name: str) -> tuple[float, str]:
    """Depth and paths of a stick of one colour: a dark line with a lighter, narrower one on it unless it is thin."""
    path, width = _path(start, end), 2 * radius
    text = f"<path class='m{name}' stroke-width='{_n(width)}' {path}/>"
    if width >= _THIN_PX:
        rim = f"<path class='d{name}' stroke-width='{_n(width)}' {path}/>"
        text = f"{rim}<path class='m{name}' stroke-width='{_n(0.58 * width)}' {path}/>"
    return float(start[2] + end[2]) / 2.0, text


def _path(start: NDArray[np.float64], end: NDArray[np.float64]) -> str:
    """A straight line; the second point by its offset, which is shorter to write."""
    x, y = (round(10 * float(value)) for value in start[:2])
    dx, dy = round(10 * float(end[0])) - x, round(10 * float(end[1])) - y
    return f"d='M{_n(x / 10)} {_n(y / 10)}l{_n(dx / 10)}{' ' if dy >= 0 else ''}{_n(dy / 10)}'"


def _words(drawing: Drawing) -> list[str]:
    """Title and legend."""
    ink = css(INK[drawing.background])
    out = []
    if drawing.title:
        out.append(
            f"<text x='{drawing.width_px / 2:g}' y='28' text-anchor='middle' {_FONT} font-size='17' font-weight='600'"
            f" fill='{ink}'>{escape(drawing.title)}</text>"
        )
    if drawing.legend:
        widths = [30 + 8.2 * len(look.name) for look in drawing.legend]
        x, y = (drawing.width_px - sum(widths)) / 2, drawing.height_px - 20
        for look, width in zip(drawing.legend, widths, strict=True):
            name = _name(look, 0, drawing.background)
            out.append(
                f"<circle class='b{name}' cx='{_n(x + 8)}' cy='{y}' r='7'/><text x='{_n(x + 19)}' y='{y + 5}' {_FONT}"
                f" font-size='14' fill='{ink}'>{escape(look.name)}</text>"
            )
            x += width
    return out


def _n(value: float) -> str:
    """A number to a tenth of a pixel, without what need not be written."""
    return f"{value:.1f}".removesuffix(".0")
