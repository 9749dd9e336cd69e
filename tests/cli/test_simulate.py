"""`mofa simulate` as a user calls it."""

from __future__ import annotations

import json

import pytest

from mofa.campaign import CampaignPlan, SlotPlan, StopRules, start
from tests.campaign import standins
from tests.cli.helpers import mofa

CAMPAIGN_FILE = """
[policy]
max_waiting_mofs = 17
[stop]
max_uptakes = 5
[compute.pools.gpu]
slots = 90
kinds = ["generate", "validate", "train"]
[compute.pools.cpu]
slots = 30
kinds = ["adsorb", "charges", "optimize", "assemble", "process"]
"""


@pytest.fixture(scope="module")
def campaign_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "campaign.toml"
    path.write_text(CAMPAIGN_FILE)
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "campaign"
    plan = CampaignPlan(
        seed=3,
        options=standins.options(),
        functions=standins.FUNCTIONS,
        stop=StopRules(max_uptakes=5),
        slots=SlotPlan.shared(1),
        server="inline",
    )
    start(path, plan)
    return path


def test_json_on_stdout_and_nothing_else():
    done = mofa("simulate", "--nodes", "32", "--hours", "0.5", "--seed", "4", "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["slots"]["validate"] == 184
    assert found["utilisation"]["validate"]["best_window"] > 0.9
    assert found["per_hour"]["assemble"]["mean_items_per_h"] > 25_000
    assert set(found["latency_s"]) >= {"process_linkers", "validate_structures", "retrain"}
    assert found["published_per_hour"]["mofs"] == 31_500
    assert found["tasks"]["submitted"] > 1000
    assert found["stable"][-1]["mofs"] > 0
    assert "nothing of learning" in found["note"] or "know nothing" in found["note"]
    again = mofa("simulate", "--nodes", "32", "--hours", "0.5", "--seed", "4", "--json").json
    assert again | {"wall_s": 0} == found | {"wall_s": 0}


def test_tables_beside_the_published_figures_and_a_folder(tmp_path):
    done = mofa("simulate", "--nodes", "64", "--hours", "0.3", "--out", tmp_path / "plan")
    assert done.code == 0, done.err
    for text in ("published, 64 nodes", "30,000", "paper, 32 to 450 nodes", "validate", "stable MOFs", "--learning"):
        assert text in done.out
    page = (tmp_path / "plan" / "simulation.html").read_text()
    assert "64 nodes" in page
    assert "<svg" in page
    assert "know nothing of learning" in page
    numbers = json.loads((tmp_path / "plan" / "simulation.json").read_text())
    rows = (tmp_path / "plan" / "tasks.jsonl").read_text().splitlines()
    assert len(rows) == numbers["tasks"]["submitted"]
    assert json.loads(rows[0])["kind"] == "generate"


def test_a_campaign_file_with_more_slots_than_this_machine_has(campaign_file):
    found = mofa("simulate", campaign_file, "--hours", "1", "--no-retrain", "--json").json
    assert found["slots"] == {"gpu": 90, "cpu": 30}
    assert found["waiting_at_end"]["validate"] <= 17
    assert not found["retrained"]
    assert "train" not in found["per_hour"]


def test_the_records_of_a_campaign(campaign_file, finished):
    arguments = ("simulate", campaign_file, "--campaign", finished, "--hours", "0.01", "--json")
    refused = mofa(*arguments)
    assert refused.code == 2
    assert "--no-retrain" in refused.err
    found = mofa(*arguments, "--no-retrain").json
    assert found["source"] == f"records of {finished}"
    assert found["made"]["validate"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "Give --nodes or a campaign file"),
        (("--nodes", "0"), 2, "--nodes"),
        (("--nodes", "3"), 1, "Give 21 nodes or more"),
        (("--nodes", "32", "--hours", "0"), 2, "--hours"),
        (("--nodes", "32", "--hours", "nan"), 2, "--hours"),
        (("--nodes", "32", "--learning", "1,no"), 2, "--learning"),
        (("--nodes", "32", "--learning", "1,-1"), 2, "--learning"),
        (("--nodes", "32", "--campaign", "missing"), 1, "missing"),
        (("missing.toml",), 1, "missing.toml"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, code, says, tmp_path):
    done = mofa("simulate", *arguments, cwd=tmp_path)
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err
