"""L-BFGS with capped steps and a metric of one's own; its memory is plain arrays, so that a run can be put aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MEMORY_STEPS = 50
# Where step times change of gradient is less, the change is the noise of the self-consistent field, eV.
LEAST_CURVATURE_EV = 1e-8


@dataclass
class Lbfgs:
    """The minimiser's memory: where it last was, and the steps before with the changes of gradient along them.

    Two-loop recursion; DOI 10.1007/BF01589116. Steps of negative curvature are not remembered, so that every step goes
    downhill as long as `solve` is positive definite.
    """

    solve: Callable[[Array], Array]
    """Applies the inverse of the model Hessian to a gradient, eV/Å to Å, ``[n]``."""
    max_step_ang: float
    """No triple of coordinates (an atom, a cell vector) goes farther in one step, Å."""
    x: Array | None = None
    """Where the gradient was last seen, Å, ``[n]``."""
    gradient: Array | None = None
    """The gradient there, eV/Å, ``[n]``."""
    steps: list[Array] = field(default_factory=list)
    changes: list[Array] = field(default_factory=list)

    def learn(self, x: Array, gradient: Array) -> None:
        """Take note of the gradient, eV/Å, at a place, Å."""
        if self.x is not None and self.gradient is not None:
            step, change = x - self.x, gradient - self.gradient
            if float(step @ change) > LEAST_CURVATURE_EV:
                self.steps = [*self.steps, step][-MEMORY_STEPS:]
                self.changes = [*self.changes, change][-MEMORY_STEPS:]
        self.x, self.gradient = x, gradient

    def next(self) -> Array:
        """Where to look next, Å, ``[n]``.

        Raises:
            ValueError: nothing was learnt yet.
        """
        if self.x is None or self.gradient is None:
            raise ValueError("no gradient is known")
        q = self.gradient.copy()
        shares = []
        for step, change in zip(reversed(self.steps), reversed(self.changes), strict=True):
            share = float(step @ q) / float(step @ change)
            q -= share * change
            shares.append(share)
        move = self.solve(q)
        for step, change, share in zip(self.steps, self.changes, reversed(shares), strict=True):
            move += step * (share - float(change @ move) / float(step @ change))
        longest = float(np.linalg.norm(move.reshape(-1, 3), axis=1).max())
        return self.x - move * min(1.0, self.max_step_ang / max(longest, 1e-300))
