"""Verbs on linkers: generate them, make them sound, learn from the best."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mofa.build import linkers_of
from mofa.cli.common import Answer, JsonOption, SeedOption, failure, note, progress, refusal, show, size_range
from mofa.errors import InputError
from mofa.textfiles import make_writable_folder, write_bytes

if TYPE_CHECKING:
    from mofa.chemistry import Family, Linker, ModelRef, RawLinker, Rejected
    from mofa.evaluate.acceptance import Acceptance

MADE_FAMILIES = "BCA, TCA, QCA (2, 3, 4 acids), BZN (nitriles), PYR (pyridyls) or IMD (azole)"
ALL_FAMILIES = "BCA, TCA, QCA (2, 3, 4 acids), BZN (nitriles), PYR (pyridyls), AMN (amines) or IMD (azole)"


def generate(
    family: Annotated[str, typer.Option("--family", help=f"Linker family: {MADE_FAMILIES}.")] = "BCA",
    n: Annotated[int, typer.Option("--n", min=1, help="How many linkers.")] = 100,
    kind: Annotated[
        str, typer.Option("--kind", help="Generator: flow or graph (learned; BCA and BZN), or library (enumerated).")
    ] = "flow",
    max_heavy_atoms: Annotated[
        int, typer.Option("--max-heavy-atoms", min=1, help="Largest linker, heavy atoms of the whole molecule.")
    ] = 38,
    core_atoms: Annotated[
        str | None,
        typer.Option("--core-atoms", metavar="MIN-MAX", help="Heavy atoms between the two ends, such as 8-14."),
    ] = None,
    length_ang: Annotated[
        float | None, typer.Option("--length-ang", help="Distance wanted between the two anchor carbons, Å.")
    ] = None,
    polar_atoms: Annotated[
        int | None, typer.Option("--polar-atoms", help="Nitrogen and oxygen atoms wanted between the ends.")
    ] = None,
    sp3_atoms: Annotated[
        int | None, typer.Option("--sp3-atoms", help="Tetrahedral carbons wanted between the ends; 0 for stiff ones.")
    ] = None,
    max_bend_deg: Annotated[
        float | None, typer.Option("--max-bend-deg", help="Largest bend wanted, degrees; assembly takes 15.")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="Weights that `mofa train` or a campaign wrote.", show_default="pre-trained"),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="SDF file to write.")] = Path("linkers.sdf"),
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Propose linkers in 3-D, heavy atoms only; `mofa process` makes them sound."""
    from mofa.chemistry.molfiles import write_sdf
    from mofa.generate import Conditions
    from mofa.generate import generate as stream

    _check_sdf(out)
    conditions = Conditions(size_range(core_atoms), length_ang, polar_atoms, sp3_atoms, max_bend_deg)
    linkers: list[RawLinker] = []
    with progress(f"generating {family} linkers") as on_progress:
        for batch in stream(
            family, n=n, seed=seed, generator=kind, max_heavy_atoms=max_heavy_atoms, weights=weights,
            conditions=conditions,
        ):  # fmt: skip
            linkers += batch
            on_progress(len(linkers) / n, f"{len(linkers)} of {n}")
    if not linkers:
        raise InputError(
            f"{kind} made no {family} linker of {max_heavy_atoms} heavy atoms or fewer as asked",
            action="Allow larger ones, or ask for less",
        )
    write_sdf(linkers, out)
    if len(linkers) < n:
        note(f"The generator found only {len(linkers)} such linkers within {max_heavy_atoms} heavy atoms.")
    payload = {
        "n": len(linkers), "family": family, "kind": kind, "seed": seed, "weights": weights, "file": str(out),
        "conditions": conditions,
    }  # fmt: skip
    show(Answer(payload, f"Wrote {len(linkers)} {family} linkers to {out}"), as_json=json_output)


