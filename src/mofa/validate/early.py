"""When a run is lost before its end, so that the rest of it need not be simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mofa.errors import InputError


@dataclass(frozen=True)
class EarlyRejection:
    """A run is lost once its strain has stayed beyond a limit for a while.

    Calibrated on our own runs (`benchmarks/stability.md`): of those that had come through after 50 000 steps one had
    been at 0.41 in between, none higher. There is no early *acceptance*: a strain of 9 % after 10 000 steps can be 60 %
    after 40 000.
    """

    strain: float = 0.45
    """The limit, by the paper's measure of strain."""
    window_steps: int = 1500
    """Steps that the strain must have stayed beyond it."""

    def __post_init__(self) -> None:
        if not self.strain > 0:
            what = f"early_reject_strain is {self.strain}"
            raise InputError(what, where="validate", action="Give a positive strain, or None to run on")
        if self.window_steps < 1:
            what = f"early_reject_window_steps is {self.window_steps}"
            raise InputError(what, where="validate", action="Give at least one step")

    def chunks(self, steps_per_chunk: int) -> int:
        """Chunks that fill the window, one at least."""
        return max(1, -(-self.window_steps // steps_per_chunk))

    def is_lost(self, strain_trace: Sequence[float], steps_per_chunk: int) -> bool:
        """Whether a run with this trace, an entry a chunk, should be ended now."""
        n = self.chunks(steps_per_chunk)
        return len(strain_trace) >= n and min(strain_trace[-n:]) > self.strain
