"""The seven charge cycles of DDEC6.

T. A. Manz and N. Gabaldon Limas, RSC Adv. 6, 47771 (DOI 10.1039/c6ra04656h), and N. Gabaldon Limas and T. A. Manz,
RSC Adv. 6, 45727 (DOI 10.1039/c6ra05507a). Cycles 1 and 2 find the charges of the reference ions, 3 conditions their
densities to the material, 4 to 7 divide the density with these as the start. Their number is part of the method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mofa.charges.ddec6 import kernels
from mofa.charges.ddec6.references import (
    SHELL_BOHR,
    core_density,
    core_density_at,
    core_electrons,
    reference_density,
)
from mofa.charges.ddec6.reshape import monotonic, with_bounded_tail
from mofa.chemistry import Framework
from mofa.errors import EngineError
from mofa.units import BOHR_TO_ANG

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]
CYCLES = 7
LOCALIZING_POWER = 4
LOCALIZED_SHARE = 2.0 / 3.0
"""Weight of the localised charge in that of the reference ion; the rest is the stockholder's."""
LEAST_DECAY_PER_BOHR, MOST_DECAY_PER_BOHR = 1.75, 2.5
SELF_SHARE = 0.2
"""Weight of the plain spherical average where an atom has a point to itself."""
MOST_CORE_ELECTRONS_PER_POINT = 30.0
CORE_REACH_BOHR, CORE_STEP_BOHR = 4.0, 0.001
"""How far and how finely cores are tabulated where they are taken out of an all-electron density."""
CHARGE_TOLERANCE_E = 1e-5
MOST_ITERATIONS = 500


@dataclass(frozen=True, eq=False)
class Partition:
    """Net atomic charges and how the grid held the electrons."""

    charges: Array
    """e, ``[n_atoms]``."""
    valence_electrons: float
    """Of the neutral structure less its net charge."""
    integration_error_e: float
    """Electrons that the density on its grid has too many (positive) or too few, before it was scaled."""
    negative_e: float
    """Electrons at points of negative density, which counts as zero."""
    reference_charges: Array
    """e, of the reference ions ``[n_atoms]``, after cycle 2."""
    by_cycle: Array
    """Charges after cycles 1, 2 and 4 to 7 ``[6, n_atoms]``, e."""


@dataclass(eq=False)
class Grid:
    """The density and the atoms on it, in bohr."""

    framework: Framework
    density: Array
    """Valence electrons, then all, 1/bohr3, ``[n_a, n_b, n_c]``."""
    voxel: Array = field(init=False)
    centers: Array = field(init=False)
    reach: Array = field(init=False)

    def __post_init__(self) -> None:
        shape = np.array(self.density.shape)
        self.voxel = self.framework.cell / BOHR_TO_ANG / shape[:, None]
        self.centers = self.framework.fractional * shape
        widths = self.framework.perpendicular_widths_ang() / BOHR_TO_ANG / shape
        self.reach = kernels.SHELLS * SHELL_BOHR / widths

    @property
    def volume(self) -> float:
        """Of one point, bohr3."""
        return float(abs(np.linalg.det(self.voxel)))

    def total(self, tables: Array) -> Array:
        """Sum of spherical functions ``[n_atoms, 100]`` of all atoms on the grid."""
        total = np.zeros_like(self.density)
        for center, table in zip(self.centers, tables, strict=True):
            kernels.add_atom(total, center, self.voxel, self.reach, 1.0 / SHELL_BOHR, table)
        return total

    def shares(self, tables: Array) -> Array:
        """Sums of `kernels.share_of_atom` for every atom ``[n_atoms, 4, 100]``."""
        total = self.total(tables)
        around = (self.voxel, self.reach, 1.0 / SHELL_BOHR)
        return np.array(
            [
                kernels.share_of_atom(self.density, total, center, *around, table)
                for center, table in zip(self.centers, tables, strict=True)
            ]
        )

    def overlap(self, tables: Array) -> Array:
        """How far every shell of an atom is its own: 1 outside all others, less where buried ``[n_atoms, 100]``."""
        total = self.total(tables)
        around = (self.voxel, self.reach, 1.0 / SHELL_BOHR)
        found = np.ones_like(tables)
        for k, (center, table) in enumerate(zip(self.centers, tables, strict=True)):
            roots, weighted = kernels.root_sums(total, center, *around, table)
            np.divide(weighted, roots, out=found[k], where=roots > 0)
        return found


