"""Reference densities of DDEC6: free atoms and ions, and the cores that pseudopotentials leave out.

The table is made by ``benchmarks/ddec6_references.py`` with PBE: every density as its means over shells of 0.05 Å.
Before use it is put into the form that the method asks for (DOI 10.1039/c6ra04656h, section 3): every density falls
with the distance, holds exactly its electrons, and so does the difference from one charge to the next.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from mofa.charges.ddec6.kernels import SHELLS
from mofa.units import BOHR_TO_ANG

Array = NDArray[np.float64]
SHELL_BOHR = 0.05 / BOHR_TO_ANG
"""Thickness of a shell, bohr; a hundred reach to 5 Å."""
SHELL_VOLUMES = 4.0 / 3.0 * np.pi * np.diff((np.arange(SHELLS + 1) * SHELL_BOHR) ** 3)
"""bohr3, ``[100]``."""
_FLOOR = 1e-16
_REFINEMENTS = 100


def elements() -> list[str]:
    """Elements that there are references for."""
    return sorted(name.removesuffix("_density") for name in _table() if name.endswith("_density"))


def core_electrons(symbol: str) -> int:
    """Electrons that a GTH pseudopotential leaves out of the valence."""
    return int(_table()[f"{symbol}_core_electrons"])


def core_density(symbol: str) -> Array:
    """Core of an element, mean over every shell, 1/bohr3, ``[100]``."""
    return np.asarray(_table()[f"{symbol}_core_shells"], dtype=np.float64)


def core_density_at(symbol: str, distances_bohr: Array) -> Array:
    """Core of an element at some distances from the nucleus, 1/bohr3."""
    table = _table()
    logarithm = np.log(np.maximum(table[f"{symbol}_core"], 1e-30))
    return np.asarray(np.exp(np.interp(distances_bohr, table["core_radii_bohr"], logarithm, right=-69.0)))


def reference_density(symbol: str, charge_e: float) -> Array:
    """Density of an ion, between whole charges interpolated linearly, beyond the last one scaled, ``[100]``."""
    ions = _ions(symbol)
    lowest, highest = min(ions), max(ions)
    if charge_e <= lowest or charge_e >= highest:
        nearest = lowest if charge_e <= lowest else highest
        electrons = float(ions[nearest] @ SHELL_VOLUMES)
        wanted = electrons - (charge_e - nearest)
        return ions[nearest] * max(wanted / electrons, 0.0) if electrons > 1e-6 else ions[nearest]
    upper = int(np.ceil(charge_e))
    share = upper - charge_e
    return ions[upper] * (1.0 - share) + ions[upper - 1] * share if share else ions[upper]


@lru_cache(maxsize=64)
def _ions(symbol: str) -> dict[int, Array]:
    """All references of an element by charge, in the form that the method asks for."""
    table = _table()
    charges = [int(charge) for charge in table[f"{symbol}_charges"]]
    raw = dict(zip(charges, np.asarray(table[f"{symbol}_density"], dtype=np.float64), strict=True))
    ions = {0: _falling(raw[0], round(float(raw[0] @ SHELL_VOLUMES)))}
    for sign, last in ((1, max(charges)), (-1, -min(charges))):
        for charge in range(1, last + 1):
            electrons = round(float(ions[0] @ SHELL_VOLUMES)) - sign * charge
            before = ions[sign * (charge - 1)]
            ions[sign * charge] = _stepped(_falling(raw[sign * charge], electrons), before, sign, electrons)
    return ions


def _falling(density: Array, electrons: int) -> Array:
    """A density that never rises with the distance and holds its electrons."""
    raised = np.maximum.accumulate(np.maximum(density, _FLOOR)[::-1])[::-1]
    return np.asarray(raised * (electrons / float(raised @ SHELL_VOLUMES)) if electrons else raised * 0.0)


def _stepped(density: Array, before: Array, sign: int, electrons: int) -> Array:
    """The same, made so that what was taken away or added since the charge before never rises with the distance."""
    for _ in range(_REFINEMENTS):
        change = np.maximum.accumulate(np.maximum(sign * (before - density), 0.0)[::-1])[::-1]
        stepped = before - sign * change
        moved = float((stepped - density) @ SHELL_VOLUMES)
        held = float(stepped @ SHELL_VOLUMES)
        density = stepped * (electrons / held) if held > 1e-12 else stepped
        if abs(moved) < 1e-12:
            break
    return density


@lru_cache(maxsize=1)
def _table() -> dict[str, NDArray[np.float64]]:
    with (resources.files("mofa.charges.ddec6") / "data" / "references.npz").open("rb") as stream:
        loaded = np.load(stream)
        return {name: loaded[name] for name in loaded.files}
