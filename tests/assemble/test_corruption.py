"""Each way to be wrong is refused for its own reason; what is sound is not refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mofa.assemble import assemble, check_framework
from mofa.chemistry import Framework, Lineage, Reason
from tests.assemble.damage import (
    METHANE,
    WATER,
    beside,
    bond,
    bonded,
    deformed,
    first,
    joined,
    molecule_with,
    moved,
    perpendicular,
    renamed,
    reordered,
    shifted,
    turned,
    unbonded,
    without,
)
from tests.assemble.experiment import framework as experiment
from tests.assemble.linkers import ANTHRACENE_9_10, BDC, BPDC, DABCO, DCB, DCBP, linker
from tests.structures import irmof1

ME2_BDC = "OC(=O)c1cc(C)c(cc1C)C(=O)O"


@cache
def pillared() -> Framework:
    """Zn2(BDC)2(dicyanobenzene), bonds and orders known; its pillar comes last."""
    return built(BDC, DCB)


@cache
def methylated() -> Framework:
    return built(ME2_BDC, DCBP)


@cache
def mof5() -> Framework:
    return irmof1()


def built(*smiles: str) -> Framework:
    made = assemble([linker(one) for one in smiles])
    assert isinstance(made, Framework), made
    return made


def as_cif(framework: Framework) -> Framework:
    """What a file without bonds says."""
    return replace(framework, bonds=None)


def pore(framework: Framework) -> np.ndarray:
    """A free place in a pillared framework, whose node stands at the origin."""
    return framework.cell.sum(axis=0) / 2.0


def ring_carbon(framework: Framework) -> int:
    return first(framework, "C", "C", "C", "H")


def carboxylate_carbon(framework: Framework) -> int:
    return first(framework, "C", "C", "O", "O")


def pillar(framework: Framework) -> set[int]:
    return molecule_with(framework, framework.symbols.index("N"))


def nitrogen_of_pillar(framework: Framework) -> tuple[int, int, int]:
    """A nitrogen, its carbon and its metal, all in one cell."""
    for nitrogen, row in enumerate(framework.bonds.neighbors):
        if framework.symbols[nitrogen] == "N" and not any(any(shift) for _, shift, _ in row):
            return nitrogen, beside(framework, nitrogen, "C"), beside(framework, nitrogen, "Zn")
    raise LookupError("no nitrogen")


WAYS: list[tuple[Callable[[], Framework], Reason]] = []


def wrong(reason: Reason) -> Callable[[Callable[[], Framework]], Callable[[], Framework]]:
    """Put a way to be wrong on the list."""

    def note(way: Callable[[], Framework]) -> Callable[[], Framework]:
        WAYS.append((way, reason))
        return way

    return note


# What is not even a structure


@wrong(Reason.NOT_FINITE)
def coordinate_is_nan() -> Framework:
    return moved(pillared(), 7, [0.0, np.nan, 0.0])


@wrong(Reason.NOT_FINITE)
def cell_is_infinite() -> Framework:
    return pillared().with_geometry(pillared().positions, pillared().cell * np.inf)


@wrong(Reason.NOT_PERIODIC)
def cell_is_left_handed() -> Framework:
    return as_cif(pillared()).with_geometry(pillared().positions, pillared().cell[[1, 0, 2]])


@wrong(Reason.NOT_PERIODIC)
def cell_is_flat() -> Framework:
    cell = np.array(pillared().cell)
    cell[2] = cell[0] + cell[1]
    return pillared().with_geometry(pillared().positions, cell)


@wrong(Reason.UNKNOWN_ELEMENT)
def dummy_is_left() -> Framework:
    return renamed(pillared(), {5: "Xx"})


@wrong(Reason.OVERLAP)
def atoms_are_listed_twice() -> Framework:
    mof = pillared()
    return joined(mof, mof.symbols[:6], mof.positions[:6] + 0.01)


# Distances


@wrong(Reason.CLASH)
def linker_is_listed_twice() -> Framework:
    mof = pillared()
    rows = sorted(pillar(mof))
    return bonded_copy(mof, rows, 0.4)


def bonded_copy(framework: Framework, rows: list[int], away_ang: float) -> Framework:
    """Atoms once more, near their first place, and the bonds those of the first only."""
    graph = framework.bonds
    both = joined(framework, [framework.symbols[k] for k in rows], framework.positions[rows] + away_ang)
    return replace(both, bonds=replace(graph, n_atoms=len(both)))


@wrong(Reason.CLASH)
def guest_touches_the_wall() -> Framework:
    mof = pillared()
    carbon = ring_carbon(mof)
    hydrogen = beside(mof, carbon, "H")
    return joined(mof, "CHHHH", mof.positions[hydrogen] + 2.0 * bond(mof, carbon, hydrogen) + METHANE)


@wrong(Reason.CLASH)
def second_net_is_forced_in() -> Framework:
    mof = pillared()
    both = joined(mof, mof.symbols, mof.positions + pore(mof) / 2.0)
    return replace(both, lineage=Lineage(catenation=1))


@wrong(Reason.CLASH)
def linker_is_turned_into_its_carboxylates() -> Framework:
    mof = built(ANTHRACENE_9_10, DABCO)
    carbons = [k for k in molecule_with(mof, carboxylate_carbon(mof)) if mof.symbols[k] == "C"]
    ends = [k for k in carbons if sorted(mof.symbols[n] for n, _, _ in mof.bonds.neighbors[k]) == ["C", "O", "O"]]
    rings = molecule_with(mof, ring_carbon(mof), stop=frozenset({"O"})) - set(ends)
    ipso = beside(mof, ends[0], "C")
    return turned(mof, rings, mof.positions[ipso], bond(mof, ends[0], ipso), 90.0)


@wrong(Reason.CLASH)
def hydrogen_molecule_is_too_short() -> Framework:
    return joined(pillared(), "HH", pore(pillared()) + np.array([[0.0, 0.0, 0.0], [0.65, 0.0, 0.0]]))


@wrong(Reason.BOND_LENGTH)
def cell_is_shrunken() -> Framework:
    return deformed(pillared(), 0.95)


@wrong(Reason.BOND_LENGTH)
def cell_is_stretched() -> Framework:
    return deformed(mof5(), 1.05)


@wrong(Reason.BOND_LENGTH)
def cell_is_shorter_than_its_atoms() -> Framework:
    return pillared().with_geometry(pillared().positions, pillared().cell * 0.95)


@wrong(Reason.BOND_ANGLE)
def cell_is_sheared() -> Framework:
    """62 degrees between the linkers, and between the metal's donors, where there were ninety."""
    return deformed(pillared(), [[1.0, 0.53, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


@wrong(Reason.BOND_LENGTH)
def carboxylate_is_torn_off_a_metal() -> Framework:
    mof = pillared()
    oxygen = first(mof, "O", "C", "Zn")
    away = -bond(mof, oxygen, beside(mof, oxygen, "Zn"))
    return shifted(mof, molecule_with(mof, oxygen), 0.7 * away)


@wrong(Reason.BOND_LENGTH)
def bond_goes_to_the_next_cell() -> Framework:
    mof = pillared()
    shift = np.array(mof.bonds.shift)
    shift[3] += 1
    return mof.with_bonds(replace(mof.bonds, shift=shift))


@wrong(Reason.BOND_LENGTH)
def triple_bond_is_as_long_as_a_single_one() -> Framework:
    mof = pillared()
    _, carbon, _ = nitrogen_of_pillar(mof)
    return reordered(mof, carbon, beside(mof, carbon, "C"), 3.0)


# Who is bonded to whom


@wrong(Reason.COORDINATION)
def carbon_has_five_neighbors() -> Framework:
    mof = pillared()
    carbon = ring_carbon(mof)
    across = np.cross(bond(mof, carbon, beside(mof, carbon, "H")), bond(mof, carbon, beside(mof, carbon, "C")))
    up = 1.09 * across / np.linalg.norm(across)
    return joined(mof, "HH", mof.positions[carbon] + np.array([up, -up]))


@wrong(Reason.COORDINATION)
def n_donor_is_on_the_carboxylate_carbon() -> Framework:
    mof = pillared()
    ipso = beside(mof, carboxylate_carbon(mof), "C")
    return as_cif(renamed(mof, {ipso: "N"}))


@wrong(Reason.COORDINATION)
def carbon_is_on_the_axial_site() -> Framework:
    mof = pillared()
    return renamed(mof, {k: "C" for k in pillar(mof) if mof.symbols[k] == "N"})


@wrong(Reason.COORDINATION)
def carbon_and_oxygen_are_swapped() -> Framework:
    mof = pillared()
    carbon = carboxylate_carbon(mof)
    return as_cif(renamed(mof, {carbon: "O", beside(mof, carbon, "O"): "C"}))


@wrong(Reason.COORDINATION)
def ring_atom_is_fluorine() -> Framework:
    return renamed(pillared(), {ring_carbon(pillared()): "F"})


@wrong(Reason.COORDINATION)
def carboxylate_is_protonated() -> Framework:
    mof = pillared()
    oxygen = first(mof, "O", "C", "Zn")
    return bonded(mof, oxygen, "H", mof.positions[oxygen] + 0.97 * away_from_neighbors(mof, oxygen))


def away_from_neighbors(framework: Framework, atom: int) -> np.ndarray:
    """A direction out of the plane of an atom and its neighbours, a little away from them."""
    one, two = (bond(framework, atom, k) for k, _, _ in framework.bonds.neighbors[atom])
    out = np.cross(one, two) / np.linalg.norm(np.cross(one, two)) - 0.4 * (one + two)
    return out / np.linalg.norm(out)


@wrong(Reason.COORDINATION)
def bound_nitrile_has_a_hydrogen() -> Framework:
    mof = pillared()
    nitrogen, carbon, _ = nitrogen_of_pillar(mof)
    side = perpendicular(bond(mof, nitrogen, carbon))
    return bonded(mof, nitrogen, "H", mof.positions[nitrogen] + 1.01 * side)


@wrong(Reason.COORDINATION)
def central_oxygen_is_missing() -> Framework:
    return without(mof5(), [first(mof5(), "O", "Zn", "Zn", "Zn", "Zn")])


@wrong(Reason.COORDINATION)
def whole_linker_is_missing() -> Framework:
    return without(mof5(), molecule_with(mof5(), ring_carbon(mof5())))


@wrong(Reason.COORDINATION)
def water_on_the_metal_has_no_hydrogen() -> Framework:
    return experiment("MIL-88B")


@wrong(Reason.VALENCE)
def ring_carbon_has_an_extra_hydrogen() -> Framework:
    mof = pillared()
    carbon = ring_carbon(mof)
    across = np.cross(bond(mof, carbon, beside(mof, carbon, "H")), bond(mof, carbon, beside(mof, carbon, "C")))
    return bonded(mof, carbon, "H", mof.positions[carbon] + 1.09 * across / np.linalg.norm(across))


@wrong(Reason.VALENCE)
def bond_order_is_changed() -> Framework:
    carbon = carboxylate_carbon(pillared())
    return reordered(pillared(), carbon, beside(pillared(), carbon, "C"), 2.0)


@wrong(Reason.VALENCE)
def bound_pyridine_has_a_hydrogen() -> Framework:
    """A ring of the pillar becomes a pyridinium whose nitrogen is on the metal all the same."""
    mof = built(BDC, "c1cc(ccn1)-c1ccncc1")
    nitrogen = mof.symbols.index("N")
    one, two = (bond(mof, nitrogen, k) for k, _, _ in mof.bonds.neighbors[nitrogen] if mof.symbols[k] == "C")
    across = np.cross(one, two) / np.linalg.norm(np.cross(one, two))
    return bonded(mof, nitrogen, "H", mof.positions[nitrogen] + 1.01 * across)


@wrong(Reason.RADICAL)
def ring_hydrogen_is_missing() -> Framework:
    return without(pillared(), [pillared().symbols.index("H")])


@wrong(Reason.RADICAL)
def ring_hydrogen_is_missing_in_a_cif() -> Framework:
    return as_cif(ring_hydrogen_is_missing())


@wrong(Reason.RADICAL)
def methyl_hydrogen_is_missing_in_a_cif() -> Framework:
    mof = methylated()
    return as_cif(without(mof, [beside(mof, first(mof, "C", "C", "H", "H", "H"), "H")]))


@wrong(Reason.RADICAL)
def linker_is_missing_but_for_its_carboxylates() -> Framework:
    mof = mof5()
    gone = molecule_with(mof, ring_carbon(mof))
    kept = {k for k in gone if mof.symbols[k] == "O"} | {
        k for k in gone if any(mof.symbols[n] == "O" for n, _, _ in mof.bonds.neighbors[k])
    }
    return without(mof, gone - kept)


# Angles


@wrong(Reason.BOND_ANGLE)
def nitrile_is_kinked() -> Framework:
    _, carbon, _ = nitrogen_of_pillar(pillared())
    return shifted(pillared(), [carbon], [0.35, 0.35, 0.0])


@wrong(Reason.BOND_ANGLE)
def nitrile_is_bent_at_the_metal() -> Framework:
    """The layers come nearer and the pillar evades sideways: 135 degrees at both nitrogens."""
    mof = pillared()
    nitrogen, _, metal = nitrogen_of_pillar(mof)
    axis = bond(mof, metal, nitrogen)
    aside = perpendicular(axis)
    side = aside + np.cross(axis, aside)
    side *= 1.45 / np.linalg.norm(side)
    rows = sorted(pillar(mof))
    positions = np.array(mof.positions)
    positions[rows] += side - 0.55 * axis
    cell = np.array(mof.cell)
    along = int(np.argmax(np.abs(cell @ axis)))
    cell[along] -= 1.1 * axis * np.sign(cell[along] @ axis)
    return mof.with_geometry(positions, cell)


@wrong(Reason.BOND_ANGLE)
def methyl_is_flat() -> Framework:
    """One hydrogen on the line of the carbon's other bond, two across it and across the ring."""
    mof = built(BDC, "N#Cc1cc(C)c(cc1C)C#N")
    carbon = first(mof, "C", "C", "H", "H", "H")
    ring = beside(mof, carbon, "C")
    stem = bond(mof, ring, carbon)
    other = next(k for k, _, _ in mof.bonds.neighbors[ring] if k != carbon)
    across = np.cross(stem, bond(mof, ring, other))
    across /= np.linalg.norm(across)
    hydrogens = [k for k, _, _ in mof.bonds.neighbors[carbon] if mof.symbols[k] == "H"]
    for hydrogen, arm in zip(hydrogens, (stem, across, -across), strict=True):
        mof = moved(mof, hydrogen, mof.positions[carbon] + 1.09 * arm)
    return mof


# The whole


@wrong(Reason.BONDING)
def bond_graph_lacks_a_bond() -> Framework:
    oxygen = first(pillared(), "O", "C", "Zn")
    return unbonded(pillared(), oxygen, beside(pillared(), oxygen, "Zn"))


@wrong(Reason.NOT_PERIODIC)
def layers_have_no_pillars() -> Framework:
    return without(pillared(), pillar(pillared()))


@wrong(Reason.NOT_PERIODIC)
def chains_are_capped_with_formate() -> Framework:
    """No pillar, and hydrogen in the place of one linker's ring."""
    mof = layers_have_no_pillars()
    ring = molecule_with(mof, ring_carbon(mof), stop=frozenset({"O"}))
    caps = [k for k in sorted(ring) if any(mof.symbols[n] == "O" for n, _, _ in mof.bonds.neighbors[k])]
    hydrogens = [mof.positions[k] + 1.09 * bond(mof, k, beside(mof, k, "C")) for k in caps]
    return joined(without(mof, ring - set(caps)), "H" * len(caps), hydrogens)


@wrong(Reason.DISCONNECTED)
def water_lies_in_the_pore() -> Framework:
    return joined(pillared(), "OHH", pore(pillared()) + WATER)


@wrong(Reason.DISCONNECTED)
def further_nets_are_claimed() -> Framework:
    return replace(pillared(), lineage=Lineage(catenation=2))


@wrong(Reason.DISCONNECTED)
def second_net_is_not_claimed() -> Framework:
    mof = built(BPDC, DCBP)
    return joined(mof, mof.symbols, mof.positions + pore(mof))


@wrong(Reason.CHARGE_IMBALANCE)
def metal_is_missing() -> Framework:
    return without(mof5(), [mof5().symbols.index("Zn")])


@wrong(Reason.CHARGE_IMBALANCE)
def zinc_is_sodium() -> Framework:
    return renamed(pillared(), {pillared().symbols.index("Zn"): "Na"})


@wrong(Reason.CHARGE_IMBALANCE)
def zinc_is_aluminium() -> Framework:
    return renamed(mof5(), {k: "Al" for k, symbol in enumerate(mof5().symbols) if symbol == "Zn"})


@wrong(Reason.CHARGE_IMBALANCE)
def halide_is_added() -> Framework:
    return joined(pillared(), ("Cl",), [pore(pillared())])


@wrong(Reason.CHARGE_IMBALANCE)
def ring_holds_a_pyridinium() -> Framework:
    return renamed(pillared(), {ring_carbon(pillared()): "N"})


@wrong(Reason.CHARGE_IMBALANCE)
def hydroxides_have_lost_their_hydrogens() -> Framework:
    mof = experiment("UiO-66")
    oxygens = mof.positions[[k for k, symbol in enumerate(mof.symbols) if symbol == "O"]]
    on_oxygen = []
    for k, symbol in enumerate(mof.symbols):
        apart = np.linalg.solve(mof.cell.T, (oxygens - mof.positions[k]).T).T
        if symbol == "H" and np.linalg.norm((apart - np.rint(apart)) @ mof.cell, axis=1).min() < 1.1:
            on_oxygen.append(k)
    assert len(on_oxygen) == 4
    return without(mof, on_oxygen)


@wrong(Reason.ODD_ELECTRONS)
def ring_carbon_of_a_cif_has_an_extra_hydrogen() -> Framework:
    return as_cif(ring_carbon_has_an_extra_hydrogen())


@pytest.mark.parametrize(("way", "reason"), WAYS, ids=[way.__name__ for way, _ in WAYS])
def test_refused_for_the_right_reason(way: Callable[[], Framework], reason: Reason) -> None:
    refused = check_framework(way())
    assert refused is not None
    assert refused.reason is reason, refused
    assert refused.detail
    assert all(0 <= atom < len(way()) for atom in refused.atoms)


def test_there_are_at_least_forty_ways() -> None:
    assert len({way.__name__ for way, _ in WAYS}) >= 40
