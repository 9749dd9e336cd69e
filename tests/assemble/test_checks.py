"""Every reason of the checks, each raised by a structure that was made wrong in one way."""

from dataclasses import replace

import numpy as np
import pytest

from mofa.assemble import assemble, check_framework
from mofa.chemistry import BondGraph, Framework, Lineage, Reason, Stage
from mofa.chemistry.bonds import perceive
from tests.assemble.damage import METHANE, bonded, joined, moved, renamed, without
from tests.assemble.linkers import BDC, BPDC, DCB, DCBP, linker
from tests.structures import irmof1


@pytest.fixture(scope="module")
def mof() -> Framework:
    return assemble([linker(BDC), linker(DCB)])


def reason(framework: Framework) -> Reason | None:
    refused = check_framework(framework)
    return None if refused is None else refused.reason


def a_ch(framework: Framework) -> tuple[int, int]:
    """A hydrogen and the carbon that it is on."""
    hydrogen = framework.symbols.index("H")
    return hydrogen, framework.bonds.neighbors[hydrogen][0][0]


def test_sound_frameworks_pass(mof: Framework) -> None:
    assert check_framework(mof) is None
    assert check_framework(replace(mof, bonds=None)) is None
    assert check_framework(irmof1()) is None


def test_the_stage_that_asks_is_named(mof: Framework) -> None:
    refused = check_framework(moved(mof, 0, np.full(3, np.nan)), stage=Stage.VALIDATE)
    assert (refused.stage, refused.reason) == (Stage.VALIDATE, Reason.NOT_FINITE)


def test_unknown_elements_and_atoms_on_one_another(mof: Framework) -> None:
    assert reason(renamed(mof, {3: "Xx"})) is Reason.UNKNOWN_ELEMENT
    assert reason(replace(moved(mof, 20, mof.positions[21] + 0.2), bonds=None)) is Reason.OVERLAP


@pytest.mark.parametrize("length_ang", [0.70, 1.30])
def test_bonds_have_a_shortest_and_a_longest_length(mof: Framework, length_ang: float) -> None:
    hydrogen, carbon = a_ch(mof)
    bond = mof.positions[hydrogen] - mof.positions[carbon]
    there = mof.positions[carbon] + bond / np.linalg.norm(bond) * length_ang
    refused = check_framework(moved(mof, hydrogen, there))
    assert refused.reason is Reason.BOND_LENGTH
    assert set(refused.atoms) == {hydrogen, carbon}
    assert f"{length_ang:.2f} Å" in refused.detail


def test_a_guest_too_close_to_a_linker_clashes(mof: Framework) -> None:
    hydrogen, carbon = a_ch(mof)
    outward = mof.positions[hydrogen] - mof.positions[carbon]
    at = mof.positions[hydrogen] + 2.0 * outward / np.linalg.norm(outward)
    crowded = joined(mof, ("C", "H", "H", "H", "H"), at + METHANE)
    refused = check_framework(crowded)
    assert refused.reason is Reason.CLASH
    assert any(atom >= len(mof) for atom in refused.atoms)
    assert any(atom < len(mof) for atom in refused.atoms)


def test_hydrogens_of_one_molecule_may_not_touch(mof: Framework) -> None:
    """Two neighbouring ring hydrogens bent towards one another: 1.6 Å, closer than any crowded arene."""
    hydrogen, carbon = a_ch(mof)
    x = mof.positions
    other = next(
        k
        for k in range(len(mof))
        if k != hydrogen and mof.symbols[k] == "H" and np.linalg.norm(x[k] - x[hydrogen]) < 2.6
    )
    anchor = mof.bonds.neighbors[other][0][0]
    middle = (x[hydrogen] + x[other]) / 2.0
    bent = mof
    for atom, root in ((hydrogen, carbon), (other, anchor)):
        arm = middle + 0.65 * (x[atom] - middle) - x[root]
        bent = moved(bent, atom, x[root] + arm / np.linalg.norm(arm) * 1.09)
    assert reason(bent) is Reason.CLASH


def test_a_kinked_nitrile(mof: Framework) -> None:
    nitrogen = mof.symbols.index("N")
    carbon = next(k for k, _, _ in mof.bonds.neighbors[nitrogen] if mof.symbols[k] == "C")
    refused = check_framework(moved(mof, carbon, mof.positions[carbon] + np.array([0.35, 0.35, 0.0])))
    assert refused.reason is Reason.BOND_ANGLE
    assert carbon in refused.atoms


