"""Taking in the reports of a run, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.rejected import Reason, Rejected, Stage
from mofa.isolate import ChildDiedError, TimeLimitError, run_isolated
from mofa.validate.engine import Checkpoint, Dynamics, OnCheckpoint, OnChunk

T = TypeVar("T")


class RunEndedError(Exception):
    """Carries a refusal out of a progress callback, which ends the run."""

    def __init__(self, refused: Rejected) -> None:
        super().__init__(str(refused))
        self.refused = refused


class Follower:
    """Receives the reports of a run and knows how far the run came."""

    def __init__(
        self,
        dynamics: Dynamics,
        on_chunk: OnChunk,
        start: Checkpoint | None,
        on_checkpoint: OnCheckpoint | None,
    ) -> None:
        self.dynamics = dynamics
        self.on_chunk = on_chunk
        self.on_checkpoint = on_checkpoint
        self.step = start.step if start else 0
        self.cpu_before_s = start.cpu_s if start else 0.0

    def follow(self, simulate: Callable[..., T], job: object) -> T | Rejected:
        """What ``simulate(job, on_progress=...)`` returns from a process of its own, or why the run ended before."""
        try:
            return run_isolated(simulate, job, time_limit_s=self.dynamics.time_limit_s, on_progress=self)
        except RunEndedError as end:
            return end.refused
        except TimeLimitError:
            return self.out_of_time()
        except ChildDiedError as error:
            return self.refused(Reason.CRASHED, error.what)

    def __call__(self, step: int, supercells: NDArray[np.float64], state: bytes, cpu_s: float) -> None:
        """Take in a chunk (an `engine.OnCells`).

        Raises:
            RunEndedError: the cell is not finite, or `on_chunk` refused to go on.
        """
        self.step = step
        if not np.isfinite(supercells).all():
            raise RunEndedError(self.refused(Reason.BLEW_UP, "the cell is not finite"))
        refused = self.on_chunk(step, supercells / np.array(self.dynamics.supercell)[:, None])
        if refused is not None:
            raise RunEndedError(refused)
        if state and self.on_checkpoint is not None:
            self.on_checkpoint(Checkpoint(step, state, self.cpu_before_s + cpu_s))

    def out_of_time(self) -> Rejected:
        """The refusal of a run whose time limit ran out."""
        return self.refused(Reason.TIME_LIMIT, f"the limit of {self.dynamics.time_limit_s:g} s ran out")

    def refused(self, reason: Reason, why: str) -> Rejected:
        """The refusal, with the step at which it happened."""
        return Rejected(Stage.VALIDATE, reason, f"{why}, at step {self.step} of {self.dynamics.steps}")
