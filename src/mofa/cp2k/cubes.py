"""The density cube that CP2K leaves: finding it, and turning its header back into the framework's own axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa.cp2k.outputs import BOHR_ANG

CUBE = "valence_density.cube"
"""Name of the cube that a run leaves in its folder."""
_TOLERANCE_ANG = 1e-3
_TITLES = 2


def written_cubes(folder: Path, project: str) -> list[Path]:
    """Electron densities that a CP2K run of that project has written, oldest first.

    A spin-polarised run writes its spin density beside them, which is another file as long as the input gives the
    cube no name of its own.
    """
    found = [*folder.glob(f"{project}-*ELECTRON_DENSITY*.cube"), *folder.glob(f"{project}-{CUBE}")]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns)


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
        The cube's new path, or None where it belongs to another geometry.
    """
    n_atoms = len(positions)
    with path.open("r+b") as stream:
        titles = [stream.readline() for _ in range(_TITLES)]
        lines = [stream.readline() for _ in range(4 + n_atoms)]
        try:
            counts = [line[:5] for line in lines]
            numbers = [[float(x) for x in line[5:].split()] for line in lines]
            vectors = np.array([row[-3:] for row in numbers]) @ rotation
            steps = np.array([int(count) for count in counts[1:4]])
        except (ValueError, IndexError):
            return None
        same_cell = np.allclose(vectors[1:4] * steps[:, None] * BOHR_ANG, cell, rtol=0, atol=_TOLERANCE_ANG * 10)
        same_atoms = np.allclose(_wrapped(vectors[4:] * BOHR_ANG - positions, cell), 0, atol=_TOLERANCE_ANG)
        if not (same_cell and same_atoms):
            return None
        if not np.allclose(rotation, np.eye(3)):
            turned = [
                count + b"".join(b"%12.6f" % x for x in (*row[:-3], *vector)) + b"\n"
                for count, row, vector in zip(counts, numbers, vectors, strict=True)
            ]
            if [len(line) for line in turned] != [len(line) for line in lines]:
                return None
            stream.seek(sum(len(title) for title in titles))
            stream.writelines(turned)
    return path.replace(path.with_name(CUBE))


def _wrapped(shifts: NDArray[np.float64], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shifts without whole lattice vectors, Å."""
    fractional = np.linalg.solve(cell.T, shifts.T).T
    return np.asarray((fractional - np.round(fractional)) @ cell, dtype=np.float64)
