"""Gaussian cube files of electron densities: read, checked against a structure, refused with the reason."""

from __future__ import annotations

import gzip
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework
from mofa.chemistry.elements import symbol_of
from mofa.errors import InputError
from mofa.units import BOHR_TO_ANG

MAX_DEVIATION_ANG = 0.02
"""Most that cell edges and atoms of a cube may differ from the structure's: cubes have six decimals in bohr."""
_LOST_E = re.compile(rb"(\d)([+-]\d{3})(?=\s)")
"""Fortran writes 1.0E-100 as 1.0-100 where there is no room."""


@dataclass(frozen=True, eq=False)
class Header:
    """What a cube file says of its structure and its grid."""

    path: Path
    symbols: tuple[str, ...]
    positions: NDArray[np.float64]
    """Å, ``[n_atoms, 3]``, relative to the grid's origin."""
    cell: NDArray[np.float64]
    """Lattice vectors as rows, Å, ``[3, 3]``."""
    shape: tuple[int, int, int]
    """Points of the grid along each vector."""

    def check(self, framework: Framework) -> None:
        """Make sure that the cube is of this very structure: same cell, same atoms, same order, same places.

        Raises:
            InputError: it is not; the first difference is named.
        """
        problem = self._difference(framework)
        if problem:
            action = "Give the density of this very structure, its atoms in the same order"
            raise InputError(problem, where=self.path, action=action)

    def framework(self) -> Framework:
        """The structure that the cube carries."""
        return Framework(self.path.name.split(".")[0], self.symbols, self.positions, self.cell)

    def _difference(self, framework: Framework) -> str:
        deviation = float(np.abs(self.cell - framework.cell).max())
        if deviation > MAX_DEVIATION_ANG:
            ours, theirs = (
                " ".join(f"{x:.3f}" for x in np.linalg.norm(c, axis=1)) for c in (framework.cell, self.cell)
            )
            return (
                f"the cube's cell differs from the structure's by up to {deviation:.3f} Å"
                f" (edges {theirs} Å against {ours} Å)"
            )
        if len(self.symbols) != len(framework):
            return f"the cube has {len(self.symbols)} atoms, the structure {len(framework)}"
        for k, (theirs, ours) in enumerate(zip(self.symbols, framework.symbols, strict=True)):
            if theirs != ours:
                return f"atom {k + 1} is {theirs} in the cube and {ours} in the structure: another order of atoms"
        apart = (self.positions - framework.positions) @ np.linalg.inv(framework.cell)
        distances = np.linalg.norm((apart - apart.round()) @ framework.cell, axis=1)
        worst = int(distances.argmax())
        if distances[worst] > MAX_DEVIATION_ANG:
            return (
                f"atom {worst + 1} ({self.symbols[worst]}) is {distances[worst]:.3f} Å away from where the structure"
                " has it: another geometry or another order of atoms"
            )
        return ""


@dataclass(frozen=True, eq=False)
class Cube:
    """A periodic density on a grid."""

    header: Header
    values: NDArray[np.float64]
    """1/bohr3, ``[n_a, n_b, n_c]``."""

    @property
    def voxel_bohr3(self) -> float:
        """Volume of one grid point, bohr3."""
        return float(abs(np.linalg.det(self.header.cell)) / BOHR_TO_ANG**3 / self.values.size)


def read_header(path: str | Path) -> Header:
    """Structure and grid of a cube file (.cube or .cube.gz), without its values.

    Raises:
        InputError: it cannot be read or is no cube file.
    """
    with _open(Path(path)) as stream:
        return _header(stream, Path(path))


def read_cube(path: str | Path) -> Cube:
    """A cube file (.cube or .cube.gz).

    Raises:
        InputError: it cannot be read, is no cube file, is truncated, or holds what is no number.
    """
    path = Path(path)
    with _open(path) as stream:
        header = _header(stream, path)
        try:
            data = stream.read()
        except (OSError, EOFError) as error:
            raise InputError(f"cannot be read ({error})", where=path, action="Compute the density again") from error
    expected = int(np.prod(header.shape))
    values = _numbers(data)
    if len(values) < expected and _LOST_E.search(data):
        values = _numbers(_LOST_E.sub(rb"\1E\2", data))
    if len(values) != expected:
        what = "truncated, or damaged" if len(values) < expected else "more than one data set, or damaged"
        raise InputError(
            f"{len(values)} values where its grid of {' x '.join(map(str, header.shape))} asks for {expected}: {what}",
            where=path,
            action="Compute the density again",
        )
    if not np.isfinite(values).all():
        raise InputError("holds values that are not finite", where=path, action="Compute the density again")
    return Cube(header, values.reshape(header.shape))


def _open(path: Path) -> IO[bytes]:
    try:
        return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        action = "Give a cube file with the valence electron density"
        raise InputError(f"cannot be read ({error.strerror or error})", where=path, action=action) from error


def _header(stream: IO[bytes], path: Path) -> Header:
    try:
        lines = [line.split() for line in islice(stream, 6)][2:]
        count, *origin = (float(word) for word in lines[0][:4])
        grid = [int(line[0]) for line in lines[1:]]
        voxels = np.array([[float(word) for word in line[1:4]] for line in lines[1:]])
        if count != int(count) or count < 1 or min(grid) < 1 or voxels.shape != (3, 3):
            raise ValueError("its counts make no sense")
        atoms = [stream.readline().split() for _ in range(int(count))]
        numbers = [int(words[0]) for words in atoms]
        places = np.array([[float(word) for word in words[2:5]] for words in atoms])
        symbols = tuple(symbol_of(number) for number in numbers)
        if places.shape != (len(atoms), 3) or min(numbers) < 1:
            raise ValueError("its atoms make no sense")
    except (ValueError, IndexError, OSError, EOFError) as error:
        raise InputError(
            f"is no cube file of a density ({error})", where=path, action="Give a Gaussian cube file, lengths in bohr"
        ) from error
    shape = (grid[0], grid[1], grid[2])
    cell = voxels * np.array(shape)[:, None] * BOHR_TO_ANG
    return Header(path, symbols, (places - np.array(origin)) * BOHR_TO_ANG, cell, shape)


def _numbers(data: bytes) -> NDArray[np.float64]:
    """The numbers of a text up to the first word that is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # older NumPy stops with no more than a warning
            return np.fromstring(data, dtype=np.float64, sep=" ")
    except (ValueError, DeprecationWarning):
        return np.array(list(_leading(data)))


def _leading(data: bytes) -> Iterator[float]:
    for word in data.split():
        try:
            yield float(word)
        except ValueError:
            return