def process(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE|SMILES...", help="SDF, XYZ or SMILES files, or SMILES.", show_default=False),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="SDF file for the sound linkers, dummies included.", show_default=False)
    ] = None,
    family: Annotated[
        str | None, typer.Option("--family", help=f"Bind as this family: {ALL_FAMILIES}.", show_default="detected")
    ] = None,
    perception: Annotated[
        str, typer.Option("--perception", help="What finds bonds and hydrogens: likelihood, exact or openbabel.")
    ] = "likelihood",
    max_sa_score: Annotated[
        float, typer.Option("--max-sa-score", min=1.0, max=10.0, help="Hardest synthesis: 1 (easy) to 10 (no limit).")
    ] = 5.5,
    time_limit_s: Annotated[float, typer.Option("--time-limit-s", min=0.01, help="Time limit per linker, s.")] = 5.0,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Make linkers sound: hydrogens, bond orders, relaxation, dummy atoms; or say why not."""
    from mofa.chemistry import RawLinker, Rejected
    from mofa.chemistry.molfiles import write_sdf
    from mofa.process import process as run
    from mofa.process.perception import load_perception

    if out is not None:
        _check_sdf(out)
    chosen = _family(family)
    load_perception(perception)
    sound: list[Linker] = []
    failed = False

    def sound_one(raw: RawLinker) -> Linker | Rejected:
        return run(raw, perception=perception, max_sa_score=max_sa_score, time_limit_s=time_limit_s)

    def tell(raw: RawLinker | Linker | Rejected, where: str) -> Answer:
        result = sound_one(raw) if isinstance(raw, RawLinker) else raw
        if isinstance(result, Rejected):
            kind = str(raw.family) if isinstance(raw, RawLinker) else None
            return refusal(result, where, smiles=None, family=kind)
        sound.append(result)
        payload = {
            "smiles": result.smiles,
            "family": str(result.family),
            "reason": None,
            "file": where,
            "inchikey": result.inchikey,
            "n_atoms": result.n_atoms,
        }
        return Answer(payload, f"{where}: {result.family} {result.smiles}")

    for source in files:
        try:
            for number, raw in enumerate(linkers_of(source, seed, chosen), start=1):
                answer = tell(raw, f"{source}#{number}")
                failed |= answer.refused
                show(answer, as_json=json_output)
        except InputError as error:
            if len(files) == 1:
                raise
            failed = True
            show(failure(error, source), as_json=json_output)
    if out is not None and sound:
        write_sdf(sound, out)
        note(f"Wrote {len(sound)} linkers to {out}")
    if failed:
        raise typer.Exit(1)


def _check_sdf(out: Path) -> None:
    """Find out before the work whether an SDF file can be written to `out`."""
    if out.suffix.lower() not in (".sdf", ".sd"):
        raise InputError("linkers are written as SDF", where=out, action="Give a name that ends in .sdf")
    make_writable_folder(out.parent)


def _family(name: str | None) -> Family | None:
    """The family of that name, in any case of letters.

    Raises:
        InputError: there is none.
    """
    from mofa.chemistry import Family

    if name is None:
        return None
    try:
        return Family(name.upper())
    except ValueError:
        known = ", ".join(Family)
        raise InputError(f"no linker family is called {name!r}", action=f"Choose one of {known}") from None


def train(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE|SMILES...", help="SDF, XYZ or SMILES files, or SMILES.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File for the weights.", show_default="weights.safetensors, or .json of library"),
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="Generator to train: flow, graph or library.")] = "flow",
    steps: Annotated[
        int, typer.Option("--steps", min=60, max=400, help="Steps of the training, of graph and flow.")
    ] = 200,
    replay_share: Annotated[
        float,
        typer.Option("--replay-share", min=0.0, max=0.95, help="Pre-training data in every batch, of graph and flow."),
    ] = 0.5,
    processes: Annotated[
        int, typer.Option("--processes", min=1, help="Processes that share the training, of graph and flow.")
    ] = 1,
    prior_share: Annotated[
        float,
        typer.Option(
            "--prior-share", min=0.001, max=1.0, help="Least share of the pre-trained behaviour that stays, of library."
        ),
    ] = 0.1,
    max_heavy_atoms: Annotated[
        int, typer.Option("--max-heavy-atoms", min=1, help="Size limit of the streams that the linkers come from.")
    ] = 38,
    time_limit_s: Annotated[
        float, typer.Option("--time-limit-s", min=0.01, help="Time limit of the training, s.")
    ] = 300.0,
    no_acceptance: Annotated[
        bool,
        typer.Option("--no-acceptance", help="Do not compare fresh linkers with those of the pre-trained weights."),
    ] = False,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Retrain a generator on linkers that did well; `mofa generate --weights` draws from it.

    The weights are written whether a campaign would take them or not; the answer says which.
    """
    from mofa.chemistry import Rejected
    from mofa.generate import train as run

    make_writable_folder((out or Path("weights")).parent)
    examples, n_refused = _sound_linkers(files, seed)
    if not examples:
        raise InputError("none of the linkers is sound", where=", ".join(files), action="See why with `mofa process`")
    with progress(f"training {kind}") as on_progress:
        model = run(
            examples, generator=kind, seed=seed, prior_share=prior_share, max_heavy_atoms=max_heavy_atoms,
            time_limit_s=time_limit_s, steps=steps, replay_share=replay_share, processes=processes,
            on_progress=on_progress,
        )  # fmt: skip
    if isinstance(model, Rejected):
        show(refusal(model, ", ".join(files)), as_json=json_output)
        raise typer.Exit(1)
    file = write_bytes(out or Path(f"weights{model.suffix}"), model.weights)
    verdict = None if no_acceptance else _verdict(model, examples, max_heavy_atoms)
    payload = {
        "file": str(file),
        "generator": model.generator,
        "method": model.method,
        "n_examples": model.n_examples,
        "n_given": len(examples),
        "n_refused": n_refused,
        "metrics": model.metrics,
        "cpu_s": model.cpu_s,
        "acceptance": None if verdict is None else _told(verdict),
    }
    text = f"Learnt from {model.n_examples} of {len(examples) + n_refused} linkers; wrote the weights to {file}"
    if verdict is not None:
        judged = "A campaign would use them" if verdict.accepted else "A campaign would not use them"
        text += f"\n{judged}: {verdict.reason}"
    show(Answer(payload, text), as_json=json_output)


