"""Worker slots: which are idle, and which kind of task each should do next. Pure, like the policy."""

from __future__ import annotations

from collections.abc import Mapping

from mofa.campaign.policy import Policy
from mofa.campaign.settings import SlotPlan
from mofa.campaign.tasks import Task, TaskKind


class SlotBoard:
    """Keeps the count of idle slots and re-allocates them between kinds of task.

    A slot serves the kinds of its pool, in their order. When none of them has anything to do it is lent to the kind,
    of those its pool lends to, that has the longest queue for each slot of its own. It comes back with the end of
    that one task.

    Args:
        plan: the pools.
    """

    def __init__(self, plan: SlotPlan) -> None:
        self._pools = plan.pools
        self._lend_above = plan.lend_above
        self.free = {name: pool.count for name, pool in plan.pools.items()}
        """Idle slots of each pool."""
        self._home = {kind: sum(pool.count for pool in plan.pools.values() if kind in pool.kinds) for kind in TaskKind}

    @property
    def idle(self) -> list[str]:
        """Names of the pools that have an idle slot."""
        return [name for name, free in self.free.items() if free]

    def take(self, pool: str) -> None:
        """A slot begins a task."""
        self.free[pool] -= 1

    def release(self, pool: str) -> None:
        """A slot has ended its task."""
        self.free[pool] += 1

    def eager(self, pool: str) -> bool:
        """See `Pool.eager`."""
        return self._pools[pool].eager

    def serves(self, pool: str, kind: TaskKind) -> bool:
        """Whether slots of a pool do this kind of task, by right or on loan."""
        return kind in self._pools[pool].kinds or kind in self._pools[pool].lends_to

    def choose(self, pool: str, policy: Policy) -> Task | None:
        """What an idle slot of a pool should do next; changes nothing."""
        for kind in self._pools[pool].kinds:
            task = policy.choose(kind)
            if task is not None:
                return task
        for kind in self._in_need(pool, policy):
            task = policy.choose(kind)
            if task is not None:
                return task
        return None

    def _in_need(self, pool: str, policy: Policy) -> list[TaskKind]:
        """Kinds that an idle slot may be lent to, the longest queue for each slot of their own first."""
        kinds = self._pools[pool].lends_to
        if not kinds:
            return []
        waiting: Mapping[TaskKind, int] = policy.waiting()
        pressure = {kind: waiting.get(kind, 0) / max(self._home[kind], 1) for kind in kinds}
        needy = [kind for kind in kinds if pressure[kind] > self._lend_above]
        return sorted(needy, key=lambda kind: -pressure[kind])
