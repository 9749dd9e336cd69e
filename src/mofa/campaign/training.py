"""Between the examples of a training and a new model: how much each example counts, and whether the model is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mofa.chemistry import Linker, ModelRef, Reason, Rejected, Stage
from mofa.errors import EngineError, InputError

if TYPE_CHECKING:
    from mofa.campaign.actions import Job
    from mofa.generate import Conditions


def trained(job: Job, examples: Sequence[Linker]) -> ModelRef | Rejected:
    """The new model, or why the old one stays: the training broke down, or the model was not accepted.

    Args:
        job: the training. Its options ``weighted`` and ``acceptance`` (arguments of `mofa.evaluate.acceptance.accept`)
            are for the campaign; without them all examples count alike and every model is taken.
        examples: best first.
    """
    asked: Mapping[str, Any] | None = job.option("acceptance")
    if job.option("weighted"):
        job.give("example_weights", rank_weights(len(examples)))
    try:
        answer: ModelRef | Rejected = job.call(examples)
        return answer if isinstance(answer, Rejected) or not asked else _judged(answer, examples, asked)
    except (EngineError, InputError) as error:
        return Rejected(Stage.TRAIN, Reason.TRAINING_FAILED, str(error))


def rank_weights(n: int) -> tuple[float, ...]:
    """How much each of `n` examples counts, best first: linear in the rank, with a mean of 1, the last above 0."""
    return tuple(2.0 * (n - rank) / (n + 1) for rank in range(n))


def conditions_of(values: Mapping[str, Any]) -> Conditions:
    """What linkers are asked to be like, from JSON values by name."""
    from mofa.generate import Conditions

    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Conditions(**given)


def _judged(model: ModelRef, examples: Sequence[Linker], asked: Mapping[str, Any]) -> ModelRef | Rejected:
    """The model with what it was accepted for among its metrics, or the refusal."""
    from mofa.evaluate.acceptance import accept
    from mofa.generate import GENERATORS

    options = dict(asked)
    conditions = conditions_of(options.pop("conditions"))
    made = GENERATORS.load(options["generator"])().families
    families = [family for family in dict.fromkeys(linker.family for linker in examples) if family in made]
    verdict = accept(model.weights, families=families, examples=examples, conditions=conditions, **options)
    if not verdict.accepted:
        return Rejected(Stage.TRAIN, Reason.NOT_ACCEPTED, verdict.reason)
    facts = {
        "gated_yield": verdict.gated_yield.value,
        "gated_yield_before": verdict.gated_yield_before.value,
        "uniqueness": verdict.uniqueness.value,
        "copies": verdict.copies.value,
    }
    return replace(model, metrics={**model.metrics, **facts}, cpu_s=model.cpu_s + verdict.cpu_s)
