"""Families of linkers are configuration: any recipe runs, and one that cannot work is refused before it starts."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from mofa.campaign import CampaignPlan, PolicySettings, SlotPlan, StopReason, StopRules, resume, start
from mofa.campaign.configured import plan_of, recipe_of
from mofa.campaign.policy import Policy
from mofa.campaign.recipes import check_recipe
from mofa.campaign.simulation import simulate
from mofa.campaign.state import CampaignState
from mofa.campaign.tasks import Outcome, Product, Task, TaskKind
from mofa.chemistry import Family
from mofa.config import load_config, parse_config
from mofa.config.sections import Assemble, FamilyName
from mofa.errors import ConfigError, InputError
from mofa.generate import GENERATORS
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import EventKind
from mofa.store.records import load
from tests.campaign.test_campaign import plan

STOP = "\n[stop]\nmax_uptakes = 1\n"
FULL_RECIPE = (Family.BCA, Family.PYR, Family.BZN)


def check(recipe: str, **options: str) -> None:
    check_recipe([Family(name) for name in recipe.split()], Assemble(**options), GENERATORS.load("library")())


def families_of_mofs(folder: Path) -> set[tuple[str, ...]]:
    """Families of the linkers of every MOF, in the order in which they were drawn."""
    records = load(folder)
    return {
        tuple(records.linkers[key].family.value for key in mof.lineage.linker_keys) for mof in records.mofs.values()
    }


@pytest.mark.parametrize("recipe", [(Family.BCA,), (Family.TCA,), FULL_RECIPE, (Family.QCA, Family.QCA)])
def test_a_campaign_makes_mofs_of_its_recipe(tmp_path: Path, recipe: tuple[Family, ...]) -> None:
    summary = start(tmp_path / "c", plan(policy=PolicySettings(recipe=recipe)))
    assert summary.stopped is StopReason.MAX_UPTAKES
    assert families_of_mofs(tmp_path / "c") == {tuple(family.value for family in recipe)}
    with CampaignFolder.open(tmp_path / "c").events() as events:
        begun = [e for e in events.read() if e.task_kind == TaskKind.GENERATE and e.kind is EventKind.SUBMITTED]
    assert [event.payload["options"]["family"] for event in begun[: len(set(recipe))]] == list(dict.fromkeys(recipe))


def test_a_campaign_goes_on_with_another_recipe(tmp_path: Path) -> None:
    start(tmp_path / "c", plan())
    more = plan(policy=PolicySettings(recipe=(Family.BCA,)), stop=StopRules(max_uptakes=9, grace_s=0.2))
    assert resume(tmp_path / "c", more).stopped is StopReason.MAX_UPTAKES
    assert families_of_mofs(tmp_path / "c") == {("BCA", "BCA", "BZN"), ("BCA",)}
    with CampaignFolder.open(tmp_path / "c").events() as events:
        state = CampaignState(Policy(more.policy, seed=more.seed))
        for event in events.read():
            state.apply(event)


def test_combinations_of_any_recipe_are_new_and_within_the_limit() -> None:
    rng = random.Random(4)
    for _ in range(30):
        recipe = tuple(rng.choices(list(Family), k=rng.randint(1, 4)))
        policy = Policy(PolicySettings(recipe=recipe, assembly_slots=1000, max_mofs_per_linker=3), seed=1)
        for family in set(recipe):
            _add(policy, family, range(5))
        seen: set[tuple[str, ...]] = set()
        uses: Counter[str] = Counter()
        while (task := policy.next(TaskKind.ASSEMBLE)) is not None:
            assert [ref.partition("-")[0] for ref in task.inputs] == list(recipe)
            identity = tuple(sorted(task.inputs))
            assert identity not in seen
            seen.add(identity)
            uses.update(set(task.inputs))
        assert seen
        assert max(uses.values()) <= 3


def _add(policy: Policy, family: Family, numbers: range) -> None:
    products = tuple(Product(f"{family}{n}", f"{family}-{n}", family) for n in numbers)
    policy.on_result(Task("process-x", TaskKind.PROCESS), Outcome(True, products))


def test_the_families_of_the_file_are_those_of_chemistry() -> None:
    assert get_args(FamilyName) == tuple(Family)


def test_files_from_before_there_were_recipes_keep_the_papers() -> None:
    config = parse_config('[assemble]\nnode = "zn-paddlewheel-pillar"\nnet = "pcu"' + STOP)
    assert recipe_of(config) == (Family.BCA, Family.BCA, Family.BZN) == PolicySettings().recipe
    assert plan_of(config).policy.recipe == recipe_of(config)


def test_the_recipe_goes_to_the_policy_and_not_to_assemble() -> None:
    made = plan_of(parse_config('[assemble]\nlinkers = ["TCA"]\nnode = "cu-paddlewheel"\nnet = "tbo"' + STOP))
    assert made.policy.recipe == (Family.TCA,)
    assert "linkers" not in made.options[TaskKind.ASSEMBLE]
    assert made.options[TaskKind.ASSEMBLE]["net"] == "tbo"


@pytest.mark.parametrize("value", ['["XYZ"]', "[]", '"BCA"', '["BCA", 3]'])
def test_what_is_no_recipe_is_named(value: str) -> None:
    with pytest.raises(ConfigError, match=r"\[assemble\] linkers"):
        parse_config(f"[assemble]\nlinkers = {value}{STOP}")


def test_files_of_nodes_and_nets_are_looked_for_beside_the_campaign_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[assemble]\nnode = "mine/node.cif"\nnet_file = "/data/rcsr.cgd"' + STOP)
    section = load_config(path).assemble
    assert (section.node, section.net_file) == (str(tmp_path / "mine/node.cif"), "/data/rcsr.cgd")
    path.write_text('[assemble]\nnode = "zn4o"' + STOP)
    section = load_config(path).assemble
    assert (section.node, section.net_file) == ("zn4o", "")


@pytest.mark.parametrize(
    ("recipe", "node", "net"),
    [
        ("BCA BCA BZN", "zn-paddlewheel-pillar", "pcu"),
        ("BCA PYR", "zn-paddlewheel-pillar", "pcu"),
        ("BCA", "zn4o", "pcu"),
        ("BCA", "zr6", "fcu"),
        ("TCA", "cu-paddlewheel", "tbo"),
        ("QCA", "cu-paddlewheel", "nbo"),
        ("IMD", "zn-azolate", "sod"),
    ],
)
def test_recipes_that_fill_all_places_are_taken(recipe: str, node: str, net: str) -> None:
    check(recipe, node=node, net=net)


@pytest.mark.parametrize(
    ("recipe", "node", "net", "message"),
    [
        ("BCA", "zn-paddlewheel-pillar", "pcu", 'not BCA. Write linkers = ["BCA", "BZN"]'),
        ("BCA BCA BCA BZN", "zn-paddlewheel-pillar", "pcu", "1 to 2 linkers with 2 carboxylate ends"),
        ("BCA BCA BZN", "zn4o", "pcu", 'not BCA, BCA, BZN. Write linkers = ["BCA"]'),
        ("BCA", "cu-paddlewheel", "tbo", 'Write linkers = ["TCA"]'),
        ("BCA BCA AMN", "zn-paddlewheel-pillar", "pcu", "the generator 'library' makes no AMN linkers"),
        ("BCA", "zr6", "pcu", "zr6 has 12 connection points"),
    ],
)
def test_recipes_that_cannot_work_are_refused_in_one_line(recipe: str, node: str, net: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(recipe, node=node, net=net)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("option", "value"), [("node", "nix"), ("net", "nix"), ("net_file", "none.cgd")])
def test_nodes_and_nets_that_do_not_exist_are_named(option: str, value: str) -> None:
    with pytest.raises(InputError, match=value):
        check("BCA BCA BZN", **{option: value})


def test_a_simulated_campaign_follows_the_recipe() -> None:
    rules = PolicySettings(recipe=(Family.QCA,), max_generated=3000)
    result = simulate(CampaignPlan(policy=rules, slots=SlotPlan.shared(64)), hours=1000.0)
    made = result.made
    assert 0 < made[TaskKind.ASSEMBLE] <= made[TaskKind.PROCESS], "each linker makes one MOF at most"
    assert made[TaskKind.ADSORB] > 0
