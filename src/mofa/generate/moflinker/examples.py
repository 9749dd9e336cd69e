"""What MOFLinker learns from: cores in the frame of their anchors, packed to about 160 bytes each.

The frame of a core has its origin midway between the two anchor carbons and x along the line from anchor A to anchor B.
How it is turned about x is arbitrary: the model is equivariant.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mofa.errors import InputError
from mofa.generate.moflinker.vocabulary import ELEMENTS, N_ANCHORS, N_CONTEXT
from mofa.textfiles import write_bytes

FORMAT_VERSION = 1
_MILLI = 1000.0
_CARBON = ELEMENTS.index("C")
_POLAR = [ELEMENTS.index(symbol) for symbol in ("N", "O")]


@dataclass(frozen=True, eq=False)
class Example:
    """One core with its anchors."""

    elements: NDArray[np.int8]
    """Index into `vocabulary.ELEMENTS`, ``[n]``."""
    hydrogens: NDArray[np.int8]
    """On each core atom, ``[n]``."""
    charges: NDArray[np.int8]
    """Formal charge, e, ``[n]``."""
    positions: NDArray[np.float32]
    """Å, in the anchor frame, ``[n, 3]``."""
    context: NDArray[np.float32]
    """Anchor carbon and the two carbons beside it in its ring, of end A, then of end B; Å, ``[6, 3]``."""
    bonds: NDArray[np.int8]
    """``[n_bonds, 3]``: two atoms and the bond class; atoms 0 and 1 are the anchors A and B, the core begins at 2."""

    @property
    def n_atoms(self) -> int:
        """Core atoms."""
        return len(self.elements)

    @property
    def n_polar(self) -> int:
        """Nitrogen and oxygen atoms of the core."""
        return int(np.isin(self.elements, _POLAR).sum())

    @property
    def n_sp3(self) -> int:
        """Carbon atoms of the core with single bonds only."""
        i, j, kind = self.bonds.T
        unsaturated = np.concatenate([i[kind > 1], j[kind > 1]]) - N_ANCHORS
        return int((self.elements == _CARBON).sum() - (self.elements[np.unique(unsaturated)] == _CARBON).sum())

    def bond_classes(self) -> NDArray[np.int8]:
        """Symmetric table of bond classes, ``[n + 2, n + 2]``."""
        size = self.n_atoms + N_ANCHORS
        table = np.zeros((size, size), dtype=np.int8)
        i, j, kind = self.bonds.T
        table[i, j] = table[j, i] = kind
        return table


@dataclass(frozen=True, eq=False)
class Packed:
    """Many examples as flat arrays."""

    n_atoms: NDArray[np.uint8]
    """``[n_examples]``"""
    n_bonds: NDArray[np.uint8]
    """``[n_examples]``"""
    held_out: NDArray[np.bool_]
    """Whether an example is kept from training, ``[n_examples]``: all cores of a scaffold or none."""
    atoms: NDArray[np.uint8]
    """Element, hydrogens and charge in one byte each, ``[n_atoms_in_all]``."""
    positions: NDArray[np.int16]
    """1/1000 Å, ``[n_atoms_in_all, 3]``."""
    context: NDArray[np.int16]
    """1/1000 Å, ``[n_examples, 6, 3]``."""
    bonds: NDArray[np.uint16]
    """Two atoms and the bond class in two bytes each, ``[n_bonds_in_all]``."""

    def __len__(self) -> int:
        return len(self.n_atoms)

    @property
    def n_bytes(self) -> int:
        """Size in memory and, but for a few kilobytes, on disk."""
        return int(sum(getattr(self, field.name).nbytes for field in fields(self)))

    def __getitem__(self, k: int) -> Example:
        a, b = (int(start[k]) for start in self._starts)
        atoms = self.atoms[a : a + int(self.n_atoms[k])]
        bonds = self.bonds[b : b + int(self.n_bonds[k])]
        return Example(
            elements=(atoms & 15).astype(np.int8),
            hydrogens=(atoms >> 4 & 3).astype(np.int8),
            charges=(atoms >> 6).astype(np.int8) - 1,
            positions=(self.positions[a : a + int(self.n_atoms[k])] / _MILLI).astype(np.float32),
            context=(self.context[k] / _MILLI).astype(np.float32),
            bonds=np.stack([bonds & 31, bonds >> 5 & 31, bonds >> 10], axis=1).astype(np.int8),
        )

    @cached_property
    def _starts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the atoms and the bonds of each example begin."""
        atoms, bonds = (np.cumsum(n, dtype=np.int64) - n for n in (self.n_atoms, self.n_bonds))
        return atoms, bonds

    def subset(self, chosen: Sequence[int] | NDArray[np.integer]) -> Packed:
        """These examples, in this order."""
        return pack((self[int(k)] for k in chosen), self.held_out[np.asarray(chosen, dtype=np.int64)])


