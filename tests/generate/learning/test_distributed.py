"""Data parallelism, in real processes: the same weights as one process, one end for all, and named deaths."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mofa.errors import EngineError, InputError
from mofa.generate.learning import distributed
from mofa.generate.learning.loop import TrainingError
from tests.generate.learning import tasks


def test_one_process_needs_no_group() -> None:
    assert distributed.run(tasks.own_rank, ("word",), processes=1) == ("word", 0, 1)


@pytest.mark.engine
def test_two_ranks_give_the_weights_of_one_process(tmp_path: Path) -> None:
    alone = distributed.run(tasks.fit_line, (), processes=1)
    together = distributed.run(tasks.fit_line, (tmp_path,), processes=2)
    for name, value in alone.weights.items():
        assert torch.allclose(together.weights[name], value, atol=1e-5), name
    assert [(tmp_path / f"rank-{k}").read_text() for k in range(2)] == ["20", "20"]


@pytest.mark.engine
def test_ranks_stop_together_when_the_time_of_one_is_over(tmp_path: Path) -> None:
    fitted = distributed.run(tasks.fit_until_one_is_late, (tmp_path,), processes=2)
    assert not fitted.finished
    assert [(tmp_path / f"rank-{k}").read_text() for k in range(2)] == [str(fitted.steps)] * 2


@pytest.mark.engine
def test_a_rank_that_dies_is_named() -> None:
    with pytest.raises(EngineError, match="rank 1 of the training died"):
        distributed.run(tasks.die, (), processes=2)


@pytest.mark.engine
def test_a_loss_that_is_no_number_on_all_ranks_is_still_called_so() -> None:
    with pytest.raises(TrainingError, match="the loss is nan"):
        distributed.run(tasks.fit_broken, (), processes=2)


@pytest.mark.parametrize(
    ("batch_size", "processes", "device", "message"),
    [
        (2, 8, "cpu", "a batch of 2 cannot be shared by 8 processes"),
        (8, 1, "tpu", "unknown device 'tpu'"),
        (4096, 1000, "cuda", "1000 GPUs are asked for and"),
    ],
)
def test_trainings_that_cannot_be_shared_out_are_refused(
    batch_size: int, processes: int, device: str, message: str
) -> None:
    distributed.check(8, 8, "cpu")
    with pytest.raises(InputError, match=message):
        distributed.check(batch_size, processes, device)
