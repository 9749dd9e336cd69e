"""What MOFs are ranked by: from the campaign file to the worker, the policy and the records."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mofa.campaign import CampaignPlan, PolicySettings, SlotPlan, StopRules, TaskKind, start
from mofa.campaign.actions import Job
from mofa.campaign.adsorption import adsorbed, known_values, scored, writes_files
from mofa.campaign.configured import check_engines, plan_of
from mofa.campaign.policy import Policy
from mofa.campaign.tasks import Outcome, Product, Task
from mofa.campaign.workplace import Progress, Workplace
from mofa.chemistry import Coadsorbed, Framework, PoreGeometry, Reason, Uptake
from mofa.config import parse_config
from mofa.errors import ConfigError, EngineMissingError, InputError
from mofa.expression import BEFORE_ADSORPTION, names_with, parse
from mofa.store import codec
from mofa.store.files import FileStore
from mofa.store.payloads import Item
from mofa.store.records import ObjectiveRecord, load
from tests.campaign import standins

K = TaskKind
STOP = "[stop]\nmax_uptakes = 3\n"
WORKING_CAPACITY = """
[adsorb]
gas = "CH4"
pressure_pa = 6.5e6
[adsorb.points.desorption]
pressure_pa = 5.8e5
[objective]
expression = "uptake_cm3_per_cm3 - desorption.uptake_cm3_per_cm3"
unit = "cm3(STP)/cm3"
"""
SELECTIVITY = """
[adsorb]
gas = "CO2:0.15,N2:0.85"
pressure_pa = 1.0e5
[objective]
expression = "selectivity"
unit = ""
require = "strain < 0.1 and pld > 3.8"
"""
FRAMEWORK = Framework("mof-1", ("Zn", "O"), [[0, 0, 0], [2, 2, 2]], 10 * np.eye(3)).with_charges([1.0, -1.0], "test")
FUNCTIONS = {**standins.FUNCTIONS, K.ADSORB: f"{standins.__name__}:adsorb_at"}


def item_of(tmp_path, *, options=None, task_options=None, emit=lambda item: None) -> Item:
    """The item of an adsorb task on `FRAMEWORK`."""
    (tmp_path / "files").mkdir(exist_ok=True)
    files = FileStore(tmp_path / "files")
    own = {"seed": 1, "log": str(tmp_path / "log"), "session": 0, "delay_s": 0.0, **(options or {})}
    workplace = Workplace(str(tmp_path), {K.ADSORB: own}, FUNCTIONS)
    task = Task("adsorb-0", K.ADSORB, (codec.put_framework(FRAMEWORK, files),), task_options or {}, "mof-1")
    return adsorbed(Job(emit, task, workplace))


def runs(tmp_path) -> list[str]:
    return [line.split()[2] for line in (tmp_path / "log").read_text().splitlines()]


def test_all_points_are_simulated_and_make_the_objective(tmp_path):
    heard = []
    options = {
        "points": {"desorption": {"gas": "CO2", "pressure_pa": 1e3}},
        "objective": {"expression": "uptake - desorption.uptake", "require": "strain < 0.1"},
        "keep_input_files": False,
    }
    item = item_of(tmp_path, options=options, task_options={"strain": 0.05}, emit=heard.append)
    assert runs(tmp_path) == ["mof-1/grid/10000", "mof-1/grid/1000"]
    assert item.score == pytest.approx(0.9 * item.value["uptake_mol_per_kg"])
    assert item.value["objective"] == item.score
    assert item.value["points"]["desorption"]["pressure_pa"] == 1e3
    (progress,) = (found for found in heard if isinstance(found, Progress))
    assert progress.fraction == 0.25


def test_without_an_objective_it_is_the_uptake(tmp_path):
    item = item_of(tmp_path)
    assert item.score == item.value["objective"] == item.value["uptake_mol_per_kg"]
    assert item.value["points"] == {}


@pytest.mark.parametrize(
    ("objective", "note"),
    [
        ({"require": "strain < 0.01"}, "not strain < 0.01"),
        ({"require": "selectivity > 1"}, "not known whether selectivity > 1"),
        ({"expression": "1 / (uptake - uptake)"}, "1 / (uptake - uptake) is not known"),
    ],
)
def test_a_mof_that_fails_keeps_its_uptake_and_has_no_score(tmp_path, objective, note):
    item = item_of(tmp_path, options={"objective": objective}, task_options={"strain": 0.05})
    assert item.rejected is None
    assert (item.score, item.value["objective"], item.value["objective_note"]) == (None, None, note)
    assert item.value["uptake_mol_per_kg"] > 0


def test_a_point_that_is_refused_refuses_the_mof_and_is_named(tmp_path):
    item = item_of(tmp_path, options={"points": {"storage": {"pressure_pa": 1e7}}})
    assert item.rejected.reason is Reason.PORE_TOO_NARROW
    assert item.rejected.detail == "storage: too much"


def test_the_judge_simulates_the_first_point_alone_without_options_of_the_other_engine(tmp_path):
    options = {"points": {"desorption": {"pressure_pa": 1e3}}, "chains": 2, "objective": {"expression": "heat"}}
    item = item_of(tmp_path, options=options, task_options={"engine": "raspa3", "judge": True})
    assert runs(tmp_path) == ["mof-1/raspa3/10000"]
    assert item.score is None
    assert item.value["judged"]
    assert item.value["engine"] == "raspa3"


def test_what_the_judge_cannot_simulate_is_said_once(tmp_path):
    item = item_of(tmp_path, options={"gas": "Xe"}, task_options={"engine": "raspa3", "judge": True})
    assert item.rejected is None
    assert "raspa3 does not know Xe" in item.value["judge_note"]
    refused = item_of(tmp_path, options={"pressure_pa": 1e7}, task_options={"engine": "raspa3", "judge": True})
    assert refused.rejected.detail == "too much"


def test_input_files_are_kept_where_the_engine_writes_some(tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr(Job, "give", lambda job, name, value: given.update({name: value}))
    assert [writes_files(engine) for engine in ("grid", "raspa3", "raspa2", "graspa")] == [False, False, True, True]
    item_of(tmp_path, options={"keep_input_files": True})
    assert given == {}, "the engine works without files"
    item_of(tmp_path, options={"keep_input_files": True}, task_options={"engine": "raspa2"})
    assert given == {"input_files": tmp_path / "adsorption"}
    item_of(tmp_path, options={"keep_input_files": True}, task_options={"engine": "raspa2", "judge": True})
    assert given == {"input_files": tmp_path / "adsorption" / "judge"}


def test_every_name_has_its_value():
    pores = PoreGeometry(9.1, 7.2, 2210.0, 0.41, 1.86, 3, "Zeo++")
    uptake = Uptake(
        2.0, 0.1, 25.0, 1.0, "CO2", 1e5, 300.0, "", "", (1, 1, 1), 9, True, 0.0, pores, mole_fraction=0.2,
        coadsorbed=(Coadsorbed("N2", 0.8, 0.5, 0.1, 10.0, 1.0),), molar_mass_g_per_mol=44.0, density_g_per_cm3=0.5,
    )  # fmt: skip
    values = known_values(FRAMEWORK, 0.07, uptake, {"des": uptake})
    assert set(values) == set(names_with(["des"]))
    assert values["selectivity"] == values["des.selectivity"] == pytest.approx(16.0)
    assert values["uptake_mg_per_g"] == 88.0
    assert values["uptake_cm3_per_cm3"] == pytest.approx(2.0 * 22.414 * 0.5, rel=1e-4)
    assert (values["strain"], values["n_atoms"], values["lcd"], values["pld"]) == (0.07, 2.0, 9.1, 7.2)
    assert (values["surface"], values["void_fraction"], values["heat"]) == (2210.0, 0.41, 25.0)
    assert values["density"] == FRAMEWORK.density_g_per_cm3
    bare = known_values(FRAMEWORK, None, uptake, {})
    assert math.isnan(bare["strain"])
    assert scored({"expression": "selectivity"}, values, {}) == (pytest.approx(16.0), "")


def test_the_campaign_file_becomes_options_policy_and_records():
    plan = plan_of(parse_config(WORKING_CAPACITY + STOP))
    options = plan.options[K.ADSORB]
    assert options["points"] == {"desorption": {"gas": "CH4", "pressure_pa": 5.8e5, "temperature_k": 300.0}}
    assert options["objective"] == {
        "expression": "uptake_cm3_per_cm3 - desorption.uptake_cm3_per_cm3",
        "require": "",
    }
    assert plan.hard_limits_s[K.ADSORB] == 2 * 1800.0 + 60.0
    assert (plan.policy.judge, plan.policy.judge_top) == ("raspa3", 3)
    assert plan.objective == ObjectiveRecord(options["objective"]["expression"], "cm3(STP)/cm3", "")
    selectivity = plan_of(parse_config(SELECTIVITY + STOP)).objective
    assert selectivity == ObjectiveRecord("selectivity", "", "strain < 0.1 and pld > 3.8")
    assert plan_of(parse_config(STOP)).objective == ObjectiveRecord()


@pytest.mark.parametrize("lines", ['judge = ""', "judge_top = 0", 'judge = "grid"'])
def test_there_may_be_no_judge(lines):
    assert plan_of(parse_config(f"[objective]\n{lines}\n{STOP}")).policy.judge == ""


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('[objective]\nexpression = "selectivity"\n', ConfigError, "selectivity is that of a mixture, and CO2 is one"),
        ('[adsorb.points.p]\npressure_pa = 1.0\n[objective]\nrequire = "p.selectivity > 2"\n', ConfigError, "p.selec"),
        ('[adsorb]\ngas = "CO3"\n', InputError, "CO3"),
        ('[adsorb.points.p]\ngas = "CO2:0.5,N2:0.6"\n', InputError, "add up to"),
        ('[adsorb]\nengine = "raspa4"\n', EngineMissingError, "raspa4"),
        ('[objective]\njudge = "raspa4"\n', EngineMissingError, "raspa4"),
        ('[adsorb]\nengine = "raspa3"\nchains = 2\n', InputError, "no option chains"),
        ("[adsorb]\nkeep_input_files = true\n", ConfigError, "without input files"),
    ],
)
def test_what_cannot_be_simulated_is_said_before_anything_runs(text, error, message):
    config = parse_config(f'{text}[generate]\ngenerator = "library"\n{STOP}')
    with pytest.raises(error) as caught:
        check_engines(config)
    assert message in str(caught.value)


def test_a_sound_campaign_passes_the_check():
    check_engines(parse_config(f'{SELECTIVITY}[generate]\ngenerator = "library"\n{STOP}'))


def add_strain(policy, key, strain, **measures):
    task = Task("validate-x", K.VALIDATE, ("ref",), subject=key)
    policy.on_result(task, Outcome(True, (Product(key, f"md-{key}", score=strain, measures=measures or None),)))


def optimised(policy) -> str:
    order = []
    while (task := policy.next(K.OPTIMIZE)) is not None:
        order.append(task.subject)
    return "".join(order)


def test_the_priority_orders_the_queue_for_optimisation():
    priority = parse("-strain - n_atoms / 1000", BEFORE_ADSORPTION)
    policy = Policy(PolicySettings(priority=priority), seed=1)
    add_strain(policy, "a", 0.10, n_atoms=100)
    add_strain(policy, "b", 0.05, n_atoms=400)
    add_strain(policy, "c", 0.08, n_atoms=100)
    add_strain(policy, "d", 0.01)
    assert optimised(policy) == "cabd", "one whose priority is not known comes last"
    densest = Policy(PolicySettings(priority=parse("density", BEFORE_ADSORPTION)), seed=1)
    for key, density in (("a", 0.4), ("b", 0.9), ("c", 0.6)):
        add_strain(densest, key, 0.1, density=density)
    assert optimised(densest) == "bca"


def test_the_strain_goes_along_to_adsorption():
    policy = Policy(PolicySettings(), seed=1)
    add_strain(policy, "a", 0.07)
    for kind in (K.OPTIMIZE, K.CHARGES):
        policy.on_result(policy.next(kind), Outcome(True, (Product("a", "ref"),)))
    assert policy.next(K.ADSORB).options["strain"] == 0.07


def test_validated_mofs_bring_what_priorities_ask_for(tmp_path):
    """And a whole campaign is ranked by its objective."""
    options = standins.options()
    options[K.ADSORB] |= {
        "points": {"desorption": {"pressure_pa": 1e3}},
        "objective": {"expression": "desorption.uptake - uptake", "require": "strain < 0.2"},
    }
    plan = CampaignPlan(
        seed=3,
        options=options,
        functions=FUNCTIONS,
        policy=PolicySettings(priority=parse("density - strain", BEFORE_ADSORPTION)),
        stop=StopRules(max_uptakes=8, grace_s=0.2),
        slots=SlotPlan.shared(1),
        server="inline",
        objective=ObjectiveRecord("desorption.uptake - uptake", "mol/kg", "strain < 0.2"),
    )
    start(tmp_path / "c", plan)
    records = load(tmp_path / "c")
    ranking = records.ranking()
    assert records.objective == plan.objective
    values = [mof.objective for mof in ranking if mof.objective is not None]
    assert values == sorted(values, reverse=True)
    assert len(values) < len(ranking) >= 8, "some are beyond the limit"
    assert all(mof.objective is None for mof in ranking[len(values) :])
    for mof in ranking:
        assert (mof.objective is not None) is (mof.stability.strain < 0.2)
        assert mof.points["desorption"].uptake_mol_per_kg == pytest.approx(0.1 * mof.uptake.uptake_mol_per_kg)
        assert mof.objective_note == ("" if mof.objective is not None else "not strain < 0.2")
