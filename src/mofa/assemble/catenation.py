"""Interpenetration: further copies of a net in the pores of the first, at the offset of least clash.

    catenate(mof, 1)     # Framework of two nets | Rejected

The nets are translated copies of one another, each by the same offset from the last: the commonest class of
interpenetration (class Ia, DOI 10.1039/b409722j).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.identity import catenated_id, catenated_name
from mofa.assemble.overlap import RIPPLE, Contacts, CrossPairs, overlap_on_grid
from mofa.chemistry import BondGraph, Framework, Reason, Rejected, Stage
from mofa.chemistry.bonds import perceive
from mofa.errors import InputError

MAX_EXTRA_NETS = 3
# Grid of offsets: spacing, unless the cell is so large that it would take more points than this.
_SPACING_ANG = 0.4
_MAX_POINTS = 100_000
# Offsets of the grid that are refined, and how far from one another they lie.
_N_CANDIDATES = 3
_APART_ANG = 1.2
_LOWEST = 3000
# How far refining may move an offset along each axis.
_MOVE_ANG = 0.35
# With less repulsion than this per cell nothing better is looked for.
_FREE_KCAL_PER_MOL = 0.1


def catenate(framework: Framework, extra_nets: int) -> Framework | Rejected:
    """Put further copies of a framework's net into its pores.

    The offset is the one of least repulsion among all on a fine grid, refined; where several have none, the roomiest.
    Nothing but the offset is changed: the nets stay rigid.

    Args:
        framework: a single net; bonds are perceived when it has none.
        extra_nets: number of further nets, 0 to 3. Copy k is translated by k times the offset.

    Returns:
        The interpenetrated framework, in which the atoms of copy k follow those of copy k - 1, with the bonds of all
        nets and an identity of its own; or CLASH with the closest contact at the best offset.

    Raises:
        InputError: a number of nets out of range, or a framework that is interpenetrated already.
    """
    if not 0 <= extra_nets <= MAX_EXTRA_NETS:
        raise InputError(
            f"{extra_nets} further nets", where="catenation", action=f"Give a number from 0 to {MAX_EXTRA_NETS}"
        )
    if framework.lineage.catenation:
        raise InputError(
            f"{framework.name or framework.id} is interpenetrated already",
            where="catenation",
            action="Give the framework of a single net",
        )
    if extra_nets == 0:
        return framework
    bonds = framework.bonds or perceive(framework.symbols, framework.positions, framework.cell)
    search = _Search(framework, Contacts.of(framework.symbols, bonds), extra_nets)
    offers = []
    for start in search.candidates():
        offers.append(search.refined(start))
        if offers[-1].fits and offers[-1].energy < _FREE_KCAL_PER_MOL:
            break
    best = min(offers, key=lambda offer: (not offer.fits, offer.energy if offer.fits else -offer.room_ang))
    return _copies(framework, bonds, extra_nets, best.offset) if best.fits else _refusal(framework, extra_nets, best)


@dataclass(frozen=True, eq=False)
class _Offer:
    """An offset and what it costs."""

    offset: NDArray[np.float64]
    """Å, ``[3]``."""
    energy: float
    """Repulsion of the atoms of different nets in contact, kcal/mol per cell."""
    room_ang: float
    """Of the tightest contact, beyond the closest that is allowed; negative for a clash."""
    distance_ang: float
    allowed_ang: float
    atoms: tuple[int, int]

    @property
    def fits(self) -> bool:
        """Whether every contact is allowed."""
        return self.room_ang >= 0.0


@dataclass(frozen=True, eq=False)
class _Search:
    """Offsets at which copies of a framework repel one another least."""

    framework: Framework
    contacts: Contacts
    extra_nets: int

    @property
    def multiples(self) -> Iterator[tuple[int, int]]:
        """Multiples of the offset between two nets, and how many pairs of nets are so far apart."""
        return ((m, self.extra_nets + 1 - m) for m in range(1, self.extra_nets + 1))

    def candidates(self) -> list[NDArray[np.float64]]:
        """The best offsets of the grid that lie apart from one another, Å, each ``[3]``.

        An offset and its opposite give the same structure, so that only one of the two is kept.
        """
        cell = self.framework.cell
        shape = _grid(cell, self.extra_nets + 1)
        repulsion, crowding = overlap_on_grid(self.framework.fractional, cell, self.contacts, shape)
        floor = RIPPLE * float(repulsion.max())
        # Where there is no contact, crowding decides; where there is, it counts for less than one.
        overlap = np.maximum(repulsion, floor) + floor / float(crowding.max()) * crowding
        score = np.zeros(shape)
        for m, n_pairs in self.multiples:
            score += n_pairs * overlap[np.ix_(*(m * np.arange(n) % n for n in shape))]
        count = min(_LOWEST, score.size)
        lowest = np.argpartition(score, count - 1, axis=None)[:count]
        lowest = lowest[np.argsort(score.ravel()[lowest], kind="stable")]
        left = np.stack(np.unravel_index(lowest, shape), axis=1) / np.array(shape)
        found: list[NDArray[np.float64]] = []
        while len(left) and len(found) < _N_CANDIDATES:
            best = left[0]
            found.append(best @ cell)
            near = np.minimum(_separation(left - best, cell), _separation(left + best, cell)) < _APART_ANG
            left = left[~near]
        return found

    def refined(self, start: NDArray[np.float64]) -> _Offer:
        """The offset of least repulsion near one of the grid, with exact distances."""
        from scipy.optimize import minimize

        x, cell = self.framework.positions, self.framework.cell
        pairs = [
            (m, n_pairs, CrossPairs.near(x, cell, self.contacts, m * start, slack_ang=2.0 * _MOVE_ANG * m))
            for m, n_pairs in self.multiples
        ]

        def energy(offset: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            total, slope = 0.0, np.zeros(3)
            for m, n_pairs, near in pairs:
                value, gradient = near.energy(m * offset)
                total += n_pairs * value
                slope += n_pairs * m * gradient
            return total, slope

        bounds = [(at - _MOVE_ANG, at + _MOVE_ANG) for at in start]
        done = minimize(energy, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 40})
        offset = np.asarray(done.x, dtype=np.float64)
        tightest = min((near.tightest(m * offset) for m, _, near in pairs), key=lambda contact: contact[0])
        return _Offer(offset, float(done.fun), *tightest)


def _grid(cell: NDArray[np.float64], n_nets: int) -> tuple[int, int, int]:
    """Points along each lattice vector: a multiple of the nets, so that those that share the cell evenly are on it."""
    from scipy.fft import next_fast_len

    lengths = np.linalg.norm(cell, axis=1)
    spacing = max(_SPACING_ANG, float(lengths.prod() / _MAX_POINTS) ** (1.0 / 3.0))
    nx, ny, nz = (n_nets * next_fast_len(int(np.ceil(length / spacing / n_nets)), real=True) for length in lengths)
    return nx, ny, nz


def _separation(fractional: NDArray[np.float64], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Length of vectors after removing whole cells, Å, ``[n]``; the shortest image in all but very skewed cells."""
    return np.asarray(np.linalg.norm((fractional - np.rint(fractional)) @ cell, axis=1), dtype=np.float64)


