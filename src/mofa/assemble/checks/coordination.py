"""Who may be bonded to whom: neighbours by element and by role, and valences where bond orders are known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mofa.assemble.checks.finding import Finding
from mofa.assemble.checks.structure import Ints, Mask, Structure
from mofa.assemble.checks.windows import BARE_OXYGEN_METALS, HALOGENS, neighbor_range
from mofa.chemistry import Reason

# Carbons that a metal with sandwich ligands (ferrocene) holds at least.
_SANDWICH_CARBONS = 5
# A carbon's bonds sum to 4; shared ones (a meso carbon, a carboxylate drawn with 1.5 and 1) leave half a bond open.
_CARBON_VALENCE = (3.5, 4.5)
_NITROGEN_LEAST_VALENCE = 2.5
# A lone pair on nitrogen binds one metal: its bonds and its metals together are four.
_NITROGEN_MOST_BONDS = 4.0
# A carbon with two bonds is bent, and one with three is a pyramid, where a hydrogen is missing.
_BENT_DEG = 135.0
_PYRAMID_DEG = 345.0
# A carbon with three neighbours is planar; noise and strained rings lower the sum by a few degrees.
_FLAT_DEG = 345.0


def neighbors(structure: Structure) -> Finding | None:
    """Number of neighbours by element, metal-metal bonds left out; a metal or halogen alone is an ion."""
    count = np.where(structure.metal, structure.n_nonmetal, structure.graph.coordination)
    on_metal = structure.n_metal > 0
    elements, kind = structure.elements
    limits = _neighbor_ranges(elements)[kind, on_metal.astype(np.int64)]
    ion = (count == 0) & (structure.metal | structure.are(*sorted(HALOGENS)))
    wrong = np.flatnonzero(((count < limits[:, 0]) | (count > limits[:, 1])) & ~ion)
    if not len(wrong):
        return None
    atom = int(wrong[0])
    least, most = limits[atom]
    symbol = structure.framework.symbols[atom]
    detail = f"{structure.label(atom)} has {count[atom]} neighbours, {symbol} takes {least} to {most}"
    return Reason.COORDINATION, detail, tuple(wrong.tolist())


@lru_cache(maxsize=256)
def _neighbor_ranges(elements: tuple[str, ...]) -> Ints:
    """Fewest and most neighbours of every element, without a metal among them and with one, ``[n_elements, 2, 2]``."""
    return np.array([[neighbor_range(symbol, on_metal=flag) for flag in (False, True)] for symbol in elements])


def roles(structure: Structure) -> Finding | None:
    """Donors and carbons in the wrong place: what each may bind follows from what else it is bonded to."""
    for wrong, sentence in _misplaced(structure):
        atoms = np.flatnonzero(wrong)
        if len(atoms):
            atom = int(atoms[0])
            around = ", ".join(structure.label(k) for k, _, _ in structure.graph.neighbors[atom])
            more = "" if len(atoms) == 1 else f" ({len(atoms)} such atoms)"
            detail = f"{structure.label(atom)} is bonded to {around}: {sentence}{more}"
            return Reason.COORDINATION, detail, tuple(atoms.tolist())
    return None


def _misplaced(structure: Structure) -> Iterator[tuple[Mask, str]]:
    """Atoms that break a rule, and the rule."""
    carbon, nitrogen, oxygen = structure.are("C"), structure.are("N"), structure.are("O")
    on_metal, with_hydrogen = structure.n_metal > 0, structure.n_hydrogen > 0
    yield carbon & on_metal & ~_binds_as_carbon(structure), "a linker's carbon is no donor"
    carboxylate = carbon & (structure.neighbors_that_are(oxygen & on_metal) >= 2)
    bare_nitrogen = structure.neighbors_that_are(nitrogen & ~with_hydrogen) > 0
    yield carboxylate & bare_nitrogen, "an N donor belongs on a metal, not on a carboxylate carbon"
    nitrile = structure.nitrile_nitrogen & on_metal
    yield nitrile & with_hydrogen, "a nitrile that binds a metal has no hydrogen on its nitrogen"
    yield nitrile & (structure.n_metal > 1), "a nitrile binds one metal"
    carboxyl = carbon & (structure.neighbors_that_are(oxygen) >= 2)
    acid = oxygen & (structure.neighbors_that_are(carboxyl) > 0)
    yield acid & on_metal & with_hydrogen, "a carboxylate that binds a metal has no hydrogen"
    hydrogens_only = structure.n_nonmetal == structure.n_hydrogen
    yield oxygen & (structure.n_nonmetal > 2) & ~hydrogens_only, "oxygen forms two bonds to nonmetals"
    bare = oxygen & (structure.graph.coordination == 1) & on_metal
    holder = structure.neighbors_that_are(structure.metal & ~structure.are(*BARE_OXYGEN_METALS)) > 0
    yield bare & holder, "an oxygen on one metal of this kind is water or hydroxide and lacks its hydrogens"


def _binds_as_carbon(structure: Structure) -> Mask:
    """Carbons that are known as donors: cyanide, carbonyl and isocyanide, carbenes between two N, sandwiches."""
    carbon = structure.are("C")
    nitrogens, oxygens = (structure.neighbors_that_are(structure.are(symbol)) for symbol in ("N", "O"))
    end_on = (structure.n_nonmetal == 1) & (nitrogens + oxygens == 1)
    carbene = (structure.n_nonmetal == 2) & (nitrogens == 2)
    sandwich = structure.metal & (structure.neighbors_that_are(carbon) >= _SANDWICH_CARBONS)
    return np.asarray(end_on | carbene | (structure.neighbors_that_are(sandwich) > 0), dtype=np.bool_)


def valences(structure: Structure) -> Finding | None:
    """Bond orders at carbon and nitrogen: too many are a wrong valence, too few a radical that lacks a hydrogen."""
    total = structure.valence
    carbon = structure.are("C") & (structure.n_metal == 0)
    nitrogen = structure.are("N")
    if structure.orders_given:
        few = carbon & (total < _CARBON_VALENCE[0])
        few |= nitrogen & (structure.n_metal == 0) & (total < _NITROGEN_LEAST_VALENCE)
        many = carbon & (total > _CARBON_VALENCE[1])
    else:
        few = carbon & (total < _CARBON_VALENCE[0]) & _lacks_a_direction(structure)
        many = np.zeros_like(carbon)
    many |= nitrogen & (structure.n_metal > 0) & (total + structure.n_metal > _NITROGEN_MOST_BONDS)
    for wrong, reason, meaning in (
        (many, Reason.VALENCE, "too many"),
        (few, Reason.RADICAL, "too few: a hydrogen is missing"),
    ):
        atoms = np.flatnonzero(wrong)
        if len(atoms):
            atom = int(atoms[0])
            metals = f" beside {structure.n_metal[atom]} metals" if structure.n_metal[atom] else ""
            needed = "4" if carbon[atom] or metals else "3"
            detail = (
                f"the bonds of {structure.label(atom)} sum to {total[atom]:g}{metals} where {needed} are needed,"
                f" {meaning} ({len(atoms)} such atoms)"
            )
            return reason, detail, tuple(atoms.tolist())
    return None


def flatness(structure: Structure) -> Finding | None:
    """Carbons with three neighbours are planar: their three angles add up to 360 degrees."""
    bent = structure.are("C") & (structure.n_metal == 0) & (_angle_sums_deg(structure) < _FLAT_DEG)
    bent &= structure.graph.coordination == 3
    atoms = np.flatnonzero(bent)
    if not len(atoms):
        return None
    worst = int(atoms[np.argmin(_angle_sums_deg(structure)[atoms])])
    total = _angle_sums_deg(structure)[worst]
    detail = (
        f"the three angles at {structure.label(worst)} add up to {total:.0f} degrees, at least {_FLAT_DEG:g} in a plane"
        f" ({len(atoms)} such atoms)"
    )
    return Reason.BOND_ANGLE, detail, tuple(atoms.tolist())


def _lacks_a_direction(structure: Structure) -> Mask:
    """Atoms with two bonds at an angle or with three in a pyramid."""
    total, count = _angle_sums_deg(structure), structure.graph.coordination
    return np.asarray(((count == 2) & (total < _BENT_DEG)) | ((count == 3) & (total < _PYRAMID_DEG)), dtype=np.bool_)


def _angle_sums_deg(structure: Structure) -> NDArray[np.float64]:
    """Sum of all angles between the bonds of every atom, degrees, ``[n_atoms]``."""
    (one, two), ends, n = structure.angles, structure.ends, len(structure.numbers)
    cosine = np.clip((ends.unit[one] * ends.unit[two]).sum(axis=1), -1.0, 1.0)
    return np.asarray(
        np.bincount(ends.centre[one], weights=np.degrees(np.arccos(cosine)), minlength=n), dtype=np.float64
    )
