"""The measures on samples of which they are known."""

from __future__ import annotations

import json

import pytest

from mofa.chemistry import Reason
from mofa.evaluate import NO_REFERENCE, Reference, evaluate
from mofa.evaluate.costs import costs_of
from mofa.evaluate.diversity import diversity_of
from mofa.evaluate.outcomes import Counts
from mofa.evaluate.properties import compositions_of, properties_of
from mofa.evaluate.rings import known_ring_systems, ring_systems
from mofa.evaluate.shares import Share, spread_of
from mofa.evaluate.tables import table
from mofa.evaluate.yields import yields_of
from tests.evaluate.samples import features, passed, refused, sample


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [(Share(0, 10), 0.0, 0.2775), (Share(10, 10), 0.7225, 1.0), (Share(50, 100), 0.4038, 0.5962)],
)
def test_the_interval_is_wilsons(share: Share, low: float, high: float) -> None:
    assert share.interval == pytest.approx((low, high), abs=1e-4)


def test_yields_count_by_reason() -> None:
    yields = yields_of(
        sample(passed(), refused(Reason.VALENCE), passed(), refused(Reason.RING_SIZE), refused(Reason.RING_SIZE))
    )
    assert yields.gated == Share(2, 5)
    assert yields.sound_molecule == Share(4, 5)
    assert [(one.reason, one.share.count) for one in yields.refusals] == [(Reason.RING_SIZE, 2), (Reason.VALENCE, 1)]
    assert yields.gated_per_draw is None


def test_the_yield_per_draw_counts_draws_that_gave_nothing() -> None:
    # 100 draws: 20 came to nothing, 10 were repeated; so 2/9 of the new ones failed.
    counted = sample(*[passed()] * 30, *[refused(Reason.VALENCE)] * 5, counts=Counts(100, 20, 10))
    per_draw = yields_of(counted).gated_per_draw
    assert per_draw is not None
    assert per_draw.value == pytest.approx(30 / 35 * 70 / 90)
    nothing = yields_of(sample(counts=Counts(50, 50, 0))).gated_per_draw
    assert nothing == Share(0, 50)


def test_uniqueness_novelty_and_scaffolds() -> None:
    ethyne, ethene = features(), features("N#Cc1ccc(C=Cc2ccc(C#N)cc2)cc1", key="*C=C*", scaffold="stilbene")
    measured = diversity_of(sample(passed(ethyne), passed(ethyne), passed(ethene)), {"*C#C*"})
    assert measured.unique == Share(2, 3)
    assert measured.novel == Share(1, 2)
    assert measured.scaffolds == Share(2, 3)
    assert measured.internal is not None
    assert 0.0 < measured.internal < 1.0
    assert diversity_of(sample(passed(ethyne), passed(ethyne)), None).internal == pytest.approx(0.0)


def test_repeated_draws_are_not_unique_although_the_stream_never_repeats() -> None:
    measured = diversity_of(sample(passed(), counts=Counts(100, 20, 8)), None)
    assert measured.unique_draws == Share(72, 80)


def test_distances_to_the_data() -> None:
    short, long = [features(anchor_distance_ang=4.0)] * 10, [features(anchor_distance_ang=6.5)] * 10
    found = {one.name: one for one in properties_of(short, long)}
    assert found["anchor_distance_ang"].wasserstein == pytest.approx(2.5)
    assert found["anchor_distance_ang"].wasserstein_of_data_halves == 0.0
    assert found["sa_score"].wasserstein == 0.0
    carbon, half = features(), features(elements=(("C", 1), ("N", 1)))
    assert compositions_of([carbon], [half, half])[0].total_variation == pytest.approx(0.5)


def test_quantities_that_a_linker_has_not_are_left_out() -> None:
    found = {one.name: one for one in properties_of([features(anchor_distance_ang=None), features()], [])}
    assert found["anchor_distance_ang"].sample == spread_of([4.05])
    assert found["anchor_distance_ang"].wasserstein is None


def test_costs_are_means_over_those_that_tell() -> None:
    costs = costs_of(sample(passed(), refused(Reason.VALENCE), passed(generate_cpu_s=None), passed()))
    assert costs.generate is not None
    assert costs.generate.n == 3
    assert costs.sound_per_core_hour == pytest.approx(0.75 * 3600 / 0.03)


def test_an_evaluation_is_json_and_a_table() -> None:
    measured = sample(passed(), refused(Reason.VALENCE), counts=Counts(3, 1, 0))
    reference = Reference(sample(passed(), passed()), frozenset({"*C=C*"}))
    evaluation = evaluate(measured, reference)
    plain = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    assert plain["yields"]["gated"]["value"] == 0.5
    assert plain["diversity"]["novel"]["value"] == 1.0
    assert plain["yields"]["refusals"][0]["reason"] == "valence"
    lines = table(evaluation).splitlines()
    assert any(line.startswith("  passed the gate") and "0.500 (0.095 to 0.905, n = 2)" in line for line in lines)
    assert any("refused: valence" in line for line in lines)


def test_without_a_reference_nothing_is_compared() -> None:
    evaluation = evaluate(sample(passed()), NO_REFERENCE)
    assert evaluation.n_training is None
    assert all(one.wasserstein is None for one in evaluation.properties)
    assert table(evaluation)


def test_ring_systems_are_told_apart_and_joined() -> None:
    assert ring_systems("*c1ccc(-c2ccc3ccccc3c2*)cc1") == {"c1ccccc1", "c1ccc2ccccc2c1"}
    assert ring_systems("*C#C*") == frozenset()
    assert ring_systems("*C1CC2CC1CC2*") == ring_systems("C1CC2CCC1C2")
    known = known_ring_systems(["*c1ccccc1*", "*c1ccc2ccccc2c1*"])
    assert ring_systems("*c1ccc(-c2ccc3cc(*)ccc3c2)cc1") <= known
    assert not ring_systems("*c1ccc(*)s1") <= known
