"""How much a framework and a translated copy of itself repel one another: on a grid of all offsets, and exactly.

The repulsion of two atoms closer than c is ``A (1 - r²/c²)²``, whose Fourier transform is known, so that the energy of
every offset follows from the structure factors of each kind of atom by one inverse FFT. Nothing is binned: cells of any
shape are treated alike, and only the finest details of the kernel are cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.checks.windows import FAR_FRACTION, SOFT_FRACTION, contact_ang, contact_kind
from mofa.chemistry import BondGraph
from mofa.chemistry.bonds import METAL_TOLERANCE_ANG, neighbor_pairs
from mofa.chemistry.elements import covalent_radius_ang, is_metal

# Curvature of the repulsion at contact, as for the linkers' torsions: an overlap of 0.3 Å costs 2 kcal/mol.
_CURVATURE_KCAL_PER_MOL_PER_ANG2 = 40.0
# How far atoms are counted that crowd an offset.
CROWDING_REACH_ANG = 8.0
RIPPLE = 2e-4
"""Error of small repulsions on a grid, as a fraction of the largest: what lies beyond the grid's finest wave."""
# Two nets never come so close that a metal and an atom of the other net would pass for bonded.
_METAL_CLEARANCE_ANG = METAL_TOLERANCE_ANG + 0.05
# Largest argument of the tabulated transform; beyond it nothing is left of the kernel.
_TABLE_END = 160.0
_TABLE_STEP = 0.02


@dataclass(frozen=True, eq=False)
class Contacts:
    """The atoms of a framework by kind, and how close two of different nets may come."""

    kind: NDArray[np.int64]
    """Kind of every atom, ``[n_atoms]``."""
    soft_ang: NDArray[np.float64]
    """Distance from which two kinds repel, ``[n_kinds, n_kinds]``."""
    closest_ang: NDArray[np.float64]
    """Closest contact that is allowed, ``[n_kinds, n_kinds]``."""

    @classmethod
    def of(cls, symbols: Sequence[str], bonds: BondGraph) -> Contacts:
        """The contacts of a bonded framework."""
        names = [
            contact_kind(s, (symbols[j] for j, _, _ in row)) for s, row in zip(symbols, bonds.neighbors, strict=True)
        ]
        kinds, kind = np.unique(np.array(names), return_inverse=True)
        soft, closest = (
            np.array([[_contact_between_nets_ang(a, b, fraction) for b in kinds.tolist()] for a in kinds.tolist()])
            for fraction in (SOFT_FRACTION, FAR_FRACTION)
        )
        return cls(kind.astype(np.int64), soft, closest)

    @property
    def strength(self) -> NDArray[np.float64]:
        """Repulsion of two kinds at distance zero, kcal/mol, ``[n_kinds, n_kinds]``."""
        return 0.125 * _CURVATURE_KCAL_PER_MOL_PER_ANG2 * self.soft_ang**2


def _contact_between_nets_ang(a: str, b: str, fraction: float) -> float:
    limit = contact_ang(a, b, fraction)
    if is_metal(a) or is_metal(b):
        radii = sum(covalent_radius_ang(kind.rstrip("+")) for kind in (a, b))
        return max(limit, radii + _METAL_CLEARANCE_ANG)
    return limit


