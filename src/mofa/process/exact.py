"""Hydrogens and bond orders by an integer programme: the optimum of the likelihood, proven by another method.

The same choices and costs as in `mofa.process.likelihood`, linearised: one variable for each state of an atom, one for
each pair of states at the ends of a bond, whose sums must agree. HiGHS solves it; its time limit is the deadline.
"""

from __future__ import annotations

import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from mofa.chemistry import RawLinker, Reason, Rejected, Stage
from mofa.process.choices import Choices, choices_of

SHORTEST_SOLVER_TIME_S = 0.1
_NO_TIME = 1
"""Status of `scipy.optimize.milp` when the time limit came first."""


class ExactPerception:
    """Integer programme; see `mofa.process.perception.Perception`."""

    name = "exact"

    def perceive(self, raw: RawLinker, *, deadline: float) -> RawLinker | Rejected:
        """The most likely molecule."""
        choices = choices_of(raw)
        if isinstance(choices, Rejected):
            return choices
        time_limit_s = max(deadline - time.monotonic(), SHORTEST_SOLVER_TIME_S)
        cost, constraint, first = _programme(choices)
        result = milp(
            cost,
            integrality=np.ones(len(cost)),
            bounds=Bounds(0, 1),
            constraints=constraint,
            options={"time_limit": time_limit_s},
        )
        if result.status == _NO_TIME:
            return Rejected(Stage.PROCESS, Reason.TIME_LIMIT, f"bond orders took longer than {time_limit_s:.1f} s")
        if result.x is None:
            detail = "no neutral closed-shell molecule fits for this geometry's connectivity"
            return Rejected(Stage.PROCESS, Reason.VALENCE, detail)
        ends = [*first[1:], first[-1] + len(choices.costs[-1])]
        return choices.molecule(tuple(int(np.argmax(result.x[a:b])) for a, b in zip(first, ends, strict=True)))


def _programme(choices: Choices) -> tuple[np.ndarray, LinearConstraint, list[int]]:
    """Costs ``[n_columns]``, the constraints, and the first column of each atom's states."""
    first = np.cumsum([0, *(len(cost) for cost in choices.costs)]).tolist()
    entries: list[tuple[int, int, float]] = []
    right: list[float] = []
    for k, cost in enumerate(choices.costs):
        entries += [(len(right), first[k] + s, 1.0) for s in range(len(cost))]
        right.append(1.0)
    columns = [float(value) for cost in choices.costs for value in cost]
    for (i, j), table in choices.pair_costs.items():
        rows_of_i, rows_of_j = len(right), len(right) + table.shape[0]
        right += [0.0] * sum(table.shape)
        entries += [(rows_of_i + s, first[i] + s, -1.0) for s in range(table.shape[0])]
        entries += [(rows_of_j + s, first[j] + s, -1.0) for s in range(table.shape[1])]
        for s, t in np.argwhere(np.isfinite(table)).tolist():
            entries += [(rows_of_i + s, len(columns), 1.0), (rows_of_j + t, len(columns), 1.0)]
            columns.append(float(table[s, t]))
    rows, where, values = zip(*entries, strict=True)
    matrix = coo_array((values, (rows, where)), shape=(len(right), len(columns)))
    return np.array(columns), LinearConstraint(matrix.tocsc(), right, right), first[:-1]
