"""Frameworks with charges, and jobs on them, for the tests of the engines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mofa.adsorb import AdsorptionJob
from mofa.adsorb.mixture import mixture_at
from mofa.chemistry import Framework
from tests.structures import irmof1

# By element and surroundings: Zn, central O, carboxylate O and C, the ring carbon beside it, C with H, H.
_GFN1 = {"Zn": 0.793, "O4": -0.645, "O2": -0.525, "C-carboxylate": 0.583, "C-ipso": -0.028, "C": -0.028, "H": 0.065}
# DDEC6 of a CP2K PBE density.
_DDEC6 = {"Zn": 0.947, "O4": -1.005, "O2": -0.534, "C-carboxylate": 0.565, "C-ipso": -0.013, "C": -0.105, "H": 0.130}


def charged_irmof1() -> Framework:
    """IRMOF-1 with GFN1-xTB charges."""
    return _charged(_GFN1, "gfn1-xtb")


def ddec6_irmof1() -> Framework:
    """IRMOF-1 with DDEC6 charges."""
    return _charged(_DDEC6, "ddec6")


def _charged(values: dict[str, float], method: str) -> Framework:
    framework = irmof1()
    assert framework.bonds is not None
    charges = []
    for symbol, neighbors in zip(framework.symbols, framework.bonds.neighbors, strict=True):
        kind, around = symbol, {framework.symbols[k] for k, _, _ in neighbors}
        if symbol == "O":
            kind = "O4" if len(neighbors) == 4 else "O2"
        elif symbol == "C":
            kind = "C-carboxylate" if "O" in around else "C" if "H" in around else "C-ipso"
        charges.append(values[kind])
    return framework.with_charges(np.array(charges) - np.mean(charges), method)


def skewed_salt(*, charge_e: float = 0.6, shear: float = 0.35) -> Framework:
    """Two atoms of opposite charge in a sheared cell of about 9 Å: small, open, and cheap to compute exactly."""
    cell = 9.0 * np.array([[1.0, 0.0, 0.0], [shear, 1.0, 0.0], [-0.2, 0.25, 1.05]])
    positions = np.array([[0.1, 0.2, 0.3], [0.55, 0.65, 0.8]]) @ cell
    return Framework("salt", ("Zn", "O"), positions, cell, charges=np.array([charge_e, -charge_e]), charge_method="x")


def job_on(
    framework: Framework,
    gas: str = "CO2",
    *,
    pressure_pa: float = 1.0e4,
    temperature_k: float = 298.0,
    supercell: tuple[int, int, int] = (2, 2, 2),
    **others: Any,
) -> AdsorptionJob:
    """A job with few cycles; others replace its fields."""
    job = AdsorptionJob(
        framework=framework,
        species=mixture_at(gas, pressure_pa=pressure_pa, temperature_k=temperature_k),
        pressure_pa=pressure_pa,
        temperature_k=temperature_k,
        supercell=supercell,
        cutoff_ang=12.8,
        initialization_cycles=1000,
        min_cycles=4000,
        max_cycles=100_000,
        target_relative_error=0.05,
        seed=1,
    )
    return replace(job, **others)
