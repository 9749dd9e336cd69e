"""From a framework and conditions to a checked `AdsorptionJob`, or to the reason why there is none."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mofa.adsorb import checks
from mofa.adsorb.engine import AdsorptionJob
from mofa.adsorb.gases import Guest
from mofa.adsorb.mixture import mixture_at
from mofa.adsorb.porosity import closed_pockets, pore_geometry
from mofa.adsorb.statistics import BLOCKS
from mofa.chemistry import Framework, PoreGeometry, Reason, Rejected, Stage
from mofa.errors import EngineError, EngineMissingError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """A job and the pores that were found on the way."""

    job: AdsorptionJob
    pores: PoreGeometry | None


def prepare(
    framework: Framework,
    *,
    gas: str,
    pressure_pa: float,
    temperature_k: float,
    initialization_cycles: int,
    min_cycles: int,
    max_cycles: int,
    target_relative_error: float,
    cutoff_ang: float,
    max_atoms: int,
    min_pore_diameter_ang: float | None,
    block_pockets: bool,
    seed: int,
) -> Prepared | Rejected:
    """Check everything and put it together; the arguments are those of `mofa.adsorb.adsorb`.

    Raises:
        InputError: a wrong option.
        EngineMissingError: pockets are to be blocked, and Zeo++ is not installed.
        EngineError: pockets are to be blocked, and Zeo++ failed.
    """
    checks.check_conditions(pressure_pa=pressure_pa, temperature_k=temperature_k, cutoff_ang=cutoff_ang)
    checks.check_sampling(
        initialization_cycles=initialization_cycles,
        min_cycles=min_cycles,
        max_cycles=max_cycles,
        target_relative_error=target_relative_error,
        fewest=BLOCKS,
    )
    species = mixture_at(gas, pressure_pa=pressure_pa, temperature_k=temperature_k)
    host = checks.admit(framework, charged=any(site.charge_e for one in species for site in one.guest.sites))
    if isinstance(host, Rejected):
        return host
    supercell = checks.supercell_for(host, cutoff_ang=cutoff_ang, max_atoms=max_atoms)
    if isinstance(supercell, Rejected):
        return supercell
    widest = max((one.guest for one in species), key=lambda one: one.kinetic_diameter_ang)
    pores = _pores(host)
    limit_ang = widest.kinetic_diameter_ang if min_pore_diameter_ang is None else min_pore_diameter_ang
    if pores is not None and pores.pore_limiting_diameter_ang < limit_ang:
        return _too_narrow(pores, widest, limit_ang)
    radius_ang = 0.5 * min(one.guest.kinetic_diameter_ang for one in species)
    job = AdsorptionJob(
        framework=host,
        species=species,
        pressure_pa=pressure_pa,
        temperature_k=temperature_k,
        supercell=supercell,
        cutoff_ang=cutoff_ang,
        initialization_cycles=initialization_cycles,
        min_cycles=min_cycles,
        max_cycles=max_cycles,
        target_relative_error=target_relative_error,
        seed=seed,
        pockets=closed_pockets(host, probe_radius_ang=radius_ang) if block_pockets else (),
    )
    return Prepared(job, pores)


class _Structure:
    """A framework that is equal to another one with the same atoms in the same places."""

    def __init__(self, framework: Framework) -> None:
        self.framework = framework
        arrays = (np.asarray(framework.positions), np.asarray(framework.cell))
        self._identity = (framework.symbols, *(array.tobytes() for array in arrays))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Structure) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)


@lru_cache(maxsize=8)
def _pores_of(structure: _Structure) -> PoreGeometry | Rejected:
    """Found once for all conditions at which a framework is simulated."""
    return pore_geometry(structure.framework)


def _pores(framework: Framework) -> PoreGeometry | None:
    """Pore geometry, or None where Zeo++ is missing or fails: the uptake stands without it."""
    try:
        pores = _pores_of(_Structure(framework))
    except (EngineError, EngineMissingError) as error:
        logger.warning("no pore sizes, and no check that the pore is wide enough: %s", error)
        return None
    if isinstance(pores, Rejected):
        logger.warning("no pore sizes, and no check that the pore is wide enough: %s", pores)
        return None
    return pores


def _too_narrow(pores: PoreGeometry, molecule: Guest, limit_ang: float) -> Rejected:
    detail = (
        f"the widest path is {pores.pore_limiting_diameter_ang:.2f} Å across; the limit is {limit_ang:g} Å"
        f" and {molecule.name} has a kinetic diameter of {molecule.kinetic_diameter_ang:g} Å"
    )
    return Rejected(Stage.ADSORB, Reason.PORE_TOO_NARROW, detail)
