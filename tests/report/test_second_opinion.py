"""Two engines, several points and an objective: both numbers are shown wherever one is."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from rich.console import Console

from mofa.campaign import Snapshot
from mofa.chemistry import Coadsorbed, Reason, Rejected, Stage
from mofa.cli.campaign import _payload
from mofa.cli.common import _plain
from mofa.cli.live import best_line, result_line
from mofa.report import headline, ranking_table, write_report
from mofa.report.ranking import conditions
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import EventKind
from mofa.store.projection import Projection
from mofa.store.records import ObjectiveRecord, load
from tests.report.synthetic import BDC, lineage, new_campaign, uptake
from tests.report.test_page import Page
from tests.structures import irmof1

OBJECTIVE = ObjectiveRecord("uptake - desorption.uptake", "mol/kg", "pld > 3.8")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Five MOFs: agreed on, disagreed on, refused by the judge, crashed the judge, and without an objective."""
    path = tmp_path_factory.mktemp("opinions") / "campaign"
    writer = new_campaign(path)
    writer.session(OBJECTIVE)
    writer.linker("KEY0", BDC, "BCA", 16)
    mof = replace(irmof1(), lineage=lineage())
    low = {"desorption": uptake(0.2, 0.02, pressure_pa=1e3)}
    for key, amount, value in (("aa", 2.0, 1.8), ("bb", 1.5, 1.3), ("cc", 1.2, 1.0), ("dd", 1.1, 0.9)):
        writer.whole(replace(mof, id=key, name=key), 0.05, uptake(amount, 0.05), points=low, objective=value)
    writer.whole(
        replace(mof, id="ee", name="ee"), 0.05, uptake(3.0, 0.05), objective=None, objective_note="not pld > 3.8"
    )
    writer.judge("aa", uptake(2.06, 0.04, engine="raspa3"))
    writer.judge("bb", uptake(1.7, 0.1, engine="raspa3"))
    writer.judge("cc", Rejected(Stage.ADSORB, Reason.TIME_LIMIT, "too slow"))
    writer.judge("dd", "signal 11")
    return path


@pytest.fixture(scope="module")
def page(path):
    return Page(write_report(path).read_text(encoding="utf-8"))


def test_the_ranking_is_by_the_objective_and_those_without_come_last(path):
    records = load(path)
    assert [mof.id for mof in records.ranking()] == ["aa", "bb", "cc", "dd", "ee"]
    assert records.objective == OBJECTIVE
    assert [mof.judge_agrees for mof in records.ranking()] == [True, False, None, None, None]
    assert [mof.judge_note for mof in records.ranking()] == [
        "", "", "time_limit: too slow", "crashed: signal 11", ""
    ]  # fmt: skip
    assert records.mofs["aa"].points["desorption"].pressure_pa == 1e3


def test_a_judge_changes_no_count(path):
    records = load(path)
    assert records.funnel.uptakes == records.funnel.stage(Stage.ADSORB).entered == 5
    assert records.rejections == ()


def test_campaigns_of_earlier_versions_are_ranked_by_uptake(campaign):
    records = campaign.records
    assert [mof.objective for mof in records.ranking()] == [1.234, 0.61]
    assert records.objective == ObjectiveRecord()


@pytest.mark.parametrize(("error", "agrees"), [(0.03, True), (0.02, False), (float("nan"), None)])
def test_agreement_is_judged_by_the_error_of_the_difference(path, error, agrees):
    mof = load(path).mofs["aa"]
    assert replace(mof, judged=uptake(2.05, 0.04), uptake=uptake(2.0, error)).judge_agrees is agrees


def printed(records, width=120):
    console = Console(width=width)
    with console.capture() as captured:
        console.print(ranking_table(records))
    return captured.get()


def test_the_table_has_both_numbers_and_the_objective(path):
    text = printed(load(path))
    for expected in ("objective", "raspa3", "2.000 ± 0.050", "2.060 ± 0.040", "agree", "differ", "1.8", "–"):
        assert expected in text, expected
    assert "objective: uptake - desorption.uptake" in text
    assert "…" not in printed(load(path), width=80)


def test_the_headline_has_both_numbers_and_the_objective(path):
    assert headline(load(path)) == (
        "Best of 5 MOFs: uptake - desorption.uptake = 1.8 mol/kg; 2.000 ± 0.050 mol/kg CO2 at 0.1 bar and 300 K"
        " (raspa3: 2.060 ± 0.040 mol/kg, agree) (aa)."
    )


