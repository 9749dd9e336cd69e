from __future__ import annotations

import pytest

from mofa.chemistry import Reason, Stage
from mofa.report import funnel
from mofa.store.records import Funnel, StageCount


def _counts(*stages: StageCount) -> Funnel:
    given = {count.stage: count for count in stages}
    return Funnel(tuple(given.get(stage, StageCount(stage)) for stage in Stage if stage is not Stage.TRAIN))


def test_refusals_by_reason_add_up_to_what_did_not_survive(campaign):
    rows = funnel(campaign.records.funnel)
    assert [row.step for row in rows] == [
        "generate", "process", "assemble", "typing", "dynamics", "optimize", "charges", "adsorb",
    ]  # fmt: skip
    for row in rows:
        assert row.refused == row.entered - row.survived, row


def test_validation_is_split_into_typing_and_dynamics():
    reasons = {Reason.UNTYPED: 4, Reason.OVERLAP: 1, Reason.UNSTABLE: 2, Reason.TIME_LIMIT: 1}
    rows = {row.step: row for row in funnel(_counts(StageCount(Stage.VALIDATE, 10, 2, reasons)))}
    typing, dynamics = rows["typing"], rows["dynamics"]
    assert (typing.entered, typing.survived, typing.reasons) == (10, 5, ((Reason.UNTYPED, 4), (Reason.OVERLAP, 1)))
    assert (dynamics.entered, dynamics.survived) == (5, 2)
    assert dynamics.reasons == ((Reason.UNSTABLE, 2), (Reason.TIME_LIMIT, 1))


def test_what_remains_is_counted_for_linkers_and_mofs_apart():
    rows = {
        row.step: row
        for row in funnel(
            _counts(
                StageCount(Stage.GENERATE, 100, 100),
                StageCount(Stage.PROCESS, 80, 20, {Reason.VALENCE: 60}),
                StageCount(Stage.ASSEMBLE, 30, 30),
                StageCount(Stage.VALIDATE, 20, 5, {Reason.UNTYPED: 10, Reason.UNSTABLE: 5}),
                StageCount(Stage.OPTIMIZE, 4, 2, {Reason.BONDING: 2}),
            )
        )
    }
    assert rows["process"].remaining == pytest.approx(0.25)
    assert rows["assemble"].remaining == 1.0
    assert rows["typing"].remaining == pytest.approx(0.5)
    assert rows["dynamics"].remaining == pytest.approx(0.25)
    assert rows["optimize"].remaining == pytest.approx(0.125)
    assert rows["charges"].remaining is None
    assert rows["adsorb"].fraction is None


def test_the_paper_stands_beside_it():
    paper = {row.step: row.paper_remaining for row in funnel(_counts())}
    assert (paper["process"], paper["typing"], paper["dynamics"]) == (0.228, 0.152, 0.086)
    assert paper["adsorb"] is None
