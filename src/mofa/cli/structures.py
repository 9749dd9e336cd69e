"""Verbs on structures: CIF in, numbers and CIF out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mofa.cli.common import Answer, CifFiles, JsonOption, SeedOption, for_each, note, output_paths, progress, refusal
from mofa.cli.dft_options import BasisOption, CutoffOption, TemplateOption, ThreadsOption, folders_of
from mofa.errors import InputError
from mofa.textfiles import write_text

if TYPE_CHECKING:
    from mofa.chemistry import Optimized, Rejected, Stability

CHUNK_STEPS = 500
"""Steps from entry to entry of a strain trace."""

OutOption = Annotated[
    Path | None, typer.Option("--out", help="Output CIF, or a folder when many files are given.", show_default=False)
]
TimeLimit = Annotated[float, typer.Option("--time-limit-s", min=1, help="Time limit per file, s.")]


def validate(
    files: CifFiles,
    steps: Annotated[int, typer.Option("--steps", min=1, help="MD steps; the paper runs 1 000 000.")] = 20_000,
    supercell: Annotated[
        tuple[int, int, int], typer.Option("--supercell", metavar="A B C", help="Unit cells along a, b and c.")
    ] = (2, 2, 2),
    min_width_ang: Annotated[
        float, typer.Option("--min-width-ang", min=0, help="More unit cells where it is narrower than this, Å.")
    ] = 0.0,
    temperature_k: Annotated[float, typer.Option("--temperature-k", help="Temperature, K.")] = 300.0,
    pressure_pa: Annotated[float, typer.Option("--pressure-pa", help="Pressure, Pa.")] = 101_325.0,
    timestep_fs: Annotated[float, typer.Option("--timestep-fs", help="Time step, fs.")] = 0.5,
    early_reject: Annotated[
        bool, typer.Option("--early-reject/--no-early-reject", help="End a run whose cell is lost.")
    ] = True,
    restart: Annotated[
        Path | None,
        typer.Option("--restart", help="Restart file: a run that was cut off goes on, one that ended is prolonged."),
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", help="Force field: lammps, lammps-command, ase or ase-relax.")
    ] = "lammps",
    command: Annotated[
        str, typer.Option("--command", help="LAMMPS' command line for lammps-command: 'lmp -k on g 1 -sf kk'.")
    ] = "",
    calculator: Annotated[str, typer.Option("--calculator", help="ASE calculator, package.module:Class.")] = "",
    calculator_options: Annotated[
        list[str] | None, typer.Option("--calculator-option", help="Its keyword argument, name=value; repeatable.")
    ] = None,
    time_limit_s: TimeLimit = 3600.0,
    write_only: Annotated[
        bool, typer.Option("--write-only", help="Only write the LAMMPS data and input files.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Plot of strain and volume, PNG, SVG or PDF; a folder for many.")
    ] = None,
    out: OutOption = None,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Stability: molecular dynamics with UFF4MOF, and how far the cell went (strain)."""
    from mofa.chemistry import Reason, Rejected
    from mofa.chemistry.cif import read_cif, write_cif
    from mofa.report.strain_picture import picture_format
    from mofa.validate import lammps_files
    from mofa.validate import validate as run

    targets = output_paths(out, files, "-validated.cif") if out is not None or write_only else {}
    pictures = output_paths(picture, files, "-strain.png") if picture is not None else {}
    for target in pictures.values():
        picture_format(target)
    if restart is not None and len(files) > 1:
        raise InputError("one restart file for many structures", where="--restart", action="Run them one by one")
    if restart is not None and engine == "ase-relax":
        raise InputError("a relaxation has no restart file", where="--restart", action="Leave it away")

    def work(path: Path) -> Answer:
        framework = read_cif(path)
        if write_only:
            data_path = targets[path].with_suffix(".lmpdat")
            written = lammps_files(
                framework,
                data_name=data_path.name,
                steps=steps,
                supercell=supercell,
                min_width_ang=min_width_ang,
                temperature_k=temperature_k,
                pressure_pa=pressure_pa,
                timestep_fs=timestep_fs,
                seed=seed,
            )
            return refusal(written, str(path)) if isinstance(written, Rejected) else _lammps(path, data_path, written)
        with progress(f"MD of {path.name}") as on_progress:
            result = run(
                framework,
                engine=engine,
                command=command,
                calculator=calculator,
                calculator_options=calculator_options or (),
                steps=steps,
                supercell=supercell,
                min_width_ang=min_width_ang,
                temperature_k=temperature_k,
                pressure_pa=pressure_pa,
                timestep_fs=timestep_fs,
                chunk_steps=CHUNK_STEPS,
                early_reject=early_reject,
                restart=restart,
                seed=seed,
                time_limit_s=time_limit_s,
                on_progress=on_progress,
            )
        if path in pictures and result.strain_trace:
            _plot(result, pictures[path], path.stem, timestep_fs)
        if isinstance(result, Rejected):
            return refusal(result, str(path), rejected_early=result.reason is Reason.UNSTABLE)
        target = None if out is None else write_cif(result.framework, targets[path])
        payload = {
            "file": str(path),
            "strain": result.strain,
            "strain_inverted": result.strain_inverted,
            "steps": result.steps,
            "cpu_s": result.cpu_s,
            "rejected_early": False,
            "volume_ratio": result.volume_ratio,
            "density_g_per_cm3": result.density_g_per_cm3,
            "supercell": result.supercell,
            "strain_trace": result.strain_trace,
            "volume_trace": result.volume_trace,
            "method": result.method,
            "cif": target,
            "picture": pictures.get(path),
        }
        text = (
            f"{path}: strain {100 * result.strain:.1f} % after {result.steps} steps ({result.verdict};"
            f" volume {100 * (result.volume_ratio - 1):+.1f} %, {result.cpu_s:.0f} CPU-s)"
        )
        return Answer(payload, text)

    for_each(files, work, as_json=json_output)