def test_the_page_has_both_numbers_the_objective_and_the_points(page):
    assert page.open == []
    for expected in (
        "1.8 mol/kg uptake - desorption.uptake",
        "Uptake: 2.000 ± 0.050 mol/kg CO₂ at 0.1 bar and 300 K.",
        "Second opinion by raspa3: 2.060 ± 0.040 mol/kg, agree",
        "Ranked by uptake - desorption.uptake (mol/kg), where pld > 3.8",
        "desorption: CO₂ at 0.01 bar and 300 K",
        "raspa3 1.70 ± 0.10 differ",
        "0.200 ± 0.020 mol/kg CO₂ at 0.01 bar and 300 K",
        "none: time_limit: too slow",
        "none: crashed: signal 11",
        "none: not pld > 3.8",
        "Objective by rank.",
        "Linker size.",
        "by raspa3",
    ):
        assert expected in page.text, expected


def test_a_plain_campaign_shows_no_objective(campaign):
    text = Page(campaign.html).text
    for absent in ("Objective", "Second opinion", "Ranked by"):
        assert absent not in text, absent


def test_a_campaign_where_nothing_meets_the_objective_says_so(tmp_path):
    writer = new_campaign(tmp_path / "c")
    writer.session(OBJECTIVE)
    writer.whole(replace(irmof1(), id="aa", name="aa"), 0.05, uptake(3.0), objective=None)
    text = Page(write_report(tmp_path / "c").read_text()).text
    assert "3.000 ± 0.030 mol/kg CO₂" in text
    assert "No MOF has a value of the objective yet." in text
    assert "Objective by rank" not in text


def test_tables_carry_both_numbers_objective_and_points(path, page):
    with (path / "report" / "mofs.csv").open(newline="") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    best, last = rows["aa"], rows["ee"]
    assert (best["objective"], best["objective_unit"]) == ("1.8", "mol/kg")
    assert (best["judge_engine"], best["judge_uptake_mol_per_kg"], best["judge_agrees"]) == ("raspa3", "2.06", "True")
    assert (best["desorption_uptake_mol_per_kg"], best["desorption_pressure_pa"]) == ("0.2", "1000.0")
    assert (last["objective"], last["objective_unit"], last["objective_note"]) == ("", "", "not pld > 3.8")
    assert rows["dd"]["judge_note"] == "crashed: signal 11"


def test_json_carries_both_numbers(path):
    best = _plain(_payload(path))["ranking"][0]
    assert (best["mof"]["objective"], best["ranked_by"]["unit"], best["judge_agrees"]) == (1.8, "mol/kg", True)
    assert best["mof"]["judged"]["uptake_mol_per_kg"] == 2.06
    assert best["mof"]["points"]["desorption"]["uptake_mol_per_kg"] == 0.2


def test_a_mixture_shows_what_is_adsorbed_beside_and_its_selectivity(tmp_path):
    mixed = uptake(
        2.0, 0.1, mole_fraction=0.15, pressure_pa=1e5, coadsorbed=(Coadsorbed("N2", 0.85, 0.5, 0.05, 12.0, 1.0),)
    )
    assert conditions(mixed) == "CO2 (15 %) with N2 (85 %) at 1 bar and 300 K"
    writer = new_campaign(tmp_path / "c")
    writer.whole(replace(irmof1(), id="aa", name="aa"), 0.05, mixed)
    text = Page(write_report(tmp_path / "c").read_text()).text
    assert "CO₂ (15 %) with N₂ (85 %) at 1 bar and 300 K" in text
    assert "Selectivity 22.7 ± 2.5" in text


def test_the_live_screen_has_both_numbers(path):
    projection, lines = Projection(), []
    with CampaignFolder.open(path).events(read_only=True) as events:
        for event in events.read():
            projection.apply(event)
            if event.kind is EventKind.RESULT and event.task_kind == Stage.ADSORB:
                lines.append(result_line(event))
    assert projection.best.id == "aa"
    assert best_line(projection.best, OBJECTIVE) == (
        "best 1.8 mol/kg; 2.000 ± 0.050 mol/kg CO2 (raspa3 2.060 ± 0.040, agree)  aa"
    )
    assert best_line(None, Snapshot.__dataclass_fields__["objective"].default_factory()) == "no uptake yet"
    assert lines[0].endswith("uptake 2.000 mol/kg, objective 1.8")
    assert lines[4].endswith("uptake 3.000 mol/kg")
    assert lines[5].endswith("the judge finds uptake 2.060 mol/kg")