def partition(
    framework: Framework,
    density: Array,
    *,
    net_charge_e: float = 0.0,
    all_electron: bool = False,
    on_progress: Progress | None = None,
) -> Partition:
    """Divide a density among the atoms of a periodic structure.

    Args:
        framework: the structure that the density belongs to.
        density: valence electrons on a grid over the cell, point (0, 0, 0) at its origin, 1/bohr3, ``[n_a, n_b, n_c]``.
        net_charge_e: of the cell; the charges add up to it exactly.
        all_electron: the density holds the cores, too. Frozen ones are taken out at every point, since the grid, too
            coarse for them, misses about the same of both; what is left is divided as a valence density.
        on_progress: receives the fraction done and a short text after every cycle.

    Raises:
        EngineError: no division gives every atom at least its core.
    """
    report = on_progress or (lambda fraction, text: None)
    if all_electron:
        density = density - _frozen_cores(Grid(framework, density))
    grid = Grid(framework, np.maximum(density, 0.0))
    cores = np.array([core_electrons(symbol) for symbol in framework.symbols], dtype=np.float64)
    nuclear = framework.numbers - cores
    electrons = float(nuclear.sum() - net_charge_e)
    error = float(density.sum()) * grid.volume - electrons
    negative = float((grid.density - density).sum()) * grid.volume
    _add_cores(grid, cores)
    report(0.05, "cores")
    scheme = _Scheme(grid, nuclear, cores, electrons, report)
    reference = scheme.reference_charges()
    tables = scheme.conditioned(reference)
    charges = scheme.divided(tables)
    return Partition(charges, electrons, error, negative, reference, np.array(scheme.history))


def _frozen_cores(grid: Grid) -> Array:
    """Density of the free atoms' cores at every point of a grid, 1/bohr3."""
    distances = np.linspace(0.0, CORE_REACH_BOHR, round(CORE_REACH_BOHR / CORE_STEP_BOHR) + 1, dtype=np.float64)
    reach = grid.reach * (CORE_REACH_BOHR / (kernels.SHELLS * SHELL_BOHR))
    total = np.zeros_like(grid.density)
    for center, symbol in zip(grid.centers, grid.framework.symbols, strict=True):
        if core_electrons(symbol):
            kernels.add_smooth(total, center, grid.voxel, reach, CORE_STEP_BOHR, core_density_at(symbol, distances))
    return total


def _add_cores(grid: Grid, cores: Array) -> None:
    """Put frozen cores into the density, each corrected so that the points of the grid hold exactly its electrons."""
    tables = np.zeros((len(cores), kernels.SHELLS))
    for k, (symbol, electrons) in enumerate(zip(grid.framework.symbols, cores, strict=True)):
        if electrons:
            around = (grid.centers[k], grid.voxel, grid.reach, 1.0 / SHELL_BOHR)
            one = np.ones(kernels.SHELLS)
            points = kernels.share_of_atom(grid.density, np.ones_like(grid.density), *around, one)[0]
            tables[k] = _exact_core(core_density(symbol), points * grid.volume, electrons, grid.volume)
    grid.density += grid.total(tables)


def _exact_core(core: Array, weights: Array, electrons: float, volume: float) -> Array:
    """A core whose shells, weighted by the grid, hold its electrons: steep shells take what is missing."""
    table = np.where(weights > 0, np.minimum(core, MOST_CORE_ELECTRONS_PER_POINT / volume), 0.0)
    for _ in range(60):
        missing = electrons - float(table @ weights)
        if abs(missing) < CHARGE_TOLERANCE_E:
            break
        factor = min(missing / float(table**3 @ weights), 0.25 / float(table.max()) ** 2)
        table = table / np.sqrt(1.0 - 2.0 * factor * table**2)
    return np.asarray(table)


