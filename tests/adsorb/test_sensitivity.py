"""What the choice of charges does to uptakes and to the order of MOFs."""

from __future__ import annotations

import math

import pytest

from mofa.adsorb.figures import sensitivity_png
from mofa.adsorb.sensitivity import Exchange, ranking_sensitivity, ratio_of
from mofa.chemistry import Uptake


def uptake(mol_per_kg: float, error: float = 0.1) -> Uptake:
    return Uptake(mol_per_kg, error, 20.0, 0.5, "CO2", 1e4, 300.0, "made up", "x", (1, 1, 1), 1000, True, 0.0)


FOUND = {
    "none": {"a": uptake(3.0), "b": uptake(2.0), "c": uptake(1.0), "d": uptake(0.95)},
    "xtb": {"a": uptake(1.0), "b": uptake(2.0), "c": uptake(0.5), "d": uptake(0.55)},
    "eqeq": {"b": uptake(0.0), "a": uptake(4.0)},
}


def test_ranks_and_who_changes_places_beyond_the_errors() -> None:
    found = ranking_sensitivity(FOUND)
    assert found.ranks["none"] == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert found.ranks["xtb"] == {"b": 1, "a": 2, "d": 3, "c": 4}
    assert found.ranks["eqeq"] == {"a": 1, "b": 2}, "MOFs without an uptake have no rank"
    first = found.agreements[0]
    assert (first.methods, first.mofs) == (("none", "xtb"), 4)
    assert first.exchanges == (Exchange("a", "b"),)
    assert first.within_errors == 1, "c and d"
    assert first.kendall_tau == pytest.approx((4 - 2) / 6)
    assert [one.kendall_tau for one in found.agreements[1:]] == [pytest.approx(1.0), pytest.approx(-1.0)]
    assert found.agreements[2].exchanges == (Exchange("b", "a"),), "the one that led under the first method is first"


def test_one_mof_has_no_order() -> None:
    found = ranking_sensitivity({"none": {"a": uptake(1.0)}, "xtb": {"a": uptake(2.0)}})
    assert math.isnan(found.agreements[0].kendall_tau)
    assert found.agreements[0].exchanges == ()


def test_ratio_carries_both_errors() -> None:
    ratio, error = ratio_of(uptake(4.0, 0.4), uptake(2.0, 0.1))
    assert ratio == 2.0
    assert error == pytest.approx(2.0 * math.hypot(0.1, 0.05))
    assert all(math.isnan(value) for value in ratio_of(uptake(1.0), uptake(0.0)))


@pytest.mark.parametrize("mofs", [("a",), ("a", "b", "c", "d")])
def test_picture_of_one_mof_and_of_many_with_gaps(mofs: tuple[str, ...]) -> None:
    shown = {method: {mof: one for mof, one in found.items() if mof in mofs} for method, found in FOUND.items()}
    assert sensitivity_png(shown).startswith(b"\x89PNG")
