"""Formal charges against RDKit's, and the bookkeeping of whole frameworks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rdkit import Chem

from mofa.assemble import assemble, check_framework
from mofa.assemble.checks.charge_balance import charge_balance
from mofa.assemble.checks.formal_charges import formal_charges
from mofa.assemble.checks.structure import Structure
from mofa.chemistry import Framework, Reason
from tests.assemble.damage import joined, renamed, without
from tests.assemble.experiment import framework as experiment
from tests.assemble.linkers import BDC, DCB, linker
from tests.structures import irmof1
from tests.validate.frameworks import molecule, without_orders

CHARGED = (
    "[O-]C(=O)c1ccc(cc1)C(=O)[O-]",
    "C[NH3+]",
    "C[N+](C)(C)C",
    "[O-]c1ccccc1",
    "C[S-]",
    "[O-]S(=O)(=O)c1ccccc1",
    "CP(=O)([O-])[O-]",
    "F[B-](F)(F)F",
    "F[P-](F)(F)(F)(F)F",
    "F[Si-2](F)(F)(F)(F)F",
    "c1c[n-]cn1",
    "c1ccc2[n-]cnc2c1",
    "c1nnn[n-]1",
    "c1nc[n-]n1",
    "c1c[nH+]c[nH]1",
    "c1cc[nH+]cc1",
    "C[n+]1ccc(cc1)-c1cc[n+](C)cc1",
)
NEUTRAL = (
    "c1ccccc1",
    "c1ccc2cccc2cc1",
    "c1ccn2cccc2c1",
    "c1cc[nH]c1",
    "c1ccoc1",
    "c1ccsc1",
    "c1cnoc1",
    "Cn1ccnc1",
    "O=c1cc[nH]cc1",
    "[O-][n+]1ccccc1",
    "c1ccc2nsnc2c1",
    "O=[N+]([O-])c1ccccc1",
    "CS(C)(=O)=O",
    "CS(C)=O",
    "CC(=O)NC",
    "CP(C)C",
    "C[Si](C)(C)C",
    "OB(O)c1ccccc1",
    "N#CC#N",
    "C1CN2CCN1CC2",
)


@pytest.mark.parametrize("smiles", CHARGED + NEUTRAL)
def test_charges_of_molecules_are_those_of_rdkit(smiles: str) -> None:
    charges = formal_charges(Structure.of(molecule(smiles)[0]))
    assert not charges.undecided.any()
    assert charges.per_atom.sum() == pytest.approx(Chem.GetFormalCharge(Chem.MolFromSmiles(smiles)))
    assert not charges.pairs_to_give


@pytest.mark.parametrize("smiles", ["[O-]C(=O)c1ccccc1", "O=[N+]([O-])c1ccccc1", "c1ccc2[n-]cnc2c1", "c1ccsc1"])
def test_the_same_with_orders_from_the_geometry(smiles: str) -> None:
    charges = formal_charges(Structure.of(without_orders(molecule(smiles)[0])))
    assert charges.per_atom.sum() == pytest.approx(Chem.GetFormalCharge(Chem.MolFromSmiles(smiles)))


def test_two_azolates_in_one_system_may_take_two_electrons() -> None:
    charges = formal_charges(Structure.of(molecule("c1nc2cc3[n-]cnc3cc2[n-]1")[0]))
    assert [pairs for _, pairs in charges.pairs_to_give] == [1]


@pytest.mark.parametrize("smiles", ["[O-][Cl+3]([O-])([O-])[O-]", "[CH3]"])
def test_what_the_rules_do_not_know_is_left_open(smiles: str) -> None:
    assert formal_charges(Structure.of(molecule(smiles)[0])).undecided.any()


def test_counter_ions_balance_a_charged_framework() -> None:
    mof = assemble([linker(BDC), linker(DCB)])
    anionic = renamed(mof, {mof.symbols.index("Zn"): "Na"})
    assert check_framework(anionic).reason is Reason.CHARGE_IMBALANCE
    assert check_framework(joined(anionic, ("Na",), [mof.cell.sum(axis=0) / 2.0])) is None


def test_the_bookkeeping_names_metals_and_ligands() -> None:
    mof = irmof1()
    reason, detail, _ = charge_balance(Structure.of(without(mof, [mof.symbols.index("Zn")])))
    assert reason is Reason.CHARGE_IMBALANCE
    assert detail == "7 Zn(+2), 6 C8H4O4(-2), 2 O(-2) make -2"


@pytest.mark.parametrize(("metal", "verdict"), [("Fe", Reason.CHARGE_IMBALANCE), ("Mn", None), ("Tc", None)])
def test_metals_of_many_or_of_unknown_states(metal: str, verdict: Reason | None) -> None:
    """UiO-66 with six metals of +24 in all: too much for iron, within reach of manganese, open for technetium."""
    mof = experiment("UiO-66")
    framework: Framework = renamed(mof, {k: metal for k, symbol in enumerate(mof.symbols) if symbol == "Zr"})
    found = charge_balance(Structure.of(replace(framework, bonds=None)))
    assert (found and found[0]) is verdict
