"""The funnel with reasons: how many linkers and MOFs each stage let through, beside the paper's production run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mofa.chemistry import Reason, Stage
from mofa.store.records import Funnel, StageCount, StrainLimits
from mofa.store.spans import DYNAMICS_REASONS

PAPER = "MOFA on 450 nodes, Table I"
PAPER_REMAINING = {"process": 0.228, "assemble": 0.999, "typing": 0.152, "dynamics": 0.086}
"""Share of the original linkers (process) or MOFs that remain after a step of the paper's production run."""

_LABELS = {
    Stage.GENERATE: "Generate linkers",
    Stage.PROCESS: "Process linkers",
    Stage.ASSEMBLE: "Assemble MOFs",
    Stage.OPTIMIZE: "Optimise cells",
    Stage.CHARGES: "Assign charges",
    Stage.ADSORB: "Estimate adsorption",
}
_LINKER_STAGES = (Stage.GENERATE, Stage.PROCESS)


@dataclass(frozen=True)
class FunnelRow:
    """One step of the funnel."""

    step: str
    """`generate`, `process`, `assemble`, `typing`, `dynamics`, `optimize`, `charges` or `adsorb`."""
    stage: Stage
    label: str
    unit: str
    """What is counted: linkers or MOFs."""
    entered: int
    """Items that this step has finished with."""
    survived: int
    reasons: tuple[tuple[Reason, int], ...]
    """Refusals by reason, most frequent first."""
    remaining: float | None
    """Estimated share of the original linkers or MOFs that remain after this step; None while nothing is known."""
    paper_remaining: float | None
    """The same in the paper's production run."""

    @property
    def fraction(self) -> float | None:
        """Share of what entered that survived; None while nothing has entered."""
        return self.survived / self.entered if self.entered else None

    @property
    def refused(self) -> int:
        """Refusals, all reasons together."""
        return sum(count for _, count in self.reasons)


def funnel(counts: Funnel, limits: StrainLimits | None = None) -> list[FunnelRow]:
    """The steps of the work in order; validation is shown as its two steps, typing and dynamics.

    What remains of the original is the product of the steps' fractions, linkers and MOFs apart: items that wait, or
    that the queue dropped, count neither for nor against.

    Args:
        counts: `CampaignRecords.funnel`, or that of a running campaign's snapshot.
        limits: which strain lets a MOF go on, for the labels; `CampaignRecords.limits`, or None for the paper's.
    """
    rows: list[FunnelRow] = []
    remaining: dict[str, float | None] = {"linkers": 1.0, "MOFs": 1.0}
    for step, label, count in _steps(counts, limits or StrainLimits()):
        unit = "linkers" if count.stage in _LINKER_STAGES else "MOFs"
        before = remaining[unit]
        remaining[unit] = None if before is None or count.fraction is None else before * count.fraction
        reasons = sorted(count.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        rows.append(
            FunnelRow(
                step=step,
                stage=count.stage,
                label=label,
                unit=unit,
                entered=count.entered,
                survived=count.passed,
                reasons=tuple(reasons),
                remaining=remaining[unit],
                paper_remaining=PAPER_REMAINING.get(step),
            )
        )
    return rows


def _steps(counts: Funnel, limits: StrainLimits) -> list[tuple[str, str, StageCount]]:
    """Step, label and counts of every row."""
    steps = []
    for count in counts.stages:
        if count.stage is Stage.VALIDATE:
            typing, dynamics = _split_validation(count)
            steps.append(("typing", "Validate: geometry, typing", typing))
            steps.append(("dynamics", f"Validate: strain below {100 * limits.trainable:g} %", dynamics))
        else:
            steps.append((count.stage.value, _LABELS[count.stage], count))
    return steps


def _split_validation(count: StageCount) -> tuple[StageCount, StageCount]:
    """Validation as the pre-screen before molecular dynamics and the dynamics itself, told apart by the reasons."""
    before = _only(count.reasons, dynamics=False)
    during = _only(count.reasons, dynamics=True)
    simulated = count.entered - sum(before.values())
    return (
        StageCount(count.stage, count.entered, simulated, before),
        StageCount(count.stage, simulated, count.passed, during),
    )


def _only(reasons: Mapping[Reason, int], *, dynamics: bool) -> dict[Reason, int]:
    return {reason: n for reason, n in reasons.items() if (reason in DYNAMICS_REASONS) is dynamics}