def _told(verdict: Acceptance) -> dict[str, object]:
    """A verdict as JSON values."""
    return {
        "accepted": verdict.accepted,
        "reason": verdict.reason,
        "gated_yield": verdict.gated_yield.value,
        "gated_yield_before": verdict.gated_yield_before.value,
        "uniqueness": verdict.uniqueness.value,
        "copies": verdict.copies.value,
        "cpu_s": verdict.cpu_s,
    }


def _verdict(model: ModelRef, examples: list[Linker], max_heavy_atoms: int) -> Acceptance:
    """What a campaign would say of trained weights."""
    from mofa.evaluate.acceptance import accept
    from mofa.generate import GENERATORS

    made = GENERATORS.load(model.generator)().families
    families = [family for family in dict.fromkeys(linker.family for linker in examples) if family in made]
    with progress("judging the weights"):
        return accept(
            model.weights,
            generator=model.generator,
            families=families,
            examples=examples,
            max_heavy_atoms=max_heavy_atoms,
        )


def _sound_linkers(sources: list[str], seed: int) -> tuple[list[Linker], int]:
    """All linkers of some files or SMILES, processed unless they already are, and how many were refused."""
    from mofa.chemistry import RawLinker, Rejected
    from mofa.process import process as run

    sound: list[Linker] = []
    n_refused = 0
    for source in sources:
        for number, entry in enumerate(linkers_of(source, seed), start=1):
            result = run(entry) if isinstance(entry, RawLinker) else entry
            if isinstance(result, Rejected):
                n_refused += 1
                note(f"{source}#{number}: left out, {result}")
            else:
                sound.append(result)
    return sound, n_refused
