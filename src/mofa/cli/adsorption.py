"""Verbs on uptakes: at one condition, as an isotherm, or between two as a working capacity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mofa.cli.common import Answer, CifFiles, JsonOption, SeedOption, for_each, output_paths, progress, refusal
from mofa.cli.uptake_text import isotherm_lines, uptake_in_words
from mofa.errors import InputError
from mofa.textfiles import write_bytes
from mofa.units import format_measured

if TYPE_CHECKING:
    from mofa.chemistry import Framework, Rejected, Uptake

OutOption = Annotated[
    Path | None, typer.Option("--out", help="CIF with the charges, or a folder for many.", show_default=False)
]
GasOption = Annotated[str, typer.Option("--gas", help="Guest, or a mixture like CO2:0.15,N2:0.85.")]
PressureOption = Annotated[float, typer.Option("--pressure-pa", help="Pressure, Pa (0.1 bar = 10 000).")]
TemperatureOption = Annotated[float, typer.Option("--temperature-k", help="Temperature, K.")]
EngineOption = Annotated[
    str, typer.Option("--engine", help="Adsorption engine: grid, raspa3, raspa2, or graspa (needs --command).")
]
ErrorOption = Annotated[
    float, typer.Option("--target-relative-error", help="Sampling ends when the 95 % error is below this share.")
]
InitializationOption = Annotated[
    int, typer.Option("--initialization-cycles", min=0, help="Monte Carlo cycles before sampling, at least.")
]
MinCyclesOption = Annotated[int, typer.Option("--min-cycles", min=1, help="Fewest production cycles.")]
MaxCyclesOption = Annotated[int, typer.Option("--max-cycles", min=1, help="Most production cycles.")]
CutoffOption = Annotated[float, typer.Option("--cutoff-ang", help="Cut-off; the supercell is twice as wide, Å.")]
PoreOption = Annotated[
    float | None,
    typer.Option(
        "--min-pore-diameter-ang",
        min=0,
        help="Refuse narrower pores, Å; without it, the guest's kinetic diameter counts; 0 refuses none.",
        show_default=False,
    ),
]
PocketOption = Annotated[
    bool, typer.Option("--block-pockets", help="Keep guests out of cages that their size cannot reach.")
]
SpacingOption = Annotated[
    float, typer.Option("--grid-spacing-ang", min=0, help="Of grid: distance of its points, Å; 0 is 0.25.")
]
ChainsOption = Annotated[int, typer.Option("--chains", min=0, help="Of grid: independent chains; 0 is 4.")]
CommandOption = Annotated[str, typer.Option("--command", help="Of raspa2 and graspa: the program.")]
FilesOption = Annotated[
    Path | None,
    typer.Option("--input-files", help="Of raspa2 and graspa: folder to keep their files in.", show_default=False),
]
ChargesOption = Annotated[
    str, typer.Option("--charges", help="Charge model for a CIF without charges; `none` refuses those.")
]
ComparedOption = Annotated[
    str,
    typer.Option(
        "--charges",
        help="Charge model for a CIF without charges; several (none,cif,xtb) are compared: `none` is zero, `cif` the"
        " file's own.",
    ),
]
ComparisonPicture = Annotated[
    Path | None,
    typer.Option("--picture", help="Of several charge methods: figure (PNG) of the comparison.", show_default=False),
]
TimeLimit = Annotated[float, typer.Option("--time-limit-s", min=1, help="Time limit per simulation, s.")]


def adsorb(
    files: CifFiles,
    gas: GasOption = "CO2",
    pressure_pa: PressureOption = 1.0e4,
    temperature_k: TemperatureOption = 300.0,
    engine: EngineOption = "grid",
    initialization_cycles: InitializationOption = 2000,
    min_cycles: MinCyclesOption = 4000,
    max_cycles: MaxCyclesOption = 100_000,
    target_relative_error: ErrorOption = 0.10,
    cutoff_ang: CutoffOption = 12.8,
    min_pore_diameter_ang: PoreOption = None,
    block_pockets: PocketOption = False,
    grid_spacing_ang: SpacingOption = 0.0,
    chains: ChainsOption = 0,
    command: CommandOption = "",
    input_files: FilesOption = None,
    charge_method: ComparedOption = "corrected",
    time_limit_s: TimeLimit = 1800.0,
    out: OutOption = None,
    picture: ComparisonPicture = None,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Gas uptake by grand-canonical Monte Carlo, with error bar, isosteric heat and pore sizes.

    Charges come from the CIF (`_atom_site_charge`); without any they are assigned first. Several charge methods are
    compared, each with charges of its own, and so is the ranking of several files by each.
    """
    from mofa.adsorb import adsorb as run
    from mofa.chemistry import Rejected
    from mofa.chemistry.cif import write_cif
    from mofa.cli.charge_comparison import Comparison, charge_methods

    particulars = {
        "grid_spacing_ang": grid_spacing_ang,
        "chains": chains,
        "command": command,
        "input_files": input_files,
    }
    check_request(gas, (pressure_pa,), (temperature_k,), engine=engine, **particulars)
    methods = charge_methods(charge_method)
    several = len(methods) > 1
    _check_comparison(several=several, out=out, picture=picture)
    targets = output_paths(out, files, "-charged.cif") if out is not None else {}

    def simulate(framework: Framework, path: Path, charges: str) -> Uptake | Rejected:
        kept = input_files / charges if input_files is not None and several else input_files
        with progress(f"{gas} in {path.name}") as on_progress:
            return run(
                framework,
                gas=gas,
                pressure_pa=pressure_pa,
                temperature_k=temperature_k,
                engine=engine,
                initialization_cycles=initialization_cycles,
                min_cycles=min_cycles,
                max_cycles=max_cycles,
                target_relative_error=target_relative_error,
                cutoff_ang=cutoff_ang,
                min_pore_diameter_ang=min_pore_diameter_ang,
                block_pockets=block_pockets,
                grid_spacing_ang=grid_spacing_ang,
                chains=chains,
                command=command,
                input_files=kept or "",
                seed=seed,
                time_limit_s=time_limit_s,
                on_progress=on_progress,
            )

    def work(path: Path) -> Answer:
        framework = charged_structure(path, gas, charge_method, time_limit_s)
        if isinstance(framework, Rejected):
            return refusal(framework, str(path))
        result = simulate(framework, path, charge_method)
        if isinstance(result, Rejected):
            return refusal(result, str(path))
        target = None if out is None else write_cif(framework, targets[path])
        return Answer({"file": str(path), **result.as_dict(), "cif": target}, f"{path}: {uptake_in_words(result)}")

    if several:
        Comparison(methods, simulate, time_limit_s).run(files, picture=picture, as_json=json_output)
    else:
        for_each(files, work, as_json=json_output)


