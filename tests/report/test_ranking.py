from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from mofa.report import headline, ranking, ranking_table
from mofa.report.ranking import charge_extremes, molar_mass_g_per_mol, stability_class
from mofa.store.records import StrainLimits, load
from tests.report.synthetic import new_campaign


def test_the_highest_uptake_comes_first(campaign):
    first, second = ranking(campaign.records)
    assert (first.rank, first.mof.id, first.strain) == (1, "bb22", 0.043)
    assert (second.rank, second.mof.id) == (2, "aa11")
    assert first.mg_per_g == pytest.approx(1.234 * 44.009)
    assert first.cm3_stp_per_g == pytest.approx(1.234 * 22.414, rel=1e-4)


def test_a_gas_without_a_formula_has_no_mass():
    assert molar_mass_g_per_mol("CO2") == pytest.approx(44.009)
    assert molar_mass_g_per_mol("methane") is None
    assert molar_mass_g_per_mol("Zz") is None


@pytest.mark.parametrize(
    ("strain", "expected"),
    [(None, "unknown"), (0.0999, "stable"), (0.1, "trainable"), (0.2499, "trainable"), (0.25, "unstable")],
)
def test_the_papers_limits_decide_the_class(strain, expected):
    assert stability_class(strain, StrainLimits()) == expected


def _printed(records, *, top=10, width=80):
    console = Console(width=width)
    with console.capture() as captured:
        console.print(ranking_table(records, top=top))
    return captured.get()


def test_the_headline_says_value_error_unit_and_conditions(campaign):
    assert headline(campaign.records) == (
        "Best of 2 MOFs: 1.234 ± 0.056 mol/kg CO2 at 0.1 bar and 300 K (<b>best</b> & first)."
    )


def test_the_table_fits_a_terminal_and_has_units(campaign):
    text = _printed(campaign.records)
    for word in ("mol/kg", "kJ/mol", "%", "Å", "1.234 ± 0.056", "bb22"):
        assert word in text
    assert "…" not in text
    assert "and 1 more" in _printed(campaign.records, top=1)


def test_the_table_shows_names_as_they_are(campaign):
    assert "<b>best</b> & first" in _printed(campaign.records, width=120)


def test_an_unmet_error_target_is_marked(campaign):
    records = campaign.records
    mofs = {
        key: mof if mof.uptake is None else replace(mof, uptake=replace(mof.uptake, converged=False))
        for key, mof in records.mofs.items()
    }
    assert "1.234 ± 0.056 *" in _printed(replace(records, mofs=mofs))


def test_nothing_to_rank_is_said_in_a_sentence(tmp_path):
    new_campaign(tmp_path / "empty")
    assert headline(load(tmp_path / "empty")) == "No uptake yet: 0 MOFs simulated, 0 of them stable."


def test_the_charges_of_an_uptake_are_shown_with_their_extremes(campaign):
    first, second = ranking(campaign.records)
    method = first.uptake.charge_method
    assert charge_extremes(second.uptake) == ""
    assert charge_extremes(first.uptake) == f"{method}, \u22120.64 to +0.79 e, metal at least +0.78 e"
    without_metal = replace(first.uptake, charge_metal_min_e=float("nan"))
    assert charge_extremes(without_metal) == f"{method}, \u22120.64 to +0.79 e"
    assert f"{method} charges, -0.64 to +0.79 e" in _printed(campaign.records, width=120)
