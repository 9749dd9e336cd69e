"""The density cube that CP2K leaves: finding it, and turning its header back into the framework's own axes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa.units import BOHR_TO_ANG

CUBE = "valence_density.cube"
"""Name of the cube that a run leaves in its folder."""
_TOLERANCE_ANG = 1e-3
_TITLES = 2
_DIGITS_PER_VALUE, _VALUES_PER_LINE = 13, 6


def written_cubes(folder: Path, project: str) -> list[Path]:
    """Electron densities that a CP2K run of that project has written, oldest first.

    A spin-polarised run writes its spin density beside them, which is another file as long as the input gives the
    cube no name of its own.
    """
    found = [*folder.glob(f"{project}-*ELECTRON_DENSITY*.cube"), *folder.glob(f"{project}-{CUBE}")]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns)


def shows(
    path: Path,
    positions: NDArray[np.float64],
    cell: NDArray[np.float64],
    rotation: NDArray[np.float64] | None = None,
) -> bool:
    """Whether a cube is whole and belongs to a geometry.

    Args:
        path: the cube.
        positions: of the atoms, Å, ``[n_atoms, 3]``.
        cell: lattice vectors as rows, Å, ``[3, 3]``.
        rotation: the cube's vectors times this are those in the axes of the geometry, ``[3, 3]``; None: the same axes.
    """
    head = _read_head(path, len(positions), np.eye(3) if rotation is None else rotation)
    if head is None:
        return False
    *across, along = (int(n) for n in head.points)
    values = across[0] * across[1] * (along * _DIGITS_PER_VALUE + -(-along // _VALUES_PER_LINE))
    if path.stat().st_size < sum(map(len, head.titles + head.lines)) + values:
        return False  # its writing was interrupted
    same_cell = np.allclose(head.vectors[1:4] * head.points[:, None], cell, rtol=0, atol=_TOLERANCE_ANG * 10)
    return same_cell and np.allclose(_wrapped(head.vectors[4:] - positions, cell), 0, atol=_TOLERANCE_ANG)


def adopt_cube(
    path: Path, positions: NDArray[np.float64], cell: NDArray[np.float64], rotation: NDArray[np.float64]
) -> Path | None:
    """Give a cube its final name in its folder, if it belongs to this geometry, in the framework's own axes.

    Args:
        path: what CP2K wrote.
        positions: of the atoms, Å, ``[n_atoms, 3]``, in the framework's axes.
        cell: lattice vectors as rows, Å, ``[3, 3]``, in the framework's axes.
        rotation: CP2K's vectors times this are those in the framework's axes, ``[3, 3]``.

    Returns:
        The cube's new path, or None where it is not whole, or belongs to another geometry.
    """
    head = _read_head(path, len(positions), rotation)
    if head is None or not shows(path, positions, cell, rotation):
        return None
    if not np.allclose(rotation, np.eye(3)):
        turned = [
            line[:5] + b"".join(b"%12.6f" % x for x in (*row[:-3], *(vector / BOHR_TO_ANG))) + b"\n"
            for line, row, vector in zip(head.lines, head.numbers, head.vectors, strict=True)
        ]
        if [len(line) for line in turned] != [len(line) for line in head.lines]:
            return None
        with path.open("r+b") as stream:
            stream.seek(sum(map(len, head.titles)))
            stream.writelines(turned)
    return path.replace(path.with_name(CUBE))


@dataclass(frozen=True, eq=False)
class _Head:
    """What a cube says before its values."""

    titles: list[bytes]
    lines: list[bytes]
    """Origin, the three steps of the grid, and every atom."""
    numbers: list[list[float]]
    """Of the lines, after the first, which counts."""
    points: NDArray[np.int64]
    """Of the grid, along its three vectors."""
    vectors: NDArray[np.float64]
    """The last three numbers of every line, turned, Å."""


def _read_head(path: Path, n_atoms: int, rotation: NDArray[np.float64]) -> _Head | None:
    """The head of a cube; None where it cannot be read."""
    with path.open("rb") as stream:
        titles = [stream.readline() for _ in range(_TITLES)]
        lines = [stream.readline() for _ in range(4 + n_atoms)]
    try:
        numbers = [[float(x) for x in line[5:].split()] for line in lines]
        vectors = np.array([row[-3:] for row in numbers]) @ rotation * BOHR_TO_ANG
        points = np.array([int(line[:5]) for line in lines[1:4]])
    except ValueError:
        return None
    return _Head(titles, lines, numbers, points, vectors)


def _wrapped(shifts: NDArray[np.float64], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shifts without whole lattice vectors, Å."""
    fractional = np.linalg.solve(cell.T, shifts.T).T
    return np.asarray((fractional - np.round(fractional)) @ cell, dtype=np.float64)