@dataclass(eq=False)
class _Scheme:
    grid: Grid
    nuclear: Array
    """Charge of every nucleus with its core, e."""
    cores: Array
    electrons: float
    """Of the valence."""
    report: Progress
    history: list[Array] = field(default_factory=list)

    def _charges(self, populations: Array) -> Array:
        """Net charges from electrons per atom, cores included, scaled to the number of valence electrons."""
        valence = populations - self.cores
        return np.asarray(self.nuclear - valence * (self.electrons / valence.sum()))

    def reference_charges(self) -> Array:
        """Cycles 1 and 2."""
        symbols = self.grid.framework.symbols
        charges = np.zeros(len(symbols))
        for cycle in (1, 2):
            tables = np.array([reference_density(s, q) for s, q in zip(symbols, charges, strict=True)])
            populations, localized = (
                self.grid.shares(t)[:, 2].sum(axis=1) * self.grid.volume for t in (tables, tables**LOCALIZING_POWER)
            )
            scale = self.electrons / (populations - self.cores).sum()
            stockholder = self.nuclear - scale * (populations - self.cores)
            local = self.nuclear - scale * (localized - self.cores)
            charges = (1.0 - LOCALIZED_SHARE) * stockholder + LOCALIZED_SHARE * local
            self.history.append(stockholder)
            self.report(0.15 * cycle, f"cycle {cycle} of {CYCLES}")
        return charges

    def conditioned(self, reference: Array) -> Array:
        """Cycle 3: the reference densities as they are in the material ``[n_atoms, 100]``."""
        symbols, volume = self.grid.framework.symbols, self.grid.volume
        tables = np.array([reference_density(s, q) for s, q in zip(symbols, reference, strict=True)])
        sums = self.grid.shares(tables)
        points, shared = sums[:, 0], sums[:, 2]
        averages = np.divide(shared, points, out=np.zeros_like(shared), where=points > 0)
        populations = shared.sum(axis=1) * volume
        scale = self.electrons / (populations - self.cores).sum()
        wanted = (self.nuclear - reference) / scale + self.cores
        factors = np.divide(wanted, populations, out=np.ones_like(wanted), where=populations > CHARGE_TOLERANCE_E)
        conditioned = np.maximum(averages * factors[:, None], 0.0)
        self.report(0.4, f"cycle 3 of {CYCLES}")
        return np.array([monotonic(t, w) for t, w in zip(conditioned, points * volume, strict=True)])

    def divided(self, tables: Array) -> Array:
        """Cycles 4 to 7: the charges."""
        buried = 1.0 - self.grid.overlap(tables) ** 2
        least_decay = np.exp(-LEAST_DECAY_PER_BOHR * buried * SHELL_BOHR)
        slack = buried / MOST_DECAY_PER_BOHR
        most_decay = np.where(slack > 0.01, np.exp(-SHELL_BOHR / np.maximum(slack, 0.01)), 0.0)
        cycle, lifting = 4, False
        lift = np.ones(len(tables))
        charges, change = np.zeros(len(tables)), np.inf
        for iteration in range(MOST_ITERATIONS):
            sums = self.grid.shares(tables)
            points, shares, shared, twice = sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3]
            populations = shared.sum(axis=1) * self.grid.volume
            before, change_before = charges, change
            charges = self._charges(populations)
            change = float(np.abs(charges - before).max())
            valence = self.nuclear - charges
            if iteration and valence.min() < -CHARGE_TOLERANCE_E:
                lifting = True
            if lifting and max(change, change_before) < CHARGE_TOLERANCE_E:
                lifting, lift = False, np.ones(len(tables))
            if lifting:
                slope = (shared - twice).sum(axis=1) * self.grid.volume
                raised = np.maximum(1.0, lift * np.exp(-valence / np.maximum(slope, 1e-7)))
                raised[slope <= 1e-7] = 1.0
                tables, lift = tables * (raised / lift)[:, None], raised
                continue
            self.history.append(charges)
            self.report(0.4 + 0.15 * (cycle - 3), f"cycle {cycle} of {CYCLES}")
            if cycle == CYCLES:
                return charges
            cycle += 1
            tables = self._reshaped(points, shares, shared, twice, least_decay, most_decay)
        raise EngineError(
            f"an atom has less than no valence electrons after {MOST_ITERATIONS} iterations",
            where="ddec6",
            action="Check that the density belongs to the structure",
        )

    def _reshaped(
        self, points: Array, shares: Array, shared: Array, twice: Array, least_decay: Array, most_decay: Array
    ) -> Array:
        """Weights of the next cycle: averages that count points less the more an atom has them to itself."""
        plain = np.divide(shared, points, out=np.zeros_like(shared), where=points > 0)
        above = shared - twice + SELF_SHARE * shares * plain
        weighted = np.divide(above, points - (1.0 - SELF_SHARE) * shares, out=np.zeros_like(shared), where=points > 0)
        volumes = points * self.grid.volume
        rows = zip(weighted, volumes, least_decay, most_decay, strict=True)
        return np.array([with_bounded_tail(*row) for row in rows])
