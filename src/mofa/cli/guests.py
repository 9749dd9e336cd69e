"""Verbs on guests in pores: Henry coefficients, where the guests are, and the pores themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mofa.cli.adsorption import (
    ChargesOption,
    GasOption,
    PocketOption,
    PoreOption,
    PressureOption,
    TemperatureOption,
    TimeLimit,
    charged_structure,
    check_request,
)
from mofa.cli.common import Answer, CifFiles, JsonOption, SeedOption, for_each, output_paths, progress, refusal
from mofa.cli.uptake_text import uptake_in_words
from mofa.textfiles import write_bytes
from mofa.units import format_measured


def henry(
    files: CifFiles,
    gas: GasOption = "CO2",
    temperature_k: TemperatureOption = 300.0,
    min_pore_diameter_ang: PoreOption = None,
    block_pockets: PocketOption = False,
    charge_method: ChargesOption = "corrected",
    time_limit_s: Annotated[
        float, typer.Option("--time-limit-s", min=1, help="Time limit of the charges, where they are assigned, s.")
    ] = 1800.0,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Henry coefficient and heat at zero loading: the start of an isotherm, no measure of uptake."""
    from mofa.adsorb import henry_coefficient
    from mofa.chemistry import Rejected

    check_request(gas, (), (temperature_k,))

    def work(path: Path) -> Answer:
        framework = charged_structure(path, gas, charge_method, time_limit_s)
        if isinstance(framework, Rejected):
            return refusal(framework, str(path))
        found = henry_coefficient(
            framework,
            gas=gas,
            temperature_k=temperature_k,
            min_pore_diameter_ang=min_pore_diameter_ang,
            block_pockets=block_pockets,
            seed=seed,
        )
        if isinstance(found, Rejected):
            return refusal(found, str(path))
        error = found.coefficient_error
        text = (
            f"{path}: Henry coefficient of {gas} {found.coefficient_mol_per_kg_pa:.3e} ± {error:.1e} mol/kg/Pa at"
            f" {temperature_k:g} K; heat at zero loading"
            f" {format_measured(found.heat_kj_per_mol, found.heat_error_kj_per_mol, 'kJ/mol')}"
        )
        payload = {"file": str(path), "gas": gas, "temperature_k": temperature_k, **vars(found)}
        return Answer(payload, text)

    for_each(files, work, as_json=json_output)


def density(
    files: CifFiles,
    gas: GasOption = "CO2",
    pressure_pa: PressureOption = 1.0e5,
    temperature_k: TemperatureOption = 300.0,
    cycles: Annotated[int, typer.Option("--cycles", min=2000, help="Production cycles.")] = 40_000,
    min_pore_diameter_ang: PoreOption = None,
    block_pockets: PocketOption = False,
    charge_method: ChargesOption = "corrected",
    out: Annotated[
        Path | None, typer.Option("--out", help="Cube file, or a folder for many; beside the CIF without it.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Projections along the cell (PNG), or a folder for many.", show_default=False),
    ] = None,
    time_limit_s: TimeLimit = 1800.0,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Where the guests are: their density as a cube file (for VESTA, VMD, ...) and as a picture."""
    from mofa.adsorb.density import density_map, write_cube
    from mofa.adsorb.figures import density_png
    from mofa.chemistry import Rejected

    check_request(gas, (pressure_pa,), (temperature_k,))
    targets = output_paths(out, files, "-density.cube")
    pictures = output_paths(picture, files, "-density.png") if picture is not None else {}

    def work(path: Path) -> Answer:
        framework = charged_structure(path, gas, charge_method, time_limit_s)
        if isinstance(framework, Rejected):
            return refusal(framework, str(path))
        with progress(f"{gas} in {path.name}") as on_progress:
            found = density_map(
                framework,
                gas=gas,
                pressure_pa=pressure_pa,
                temperature_k=temperature_k,
                cycles=cycles,
                min_pore_diameter_ang=min_pore_diameter_ang,
                block_pockets=block_pockets,
                seed=seed,
                time_limit_s=time_limit_s,
                on_progress=on_progress,
            )
        if isinstance(found, Rejected):
            return refusal(found, str(path))
        cube = write_cube(found, targets[path])
        drawn = write_bytes(pictures[path], density_png(found, title=path.stem)) if picture is not None else None
        payload = {"file": str(path), "cube": cube, "picture": drawn, "molecules_per_cell": found.molecules}
        text = f"{path}: {found.molecules:.4g} molecules in the cell, {uptake_in_words(found.uptake)}\n  {cube}"
        return Answer({**payload, "uptake": found.uptake.as_dict()}, text if drawn is None else f"{text}\n  {drawn}")

    for_each(files, work, as_json=json_output)


def pores(
    files: CifFiles,
    probe_radius_ang: Annotated[float, typer.Option("--probe-radius-ang", help="Probe; 1.86 Å is nitrogen's.")] = 1.86,
    json_output: JsonOption = False,
) -> None:
    """Pore diameters, surface, void fractions and channels (Zeo++), and the helium void fraction (Widom)."""
    from mofa.adsorb import helium_void_fraction, pore_geometry
    from mofa.chemistry import Rejected
    from mofa.chemistry.cif import read_cif

    def work(path: Path) -> Answer:
        framework = read_cif(path)
        found = pore_geometry(framework, probe_radius_ang=probe_radius_ang)
        if isinstance(found, Rejected):
            return refusal(found, str(path))
        helium = helium_void_fraction(framework)
        if isinstance(helium, Rejected):
            return refusal(helium, str(path))
        text = (
            f"{path}: largest cavity {found.largest_cavity_diameter_ang:.2f} Å, widest path"
            f" {found.pore_limiting_diameter_ang:.2f} Å; accessible to a probe of {probe_radius_ang:g} Å:"
            f" {found.accessible_surface_m2_per_g:.0f} m2/g, {100 * found.accessible_volume_fraction:.1f} % of volume"
            f" ({100 * found.inaccessible_volume_fraction:.1f} % in closed pockets; on a grid, both"
            f" {100 * found.grid_volume_fraction:.1f} %), {found.channels} channels;"
            f" helium void fraction {helium:.3f}"
        )
        return Answer({"file": str(path), **vars(found), "helium_void_fraction": helium}, text)

    for_each(files, work, as_json=json_output)