def isotherm(
    files: CifFiles,
    gas: GasOption = "CO2",
    temperature_k: Annotated[
        list[float] | None, typer.Option("--temperature-k", help="Temperature, K; repeatable.", show_default="300")
    ] = None,
    pressures_pa: Annotated[
        list[float] | None,
        typer.Option("--pressure-pa", help="Pressure, Pa; repeatable. Chosen by a Langmuir fit without it."),
    ] = None,
    max_pressure_pa: Annotated[
        float, typer.Option("--max-pressure-pa", help="Highest pressure where none are given, Pa.")
    ] = 1.0e5,
    n_points: Annotated[int, typer.Option("--points", min=3, help="How many where none are given.")] = 8,
    engine: EngineOption = "grid",
    target_relative_error: ErrorOption = 0.05,
    max_cycles: MaxCyclesOption = 100_000,
    min_pore_diameter_ang: PoreOption = None,
    block_pockets: PocketOption = False,
    command: CommandOption = "",
    charge_method: ChargesOption = "corrected",
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Figure (PNG) of isotherm and heat, or a folder for many.", show_default=False),
    ] = None,
    time_limit_s: TimeLimit = 1800.0,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Adsorption isotherms with error bars and isosteric heats, at one or several temperatures."""
    from mofa.adsorb import isotherm as run
    from mofa.adsorb.figures import isotherm_png
    from mofa.chemistry import Rejected

    temperatures = temperature_k or [300.0]
    check_request(gas, pressures_pa or [max_pressure_pa], temperatures, engine=engine, command=command)
    targets = output_paths(picture, files, "-isotherm.png") if picture is not None else {}

    def work(path: Path) -> Answer:
        framework = charged_structure(path, gas, charge_method, time_limit_s)
        if isinstance(framework, Rejected):
            return refusal(framework, str(path))
        found = []
        for kelvin in temperatures:
            with progress(f"{gas} in {path.name}, {kelvin:g} K") as on_progress:
                result = run(
                    framework,
                    pressures_pa=tuple(pressures_pa or ()),
                    max_pressure_pa=max_pressure_pa,
                    n_points=n_points,
                    gas=gas,
                    temperature_k=kelvin,
                    engine=engine,
                    command=command,
                    min_cycles=min(4000, max_cycles),
                    target_relative_error=target_relative_error,
                    max_cycles=max_cycles,
                    min_pore_diameter_ang=min_pore_diameter_ang,
                    block_pockets=block_pockets,
                    seed=seed,
                    time_limit_s=time_limit_s,
                    on_progress=on_progress,
                )
            if isinstance(result, Rejected):
                return refusal(result, str(path))
            found.append(result)
        drawn = None
        if picture is not None:
            drawn = write_bytes(targets[path], isotherm_png(found, title=path.stem))
        payload = {"file": str(path), "isotherms": [one.as_dict() for one in found], "picture": drawn}
        return Answer(payload, "\n".join([f"{path}:", *(f"  {line}" for one in found for line in isotherm_lines(one))]))

    for_each(files, work, as_json=json_output)


def working_capacity(
    files: CifFiles,
    gas: GasOption = "CO2",
    pressure_pa: Annotated[float, typer.Option("--pressure-pa", help="At adsorption, Pa.")] = 1.0e5,
    temperature_k: Annotated[float, typer.Option("--temperature-k", help="At adsorption, K.")] = 300.0,
    desorption_pressure_pa: Annotated[
        float | None, typer.Option("--desorption-pressure-pa", help="Pa; as at adsorption without it.")
    ] = None,
    desorption_temperature_k: Annotated[
        float | None, typer.Option("--desorption-temperature-k", help="K; as at adsorption without it.")
    ] = None,
    engine: EngineOption = "grid",
    target_relative_error: ErrorOption = 0.05,
    min_pore_diameter_ang: PoreOption = None,
    max_cycles: MaxCyclesOption = 100_000,
    command: CommandOption = "",
    charge_method: ChargesOption = "corrected",
    time_limit_s: TimeLimit = 1800.0,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """What a vacuum swing (lower pressure) or temperature swing (higher temperature) delivers, mol/kg."""
    from mofa.adsorb import working_capacity as run
    from mofa.chemistry import Rejected

    check_request(gas, (pressure_pa,), (temperature_k,), engine=engine, command=command)
    empty_at = (
        pressure_pa if desorption_pressure_pa is None else desorption_pressure_pa,
        temperature_k if desorption_temperature_k is None else desorption_temperature_k,
    )

    def work(path: Path) -> Answer:
        framework = charged_structure(path, gas, charge_method, time_limit_s)
        if isinstance(framework, Rejected):
            return refusal(framework, str(path))
        with progress(f"{gas} in {path.name}") as on_progress:
            result = run(
                framework,
                pressure_pa=pressure_pa,
                temperature_k=temperature_k,
                desorption_pressure_pa=empty_at[0],
                desorption_temperature_k=empty_at[1],
                gas=gas,
                engine=engine,
                command=command,
                min_cycles=min(4000, max_cycles),
                max_cycles=max_cycles,
                target_relative_error=target_relative_error,
                min_pore_diameter_ang=min_pore_diameter_ang,
                seed=seed,
                time_limit_s=time_limit_s,
                on_progress=on_progress,
            )
        if isinstance(result, Rejected):
            return refusal(result, str(path))
        capacity = format_measured(result.capacity_mol_per_kg, result.error_mol_per_kg, "mol/kg")
        ends = [uptake_in_words(end) for end in (result.adsorption, result.desorption)]
        text = "\n  ".join([f"{path}: working capacity {capacity}", *ends])
        return Answer({"file": str(path), **result.as_dict()}, text)

    for_each(files, work, as_json=json_output)


def _check_comparison(*, several: bool, out: Path | None, picture: Path | None) -> None:
    """Refuse options that belong to one charge method where several are given, and the other way round.

    Raises:
        InputError: names the option.
    """
    if several and out is not None:
        raise InputError("--out with several charge methods", action="Write charged CIFs with mofa charges")
    if picture is not None and not several:
        raise InputError("--picture compares charge methods", action="Name several, as in --charges none,xtb")


def check_request(
    gas: str, pressures_pa: Sequence[float], temperatures_k: Sequence[float], *, engine: str = "", **particulars: Any
) -> None:
    """Refuse a wrong gas, condition or engine before anything is read or computed.

    Raises:
        InputError: names what is wrong.
        EngineMissingError: no such engine, or it is not installed.
    """
    from mofa.adsorb.checks import check_range
    from mofa.adsorb.engine import engine_named
    from mofa.adsorb.mixture import parse_gas

    parse_gas(gas)
    for name, values in (("pressure_pa", pressures_pa), ("temperature_k", temperatures_k)):
        for value in values:
            check_range(name, value)
    if engine:
        engine_named(engine, **particulars)


def charged_structure(path: Path, gas: str, method: str, time_limit_s: float) -> Framework | Rejected:
    """The structure of a CIF, with charges where the gas has some: the file's, or assigned."""
    from mofa.adsorb.mixture import parse_gas
    from mofa.charges import assign_charges
    from mofa.chemistry import Rejected
    from mofa.chemistry.cif import read_cif
    from mofa.cli.charge_comparison import warn_of_charges

    charged = any(site.charge_e for molecule, _ in parse_gas(gas) for site in molecule.sites)
    framework = read_cif(path)
    if framework.charges is not None and charged:
        warn_of_charges(framework, path)
    if framework.charges is not None or not charged or method in {"none", "cif"}:
        return framework
    with progress(f"charges of {path.name}") as on_progress:
        assigned = assign_charges(framework, method=method, time_limit_s=time_limit_s, on_progress=on_progress)
    return assigned if isinstance(assigned, Rejected) else framework.with_charges(assigned.values, assigned.method)
