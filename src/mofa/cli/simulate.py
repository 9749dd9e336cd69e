"""The verb that plans a campaign on a virtual clock."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mofa.cli.common import Answer, JsonOption, SeedOption, progress, say, show

if TYPE_CHECKING:
    from mofa.campaign import CampaignPlan
    from mofa.campaign.durations import WorkTable
    from mofa.campaign.simulation import SimulationResult
    from mofa.config import CampaignConfig

PAGE, NUMBERS, TASKS = "simulation.html", "simulation.json", "tasks.jsonl"
STABLE_EVERY_S = 1800.0
"""Interval of the table of stable MOFs, s."""


def simulate(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE.toml]", help="Campaign file: its policy, and its slots.", show_default=False),
    ] = None,
    nodes: Annotated[
        int | None, typer.Option("--nodes", min=1, help="Slots as the paper lays them out.", show_default=False)
    ] = None,
    hours: Annotated[float, typer.Option("--hours", help="How long, h.")] = 3.0,
    campaign: Annotated[
        Path | None,
        typer.Option("--campaign", help="Take durations and outcomes from this campaign.", show_default=False),
    ] = None,
    seed: SeedOption = 1,
    no_retrain: Annotated[bool, typer.Option("--no-retrain", help="Without retraining the generator.")] = False,
    learning: Annotated[
        str | None,
        typer.Option(
            "--learning",
            help="What retraining does: factors on the strain for model 0, 1, 2, ..., as in 1,0.9,0.8.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for a page, numbers and tasks.", show_default=False)
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Plan a campaign: the same policy on a virtual clock, with durations that were measured or published.

    Give --nodes, a campaign file, or both. No structure is computed, and nothing is learnt: with and without retraining
    differ only by what --learning says.
    """
    from mofa.campaign.simulation import simulate as run

    if nodes is None and file is None:
        raise typer.BadParameter("Give --nodes or a campaign file.")
    if not 0 < hours <= 10_000:
        raise typer.BadParameter(f"{hours:g} is not in the range 0<x<=10000.", param_hint="'--hours'")
    factors = _factors(learning)
    plan, title = _plan(file, nodes, retrain=not no_retrain)
    table, retrain = _table(campaign), plan.policy.retrain
    if retrain and not table.can_train:
        raise typer.BadParameter(
            f"{campaign} has no training to take durations from. Add --no-retrain.", param_hint="'--campaign'"
        )
    if out is not None:
        from mofa.textfiles import make_writable_folder

        make_writable_folder(out)
    began_s = time.perf_counter()
    with progress(title) as on_progress:
        result = run(plan, table, hours=hours, seed=seed, learning=factors, on_progress=on_progress)
    facts = _facts(result, nodes, seed=seed, wall_s=time.perf_counter() - began_s)
    if out is not None:
        facts |= _write(out, title, result, facts)
    if not json_output:
        _print(title, result, nodes)
        if out is not None:
            say(f"Page: {out / PAGE}")
    else:
        show(Answer(facts, ""), as_json=True)


def _factors(text: str | None) -> tuple[float, ...]:
    """The numbers of --learning."""
    try:
        factors = tuple(float(word) for word in text.split(",")) if text else ()
    except ValueError:
        factors = (0.0,)
    if not all(0 < factor < 100 for factor in factors):
        raise typer.BadParameter(
            "Give positive numbers with commas between, as in 1,0.9,0.8.", param_hint="'--learning'"
        )
    return factors


def _plan(file: Path | None, nodes: int | None, *, retrain: bool) -> tuple[CampaignPlan, str]:
    """Slots and policy, and what to call them."""
    from dataclasses import replace

    from mofa.campaign.configured import policy_of, slots_of
    from mofa.campaign.polaris import paper_layout, paper_policy
    from mofa.campaign.settings import CampaignPlan

    config = _config(file) if file is not None else None
    if nodes is not None:
        slots, title = paper_layout(nodes), f"{nodes} nodes"
    else:
        assert config is not None
        slots, title = slots_of(config), config.campaign.name
    policy = paper_policy(slots) if config is None else policy_of(config, slots)
    policy = replace(policy, retrain=policy.retrain and retrain)
    plan = CampaignPlan(policy=policy, slots=slots)
    return (replace(plan, stable_strain=config.policy.stable_strain) if config is not None else plan), title


def _config(file: Path) -> CampaignConfig:
    """The campaign file; its slots need not fit on this machine."""
    from mofa.config import load_config

    config = load_config(file)
    compute = config.compute.model_copy(update={"oversubscribe": True})
    return config.model_copy(update={"compute": compute})


def _table(campaign: Path | None) -> WorkTable:
    from mofa.campaign.durations import PAPER
    from mofa.campaign.recorded import load_table

    return PAPER if campaign is None else load_table(campaign)


