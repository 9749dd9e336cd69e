"""Colours of pictures: paper, ink, fog, and the light and dark sides of a ball."""

from __future__ import annotations

from typing import Literal

Background = Literal["light", "dark", "transparent"]
Color = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

PAPER: dict[Background, Color | None] = {"light": (255, 255, 255), "dark": (22, 25, 31), "transparent": None}
INK: dict[Background, Color] = {"light": (38, 42, 48), "dark": (226, 229, 234), "transparent": (118, 124, 134)}
# On unknown paper the far side turns to a grey that stands out on white and on black.
FOG: dict[Background, Color] = {"light": (255, 255, 255), "dark": (22, 25, 31), "transparent": (165, 170, 178)}
EDGE: Color = (128, 134, 142)
MOST_FOG = 0.74
"""How much of the fog's colour the farthest atom takes on."""


def rgb(color: str) -> Color:
    """The colour of ``#rrggbb``."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def css(color: Color) -> str:
    """The colour as ``#rrggbb``."""
    return f"#{color[0]:02x}{color[1]:02x}{color[2]:02x}"


def mixed(color: Color, other: Color, share: float) -> Color:
    """`color` with this share of `other` in it."""
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(color, other, strict=True))
    return red, green, blue


def shades(color: Color) -> tuple[Color, Color, Color]:
    """Lit side, the colour itself, and the side in the shade."""
    return mixed(color, (255, 255, 255), 0.62), color, mixed(color, (0, 0, 0), 0.42)
