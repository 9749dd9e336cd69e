"""Electron densities made of free ions, and cube files of them: cheap stand-ins for a calculation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa.charges.ddec6.references import SHELL_BOHR, SHELL_VOLUMES, core_density, core_electrons, reference_density
from mofa.chemistry import Framework
from mofa.units import BOHR_TO_ANG

BOX = np.diag([9.0, 6.5, 6.5])


def water(box: NDArray[np.float64] = BOX) -> Framework:
    """A water molecule in a box."""
    angle, bond = np.radians(104.52), 0.9572
    arms = [[bond * np.sin(x), 0.0, bond * np.cos(x)] for x in (angle / 2, -angle / 2)]
    return Framework("water", ("O", "H", "H"), np.array([[0, 0, 0], *arms]) + box.sum(axis=0) / 2, box)


def pair(first: str = "Zn", second: str = "O", *, apart_ang: float = 6.0) -> Framework:
    """Two atoms far from each other."""
    box = np.diag([2 * apart_ang, apart_ang, apart_ang])
    return Framework("pair", (first, second), np.array([[0.3, 0.2, 0.1], [apart_ang + 0.3, 0.2, 0.1]]), box)


def ionic_density(framework: Framework, charges: Sequence[float], *, spacing_bohr: float = 0.22) -> NDArray[np.float64]:
    """Valence density of ions that do not feel each other, exact in its number of electrons, 1/bohr3."""
    edges = np.linalg.norm(framework.cell, axis=1) / BOHR_TO_ANG
    shape = [int(np.ceil(edge / spacing_bohr)) for edge in edges]
    mesh = np.stack(np.meshgrid(*(np.arange(n) / n for n in shape), indexing="ij"), axis=-1)
    middles = (np.arange(len(SHELL_VOLUMES)) + 0.5) * SHELL_BOHR
    voxel = np.linalg.det(framework.cell) / BOHR_TO_ANG**3 / np.prod(shape)
    density = np.zeros(shape)
    for symbol, place, charge in zip(framework.symbols, framework.fractional, charges, strict=True):
        apart = mesh - place
        distances = np.linalg.norm((apart - apart.round()) @ framework.cell, axis=-1) / BOHR_TO_ANG
        table = np.maximum(reference_density(symbol, charge) - core_density(symbol), 0.0)
        # Valence shells have nodes near the nucleus; a pseudo-valence is smooth there.
        start = int(np.argmax(table * SHELL_VOLUMES > 0.02 * (table * SHELL_VOLUMES).max()))
        table[: start + 8] = table[start + 8]
        mine = np.interp(distances, middles, table, right=0.0)
        electrons = reference_density(symbol, charge) @ SHELL_VOLUMES - core_electrons(symbol)
        density += mine * (electrons / (mine.sum() * voxel))
    return density


def write_cube(path: Path, framework: Framework, density: NDArray[np.float64]) -> Path:
    """A cube file as CP2K writes it."""
    lines = ["-Quickstep-", " ELECTRON DENSITY", f"{len(framework):5d}    0.000000    0.000000    0.000000"]
    for n, vector in zip(density.shape, framework.cell / BOHR_TO_ANG, strict=True):
        lines.append(f"{n:5d}" + "".join(f"{x:12.6f}" for x in vector / n))
    for number, position in zip(framework.numbers, framework.positions / BOHR_TO_ANG, strict=True):
        lines.append(f"{number:5d}    0.000000" + "".join(f"{x:12.6f}" for x in position))
    for column in density.reshape(-1, density.shape[2]):
        lines.extend("".join(f"{x:13.5E}" for x in column[k : k + 6]) for k in range(0, len(column), 6))
    path.write_text("\n".join(lines) + "\n")
    return path
