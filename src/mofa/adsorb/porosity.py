"""Pore geometry by Zeo++: cavity and window diameters, accessible surface and volume, channels and closed pockets."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ase.geometry import cellpar_to_cell

from mofa.adsorb.engine import Pocket
from mofa.chemistry import Framework, PoreGeometry, Rejected, Stage
from mofa.chemistry.inspection import inspect
from mofa.errors import EngineError, InputError
from mofa.isolate import Progress
from mofa.pores import atom_network, diameters_of, method, run_zeo

logger = logging.getLogger(__name__)

SURFACE_SAMPLES_PER_ATOM = 2000
VOLUME_SAMPLES = 50_000
MAX_VOID_DIFFERENCE = 0.02
"""Between Zeo++'s void fraction and our own on a grid; more says that one of them failed."""


def pore_geometry(
    framework: Framework, *, probe_radius_ang: float = 1.86, time_limit_s: float = 60.0
) -> PoreGeometry | Rejected:
    """Geometric porosity of a rigid framework of hard spheres (Zeo++'s CCDC radii).

    The void fraction is computed a second time on a grid; where the two differ, a warning says so.

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
    from mofa.adsorb.grid.void import void_fraction  # compiled code, not needed to import this module

    found, radii = run_zeo(analyse_here, framework, probe_radius_ang, time_limit_s=time_limit_s)
    own = void_fraction(
        framework.fractional, np.array(radii), np.array(framework.cell), probe_radius_ang=probe_radius_ang
    )
    theirs = found.accessible + found.inaccessible
    if abs(own - theirs) > MAX_VOID_DIFFERENCE:
        logger.warning("void fraction of %s: %.3f by Zeo++, %.3f on a grid", framework.id, theirs, own)
    return PoreGeometry(
        largest_cavity_diameter_ang=found.largest_cavity_ang,
        pore_limiting_diameter_ang=found.limiting_ang,
        accessible_surface_m2_per_g=found.surface_m2_per_g,
        accessible_volume_fraction=found.accessible,
        probe_radius_ang=probe_radius_ang,
        channels=found.channels,
        method=method(),
        inaccessible_volume_fraction=found.inaccessible,
        grid_volume_fraction=own,
        pockets=found.pockets,
    )


class Analysis(NamedTuple):
    """Zeo++'s findings."""

    largest_cavity_ang: float
    limiting_ang: float
    surface_m2_per_g: float
    accessible: float
    """Share of the volume that the probe's centre reaches from outside."""
    inaccessible: float
    """Share where it would fit but does not get to."""
    channels: int
    pockets: int


def analyse_here(
    framework: Framework, probe_radius_ang: float, *, on_progress: Progress
) -> tuple[Analysis, list[float]]:
    """Run Zeo++ in this process, with files in its working directory; also the radii of its atoms, Å."""
    network = atom_network(framework)
    radii = [float(atom.radius) for atom in network.atoms]
    diameters = diameters_of(network)
    from pyzeo.area_volume import surface_area, volume

    on_progress(0.3, "diameters")
    surface = surface_area(
        atom_network(framework), probe_radius_ang, probe_radius_ang, SURFACE_SAMPLES_PER_ATOM
    ).decode()
    on_progress(0.7, "surface")
    space = volume(atom_network(framework), probe_radius_ang, probe_radius_ang, VOLUME_SAMPLES).decode()
    found = Analysis(
        *diameters,
        surface_m2_per_g=_field(surface, "ASA_m^2/g"),
        accessible=_field(space, "AV_Volume_fraction"),
        inaccessible=_field(space, "NAV_Volume_fraction"),
        channels=round(_field(surface, "Number_of_channels")),
        pockets=round(_field(surface, "Number_of_pockets")),
    )
    return found, radii


def closed_pockets(framework: Framework, *, probe_radius_ang: float, time_limit_s: float = 60.0) -> tuple[Pocket, ...]:
    """Spheres that cover the cages which a probe cannot reach, from Zeo++'s percolation of the Voronoi network.

    Insertions would fill them in a simulation, though no molecule gets there in an experiment.

    Args:
        framework: any sound periodic framework.
        probe_radius_ang: half the guest's kinetic diameter.
        time_limit_s: wall-clock limit, s.

    Raises:
        EngineMissingError: pyzeo is not installed.
        EngineError: Zeo++ failed on this structure.
    """
    nodes = run_zeo(pockets_here, framework, probe_radius_ang, time_limit_s=time_limit_s)
    # Zeo++ turns the cell so that a lies along x and b in the xy plane.
    to_fractional = np.linalg.inv(cellpar_to_cell(framework.cell_parameters()))
    pockets = []
    for *position, radius in nodes:
        a, b, c = (float(x) for x in (np.array(position) @ to_fractional) % 1.0)
        pockets.append(Pocket((a, b, c), radius))
    return tuple(pockets)


def pockets_here(framework: Framework, probe_radius_ang: float, *, on_progress: Progress) -> list[list[float]]:
    """Position and radius, Å, of the Voronoi nodes in closed pockets; run in a child process."""
    network = atom_network(framework)
    voronoi, _, _ = network.perform_voronoi_decomposition(False)
    on_progress(0.5, "percolation")
    voronoi.analyze_writeto_XYZ("nodes", probe_radius_ang, network)
    lines = Path("nodes_voro_nonaccessible.xyz").read_text(encoding="utf-8").splitlines()[2:]
    return [[float(x) for x in line.split()[1:5]] for line in lines if line.strip()]


def _field(report: str, name: str) -> float:
    """A number of Zeo++'s one-line report (`ASA` is the accessible, `NASA` the inaccessible surface)."""
    match = re.search(rf"(?<![A-Z]){re.escape(name)}: (\S+)", report)
    if match is None:
        raise EngineError(f"Zeo++ reported no {name}", where="pore geometry", action="Check the version of pyzeo")
    return float(match.group(1))