def test_bonds_that_the_geometry_does_not_show(mof: Framework) -> None:
    graph = mof.bonds
    to_nitrogen = [{mof.symbols[i], mof.symbols[j]} == {"Zn", "N"} for i, j in zip(graph.i, graph.j, strict=True)]
    keep = ~np.array(to_nitrogen)
    cut = BondGraph(len(mof), graph.i[keep], graph.j[keep], graph.shift[keep], graph.order[keep])
    refused = check_framework(mof.with_bonds(cut))
    assert refused.reason is Reason.BONDING
    assert {mof.symbols[k] for k in refused.atoms} == {"Zn", "N"}


def test_fluorine_with_three_neighbours(mof: Framework) -> None:
    _, carbon = a_ch(mof)
    refused = check_framework(renamed(mof, {carbon: "F"}))
    assert (refused.reason, refused.atoms) == (Reason.COORDINATION, (carbon,))


@pytest.mark.parametrize("bonds_known", [True, False])
def test_a_missing_hydrogen_is_a_radical(mof: Framework, bonds_known: bool) -> None:
    hydrogen, carbon = a_ch(mof)
    damaged = without(mof, {hydrogen})
    refused = check_framework(damaged if bonds_known else replace(damaged, bonds=None))
    assert refused.reason is Reason.RADICAL
    assert refused.atoms == (carbon - (carbon > hydrogen),)


def test_charges_that_do_not_add_up_are_listed(mof: Framework) -> None:
    _, carbon = a_ch(mof)
    refused = check_framework(renamed(mof, {carbon: "N"}))
    assert refused.reason is Reason.CHARGE_IMBALANCE
    assert refused.detail == "2 Zn(+2), 1 C7H4NO4(-1), 1 C8H4N2, 1 C8H4O4(-2) make +1"


def test_an_odd_number_of_electrons_where_charges_are_not_known(mof: Framework) -> None:
    """An iodine of two bonds (an iodane's, a radical's, an ion's) leaves the charges open."""
    hydrogen, carbon = a_ch(mof)
    outward = mof.positions[hydrogen] - mof.positions[carbon]
    outward /= np.linalg.norm(outward)
    iodine = mof.positions[carbon] + 2.10 * outward
    fluorinated = renamed(moved(mof, hydrogen, iodine), {hydrogen: "I"})
    assert reason(bonded(fluorinated, hydrogen, "F", iodine + 2.0 * outward)) is Reason.ODD_ELECTRONS


def test_layers_without_pillars_are_not_a_framework(mof: Framework) -> None:
    n_pillar = len(linker(DCB).symbols) - 2
    layers = without(mof, set(range(len(mof) - n_pillar, len(mof))))
    refused = check_framework(layers)
    assert refused.reason is Reason.NOT_PERIODIC
    assert "2 directions" in refused.detail


def test_a_cell_without_volume(mof: Framework) -> None:
    flat = np.array(mof.cell)
    flat[2] = flat[1]
    assert reason(mof.with_geometry(mof.positions, flat)) is Reason.NOT_PERIODIC


def test_a_guest_in_the_pore_is_not_bonded(mof: Framework) -> None:
    guest = joined(mof, ("C", "H", "H", "H", "H"), mof.cell.sum(axis=0) / 2.0 + METHANE)
    refused = check_framework(guest)
    assert refused.reason is Reason.DISCONNECTED
    assert refused.atoms == tuple(range(len(mof), len(mof) + 5))


def test_interpenetration_must_be_in_the_lineage() -> None:
    single = assemble([linker(BPDC), linker(DCBP)])
    copy = single.positions + single.cell.sum(axis=0) / 2.0
    double = joined(single, single.symbols, copy)
    assert reason(replace(double, lineage=Lineage(catenation=1))) is None
    assert reason(double) is Reason.DISCONNECTED
    assert reason(replace(single, lineage=Lineage(catenation=1))) is Reason.DISCONNECTED


def test_the_same_verdict_for_wrapped_atoms(mof: Framework) -> None:
    wrapped = (mof.fractional % 1.0) @ mof.cell
    bonds = perceive(mof.symbols, wrapped, mof.cell)
    assert check_framework(replace(mof, positions=wrapped, bonds=bonds)) is None
