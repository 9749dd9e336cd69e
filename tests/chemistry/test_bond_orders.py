"""Bond orders from coordinates, against RDKit's and against what is known of metal-organic frameworks."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mofa.chemistry.bond_orders import with_orders
from mofa.chemistry.bonds import BondGraph
from mofa.validate.uff4mof.resonance import force_field_orders
from tests.structures import irmof1
from tests.validate.frameworks import molecule, paddlewheel, without_orders

MOLECULES = (
    "c1ccccc1",
    "c1ccc2ccccc2c1",
    "c1cc2ccc3cccc4ccc(c1)c2c34",
    "c1ccc(cc1)-c1ccccc1",
    "N#Cc1ccc(cc1)C#N",
    "C#CC#CC",
    "c1ccc(cc1)C=Cc1ccccc1",
    "c1ccc(cc1)N=Nc1ccccc1",
    "c1ccc(cc1)C=Nc1ccccc1",
    "c1ccc2sccc2c1",
    "c1ccc2occc2c1",
    "c1ccc2[nH]ccc2c1",
    "Cn1ccnc1",
    "c1cnc2nccnc2c1",
    "Nc1nc(N)nc(N)n1",
    "O=C1C=CC(=O)C=C1",
    "O=c1c2ccccc2c(=O)c2ccccc12",
    "CC(=O)Nc1ccccc1",
    "COC(=O)c1ccccc1",
    "O=C1NC(=O)c2ccccc12",
    "CS(=O)(=O)C",
    "CS(C)=O",
    "C=C=C",
    "CN=C=O",
    "FC(F)(F)c1ccccc1",
    "Oc1ccccc1",
    "C1CCCCC1",
    "CC(C)=NO",
    "NC(=S)N",
    "OB(O)c1ccccc1",
    "C1=CCCC=C1",
    "c1ccc(nc1)-c1ccccn1",
    "CP(C)(C)=O",
    "O=C(O)c1ccc(cc1)C(=O)O",
    "Cc1nn[nH]n1",
    "O=Cc1ccccc1",
)


@pytest.mark.parametrize("smiles", MOLECULES)
@pytest.mark.parametrize("noise_ang", [0.0, 0.02])
def test_orders_of_molecules_are_those_of_rdkit(smiles, noise_ang):
    framework, _ = molecule(smiles)
    noise = np.random.default_rng(1).normal(0.0, noise_ang, framework.positions.shape)
    bare = without_orders(framework.with_geometry(framework.positions + noise, framework.cell))
    assert _named(framework, with_orders(bare)) == _named(framework, framework.bonds)


@pytest.mark.parametrize("smiles", ["C[N+](=O)[O-]", "O=[N+]([O-])c1ccccc1", "[O-]C(=O)c1ccccc1"])
def test_terminal_oxygens_share(smiles):
    framework, _ = molecule(smiles)
    shared = force_field_orders(framework.symbols, framework.bonds)
    assert _named(framework, with_orders(without_orders(framework))) == _named(framework, shared)


def test_irmof1():
    framework = irmof1()
    assert _counted(framework) == {
        ("C", "C", 1.5): 36,
        ("C", "C", 1.0): 12,
        ("C", "H", 1.0): 24,
        ("C", "O", 1.5): 24,
        ("O", "Zn", 0.5): 32,
    }


def test_pillared_paddlewheel():
    assert _counted(paddlewheel()) == {
        ("C", "C", 1.5): 18,
        ("C", "C", 1.0): 6,
        ("C", "H", 1.0): 12,
        ("C", "O", 1.5): 8,
        ("C", "N", 3.0): 2,
        ("O", "Zn", 0.5): 8,
        ("N", "Zn", 0.5): 2,
        ("Zn", "Zn", 0.25): 1,
    }


def test_wrapping_atoms_changes_no_order():
    framework = paddlewheel()
    inside = framework.fractional - np.floor(framework.fractional)
    assert _counted(framework.with_geometry(inside @ framework.cell, framework.cell)) == _counted(framework)


def test_known_orders_are_left_alone():
    framework, _ = molecule("CC=O")
    odd = BondGraph(len(framework), framework.bonds.i, framework.bonds.j, framework.bonds.shift, np.full(6, 1.25))
    assert with_orders(framework.with_bonds(odd)) is odd


def _named(framework, graph):
    return {
        (framework.symbols[i] + str(i), framework.symbols[j] + str(j)): order
        for i, j, order in zip(graph.i.tolist(), graph.j.tolist(), graph.order.tolist(), strict=True)
    }


def _counted(framework):
    graph = with_orders(framework)
    return Counter(
        (*sorted((framework.symbols[i], framework.symbols[j])), order)
        for i, j, order in zip(graph.i.tolist(), graph.j.tolist(), graph.order.tolist(), strict=True)
    )
