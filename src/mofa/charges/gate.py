"""The gate that every charge set passes before adsorption sees it: finite, neutral, within bounds, metals positive.

Bounds are wide: they catch charges that no chemistry explains (published sets contain Zn -2.3 e and C -5.3 e), not
charges that are merely unusual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mofa.chemistry import ChargeGate, Framework, Reason, Rejected, Stage
from mofa.chemistry.cif import labels
from mofa.chemistry.elements import is_metal

MAX_RESIDUAL_E = 0.05
NAMED_ATOMS = 3

# Least charge by (method, metal), e. DDEC6 puts MOF zinc at 0.7 to 1.2, GFN1's Mulliken charges at 0.77 to 0.80
# (MOF-5, paddlewheels with nitrile and amine pillars). Any other metal must only be positive: in the same paddlewheel
# GFN1 gives Fe 0.17, Ni 0.43, Cd 0.70 and Cu 0.81.
METAL_MIN_E = {("ddec6", "Zn"): 0.5, ("gfn1-xtb", "Zn"): 0.4}
METAL_MAX_E = 4.0

# Charges of nonmetals, e, (least, most). C spans methyl to CF3 and carboxylate; N nitride-like to nitro; O oxide to
# N-oxide; halogens from the ion to the hypervalent. Heavier nonmetals reach the charges of sulfate and silicate.
_BOUNDS = {"H": (-0.5, 0.8), "C": (-1.5, 2.0), "N": (-1.6, 1.6), "O": (-1.6, 0.6)}
_HALOGEN_BOUNDS = (-1.1, 1.5)
_OTHER_NONMETAL_BOUNDS = (-1.6, 3.0)
_HALOGENS = frozenset({"F", "Cl", "Br", "I"})


@dataclass(frozen=True, eq=False)
class Gated:
    """Charges that passed, exactly neutral, and what the gate saw."""

    values: NDArray[np.float64]
    """e, ``[n_atoms]``."""
    gate: ChargeGate


def bounds_e(symbol: str, method: str) -> tuple[float, float]:
    """Least and most charge that the gate lets pass, e."""
    if is_metal(symbol):
        return METAL_MIN_E.get((method, symbol), 0.0), METAL_MAX_E
    if symbol in _HALOGENS:
        return _HALOGEN_BOUNDS
    return _BOUNDS.get(symbol, _OTHER_NONMETAL_BOUNDS)


def pass_gate(framework: Framework, values: ArrayLike, *, method: str) -> Gated | Rejected:
    """The charges, made exactly neutral, or why they are unphysical.

    A residual sum of up to 0.05 e is rounding of the method: it is spread evenly over all atoms, and `ChargeGate.sum_e`
    says how much it was. A larger one is refused.

    Args:
        framework: whose charges they are.
        values: e, ``[n_atoms]``.
        method: name of the charge method; it decides the least charge of zinc.
    """
    raw = np.asarray(values, dtype=np.float64)
    if raw.shape != (len(framework),):
        raise ValueError(f"{len(framework)} atoms but charges of shape {raw.shape}")
    bad = np.flatnonzero(~np.isfinite(raw))
    if len(bad):
        return _refused(f"{len(bad)} charges are not finite", bad)
    total = float(raw.sum())
    if abs(total) > MAX_RESIDUAL_E:
        return _refused(f"the charges add up to {total:+.3f} e, more than rounding explains", np.array([], dtype=int))
    neutral = raw - total / len(raw)
    lower, upper = np.array([bounds_e(symbol, method) for symbol in framework.symbols]).T
    outside = np.flatnonzero((neutral < lower) | (neutral > upper))
    if len(outside):
        return _refused(_describe(framework, neutral, outside, lower, upper, method), outside)
    metal = np.array([is_metal(symbol) for symbol in framework.symbols])
    gate = ChargeGate(
        passed=True,
        sum_e=total,
        min_e=float(neutral.min()),
        max_e=float(neutral.max()),
        metal_min_e=float(neutral[metal].min()) if metal.any() else None,
    )
    return Gated(neutral, gate)


def _describe(
    framework: Framework,
    values: NDArray[np.float64],
    outside: NDArray[np.intp],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    method: str,
) -> str:
    names = labels(framework.symbols)
    shown = ", ".join(
        f"{names[k]} {values[k]:+.2f} e (allowed {lower[k]:+.1f} to {upper[k]:+.1f})" for k in outside[:NAMED_ATOMS]
    )
    more = ", ..." if len(outside) > NAMED_ATOMS else ""
    return f"{len(outside)} {method} charges are out of bounds: {shown}{more}"


def _refused(detail: str, atoms: NDArray[np.intp]) -> Rejected:
    return Rejected(Stage.CHARGES, Reason.UNPHYSICAL_CHARGES, detail, tuple(int(k) for k in atoms))