def _refusal(framework: Framework, extra_nets: int, best: _Offer) -> Rejected:
    names = " and ".join(f"{framework.symbols[atom]}{atom + 1}" for atom in best.atoms)
    detail = (
        f"{extra_nets + 1} nets do not fit into one another: at the best offset {names} of two nets are"
        f" {best.distance_ang:.2f} Å apart, allowed from {best.allowed_ang:.2f}"
    )
    return Rejected(Stage.ASSEMBLE, Reason.CLASH, detail, tuple(sorted(set(best.atoms))))


def _copies(framework: Framework, bonds: BondGraph, extra_nets: int, offset: NDArray[np.float64]) -> Framework:
    """The framework and its copies, each translated by `offset` from the last."""
    n, nets = len(framework), extra_nets + 1
    inside = np.linalg.solve(framework.cell.T, offset) % 1.0 @ framework.cell
    first_atom = n * np.repeat(np.arange(nets), len(bonds))
    graph = BondGraph(
        n * nets,
        np.tile(bonds.i, nets) + first_atom,
        np.tile(bonds.j, nets) + first_atom,
        np.tile(bonds.shift, (nets, 1)),
        np.tile(bonds.order, nets),
    )
    return replace(
        framework,
        id=catenated_id(framework.id, extra_nets),
        name=catenated_name(framework.name or framework.id, extra_nets),
        symbols=framework.symbols * nets,
        positions=np.concatenate([framework.positions + k * inside for k in range(nets)]),
        bonds=graph,
        charges=None,
        charge_method="",
        lineage=replace(framework.lineage, catenation=extra_nets),
    )