def _plot(result: Stability | Rejected, target: Path, title: str, timestep_fs: float) -> None:
    """Draw the course of a run, however it ended."""
    from mofa.chemistry import Stability
    from mofa.report.strain_picture import write_strain_picture

    if isinstance(result, Stability):
        volume_trace, note = result.volume_trace, f"{result.verdict}: strain {100 * result.strain:.1f} %"
    else:
        volume_trace, note = result.volume_trace, f"refused: {result.reason}"
    write_strain_picture(
        target,
        title=title,
        ps_per_chunk=CHUNK_STEPS * timestep_fs / 1000.0,
        strain_trace=result.strain_trace,
        volume_trace=volume_trace,
        note=note,
    )


def _lammps(path: Path, data_path: Path, texts: tuple[str, str]) -> Answer:
    """Write LAMMPS data and input side by side."""
    script_path = data_path.with_suffix(".in")
    for target, text in zip((data_path, script_path), texts, strict=True):
        write_text(target, text)
    payload = {"file": str(path), "data": str(data_path), "input": str(script_path)}
    return Answer(payload, f"{path}: wrote {data_path} and {script_path}; run `lmp -in {script_path.name}` there")


def optimize(
    files: CifFiles,
    method: Annotated[str, typer.Option("--method", help="Cell optimiser: xtb or cp2k.")] = "xtb",
    max_steps: Annotated[int, typer.Option("--max-steps", min=1, help="Cap on L-BFGS steps.")] = 30,
    fmax_ev_per_ang: Annotated[float, typer.Option("--fmax-ev-per-ang", help="Largest force, eV/Å.")] = 0.05,
    charge_e: Annotated[int, typer.Option("--charge-e", help="Net charge of the cell, e.")] = 0,
    multiplicity: Annotated[
        int, typer.Option("--multiplicity", min=1, help="Spin multiplicity of the cell; 1 is a closed shell.")
    ] = 1,
    command: Annotated[
        str, typer.Option("--command", help="CP2K's command line for cp2k: 'mpirun -n 8 cp2k.psmp'.")
    ] = "",
    threads: ThreadsOption = 0,
    template: TemplateOption = "",
    cutoff_ry: CutoffOption = 0.0,
    basis_set: BasisOption = "",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", help="State of the run, which goes on from there if it was cut off; one each for many files."
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Plot of energy and pressure, PNG, SVG or PDF; a folder for many.")
    ] = None,
    time_limit_s: TimeLimit = 1800.0,
    out: OutOption = None,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Relax cell and atoms; writes the relaxed CIF with charges. No randomness: the seed changes nothing."""
    from mofa.chemistry import Rejected
    from mofa.chemistry.cif import read_cif, write_cif
    from mofa.optimize import optimize as run
    from mofa.report.relaxation_picture import write_relaxation_picture
    from mofa.report.strain_picture import picture_format

    targets = output_paths(out, files, "-optimized.cif")
    pictures = output_paths(picture, files, "-relaxation.png") if picture is not None else {}
    for target in pictures.values():
        picture_format(target)
    folders = folders_of(folder, files)

    def work(path: Path) -> Answer:
        framework = read_cif(path)
        with progress(f"relaxing {path.name}") as on_progress:
            result = run(
                framework,
                method=method,
                max_steps=max_steps,
                fmax_ev_per_ang=fmax_ev_per_ang,
                charge_e=charge_e,
                multiplicity=multiplicity,
                command=command,
                threads=threads,
                template=template,
                cutoff_ry=cutoff_ry,
                basis_set=basis_set,
                folder=folders[path],
                time_limit_s=time_limit_s,
                on_progress=on_progress,
            )
        if isinstance(result, Rejected):
            return refusal(result, str(path))
        if result.resumed_at_step:
            note(f"{path}: went on from step {result.resumed_at_step} in {folders[path]}")
        if path in pictures:
            write_relaxation_picture(pictures[path], title=path.stem, result=result)
        target = write_cif(result.framework, targets[path])
        return _relaxed(path, result, target, pictures.get(path))

    for_each(files, work, as_json=json_output)


def _relaxed(path: Path, result: Optimized, target: Path, picture: Path | None) -> Answer:
    """What there is to say about a relaxed cell."""
    cell = result.framework.cell_parameters()
    payload = {
        "file": str(path),
        "cell": cell,
        "energy_ev": result.energy_ev,
        "converged": result.converged,
        "steps": result.steps,
        "resumed_at_step": result.resumed_at_step,
        "max_force_ev_per_ang": result.max_force_ev_per_ang,
        "pressure_gpa": result.pressure_gpa,
        "energy_trace_ev": result.energy_trace_ev,
        "pressure_trace_gpa": result.pressure_trace_gpa,
        "charge_e": result.charge_e,
        "multiplicity": result.multiplicity,
        "bonds_kept": result.bonds_kept,
        "method": result.method,
        "cpu_s": result.cpu_s,
        "density_cube": result.density_cube,
        "cif": str(target),
        "picture": picture,
    }
    state = "converged" if result.converged else f"not converged (force {result.max_force_ev_per_ang:.3f} eV/Å)"
    lengths = " ".join(f"{x:.3f}" for x in cell[:3])
    angles = " ".join(f"{x:.2f}" for x in cell[3:])
    drop = f"energy {result.energy_ev - result.energy_trace_ev[0]:+.3f} eV, " if result.energy_trace_ev else ""
    text = (
        f"{path}: {state} in {result.steps} steps, {drop}pressure {result.pressure_gpa:+.3f} GPa,"
        f" {result.bonds_kept} bonds kept, cell {lengths} Å, {angles} deg -> {target}"
    )
    return Answer(payload, text)
