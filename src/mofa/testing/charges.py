"""Conformance kit of `mofa.charges.ChargeModel`.

A plug-in's author calls it from a test with a small structure of his own::

    def test_my_charges():
        check_charge_model(MyCharges(), my_small_crystal)
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mofa.charges import ChargeModel, RawCharges
from mofa.charges.gate import MAX_RESIDUAL_E
from mofa.chemistry import Framework


def check_charge_model(
    model: ChargeModel, framework: Framework, *, tolerance_e: float = 0.01, time_limit_s: float = 300.0
) -> RawCharges:
    """Assert that charges are finite, neutral, and follow the atoms, not their order or their place in the cell.

    Args:
        model: what is checked.
        framework: a cheap structure with at least two kinds of atoms.
        tolerance_e: largest change of a charge when atoms are reordered and shifted, e.
        time_limit_s: limit of each of two calculations, s.

    Returns:
        The charges of `framework`, for further assertions.
    """
    assert model.label, "frameworks carry the label as their charge method"
    plain = model.charges(framework, time_limit_s=time_limit_s)
    assert isinstance(plain, RawCharges), str(plain)
    assert plain.values.shape == (len(framework),)
    assert np.isfinite(plain.values).all()
    assert abs(plain.values.sum()) < MAX_RESIDUAL_E
    assert plain.cpu_s >= 0.0

    order = np.random.default_rng(0).permutation(len(framework))
    moved = replace(
        framework,
        symbols=tuple(framework.symbols[k] for k in order),
        positions=framework.positions[order] + np.array([0.31, -0.42, 0.53]),
        bonds=None,
        charges=None,
        charge_method="",
    )
    again = model.charges(moved, time_limit_s=time_limit_s)
    assert isinstance(again, RawCharges), str(again)
    assert np.abs(again.values - plain.values[order]).max() < tolerance_e
    return plain
