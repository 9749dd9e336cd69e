"""`mofa pretrain`: train a generator from nothing, on data from `mofa data linkers`."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mofa.cli.common import Answer, JsonOption, SeedOption, note, progress, show
from mofa.errors import InputError
from mofa.textfiles import make_writable_folder, write_bytes


def pretrain(
    kind: Annotated[str, typer.Argument(help="Generator: flow or graph.", show_default=False)],
    data: Annotated[Path, typer.Option("--data", help="Training data from `mofa data linkers`.")] = Path("linkers.npz"),
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the weights.", show_default="KIND.safetensors")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Training steps.", show_default="as shipped")
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=2, help="Linkers in a step, of all processes together.")
    ] = 128,
    learning_rate: Annotated[
        float | None,
        typer.Option("--learning-rate", min=1e-8, help="Highest learning rate.", show_default="as shipped"),
    ] = None,
    objective: Annotated[str, typer.Option("--objective", help="Of flow: flow, or ddpm as published.")] = "flow",
    processes: Annotated[int, typer.Option("--processes", min=1, help="Data-parallel processes.")] = 1,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda.", show_default="a GPU where there is one")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="File to resume from and to keep the state in.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option("--from", help="Weights of flow to go on from.", show_default="random weights")
    ] = None,
    time_limit_s: Annotated[
        float | None, typer.Option("--time-limit-s", min=1.0, help="Stop after this with what was learnt, s.")
    ] = None,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Train a generator from nothing; `mofa generate --weights` draws from the result."""
    from mofa.generate.graph import pretraining as graph
    from mofa.generate.learning.checkpoint import config_of
    from mofa.generate.learning.distributed import best_device, check
    from mofa.generate.moflinker import pretraining as flow
    from mofa.generate.moflinker.examples import load

    if kind not in ("flow", "graph"):
        raise InputError(f"{kind!r} cannot be pre-trained", where="pretrain", action="Choose flow or graph")
    file = out or Path(f"{kind}.safetensors")
    make_writable_folder(file.parent)
    packed, smiles = load(data)
    schedule = flow.SCHEDULE if kind == "flow" else graph.SCHEDULE
    schedule = replace(schedule, steps=steps or schedule.steps, learning_rate=learning_rate or schedule.learning_rate)
    deadline = math.inf if time_limit_s is None else time.monotonic() + time_limit_s
    if kind == "graph" and (start is not None or objective != "flow"):
        raise InputError("--from and --objective are for flow", where="pretrain", action="Leave them out with graph")
    where = device or best_device(processes)
    check(batch_size, processes, where)
    note(f"Training {kind} on {len(packed)} cores for {schedule.steps} steps of {batch_size} on {where}")
    with progress(f"pre-training {kind}") as on_progress:
        if kind == "flow":
            content = flow.pretrain(
                packed, schedule=schedule, objective=objective, batch_size=batch_size, seed=seed, start=start,
                processes=processes,
                device=where, checkpoint=checkpoint, deadline=deadline, on_progress=on_progress,
            )  # fmt: skip
        else:
            note(f"Enumerating {graph.N_ENUMERATED} further cores, some three minutes")
            corpus = graph.corpus_of(packed, smiles, n_enumerated=graph.N_ENUMERATED, seed=seed)
            content = graph.pretrain(
                corpus, schedule=schedule, batch_size=batch_size, seed=seed, processes=processes, device=where,
                checkpoint=checkpoint, deadline=deadline, on_progress=on_progress,
            )  # fmt: skip
    write_bytes(file, content)
    config = config_of(content)
    done = int(config.get("recipe", config)["steps"])
    payload = {
        "file": str(file),
        "kind": kind,
        "bytes": len(content),
        "cores": len(packed),
        "device": where,
        "steps": done,
        "finished": done >= schedule.steps,
    }
    how_far = "" if done >= schedule.steps else f"; time ran out after {done} of {schedule.steps} steps"
    text = f"Wrote the weights of {kind} to {file} ({len(content) / 1e6:.1f} MB){how_far}"
    show(Answer(payload, text), as_json=json_output)
