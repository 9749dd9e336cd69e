"""Simulated campaigns: nothing is lost, no slot does two things, the published run comes out, records make a table."""

from __future__ import annotations

import random
import statistics
import time
from dataclasses import replace

import numpy as np
import pytest

from mofa.campaign import CampaignPlan, PolicySettings, SlotPlan, StopRules, TaskKind, start
from mofa.campaign.distributions import Lognormal, Quartiles, binomial
from mofa.campaign.durations import PAPER, STRAIN, Drawn
from mofa.campaign.polaris import PUBLISHED, paper_layout, paper_policy
from mofa.campaign.recorded import from_records, load_table
from mofa.campaign.settings import DOWNSTREAM_FIRST, Pool
from mofa.campaign.simulation import ThinkerCosts, simulate
from mofa.errors import CampaignError, ConfigError
from mofa.store.performance import Latency
from mofa.store.records import load
from tests.campaign import standins
from tests.campaign.test_campaign import history

K = TaskKind


def paper_plan(nodes, **changes):
    slots = paper_layout(nodes)
    return CampaignPlan(slots=slots, policy=replace(paper_policy(slots), **changes))


@pytest.fixture(scope="module")
def small():
    """An hour on 32 nodes."""
    return simulate(paper_plan(32), hours=1.0, seed=1)


def most_at_once(spans):
    """Largest number of spans that overlap."""
    changes = sorted([(span.started_s, 1) for span in spans] + [(span.ended_s, -1) for span in spans])
    return int(np.max(np.cumsum([change for _, change in changes])))


def test_the_layout_is_the_papers():
    slots = {name: pool.count for name, pool in paper_layout(450).pools.items()}
    assert slots == {"generate": 176, "validate": 2440, "optimize": 50, "train": 1, "assemble": 9, "helper": 2440}
    with pytest.raises(ConfigError, match="5 nodes"):
        paper_layout(5)


def test_every_task_ends_once_or_is_at_work(small):
    ended = [span for span in small.spans if span.recorded_s is not None]
    assert small.n_submitted == len(small.spans) == len(ended) + small.n_running
    assert len({span.id for span in small.spans}) == len(small.spans)
    assert small.n_running <= sum(small.slots.values())


def test_what_one_stage_makes_the_next_takes_waits_for_or_drops(small):
    begun = {kind: sum(span.kind is kind for span in small.spans) for kind in K}
    waiting = small.queues[-1].waiting
    assert small.made[K.ASSEMBLE] == pytest.approx(
        begun[K.VALIDATE] + small.dropped_mofs + waiting[K.VALIDATE], abs=200
    )
    assert begun[K.PROCESS] <= len(small.batches)
    assert begun[K.CHARGES] <= small.made[K.OPTIMIZE]
    assert begun[K.ADSORB] <= small.made[K.CHARGES]
    assert begun[K.TRAIN] >= small.made[K.TRAIN] > 0
    assert 0 < len(small.stable_s) < small.made[K.VALIDATE]


def test_no_slot_does_two_things(small):
    for pool, count in small.slots.items():
        assert most_at_once([span for span in small.spans if span.pool == pool]) <= count
    assert all(use.excess_slot_s < 0.1 for use in small.performance().utilisation.values())


def test_times_are_in_order(small):
    for span in small.spans:
        assert span.submitted_s <= span.started_s <= span.ended_s <= small.duration_s + 10
        if span.recorded_s is not None:
            assert span.ended_s < span.arrived_s <= span.recorded_s
    assert list(small.stable_s) == sorted(small.stable_s)


def test_the_same_seed_gives_the_same_campaign(small):
    again = simulate(paper_plan(32), hours=1.0, seed=1)
    assert again.spans == small.spans
    assert again.queues == small.queues
    assert simulate(paper_plan(32), hours=0.1, seed=2).spans != simulate(paper_plan(32), hours=0.1, seed=1).spans


def test_an_hour_on_32_nodes_is_near_the_published(small):
    performance, published = small.performance(), PUBLISHED[32]
    assert performance.throughput[K.ASSEMBLE].items_fit.per_h == pytest.approx(published.mofs, rel=0.05)
    assert performance.throughput[K.VALIDATE].items_fit.per_h == pytest.approx(published.simulated, rel=0.05)
    for pool in ("generate", "validate", "assemble"):
        assert performance.utilisation[pool].whole_run > 0.97
    assert all(found is not None for found in performance.latencies.values())
    assert 5 < performance.latencies[Latency.PROCESS_LINKERS].median_s < 20
    assert performance.latencies[Latency.VALIDATE_STRUCTURES].median_s < 0.2