def overlap_on_grid(
    fractional: NDArray[np.float64], cell: NDArray[np.float64], contacts: Contacts, shape: tuple[int, int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How a framework and its copy get along, for every offset of a grid.

    Args:
        fractional: coordinates of the framework, ``[n_atoms, 3]``.
        cell: lattice vectors as rows, Å, ``[3, 3]``.
        contacts: kinds of the atoms.
        shape: points of the grid along each lattice vector.

    Returns:
        Repulsion of the atoms in contact, kcal/mol per cell, and crowding, the number of pairs within 8 Å, with near
        ones counting most, both ``[nx, ny, nz]``. Element ``[x, y, z]`` is the offset ``(x / nx, y / ny, z / nz)`` in
        fractions of the cell. All periodic images are counted.
    """
    wave = _wave_numbers(cell, shape)
    factors = [_structure_factor(fractional[contacts.kind == k], shape) for k in range(len(contacts.soft_ang))]
    total = sum(factors[1:], start=factors[0])
    crowding = _transform(wave, CROWDING_REACH_ANG) * _power(total, total)
    repulsion = np.zeros_like(crowding)
    for a, of_a in enumerate(factors):
        for b in range(a + 1):
            weight = (1.0 if a == b else 2.0) * float(contacts.strength[a, b])
            repulsion += weight * _transform(wave, float(contacts.soft_ang[a, b])) * _power(of_a, factors[b])
    return _field(repulsion, shape, cell), _field(crowding, shape, cell)


def _field(
    spectrum: NDArray[np.float32], shape: tuple[int, int, int], cell: NDArray[np.float64]
) -> NDArray[np.float64]:
    """From waves, ``[nx, ny, nz // 2 + 1]``, to values at the points of the grid."""
    from scipy.fft import irfftn

    n_points = shape[0] * shape[1] * shape[2]
    return np.asarray(irfftn(spectrum, s=shape) * (n_points / abs(np.linalg.det(cell))), dtype=np.float64)


def _frequencies(shape: tuple[int, int, int]) -> tuple[NDArray[np.floating], ...]:
    """Whole numbers of waves per cell in each direction; only half of the last, as for real FFTs."""
    nx, ny, nz = shape
    return np.fft.fftfreq(nx, 1.0 / nx), np.fft.fftfreq(ny, 1.0 / ny), np.fft.rfftfreq(nz, 1.0 / nz)


def _wave_numbers(cell: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Length of every reciprocal vector, 1/Å, ``[nx, ny, nz // 2 + 1]``."""
    metric = (2.0 * np.pi) ** 2 * np.linalg.inv(cell @ cell.T)
    x, y, z = np.meshgrid(*_frequencies(shape), indexing="ij", sparse=True)
    square = metric[0, 0] * x * x + metric[1, 1] * y * y + metric[2, 2] * z * z
    square = square + 2.0 * (metric[0, 1] * x * y + metric[0, 2] * x * z + metric[1, 2] * y * z)
    return np.asarray(np.sqrt(np.maximum(square, 0.0)), dtype=np.float32)


def _structure_factor(fractional: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.complex64]:
    """Fourier transform of points at their exact places, ``[nx, ny, nz // 2 + 1]``: a product over the directions."""
    phases = [
        np.exp(-2.0j * np.pi * fractional[:, [axis]] * waves).astype(np.complex64)
        for axis, waves in enumerate(_frequencies(shape))
    ]
    plane = (phases[0][:, :, None] * phases[1][:, None, :]).reshape(len(fractional), shape[0] * shape[1])
    factor: NDArray[np.complex64] = (plane.T @ phases[2]).reshape(shape[0], shape[1], -1)
    return factor


def _power(a: NDArray[np.complex64], b: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Real part of the product of one with the other's conjugate."""
    return np.asarray(a.real * b.real + a.imag * b.imag, dtype=np.float32)


def _transform(wave: NDArray[np.float32], reach_ang: float) -> NDArray[np.float32]:
    """Fourier transform of ``(1 - r²/c²)²`` within c, Å3, at the wave numbers given."""
    values, slopes = _table()
    # A table of even steps is read without the search that `numpy.interp` makes.
    place = np.minimum(wave * np.float32(reach_ang / _TABLE_STEP), np.float32(len(values) - 1))
    step = place.astype(np.int32)
    return np.asarray(reach_ang**3 * (values[step] + (place - step) * slopes[step]), dtype=np.float32)


@cache
def _table() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The transform for c = 1, ``32 pi j3(x) / x³`` with the spherical Bessel function j3, and its rise per step."""
    from scipy.special import spherical_jn

    x = np.arange(0.0, _TABLE_END, _TABLE_STEP)
    values = np.full_like(x, 32.0 * np.pi / 105.0)
    values[1:] = 32.0 * np.pi * spherical_jn(3, x[1:]) / x[1:] ** 3
    return values.astype(np.float32), np.diff(values, append=0.0).astype(np.float32)


@dataclass(frozen=True, eq=False)
class CrossPairs:
    """Pairs of atoms of which one is in a net and the other in a copy of it, near one offset."""

    i: NDArray[np.int64]
    j: NDArray[np.int64]
    """Atom of the copy."""
    apart: NDArray[np.float64]
    """Vector from i to j for the offset zero, Å, ``[n_pairs, 3]``."""
    contacts: Contacts

    @classmethod
    def near(
        cls,
        positions: NDArray[np.float64],
        cell: NDArray[np.float64],
        contacts: Contacts,
        offset: NDArray[np.float64],
        *,
        slack_ang: float,
    ) -> CrossPairs:
        """All pairs that can touch while the offset moves by at most `slack_ang` from the one given."""
        n = len(positions)
        reach = float(contacts.soft_ang.max()) + slack_ang
        both = np.concatenate([positions, positions + offset])
        i, j, _, shift = neighbor_pairs(("",) * (2 * n), both, cell, reach)
        across = (i < n) != (j < n)
        i, j, shift = i[across], j[across], shift[across]
        forward = (i < n)[:, None]
        apart = np.where(forward, 1.0, -1.0) * (both[j] + shift @ cell - both[i]) - offset
        first, second = np.minimum(i, j), np.maximum(i, j) - n
        return cls(first, second, apart, contacts)

    def energy(self, offset: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Repulsion of atoms in contact at an offset, kcal/mol per cell, and its gradient by the offset ``[3]``."""
        vectors = self.apart + offset
        kinds = self.contacts.kind[self.i], self.contacts.kind[self.j]
        strength, reach = self.contacts.strength[kinds], self.contacts.soft_ang[kinds]
        inside = np.maximum(1.0 - (vectors**2).sum(axis=1) / reach**2, 0.0)
        slope = -4.0 * strength / reach**2 * inside
        return float((strength * inside**2).sum()), vectors.T @ slope

    def tightest(self, offset: NDArray[np.float64]) -> tuple[float, float, float, tuple[int, int]]:
        """The contact that is worst at an offset.

        Returns:
            Room that it leaves beyond what is allowed (negative for a clash), its distance, the closest allowed, all in
            Å, and the two atoms. Infinite room where no atoms are near.
        """
        if not len(self.i):
            return np.inf, np.inf, 0.0, (0, 0)
        distance = np.linalg.norm(self.apart + offset, axis=1)
        allowed = self.contacts.closest_ang[self.contacts.kind[self.i], self.contacts.kind[self.j]]
        k = int(np.argmin(distance - allowed))
        atoms = int(self.i[k]), int(self.j[k])
        return float(distance[k] - allowed[k]), float(distance[k]), float(allowed[k]), atoms
