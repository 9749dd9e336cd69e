from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from mofa.report import ranking, ranking_table, summary_lines
from mofa.report.ranking import molar_mass_g_per_mol, stability_class
from mofa.store.records import load
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
    assert stability_class(strain) == expected


def test_the_summary_says_value_error_and_unit(campaign):
    lines = summary_lines(campaign.records)
    assert lines[0] == "Best of 2 MOFs: 1.234 ± 0.056 mol/kg CO2 at 0.1 bar and 300 K (<b>best</b> & first)."
    assert "uptake (mol/kg)" in lines[1]
    assert lines[2].split()[:5] == ["1", "1.234", "±", "0.056", "4.3"]
    assert len(lines) == 4
    assert summary_lines(campaign.records, top=1)[-1] == "... and 1 more"


def test_the_table_shows_names_as_they_are(campaign):
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(ranking_table(campaign.records))
    assert "1.234 ± 0.056" in captured.get()
    assert "<b>best</b> & first" in captured.get()


def test_an_unmet_error_target_is_marked(campaign):
    records = campaign.records
    mofs = {
        key: mof if mof.uptake is None else replace(mof, uptake=replace(mof.uptake, converged=False))
        for key, mof in records.mofs.items()
    }
    lines = summary_lines(replace(records, mofs=mofs))
    assert "1.234 ± 0.056 *" in lines[2]


def test_nothing_to_rank_is_said_in_a_sentence(tmp_path):
    new_campaign(tmp_path / "empty")
    assert summary_lines(load(tmp_path / "empty")) == ["No uptake yet: 0 MOFs simulated, 0 of them stable."]
