"""Reading what LAMMPS writes: its log while it grows, and the last structure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CELL_COLUMNS = ("lx", "ly", "lz", "xy", "xz", "yz")
_WIDTH = 1 + len(CELL_COLUMNS)


class Log:
    """The thermo output of one stretch of dynamics, given out chunk by chunk.

    Args:
        first: steps done before it.
        last: steps done after it.
        chunk_steps: length of a chunk; a chunk is given when the line of its last step is there.
    """

    def __init__(self, first: int, last: int, chunk_steps: int) -> None:
        self.last = last
        self.begun = False
        self._chunk_steps = chunk_steps
        self.step = first
        self._read = 0
        self._cells: list[NDArray[np.float64]] = []
        self._held: list[tuple[int, NDArray[np.float64]]] = []

    def chunks(self, path: Path) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Steps done and cells sampled of every chunk that has been finished since the last call.

        Cells are lattice vectors as rows, Å, ``[n_samples, 3, 3]``.
        """
        while self._held:
            yield self._held.pop(0)
        for step, cell in self._new_lines(path):
            if step <= self.step:
                self.begun = True
                continue
            self._cells.append(cell)
            chunk_end = min(self.last, (self.step // self._chunk_steps + 1) * self._chunk_steps)
            if step >= chunk_end:
                cells, self._cells, self.step = np.array(self._cells), [], chunk_end
                yield chunk_end, cells

    def put_back(self, step: int, cells: NDArray[np.float64]) -> None:
        """Give a chunk again next time."""
        self._held.append((step, cells))

    def _new_lines(self, path: Path) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Thermo lines that are complete."""
        try:
            with path.open("rb") as stream:
                stream.seek(self._read)
                text = stream.read()
        except FileNotFoundError:
            return
        whole, newline, _ = text.rpartition(b"\n")
        self._read += len(whole) + len(newline)
        for line in whole.decode(errors="replace").splitlines():
            words = line.split()
            if len(words) != _WIDTH:
                continue
            try:
                step, values = int(words[0]), [float(word) for word in words[1:]]
            except ValueError:
                continue
            lx, ly, lz, xy, xz, yz = values
            yield step, np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]])


def read_dump(path: Path, n_atoms: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions relative to the box's origin, ``[n_atoms, 3]``, and lattice vectors as rows, Å, of a sorted dump."""
    lines = path.read_text().splitlines()
    bounds = next(k for k, line in enumerate(lines) if line.startswith("ITEM: BOX BOUNDS"))
    (xlo, xhi, xy), (ylo, yhi, xz), (zlo, zhi, yz) = (
        [float(word) for word in line.split()] for line in lines[bounds + 1 : bounds + 4]
    )
    # A dump gives the box around the tilted cell.
    xlo, xhi = xlo - min(0.0, xy, xz, xy + xz), xhi - max(0.0, xy, xz, xy + xz)
    ylo, yhi = ylo - min(0.0, yz), yhi - max(0.0, yz)
    cell = np.array([[xhi - xlo, 0.0, 0.0], [xy, yhi - ylo, 0.0], [xz, yz, zhi - zlo]])
    atoms = next(k for k, line in enumerate(lines) if line.startswith("ITEM: ATOMS"))
    rows = np.array([[float(word) for word in line.split()[1:4]] for line in lines[atoms + 1 : atoms + 1 + n_atoms]])
    return rows - np.array([xlo, ylo, zlo]), cell
