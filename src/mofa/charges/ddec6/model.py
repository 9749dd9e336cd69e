"""The charge model DDEC6: from a cube file, or from a structure through CP2K."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from mofa.charges.ddec6.cube import Cube, read_cube, read_header
from mofa.charges.ddec6.references import core_electrons, elements
from mofa.charges.model import RawCharges
from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.cp2k import Cp2kSettings, run_folder, single_point
from mofa.errors import InputError
from mofa.isolate import Progress, run_isolated
from mofa.units import BOHR_TO_ANG

METHOD = "ddec6"
COARSEST_VOXEL_BOHR3 = 0.0157
"""Larger grid points are refused, as by the method's authors: 0.25 bohr on a cubic grid."""
TOLERANCE_E, RELATIVE_TOLERANCE = 0.1, 1e-3
"""Electrons, or their share of the valence, whichever is more, by which the grid may miss."""
DFT_SHARE = 0.85
"""Of the progress, where CP2K runs first."""


class Ddec6Charges:
    """The `ChargeModel` of DDEC6, for neutral cells; `mofa.charges.ddec6.partition` takes charged ones, too.

    Args:
        density: cube file of the structure's valence (or all-electron) density; without one CP2K computes it.
        multiplicity: spin multiplicity for CP2K; 0: 1.
        command: CP2K's command line; empty: ``cp2k.psmp``.
        threads: OpenMP threads of each of its processes; 0: 1.
        template: its input template; empty: MOFA's.
        cutoff_ry: its plane-wave cut-off, Ry; 0: 300.
        basis_set: its basis set; empty: DZVP-MOLOPT-SR-GTH.
        folder: where its files stay; empty: a scratch folder.
    """

    def __init__(
        self,
        density: str = "",
        multiplicity: int = 0,
        command: str = "",
        threads: int = 0,
        template: str = "",
        cutoff_ry: float = 0.0,
        basis_set: str = "",
        folder: str = "",
    ) -> None:
        self._density = Path(density).absolute() if density else None
        self._folder = Path(folder).absolute() if folder else None
        self._settings = Cp2kSettings.of(
            command=command,
            threads=threads,
            template=template,
            cutoff_ry=cutoff_ry,
            basis_set=basis_set,
            multiplicity=multiplicity,
        )

    @property
    def label(self) -> str:
        """Name of the method."""
        return METHOD

    def charges(
        self, framework: Framework, *, time_limit_s: float, on_progress: Progress | None = None
    ) -> RawCharges | Rejected:
        """Charges from the density; see `ChargeModel.charges`.

        Raises:
            InputError: the density is not readable, too coarse, or of another structure.
        """
        known = set(elements())
        strange = tuple(k for k, symbol in enumerate(framework.symbols) if symbol not in known)
        if strange:
            names = ", ".join(sorted({framework.symbols[k] for k in strange}))
            detail = f"DDEC6 has no reference densities for {names} here"
            return Rejected(Stage.CHARGES, Reason.UNKNOWN_ELEMENT, detail, strange)
        if self._density is not None:
            read_header(self._density).check(framework)
            given = run_isolated(divide, framework, self._density, time_limit_s=time_limit_s, on_progress=on_progress)
            return replace(given, converged=None)
        deadline_s = time.monotonic() + time_limit_s
        with run_folder(self._folder) as folder:
            point = single_point(
                framework,
                self._settings,
                folder=folder,
                time_limit_s=time_limit_s,
                on_progress=on_progress and (lambda done, text: on_progress(DFT_SHARE * done, text)),
            )
            if isinstance(point, Rejected):
                return point
            raw = run_isolated(
                divide,
                framework,
                point.density_cube,
                time_limit_s=max(deadline_s - time.monotonic(), 1.0),
                on_progress=on_progress and (lambda done, text: on_progress(DFT_SHARE + (1 - DFT_SHARE) * done, text)),
            )
        return replace(raw, cpu_s=raw.cpu_s + point.cpu_s)


def divide(framework: Framework, path: Path, *, on_progress: Progress) -> RawCharges:
    """Charges of a structure from the density in a cube file; for a process of its own.

    Raises:
        InputError: the density is not readable, too coarse, of another structure, or holds other electrons.
    """
    from mofa.charges.ddec6.partition import partition

    cube = read_cube(path)
    cube.header.check(framework)
    all_electron = check_grid(framework, cube)
    found = partition(framework, cube.values, all_electron=all_electron, on_progress=on_progress)
    tolerance = max(TOLERANCE_E, RELATIVE_TOLERANCE * found.valence_electrons)
    if abs(found.integration_error_e) > tolerance:
        held = found.valence_electrons + found.integration_error_e
        raise InputError(
            f"holds {held:.2f} valence electrons where the structure has {found.valence_electrons:.0f}",
            where=path,
            action="Use a finer grid: with all electrons it misses the cores' peaks"
            if all_electron
            else "Give the density of the whole neutral cell, for GTH pseudopotentials with the usual valence",
        )
    return RawCharges(found.charges, time.process_time(), found.integration_error_e)


def check_grid(framework: Framework, cube: Cube) -> bool:
    """Whether a density holds all electrons, not only those of the valence.

    Raises:
        InputError: its grid is too coarse.
    """
    if cube.voxel_bohr3 > COARSEST_VOXEL_BOHR3:
        spacing = cube.voxel_bohr3 ** (1 / 3) * BOHR_TO_ANG
        finest = COARSEST_VOXEL_BOHR3 ** (1 / 3) * BOHR_TO_ANG
        raise InputError(
            f"its grid is too coarse: {spacing:.3f} Å between points, at most {finest:.3f} Å will do",
            where=cube.header.path,
            action="Write every point (STRIDE 1 1 1), with a plane-wave cut-off of 200 Ry or more",
        )
    every = int(np.sum(framework.numbers))
    cores = sum(core_electrons(symbol) for symbol in framework.symbols)
    held = float(cube.values.sum()) * cube.voxel_bohr3
    return cores > 0 and abs(held - every) < abs(held - (every - cores))
