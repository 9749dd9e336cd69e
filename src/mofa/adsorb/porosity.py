"""Pore geometry by Zeo++ (`pyzeo`): cavity and window diameters, accessible surface and volume, channels.

Its Voronoi code calls `exit()` on exactly symmetric structures, so it runs in a child process on coordinates that are
jittered by far less than any diameter is known. Zeo++: DOI 10.1016/j.micromeso.2011.08.020.
"""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

from mofa.chemistry import Framework, PoreGeometry, Rejected, Stage
from mofa.chemistry.cif import write_cif
from mofa.chemistry.inspection import inspect
from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.isolate import ChildDiedError, Progress, run_isolated

# Tried in turn: the second one when the first is still too symmetric for the Voronoi code.
JITTERS_ANG = (0.0005, 0.005)
JITTER_SEED = 20_110
SURFACE_SAMPLES_PER_ATOM = 2000
VOLUME_SAMPLES = 50_000


def pore_geometry(
    framework: Framework, *, probe_radius_ang: float = 1.86, time_limit_s: float = 60.0
) -> PoreGeometry | Rejected:
    """Geometric porosity of a rigid framework of hard spheres (Zeo++'s CCDC radii).

    Args:
        framework: any periodic framework; charges and bonds are not used.
        probe_radius_ang: probe of surface, void fraction and channels, Å; 1.86 Å is nitrogen's.
        time_limit_s: wall-clock limit, s; usual structures take well under one second.

    Raises:
        InputError: the probe radius is not positive.
        EngineMissingError: pyzeo is not installed.
        EngineError: Zeo++ failed on this structure.
    """
    if not (np.isfinite(probe_radius_ang) and probe_radius_ang > 0):
        raise InputError(
            f"probe_radius_ang is {probe_radius_ang}", where="pore_geometry", action="Give a positive, finite number"
        )
    refusal = inspect(framework, Stage.ADSORB)
    if refusal is not None:
        return refusal
    bare = replace(framework, id="framework", bonds=None, charges=None, name="")
    *first, last = JITTERS_ANG
    for jitter_ang in first:
        try:
            return run_isolated(analyse_here, bare, probe_radius_ang, jitter_ang, time_limit_s=time_limit_s)
        except ChildDiedError:
            continue
    return run_isolated(analyse_here, bare, probe_radius_ang, last, time_limit_s=time_limit_s)


def analyse_here(
    framework: Framework, probe_radius_ang: float, jitter_ang: float, *, on_progress: Progress
) -> PoreGeometry:
    """Run Zeo++ in this process, with files in its working directory."""
    try:
        from pyzeo.area_volume import surface_area, volume
        from pyzeo.netstorage import AtomNetwork
    except ImportError as error:
        raise EngineMissingError(
            f"pyzeo cannot be imported ({error})", where="pore geometry", action="Run: pip install pyzeo"
        ) from error
    noise = np.random.default_rng(JITTER_SEED).normal(0.0, jitter_ang, (len(framework), 3))
    path = str(write_cif(framework.with_geometry(framework.positions + noise, framework.cell), "framework.cif"))

    AtomNetwork.read_from_CIF(path, rad_flag=True).calculate_free_sphere_parameters("diameters.res")
    largest, limiting, _ = (float(x) for x in Path("diameters.res").read_text(encoding="utf-8").split()[-3:])
    on_progress(0.3, "diameters")
    network = AtomNetwork.read_from_CIF(path, rad_flag=True)
    surface = surface_area(network, probe_radius_ang, probe_radius_ang, SURFACE_SAMPLES_PER_ATOM).decode()
    on_progress(0.7, "surface")
    network = AtomNetwork.read_from_CIF(path, rad_flag=True)
    space = volume(network, probe_radius_ang, probe_radius_ang, VOLUME_SAMPLES).decode()
    return PoreGeometry(
        largest_cavity_diameter_ang=largest,
        pore_limiting_diameter_ang=limiting,
        accessible_surface_m2_per_g=_field(surface, "ASA_m^2/g"),
        accessible_volume_fraction=_field(space, "AV_Volume_fraction"),
        probe_radius_ang=probe_radius_ang,
        channels=round(_field(surface, "Number_of_channels")),
        method=f"Zeo++ (pyzeo {metadata.version('pyzeo')}), CCDC radii",
    )


def _field(report: str, name: str) -> float:
    """A number of Zeo++'s one-line report (`ASA` is the accessible, `NASA` the inaccessible surface)."""
    match = re.search(rf"(?<![A-Z]){re.escape(name)}: (\S+)", report)
    if match is None:
        raise EngineError(f"Zeo++ reported no {name}", where="pore geometry", action="Check the version of pyzeo")
    return float(match.group(1))
