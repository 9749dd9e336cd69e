"""Atom types from the bond graph."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mofa.chemistry import BondGraph, Framework, Reason, Rejected
from mofa.chemistry.bond_orders import with_orders
from mofa.chemistry.lennard_jones import has_lennard_jones
from mofa.validate.uff4mof import parametrise
from mofa.validate.uff4mof.parameters import atom_types, metal_type
from tests.structures import irmof1
from tests.validate.frameworks import molecule, paddlewheel

OCTAHEDRON = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
CUBE = np.array([[x, y, z] for x in (1, -1) for y in (1, -1) for z in (1, -1)]) / np.sqrt(3)


def _types(framework):
    terms = parametrise(framework, with_orders(framework))
    return terms if isinstance(terms, Rejected) else terms.types


@pytest.mark.parametrize(
    ("smiles", "heavy"),
    [
        ("CCO", "C_3 C_3 O_3"),
        ("C=O", "C_2 O_2"),
        ("CC#N", "C_3 C_1 N_1"),
        ("CC#CC", "C_3 C_1 C_1 C_3"),
        ("C=C=C", "C_2 C_1 C_2"),
        ("c1ccccc1C#N", "C_R C_R C_R C_R C_R C_R C_1 N_1"),
        ("c1ccsc1", "C_R C_R C_R S_R C_R"),
        ("c1ccncc1", "C_R C_R C_R N_R C_R C_R"),
        ("CC(N)=O", "C_3 C_2 N_R O_2"),
        ("C[N+](=O)[O-]", "C_3 N_R O_2 O_2"),
        ("CN(C)C", "C_3 N_3 C_3 C_3"),
        ("Nc1ccccc1", "N_R C_R C_R C_R C_R C_R C_R"),
        ("CN=NC", "C_3 N_2 N_2 C_3"),
        ("COc1ccccc1", "C_3 O_R C_R C_R C_R C_R C_R C_R"),
        ("CS(C)(=O)=O", "C_3 S_3+6 C_3 O_2 O_2"),
        ("CS(C)=O", "C_3 S_3+4 C_3 O_2"),
        ("CSC", "C_3 S_3+2 C_3"),
        ("NC(=S)N", "N_R C_2 S_2 N_R"),
        ("CP(C)C", "C_3 P_3+3 C_3 C_3"),
        ("OB(O)C", "O_3 B_2 O_3 C_3"),
        ("C[Si](C)(C)C", "C_3 Si3 C_3 C_3 C_3"),
        ("FC(Cl)(Br)I", "F_ C_3 Cl Br I_"),
    ],
)
def test_organic_types(smiles, heavy):
    framework, _ = molecule(smiles)
    types = _types(framework)
    assert " ".join(t for t, s in zip(types, framework.symbols, strict=True) if s != "H") == heavy
    assert {t for t, s in zip(types, framework.symbols, strict=True) if s == "H"} <= {"H_"}


def test_irmof1():
    assert Counter(_types(irmof1())) == {"Zn3f2": 8, "O_3_f": 2, "O_2": 24, "C_R": 48, "H_": 24}


def test_paddlewheel_has_square_zinc_and_straight_nitriles():
    expected = {"Zn4+2": 2, "O_2": 8, "C_R": 22, "C_1": 2, "N_1": 2, "H_": 12}
    assert Counter(_types(paddlewheel())) == expected


def _complex(metal, rays):
    """A metal with water oxygens along `rays`, in a large box."""
    symbols = [metal] + ["O", "H", "H"] * len(rays)
    positions = [np.zeros(3)]
    bonds = []
    for ray in rays:
        across = np.cross(ray, [0.3, 0.5, 0.8])
        across /= np.linalg.norm(across)
        k = len(positions)
        positions += [2.1 * ray, 2.6 * ray + 0.8 * across, 2.6 * ray - 0.8 * across]
        bonds += [(0, k, 0.5), (k, k + 1, 1.0), (k, k + 2, 1.0)]
    i, j, order = zip(*bonds, strict=True)
    graph = BondGraph(len(symbols), i, j, np.zeros((len(i), 3)), order)
    return Framework(metal, tuple(symbols), np.array(positions), 30 * np.eye(3), graph)


@pytest.mark.parametrize(
    ("metal", "rays", "expected"),
    [
        ("Zn", TETRAHEDRON, "Zn3f2"),
        ("Zn", OCTAHEDRON[:4], "Zn4+2"),
        ("Zn", OCTAHEDRON, "Zn4+2"),
        ("Zn", OCTAHEDRON[:5], "Zn4+2"),
        ("Cu", OCTAHEDRON[:4], "Cu4+2"),
        ("Cu", OCTAHEDRON[:2], "Cu1f1"),
        ("Zr", CUBE, "Zr8f4"),
        ("Zr", CUBE[:7], "Zr8f4"),
        ("Fe", OCTAHEDRON, "Fe6+3"),
        ("Al", OCTAHEDRON, "Al6+3"),
        ("Mg", OCTAHEDRON, "Mg6f3"),
        ("Ni", OCTAHEDRON, "Ni4+2"),
        ("Co", TETRAHEDRON, "Co3+2"),
    ],
)
def test_metals_by_their_ligands(metal, rays, expected):
    types = _types(_complex(metal, rays))
    assert types[0] == expected
    assert set(types[1:]) == {"O_3", "H_"}


def test_untyped_atoms_are_named_with_their_coordination():
    refused = _types(_complex("Zn", CUBE))
    assert refused.reason is Reason.UNTYPED
    assert refused.atoms == (0,)
    assert "Zn with 8 neighbours" in refused.detail
    rubidium = _types(_complex("Rb", OCTAHEDRON))
    assert rubidium.reason is Reason.UNTYPED


def test_table_is_complete():
    table = atom_types()
    assert len(table) > 200
    assert all(has_lennard_jones(kind.symbol) for kind in table.values())
    assert all(0.3 < kind.radius_ang < 2.6 and 80 < kind.angle_deg <= 180 for kind in table.values())
    assert metal_type("Zn", "46") == "Zn4+2"
    assert metal_type("He", "3") is None


def test_types_do_not_depend_on_where_the_atoms_are():
    framework = paddlewheel()
    bonds = with_orders(framework)
    order = np.random.default_rng(0).permutation(len(framework))
    inverse = np.argsort(order)
    shuffled = Framework(
        "shuffled",
        tuple(framework.symbols[k] for k in order),
        framework.positions[order] + 5.0,
        framework.cell,
        BondGraph(len(framework), inverse[bonds.j], inverse[bonds.i], -bonds.shift, bonds.order),
    )
    assert _types(shuffled) == tuple(np.array(_types(framework))[order])
