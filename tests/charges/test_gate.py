"""The gate lets chemistry pass and names what is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mofa.charges import Gated, pass_gate
from mofa.chemistry import Framework, Reason, Rejected
from tests.structures import irmof1

# Chargemol on a CP2K density: the reference set of MOF-5.
DDEC6 = {"Zn": 0.947, "O4": -1.005, "O2": -0.534, "C-carboxylate": 0.565, "C-ipso": -0.013, "C": -0.105, "H": 0.130}


@pytest.fixture(scope="module")
def mof() -> Framework:
    return irmof1()


@pytest.fixture(scope="module")
def ddec6(mof: Framework) -> np.ndarray:
    assert mof.bonds is not None
    kinds = []
    for symbol, neighbors in zip(mof.symbols, mof.bonds.neighbors, strict=True):
        around = {mof.symbols[k] for k, _, _ in neighbors}
        kind = symbol
        if symbol == "O":
            kind = "O4" if around == {"Zn"} else "O2"
        elif symbol == "C":
            kind = "C-carboxylate" if "O" in around else "C" if "H" in around else "C-ipso"
        kinds.append(kind)
    return np.array([DDEC6[kind] for kind in kinds])


def test_reference_charges_pass(mof: Framework, ddec6: np.ndarray) -> None:
    result = pass_gate(mof, ddec6, method="ddec6")
    assert isinstance(result, Gated)
    assert result.gate.passed
    assert result.gate.metal_min_e == pytest.approx(0.947, abs=0.01)
    assert result.gate.min_e == pytest.approx(-1.005, abs=0.01)
    assert result.values.sum() == pytest.approx(0.0, abs=1e-12)


@given(residual=st.floats(-0.049, 0.049))
def test_small_residual_is_spread_evenly_and_reported(residual: float) -> None:
    pair = Framework("x", ("C", "O"), np.array([[0.0, 0, 0], [1.2, 0, 0]]), 8 * np.eye(3))
    result = pass_gate(pair, [0.5 + residual, -0.5], method="any")
    assert isinstance(result, Gated)
    assert result.gate.sum_e == pytest.approx(residual)
    assert np.allclose(result.values, [0.5 + residual / 2, -0.5 - residual / 2])


def test_net_charge_is_refused(mof: Framework, ddec6: np.ndarray) -> None:
    result = pass_gate(mof, ddec6 + 0.001, method="ddec6")
    assert isinstance(result, Rejected)
    assert result.reason is Reason.UNPHYSICAL_CHARGES
    assert "more than rounding" in result.detail


@pytest.mark.parametrize(("symbol", "value"), [("Zn", -2.3), ("Zn", 0.3), ("C", -5.3), ("H", 1.1), ("O", 0.9)])
def test_unphysical_atom_is_named(mof: Framework, ddec6: np.ndarray, symbol: str, value: float) -> None:
    k = mof.symbols.index(symbol)
    charges = ddec6.copy()
    rest = np.arange(len(mof)) != k
    charges[rest] += (charges[k] - value) / rest.sum()
    charges[k] = value
    result = pass_gate(mof, charges, method="ddec6")
    assert isinstance(result, Rejected)
    assert result.reason is Reason.UNPHYSICAL_CHARGES
    assert result.atoms == (k,)
    assert f"{symbol}1 {value:+.2f} e" in result.detail


def test_not_finite_is_named(mof: Framework, ddec6: np.ndarray) -> None:
    charges = ddec6.copy()
    charges[[2, 9]] = np.nan
    result = pass_gate(mof, charges, method="ddec6")
    assert isinstance(result, Rejected)
    assert result.atoms == (2, 9)


def test_wrong_length_is_a_programming_error(mof: Framework) -> None:
    with pytest.raises(ValueError, match="106 atoms"):
        pass_gate(mof, [0.0], method="ddec6")