@pytest.mark.slow
def test_three_hours_on_450_nodes_are_the_published_run():
    began = time.process_time()
    result = simulate(paper_plan(450), hours=3.0, seed=1)
    assert time.process_time() - began < 90, "seconds on a machine of its own, more on a shared one"
    performance, published = result.performance(), PUBLISHED[450]
    for kind, value in (
        (K.GENERATE, published.linkers[0]),
        (K.ASSEMBLE, published.mofs),
        (K.VALIDATE, published.simulated),
    ):
        assert performance.throughput[kind].items_fit.per_h == pytest.approx(value, rel=0.05)
        assert result.per_hour(kind) == pytest.approx(value, rel=0.05)
    for pool in ("generate", "validate", "optimize", "train"):
        assert performance.utilisation[pool].best_window >= 0.99
    assert result.stable_after(5400) / 1.5 / 450 == pytest.approx(published.stable_per_node_hour, rel=0.1)


def test_retraining_changes_nothing_but_what_it_is_told_to():
    plan, unlearnt = paper_plan(32), paper_plan(32, retrain=False)
    without = simulate(unlearnt, hours=0.5, seed=1)
    assert without.made[K.TRAIN] == 0
    assert not any(span.kind is K.TRAIN for span in without.spans)
    with_it = simulate(plan, hours=0.5, seed=1)
    assert with_it.made[K.TRAIN] > 0
    assert len(with_it.stable_s) == pytest.approx(len(without.stable_s), rel=0.2)
    learning = simulate(plan, hours=0.5, seed=1, learning=(1.0, 0.3))
    assert len(learning.stable_s) > 1.3 * len(with_it.stable_s)
    assert simulate(unlearnt, hours=0.2, seed=1, learning=(1.0, 0.3)).stable_s == tuple(
        time_s for time_s in without.stable_s if time_s < 0.2 * 3600
    )


def test_a_campaign_that_has_nothing_left_to_do_ends_early():
    plan = CampaignPlan(policy=PolicySettings(max_generated=3000), slots=SlotPlan.shared(64))
    result = simulate(plan, hours=1000.0)
    assert result.duration_s < 1000 * 3600
    assert result.n_running == 0
    assert 3000 <= result.made[K.GENERATE] <= 3000 + 64 * 1024


def test_lent_slots_go_to_the_kind_in_need():
    pools = {kind.value: Pool(4, (kind,)) for kind in DOWNSTREAM_FIRST} | {
        "train": Pool(1, (K.TRAIN,)),
        "adsorb": Pool(40, (K.ADSORB,), lends_to=(K.VALIDATE,)),
    }
    plan = CampaignPlan(policy=PolicySettings(mofs_per_assembly=128, max_waiting_mofs=1000), slots=SlotPlan(pools))
    lent = [span for span in simulate(plan, hours=0.5).spans if span.pool == "adsorb"]
    assert {K.VALIDATE} <= {span.kind for span in lent} <= {K.VALIDATE, K.ADSORB}


def test_a_slow_thinker_leaves_slots_idle():
    slow = ThinkerCosts(submit_s=0.5, result_s=0.5)
    busy = simulate(paper_plan(32), hours=0.5, costs=slow)
    assert busy.thinker_busy > 0.5
    assert busy.per_hour(K.VALIDATE) < simulate(paper_plan(32), hours=0.5).per_hour(K.VALIDATE)


@pytest.mark.parametrize("wrong", [{"hours": 0.0}, {"hours": 1.0, "learning": (1.0, 0.0)}])
def test_impossible_arguments(wrong):
    with pytest.raises(ValueError, match="positive"):
        simulate(paper_plan(32), **wrong)


# Tables


@pytest.mark.parametrize(
    ("kind", "n", "mean_s"),
    [
        (K.GENERATE, 1024, 376.2),
        (K.PROCESS, 128, 15.32),
        (K.ASSEMBLE, 128, 14.41),
        (K.VALIDATE, 1, 204.4),
        (K.OPTIMIZE, 1, 1512.7),
        (K.CHARGES, 1, 211.78),
        (K.ADSORB, 1, 1892.89),
    ],
)
def test_published_means_come_out(kind, n, mean_s):
    rng = random.Random(1)
    drawn = [PAPER.draw(kind, n, rng).duration_s for _ in range(20_000)]
    assert statistics.fmean(drawn) == pytest.approx(mean_s, rel=0.04)
    assert min(drawn) > 0


