"""Where the guests are: their density in the unit cell, for viewers and as a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.adsorb.prepare import prepare
from mofa.adsorb.task import uptake_of
from mofa.chemistry import Framework, Reason, Rejected, Stage, Uptake
from mofa.isolate import TimeLimitError
from mofa.textfiles import write_text

_BOHR_PER_ANG = 1.0 / 0.529177210903


@dataclass(frozen=True, eq=False)
class DensityMap:
    """Mean number density of one gas's molecules (their centres) in the unit cell."""

    per_ang3: NDArray[np.float64]
    """Molecules per Å3 in every bin, ``[na, nb, nc]`` along the cell's vectors."""
    framework: Framework
    uptake: Uptake
    """The simulation that it comes from."""

    @property
    def molecules(self) -> float:
        """Molecules in a unit cell."""
        return float(self.per_ang3.mean() * self.framework.volume_ang3)


def density_map(
    framework: Framework,
    *,
    gas: str = "CO2",
    pressure_pa: float = 1.0e4,
    temperature_k: float = 300.0,
    cycles: int = 40_000,
    cutoff_ang: float = 12.8,
    max_atoms: int = 10_000,
    min_pore_diameter_ang: float | None = None,
    block_pockets: bool = False,
    seed: int = 1,
    time_limit_s: float = 1800.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> DensityMap | Rejected:
    """Density of the first gas by MOFA's own Monte Carlo; the arguments are those of `adsorb`.

    A quarter as many cycles as are counted, 2000 at least, go before for equilibration.

    Args:
        framework: one unit cell with charges.
        gas: guest or mixture.
        pressure_pa: pressure, Pa.
        temperature_k: temperature, K.
        cycles: production cycles, of all chains together.
        cutoff_ang: cut-off, Å.
        max_atoms: a supercell with more atoms is refused.
        min_pore_diameter_ang: see `adsorb`.
        block_pockets: see `adsorb`.
        seed: seed of the Monte Carlo moves.
        time_limit_s: wall-clock limit, s.
        on_progress: receives the fraction done and a short text; an exception that it raises cancels the run.

    Raises:
        InputError: a wrong option.
    """
    from mofa.adsorb.grid import GridEngine  # compiled code, not needed to import this module

    prepared = prepare(
        framework,
        gas=gas,
        pressure_pa=pressure_pa,
        temperature_k=temperature_k,
        initialization_cycles=max(2000, cycles // 4),
        min_cycles=cycles,
        max_cycles=cycles,
        target_relative_error=0.1,
        cutoff_ang=cutoff_ang,
        max_atoms=max_atoms,
        min_pore_diameter_ang=min_pore_diameter_ang,
        block_pockets=block_pockets,
        seed=seed,
    )
    if isinstance(prepared, Rejected):
        return prepared
    engine = GridEngine()
    try:
        loading = engine.simulate(prepared.job, time_limit_s=time_limit_s, on_progress=on_progress)
    except TimeLimitError as error:
        return Rejected(Stage.ADSORB, Reason.TIME_LIMIT, error.what)
    assert engine.density is not None  # after a simulation
    per_ang3 = engine.density * engine.density.size / framework.volume_ang3
    uptake = uptake_of(prepared.job, loading, prepared.pores, engine="grid", method=engine.method)
    return DensityMap(per_ang3, framework, uptake)


def write_cube(density: DensityMap, path: str | Path) -> Path:
    """Write a Gaussian cube file, which VESTA, VMD, PyMOL, Avogadro and ASE read: framework and density, in 1/Å3.

    Raises:
        OutputError: it cannot be written.
    """
    framework, values = density.framework, density.per_ang3
    uptake = density.uptake
    lines = [
        f"{uptake.gas} in {framework.name or framework.id}, molecules per cubic angstrom, by MOFA",
        f"{uptake.pressure_pa:g} Pa, {uptake.temperature_k:g} K, {density.molecules:.4g} molecules in the cell",
        # The bins' middles are where the values belong.
        _row(len(framework), *(0.5 * _BOHR_PER_ANG * (framework.cell / np.array(values.shape)[:, None]).sum(axis=0))),
    ]
    for n, vector in zip(values.shape, framework.cell, strict=True):
        lines.append(_row(n, *(vector / n * _BOHR_PER_ANG)))
    inside = (framework.fractional % 1.0) @ framework.cell * _BOHR_PER_ANG
    for number, position in zip(framework.numbers, inside, strict=True):
        lines.append(f"{number:5d} {float(number):12.6f}" + "".join(f" {x:12.6f}" for x in position))
    for plane in values:
        for column in plane:
            sixes = (column[start : start + 6] for start in range(0, len(column), 6))
            lines.extend("".join(f" {value:12.5e}" for value in six) for six in sixes)
    return write_text(path, "\n".join(lines) + "\n")


def _row(count: int, *vector: Any) -> str:
    return f"{count:5d}" + "".join(f" {x:12.6f}" for x in vector)
