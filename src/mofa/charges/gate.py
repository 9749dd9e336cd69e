"""The gate that every charge set passes before adsorption sees it.

A set is refused when its self-consistent field did not converge, a charge is not finite, two atoms are on one another,
the sum is not zero, all charges are zero, an atom is out of the bounds of its element and role, a metal is not
positive, or atoms differ from those with the same surroundings. Bounds are wide (`mofa.charges.bounds`), narrower for
methods that we know: they catch charges that no chemistry explains (published sets contain Zn -2.3 e and C -5.3 e), not
charges that are merely unusual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mofa.charges.bounds import OTHER_SPREAD, SPREADS, bounds_e
from mofa.charges.roles import bonds_of, roles, surroundings
from mofa.chemistry import ChargeGate, Framework, Reason, Rejected, Stage
from mofa.chemistry.bonds import neighbor_pairs
from mofa.chemistry.cif import labels
from mofa.chemistry.elements import COVALENT_RADII_ANG, is_metal
from mofa.chemistry.inspection import SHORTEST_CONTACT_ANG

MAX_RESIDUAL_E = 0.05
SHORTEST_BOND_RATIO = 0.6
"""Of a distance to the sum of covalent radii. The shortest of all bonds, H2, has 1.2; a triple bond of carbon 0.79."""
ZERO_E = 0.005
"""A set in which no charge is larger is none."""
NAMED_ATOMS = 3

_Atoms = NDArray[np.intp]
_Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gated:
    """Charges that passed, exactly neutral, and what the gate saw."""

    values: NDArray[np.float64]
    """e, ``[n_atoms]``."""
    gate: ChargeGate


def pass_gate(framework: Framework, values: ArrayLike, *, method: str, converged: bool = True) -> Gated | Rejected:
    """The charges, made exactly neutral, or why they are unphysical.

    A residual sum of up to 0.05 e is rounding of the method: it is spread evenly over all atoms, and `ChargeGate.sum_e`
    says how much it was. A larger one is refused.

    Args:
        framework: whose charges they are.
        values: e, ``[n_atoms]``.
        method: name of the charge method; it decides how narrow the bounds are.
        converged: whether the self-consistent field converged that they come from.
    """
    raw = np.asarray(values, dtype=np.float64)
    if raw.shape != (len(framework),):
        raise ValueError(f"{len(framework)} atoms but charges of shape {raw.shape}")
    if not converged:
        detail = f"the self-consistent field of the {method} charges did not converge"
        return Rejected(Stage.CHARGES, Reason.NOT_CONVERGED, detail)
    bad = np.flatnonzero(~np.isfinite(raw))
    if len(bad):
        return _refused(f"{_counted(bad, method)} not finite: {_listed(framework, bad, raw)}", bad)
    close = _too_close(framework)
    if close is not None:
        return close
    total = float(raw.sum())
    if abs(total) > MAX_RESIDUAL_E:
        return _refused(f"the charges add up to {total:+.3f} e, more than rounding explains")
    neutral = raw - total / len(raw)
    bonds = bonds_of(framework)
    role = roles(framework.symbols, bonds)
    refused = _out_of_bounds(framework, neutral, role, method)
    if refused is not None:
        return refused
    if len(set(framework.symbols)) > 1 and float(np.abs(neutral).max()) < ZERO_E:
        return _refused(f"all {method} charges are zero")
    kinds = surroundings(framework.symbols, bonds)
    medians = _medians(neutral, kinds)
    away = np.abs(neutral - medians)
    refused = _odd_ones(framework, neutral, medians, kinds, role, method)
    if refused is not None:
        return refused
    metal = np.array([is_metal(symbol) for symbol in framework.symbols])
    alike = np.bincount(kinds)[kinds] > 1
    gate = ChargeGate(
        passed=True,
        sum_e=total,
        min_e=float(neutral.min()),
        max_e=float(neutral.max()),
        metal_min_e=float(neutral[metal].min()) if metal.any() else None,
        equivalent_spread_e=float(away[alike].max()) if alike.any() else None,
    )
    return Gated(neutral, gate)


def _too_close(framework: Framework) -> Rejected | None:
    """Refuse atoms that are nearer than any bond: whatever was computed there is no chemistry."""
    radius = COVALENT_RADII_ANG[framework.numbers]
    reach = max(SHORTEST_CONTACT_ANG, 2.0 * SHORTEST_BOND_RATIO * float(radius.max()))
    pairs = neighbor_pairs(framework.symbols, framework.positions, framework.cell, reach)
    least = np.maximum(SHORTEST_CONTACT_ANG, SHORTEST_BOND_RATIO * (radius[pairs.i] + radius[pairs.j]))
    near = np.flatnonzero(pairs.distance < least)
    if not len(near):
        return None
    k = near[np.argmin(pairs.distance[near] / least[near])]
    names = labels(framework.symbols)
    detail = (
        f"{names[pairs.i[k]]} and {names[pairs.j[k]]} are {pairs.distance[k]:.2f} Å apart, nearer than any bond"
        f" ({least[k]:.2f} Å): charges of such a structure mean nothing"
    )
    return Rejected(Stage.CHARGES, Reason.OVERLAP, detail, _indices([*pairs.i[near], *pairs.j[near]]))


def _out_of_bounds(framework: Framework, values: _Values, role: Sequence[str], method: str) -> Rejected | None:
    limits = [bounds_e(symbol, kind, method) for symbol, kind in zip(framework.symbols, role, strict=True)]
    lower, upper = np.array(limits).T
    beyond = np.maximum(lower - values, values - upper)
    outside = np.flatnonzero(beyond > 0)
    if not len(outside):
        return None
    worst = outside[np.argsort(-beyond[outside], kind="stable")]
    notes = [f"{role[k]}: allowed {lower[k]:+.2f} to {upper[k]:+.2f}" for k in worst]
    detail = f"{_counted(outside, method)} out of bounds: {_listed(framework, worst, values, notes)}"
    return _refused(detail, outside)


def _medians(values: _Values, kinds: NDArray[np.int64]) -> _Values:
    """For every atom the median charge of its class, e, ``[n_atoms]``."""
    found = np.empty(int(kinds.max()) + 1)
    for kind in range(len(found)):
        found[kind] = np.median(values[kinds == kind])
    return found[kinds]


def _odd_ones(
    framework: Framework,
    values: _Values,
    medians: _Values,
    kinds: NDArray[np.int64],
    role: Sequence[str],
    method: str,
) -> Rejected | None:
    """Refuse atoms that differ from those with their surroundings, and classes whose atoms scatter."""
    limit = SPREADS.get(method, OTHER_SPREAD)
    away = np.abs(values - medians)
    scatter = np.sqrt(np.bincount(kinds, away**2) / np.bincount(kinds))[kinds]
    odd, most = np.flatnonzero(away > limit.atom_e), f"more than {limit.atom_e:g} e"
    if not len(odd):
        odd, most = np.flatnonzero(scatter > limit.class_e), f"on average more than {limit.class_e:g} e"
    if not len(odd):
        return None
    worst = odd[np.argsort(-away[odd], kind="stable")]
    notes = [f"{role[k]}: those with the same surroundings {medians[k]:+.2f}" for k in worst]
    detail = (
        f"{_counted(odd, method)} {most} away from those of equivalent atoms:"
        f" {_listed(framework, worst, values, notes)}"
    )
    return _refused(detail, odd)


def _counted(atoms: _Atoms, method: str) -> str:
    return f"1 {method} charge is" if len(atoms) == 1 else f"{len(atoms)} {method} charges are"


def _listed(framework: Framework, atoms: _Atoms, values: _Values, notes: Sequence[str] = ()) -> str:
    """The first atoms with their charges: ``Zn1 -2.30 e (metal: allowed +0.50 to +1.50), ...``."""
    names = labels(framework.symbols)
    shown = [f"{names[k]} {values[k]:+.2f} e" for k in atoms[:NAMED_ATOMS]]
    if notes:
        shown = [f"{atom} ({why})" for atom, why in zip(shown, notes, strict=False)]
    return ", ".join([*shown, "..."] if len(atoms) > NAMED_ATOMS else shown)


def _refused(detail: str, atoms: _Atoms | Sequence[int] = ()) -> Rejected:
    return Rejected(Stage.CHARGES, Reason.UNPHYSICAL_CHARGES, detail, _indices(atoms))


def _indices(atoms: _Atoms | Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted({int(k) for k in atoms}))
