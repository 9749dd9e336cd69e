"""The training loop: the rates it follows, the average it gives, resuming without a trace, and what stops it."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
import torch

from mofa.errors import EngineError, InputError
from mofa.generate.learning import loop
from mofa.generate.learning.distributed import SINGLE
from mofa.generate.learning.loop import Schedule, TrainingError, fit
from mofa.generate.learning.state import TrainingState
from tests.generate.learning.tasks import SCHEDULE, Broken, Line, Slow


def test_rates_rise_then_fall_along_a_cosine() -> None:
    schedule = Schedule(steps=100, learning_rate=2.0, warmup_steps=10, final_share=0.1)
    assert schedule.rate(0) == pytest.approx(0.2)
    assert schedule.rate(4) == pytest.approx(1.0, rel=0.01)
    assert schedule.rate(50) == pytest.approx(2.0 * (0.1 + 0.9 * 0.5))
    assert schedule.rate(25) == pytest.approx(2.0 * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi / 4))))
    assert schedule.rate(100) == pytest.approx(0.2)
    rates = [schedule.rate(k) for k in range(101)]
    assert rates.index(max(rates)) in (9, 10)
    assert Schedule(steps=5, learning_rate=1.0, warmup_steps=0).rate(0) == pytest.approx(1.0)


def test_the_average_forgets_fast_at_first() -> None:
    schedule = Schedule(steps=100, ema_decay=0.9)
    assert [schedule.decay(k) for k in (0, 10, 10_000)] == pytest.approx([0.1, 0.55, 0.9])


def test_the_result_is_the_moving_average_of_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TELL_EVERY_S", -1.0)
    task = Line()
    average = {name: value.clone() for name, value in task.model.state_dict().items()}
    seen: list[str] = []

    def follow(fraction: float, text: str) -> None:
        decay = SCHEDULE.decay(len(seen))
        for name, value in task.model.state_dict().items():
            average[name] = decay * average[name] + (1 - decay) * value
        seen.append(text)

    fitted = fit(task, SCHEDULE, on_progress=follow)
    for name, value in average.items():
        assert torch.allclose(fitted.weights[name], value, atol=1e-6)
        assert not torch.equal(fitted.weights[name], task.model.state_dict()[name])
    assert (fitted.steps, fitted.finished) == (20, True)
    assert seen[-1].startswith("step 20: loss ")
    assert set(fitted.parts) == {"squared"}
    assert fitted.cpu_s > 0.0


def test_batches_for_a_gpu_are_made_by_other_processes_and_are_the_same() -> None:
    here = list(loop.batches(Line(), SINGLE, range(3, 9), "cpu"))
    task = Line()
    ahead = list(loop.batches(task, SINGLE, range(3, 9), "cuda"))
    assert task.seen == []
    assert len(ahead) == 6
    for one, other in zip(here, ahead, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_training_lowers_the_loss() -> None:
    losses: list[float] = []
    task = Line()
    plain = task.loss

    def noted(batch: object) -> object:
        loss, parts = plain(batch)  # type: ignore[arg-type]
        losses.append(float(loss.detach()))
        return loss, parts

    task.loss = noted  # type: ignore[assignment,method-assign]
    fit(task, Schedule(steps=150, learning_rate=0.03, warmup_steps=5))
    assert sum(losses[-20:]) < 0.2 * sum(losses[:20])


def test_a_resumed_training_gives_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    whole = fit(Line(), SCHEDULE)
    state = tmp_path / "state.safetensors"

    class Stopped(Line):
        def loss(self, batch):  # type: ignore[no-untyped-def]
            if self.seen[-1][0] == 11:
                raise KeyboardInterrupt
            return super().loss(batch)

    with pytest.raises(KeyboardInterrupt):
        fit(Stopped(), Schedule(**{**vars(SCHEDULE), "checkpoint_every_s": 0.0}), checkpoint=state)
    again = Line(seed=99)
    resumed = fit(again, SCHEDULE, checkpoint=state)
    assert again.seen[0][0] == 11
    for name, value in whole.weights.items():
        assert torch.equal(resumed.weights[name], value), name
    finished = fit(Line(seed=5), SCHEDULE, checkpoint=state)
    assert finished.finished
    assert all(torch.equal(finished.weights[name], value) for name, value in whole.weights.items())


def test_a_deadline_stops_with_what_was_learnt_and_keeps_the_state(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    fitted = fit(Slow(), Schedule(steps=1000), deadline=time.monotonic() + 0.2, checkpoint=state)
    assert 1 <= fitted.steps < 50
    assert not fitted.finished
    again = TrainingState.start(Line().model, 0.0, {})
    again.load(state)
    assert again.step == fitted.steps


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    fit(Line(), SCHEDULE, checkpoint=state, of={"seed": 1, "objective": "flow"})
    assert fit(Line(), SCHEDULE, checkpoint=state, of={"seed": 1, "objective": "flow"}).steps == SCHEDULE.steps
    with pytest.raises(InputError, match=r"of another training.*objective flow instead of ddpm"):
        fit(Line(), SCHEDULE, checkpoint=state, of={"seed": 1, "objective": "ddpm"})
    with pytest.raises(InputError, match="at step 20, beyond the 5 asked for"):
        fit(Line(), Schedule(steps=5), checkpoint=state, of={"seed": 1, "objective": "flow"})


def test_gradients_are_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    norms: list[float] = []
    real = torch.nn.utils.clip_grad_norm_

    def noted(parameters: object, most: float) -> torch.Tensor:
        kept = list(parameters)  # type: ignore[call-overload]
        norm = real(kept, most)
        norms.append(float(sum(p.grad.square().sum() for p in kept)) ** 0.5)
        return norm

    monkeypatch.setattr(loop.nn.utils, "clip_grad_norm_", noted)
    fit(Line(scale=1000.0), Schedule(steps=3, gradient_clip=0.5))
    assert norms == pytest.approx([0.5] * 3, rel=1e-3)


def test_a_loss_that_is_no_number_is_named_with_its_step() -> None:
    with pytest.raises(TrainingError, match="the loss is nan and its gradient nan at step 3") as caught:
        fit(Broken(), SCHEDULE)
    assert isinstance(caught.value, EngineError)
    assert "learning rate" in caught.value.action


def test_states_of_other_trainings_are_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    fit(Line(), SCHEDULE, checkpoint=state)
    other = Line()
    other.model = torch.nn.Linear(3, 1)
    with pytest.raises(InputError, match=r"state\.safetensors"):
        fit(other, SCHEDULE, checkpoint=state)
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(InputError, match="truncated or damaged"):
        fit(Line(), SCHEDULE, checkpoint=state)