def pack(examples: Iterable[Example], held_out: Iterable[bool]) -> Packed:
    """Examples as flat arrays."""
    every = list(examples)
    atoms = [
        e.elements.astype(np.uint8) | e.hydrogens.astype(np.uint8) << 4 | (e.charges + 1).astype(np.uint8) << 6
        for e in every
    ]
    bonds = [(e.bonds.astype(np.uint16) << np.array([0, 5, 10], np.uint16)).sum(1).astype(np.uint16) for e in every]
    return Packed(
        n_atoms=np.array([e.n_atoms for e in every], dtype=np.uint8),
        n_bonds=np.array([len(e.bonds) for e in every], dtype=np.uint8),
        held_out=np.array(list(held_out), dtype=np.bool_),
        atoms=_joined(atoms, (0,), np.uint8),
        positions=_joined([_milli(e.positions) for e in every], (0, 3), np.int16),
        context=_joined([_milli(e.context)[None] for e in every], (0, N_CONTEXT, 3), np.int16),
        bonds=_joined(bonds, (0,), np.uint16),
    )


def join(parts: Sequence[Packed]) -> Packed:
    """Packed examples one after another."""
    return Packed(*(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS))


_ARRAYS = ("n_atoms", "n_bonds", "held_out", "atoms", "positions", "context", "bonds")


def save(packed: Packed, path: Path, smiles: Sequence[str]) -> None:
    """Write packed examples and their cores' SMILES, whole or not at all."""
    buffer = BytesIO()
    names = np.frombuffer("\n".join(smiles).encode(), dtype=np.uint8)
    arrays = {name: getattr(packed, name) for name in _ARRAYS}
    np.savez_compressed(buffer, format_version=np.array(FORMAT_VERSION), smiles=names, **arrays)
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> tuple[Packed, list[str]]:
    """Read packed examples and their cores' SMILES; nothing in the file can run code.

    Raises:
        InputError: no such file, or not one of `save`.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            version = file["format_version"].tolist()
            packed = Packed(*(file[name] for name in _ARRAYS))
            smiles = file["smiles"].tobytes().decode().split("\n") if len(packed) else []
    except OSError as error:
        raise _bad(path, f"cannot be read ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _bad(path, "this is no file of training data, or it is damaged") from error
    if version != FORMAT_VERSION:
        raise _bad(path, f"the data are of format {version}, not {FORMAT_VERSION}")
    n, n_atoms, n_bonds = len(packed), int(packed.n_atoms.sum()), int(packed.n_bonds.sum())
    wanted = {"n_bonds": (n,), "held_out": (n,), "atoms": (n_atoms,), "bonds": (n_bonds,),
              "positions": (n_atoms, 3), "context": (n, N_CONTEXT, 3)}  # fmt: skip
    if any(getattr(packed, name).shape != shape for name, shape in wanted.items()):
        raise _bad(path, "the data are truncated")
    if len(smiles) != len(packed):
        raise _bad(path, f"there are {len(smiles)} SMILES for {len(packed)} examples")
    return packed, smiles


def _joined(arrays: Sequence[NDArray], empty: tuple[int, ...], dtype: type) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate(arrays).astype(dtype) if arrays else np.zeros(empty, dtype=dtype)


def _milli(positions: NDArray[np.float32]) -> NDArray[np.int16]:
    packed: NDArray[np.int16] = np.rint(positions * _MILLI).astype(np.int16)
    return packed


def _bad(path: Path, what: str) -> InputError:
    return InputError(what, where=path, action="Build the data with `mofa data linkers`")
