"""Pore diameters by Zeo++ (`pyzeo`), shared by the check of what was assembled and by the adsorption.

Its Voronoi code calls `exit()` on exactly symmetric structures, so it runs in a child process on coordinates that are
jittered by far less than any diameter is known. Zeo++: DOI 10.1016/j.micromeso.2011.08.020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from mofa.chemistry import Framework
from mofa.chemistry.cif import write_cif
from mofa.errors import EngineMissingError
from mofa.isolate import ChildDiedError, Progress, run_isolated

T = TypeVar("T")

# Tried in turn: the second one when the first is still too symmetric for the Voronoi code.
JITTERS_ANG = (0.0005, 0.005)
JITTER_SEED = 20_110


class PoreDiameters(NamedTuple):
    """Diameters of spheres among the hard spheres of the framework (Zeo++'s CCDC radii)."""

    largest_cavity_ang: float
    """Of the largest sphere that fits anywhere, Å."""
    limiting_ang: float
    """Of the largest sphere that can pass through the framework, Å."""


def pore_diameters(framework: Framework, *, time_limit_s: float = 60.0) -> PoreDiameters:
    """Diameters of the largest cavity and of the widest way through.

    Args:
        framework: any sound periodic framework; charges and bonds are not used.
        time_limit_s: wall-clock limit, s; usual structures take well under one second.

    Raises:
        EngineMissingError: pyzeo is not installed.
        TimeLimitError: the limit ran out.
        EngineError: Zeo++ failed on this structure.
    """
    return run_zeo(_diameters_here, framework, time_limit_s=time_limit_s)


def run_zeo(function: Callable[..., T], framework: Framework, *args: object, time_limit_s: float) -> T:
    """What ``function(framework, *args, on_progress=report)`` returns in a child process, its atoms jittered.

    Args:
        function: importable by name; calls `atom_network` and what Zeo++ offers on it.
        framework: passed on without bonds and charges; a little more jittered if the first child dies.
        *args: picklable, passed on.
        time_limit_s: wall-clock limit of each child, s.

    Raises:
        TimeLimitError: the limit ran out.
        EngineError: Zeo++ failed on this structure.
    """
    bare = replace(framework, id="framework", bonds=None, charges=None, name="")
    *first, last = (_jittered(bare, jitter_ang) for jitter_ang in JITTERS_ANG)
    for attempt in first:
        try:
            return run_isolated(function, attempt, *args, time_limit_s=time_limit_s)
        except ChildDiedError:
            continue
    return run_isolated(function, last, *args, time_limit_s=time_limit_s)


def _jittered(framework: Framework, jitter_ang: float) -> Framework:
    noise = np.random.default_rng(JITTER_SEED).normal(0.0, jitter_ang, (len(framework), 3))
    return framework.with_geometry(framework.positions + noise, framework.cell)


def atom_network(framework: Framework) -> Any:
    """Zeo++'s atoms of a framework; to be called in a child process, since it writes into the working directory.

    Raises:
        EngineMissingError: pyzeo is not installed.
    """
    try:
        from pyzeo.netstorage import AtomNetwork
    except ImportError as error:
        raise EngineMissingError(
            f"pyzeo cannot be imported ({error})", where="pore geometry", action="Run: pip install pyzeo"
        ) from error
    return AtomNetwork.read_from_CIF(str(write_cif(framework, "framework.cif")), rad_flag=True)


def diameters_of(network: Any) -> PoreDiameters:
    """Diameters of a network; to be called in a child process."""
    network.calculate_free_sphere_parameters("diameters.res")
    largest, limiting, _ = (float(x) for x in Path("diameters.res").read_text(encoding="utf-8").split()[-3:])
    return PoreDiameters(largest, limiting)


def method() -> str:
    """Engine, version and radii, for results."""
    return f"Zeo++ (pyzeo {metadata.version('pyzeo')}), CCDC radii"


def _diameters_here(framework: Framework, *, on_progress: Progress) -> PoreDiameters:
    return diameters_of(atom_network(framework))