def test_published_quartiles_come_out():
    known = Quartiles(33.0, 181.0, 270.0, 451.0, 7353.0, mean=376.2)
    rng = random.Random(1)
    drawn = [known.draw(rng) for _ in range(40_000)]
    assert statistics.quantiles(drawn, n=4) == pytest.approx([181.0, 270.0, 451.0], rel=0.03)
    assert 33.0 <= min(drawn) < max(drawn) <= 7353.0
    with pytest.raises(ValueError, match="mean"):
        Quartiles(1.0, 2.0, 3.0, 4.0, 5.0, mean=10.0)


def test_strain_goes_through_the_two_published_shares():
    assert STRAIN.share_below(0.10) == pytest.approx(9.7 * 450 / 24_400, abs=1e-3)
    assert STRAIN.share_below(0.25) == pytest.approx(8.60 / 15.20, abs=1e-3)
    assert Lognormal.through((1.0, 0.5), (2.0, 0.9)).log_mean == pytest.approx(0.0)


def test_binomial_shares():
    rng = random.Random(1)
    drawn = [binomial(128, 0.2286, rng) for _ in range(20_000)]
    assert statistics.fmean(drawn) == pytest.approx(128 * 0.2286, rel=0.01)
    assert statistics.pstdev(drawn) == pytest.approx((128 * 0.2286 * 0.7714) ** 0.5, rel=0.03)
    assert [binomial(5, share, rng) for share in (0.0, 1.0)] == [0, 5]


def standin_plan(server="inline", **changes):
    base = CampaignPlan(
        seed=3,
        options=standins.options(delay_s=0.002),
        functions=standins.FUNCTIONS,
        stop=StopRules(max_uptakes=6, grace_s=0.2),
        slots=SlotPlan.shared(1),
        server=server,
    )
    return replace(base, **changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A campaign on stand-ins."""
    path = tmp_path_factory.mktemp("runs") / "campaign"
    start(path, standin_plan())
    return path


def test_records_become_a_table(finished):
    table, records = load_table(finished), load(finished)
    rng = random.Random(1)
    walls = {task.wall_s for task in records.tasks.values() if task.kind is K.VALIDATE}
    strains = {mof.stability.strain for mof in records.mofs.values() if mof.stability is not None}
    drawn = [table.draw(K.VALIDATE, 1, rng) for _ in range(200)]
    assert {one.duration_s for one in drawn} <= walls
    assert {one.score for one in drawn if one.made} == strains
    passed = [table.draw(K.PROCESS, 100, rng).made for _ in range(500)]
    share = len(records.linkers) / sum(batch.n for batch in records.batches[: _processed(records)])
    assert statistics.fmean(passed) == pytest.approx(100 * share, rel=0.1)
    assert table.batches(rng) == [4, 4, 4]
    assert not table.can_train
    assert str(finished) in table.source


def _processed(records):
    return sum(task.kind is K.PROCESS and task.status is not None for task in records.tasks.values())


def test_a_campaign_of_ones_own_is_simulated_with_its_own_table(finished):
    plan = standin_plan(policy=PolicySettings(retrain=False), slots=SlotPlan.shared(3))
    result = simulate(plan, load_table(finished), hours=0.005)
    assert result.made[K.ADSORB] > 0
    assert result.source == f"records of {finished}"
    assert most_at_once(result.spans) <= 3


def test_a_campaign_that_has_hardly_begun_is_no_table(tmp_path):
    start(tmp_path / "c", standin_plan(stop=StopRules(max_validated=1, grace_s=0.1)))
    with pytest.raises(CampaignError, match=r"too few tasks have ended.*adsorb \(\d of 3\)"):
        from_records(load(tmp_path / "c"))


def test_a_real_campaign_on_the_virtual_clock_decides_as_inline(tmp_path, finished):
    start(tmp_path / "c", standin_plan("simulated"))

    def decisions(path):
        return [(what, text) for what, text in history(path) if "session" not in what]

    assert decisions(tmp_path / "c") == decisions(finished)


def test_what_a_table_says_is_plain():
    assert Drawn(3.0) == (3.0, 1, 0.0)
