"""Slots: who gets an idle one."""

from __future__ import annotations

from mofa.campaign import Pool, SlotPlan, TaskKind
from mofa.campaign.slots import SlotBoard
from mofa.campaign.tasks import Task


class Waiting:
    """A policy that has so many tasks of each kind."""

    def __init__(self, **lengths):
        self.lengths = {TaskKind(kind): n for kind, n in lengths.items()}

    def waiting(self):
        return self.lengths

    def choose(self, kind):
        return Task(f"{kind}-0", kind) if self.lengths.get(kind) else None


K = TaskKind
PLAN = SlotPlan(
    {
        "md": Pool(4, (K.VALIDATE,), lends_to=(K.PROCESS, K.ADSORB)),
        "helper": Pool(2, (K.ADSORB, K.CHARGES, K.PROCESS, K.ASSEMBLE)),
        "other": Pool(1, (K.GENERATE, K.OPTIMIZE, K.TRAIN)),
    }
)


def kind_for(pool, **waiting):
    task = SlotBoard(PLAN).choose(pool, Waiting(**waiting))
    return None if task is None else task.kind


def test_a_slot_serves_its_own_kinds_first_and_in_their_order():
    assert kind_for("md", validate=1, process=100) is K.VALIDATE
    assert kind_for("helper", process=5, charges=1) is K.CHARGES
    assert kind_for("other", validate=9) is None


def test_an_idle_slot_is_lent_to_the_longest_queue_per_slot():
    assert kind_for("md", process=5) is K.PROCESS
    assert kind_for("md", process=5, adsorb=8) is K.ADSORB
    assert kind_for("md", process=2) is None, "two slots of their own are enough for two tasks"
    assert kind_for("md", charges=50) is None, "not one of the kinds that it lends to"


def test_slots_are_counted():
    board = SlotBoard(PLAN)
    assert board.idle == ["md", "helper", "other"]
    board.take("other")
    assert board.idle == ["md", "helper"]
    board.release("other")
    assert board.free == {"md": 4, "helper": 2, "other": 1}
    assert board.eager("md")
    assert not board.eager("helper")
    assert board.serves("md", K.PROCESS)
    assert not board.serves("other", K.PROCESS)