def _facts(result: SimulationResult, nodes: int | None, *, seed: int, wall_s: float) -> dict[str, Any]:
    """Everything as JSON values."""
    from dataclasses import asdict

    from mofa.campaign.polaris import PUBLISHED

    published = PUBLISHED.get(nodes) if nodes is not None else None
    summary = result.performance().summary()
    return {
        "nodes": nodes,
        "hours": result.duration_s / 3600.0,
        "seed": seed,
        "slots": dict(result.slots),
        "source": result.source,
        "retrained": result.retrained,
        "learning": list(result.learning),
        "utilisation": summary["utilisation"],
        "per_hour": summary["per_hour"],
        "latency_s": summary["latency_s"],
        "published_per_hour": asdict(published) if published is not None else None,
        "made": {kind.value: n for kind, n in result.made.items()},
        "stable": [{"time_s": time_s, "mofs": n} for time_s, n in _stable(result)],
        "dropped_mofs": result.dropped_mofs,
        "waiting_at_end": {kind.value: n for kind, n in result.queues[-1].waiting.items()},
        "tasks": {"submitted": result.n_submitted, "running_at_end": result.n_running},
        "thinker_busy": result.thinker_busy,
        "wall_s": wall_s,
        "note": LEARNS if result.learning else LEARNS_NOTHING,
    }


LEARNS_NOTHING = (
    "The durations and outcomes know nothing of learning: with and without retraining differ only by the training "
    "tasks. Say what retraining does with --learning."
)
LEARNS = "Retraining acts as --learning says, which is an assumption."


def _stable(result: SimulationResult) -> list[tuple[float, int]]:
    """Stable MOFs at a few times, the end included."""
    every_s = min(STABLE_EVERY_S, result.duration_s / 4)
    times = [every_s * k for k in range(1, int(result.duration_s / every_s + 1e-9) + 1)]
    return [(time_s, result.stable_after(time_s)) for time_s in times]


def _print(title: str, result: SimulationResult, nodes: int | None) -> None:
    """Tables for people."""
    from rich.console import Console

    from mofa.cli.simulation_tables import latencies, rates, stable, utilisation

    console = Console(width=None if sys.stdout.isatty() else 110)
    performance = result.performance()
    say(f"{title}, {result.duration_s / 3600:g} h; durations and outcomes: {result.source}.")
    for table in (
        utilisation(performance),
        rates(result, performance, nodes),
        latencies(performance),
        stable(_stable(result), nodes),
    ):
        console.print(table)
        say("")
    say(
        f"{result.n_submitted:,} tasks, {result.n_running:,} of them at work at the end; {result.dropped_mofs:,} MOFs "
        f"dropped from the full queue; the thinker was at work {100 * result.thinker_busy:.1f} % of the time."
    )
    say(LEARNS if result.learning else LEARNS_NOTHING)


def _write(out: Path, title: str, result: SimulationResult, facts: dict[str, Any]) -> dict[str, Any]:
    """Page, numbers and tasks; gives where they are."""
    import json

    from mofa.campaign.tasks import TaskKind
    from mofa.report.simulation import write_simulation
    from mofa.store.durable import write_durably

    made, stable = result.made, [(time_s, float(n)) for n, time_s in enumerate(result.stable_s, 1)]
    queues = {
        f"Waiting: {kind.value}": [(sample.time_s, float(sample.waiting[kind])) for sample in result.queues]
        for kind in (TaskKind.PROCESS, TaskKind.ASSEMBLE, TaskKind.VALIDATE, TaskKind.OPTIMIZE)
    }
    write_simulation(
        out / PAGE,
        title=title,
        headline=(
            f"{made[TaskKind.GENERATE]:,} linkers, {made[TaskKind.ASSEMBLE]:,} MOFs, {made[TaskKind.VALIDATE]:,} "
            f"simulated, {len(result.stable_s):,} stable, {made[TaskKind.ADSORB]:,} uptakes."
        ),
        facts=[
            ("Length", f"{result.duration_s / 3600:g} h"),
            ("Slots", ", ".join(f"{n} {name}" for name, n in result.slots.items())),
            ("Durations and outcomes", result.source),
            ("Retraining", ("yes. " if result.retrained else "no. ") + str(facts["note"])),
        ],
        performance=result.performance(),
        series={"Stable MOFs": stable, **queues},
    )
    write_durably(out / NUMBERS, json.dumps(facts, indent=1, allow_nan=False).encode())
    encode = json.JSONEncoder(allow_nan=False).encode
    rows = (
        {
            "id": span.id,
            "kind": span.kind.value,
            "pool": span.pool,
            "subject": span.subject,
            "model_version": span.model_version,
            "submitted_s": span.submitted_s,
            "started_s": span.started_s,
            "ended_s": span.ended_s,
            "arrived_s": span.arrived_s,
            "recorded_s": span.recorded_s,
            "items": span.items,
        }
        for span in result.spans
    )
    write_durably(out / TASKS, "".join(encode(row) + "\n" for row in rows).encode())
    return {"page": str(out / PAGE), "numbers": str(out / NUMBERS), "task_file": str(out / TASKS)}
