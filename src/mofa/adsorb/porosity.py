"""Pore geometry by Zeo++: cavity and window diameters, accessible surface and volume, channels."""

from __future__ import annotations

import re

import numpy as np

from mofa.chemistry import Framework, PoreGeometry, Rejected, Stage
from mofa.chemistry.inspection import inspect
from mofa.errors import EngineError, InputError
from mofa.isolate import Progress
from mofa.pores import atom_network, diameters_of, method, run_zeo

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
    return run_zeo(analyse_here, framework, probe_radius_ang, time_limit_s=time_limit_s)


def analyse_here(framework: Framework, probe_radius_ang: float, *, on_progress: Progress) -> PoreGeometry:
    """Run Zeo++ in this process, with files in its working directory."""
    diameters = diameters_of(atom_network(framework))
    from pyzeo.area_volume import surface_area, volume

    on_progress(0.3, "diameters")
    surface = surface_area(
        atom_network(framework), probe_radius_ang, probe_radius_ang, SURFACE_SAMPLES_PER_ATOM
    ).decode()
    on_progress(0.7, "surface")
    space = volume(atom_network(framework), probe_radius_ang, probe_radius_ang, VOLUME_SAMPLES).decode()
    return PoreGeometry(
        largest_cavity_diameter_ang=diameters.largest_cavity_ang,
        pore_limiting_diameter_ang=diameters.limiting_ang,
        accessible_surface_m2_per_g=_field(surface, "ASA_m^2/g"),
        accessible_volume_fraction=_field(space, "AV_Volume_fraction"),
        probe_radius_ang=probe_radius_ang,
        channels=round(_field(surface, "Number_of_channels")),
        method=method(),
    )


def _field(report: str, name: str) -> float:
    """A number of Zeo++'s one-line report (`ASA` is the accessible, `NASA` the inaccessible surface)."""
    match = re.search(rf"(?<![A-Z]){re.escape(name)}: (\S+)", report)
    if match is None:
        raise EngineError(f"Zeo++ reported no {name}", where="pore geometry", action="Check the version of pyzeo")
    return float(match.group(1))
