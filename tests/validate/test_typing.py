"""Atom types from the bond graph."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import BondGraph, Framework, Reason, Rejected
from mofa.chemistry.bond_orders import with_orders
from mofa.chemistry.elements import is_metal
from mofa.chemistry.lennard_jones import has_lennard_jones, lennard_jones
from mofa.validate.uff4mof import parametrise
from mofa.validate.uff4mof.parameters import atom_types, metal_type
from mofa.validate.uff4mof.resonance import force_field_orders
from mofa.validate.uff4mof.typing import assign_types
from tests.structures import irmof1
from tests.validate.frameworks import molecule, paddlewheel

TRIANGLE = np.array([[1, 0, 0], [-0.5, np.sqrt(0.75), 0], [-0.5, -np.sqrt(0.75), 0]])
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
    assert len(table) == 127 + 97  # UFF's, UFF4MOF's
    assert all(has_lennard_jones(kind.symbol) for kind in table.values())
    assert all(0.3 < kind.radius_ang < 2.9 and 80 < kind.angle_deg <= 180 for kind in table.values())
    assert metal_type("Zn", "46") == "Zn4+2"
    assert metal_type("He", "3") is None


def test_uff_agrees_with_open_babels_parameter_file():
    babel = pytest.importorskip("openbabel", reason="pip install openbabel-wheel")
    (path,) = Path(babel.__file__).parent.rglob("UFF.prm")
    rows = [line.split() for line in path.read_text().splitlines() if line.startswith("param")]
    table = atom_types()
    seen = 0
    for _, name, *numbers in rows:
        kind = table.get(name.replace("Lw", "Lr"))
        if kind is None:
            assert name in ("Du", "D")
            continue
        radius, angle, minimum, depth, _, charge, _, barrier, electronegativity = map(float, numbers[:9])
        lj = lennard_jones(kind.symbol)
        ours = (kind.radius_ang, kind.angle_deg, lj.minimum_ang, lj.well_depth_kcal_per_mol, kind.charge_e)
        assert ours == pytest.approx((radius, angle, minimum, depth, charge), abs=1e-3), name
        assert (kind.sp2_barrier_kcal_per_mol, kind.electronegativity) == pytest.approx((barrier, electronegativity))
        seen += 1
    assert seen == 127


def test_charges_that_uff4mof_changed():
    table = atom_types()
    assert (table["Cu4+2"].charge_e, table["Cu3+1"].charge_e) == (2.43, 1.756)
    assert table["Co3+2"].charge_e == table["Co4+2"].charge_e == 1.308
    assert (table["Sc6+3"].charge_e, table["Sc3+3"].charge_e) == (2.595, 2.592)


GEOMETRIES = {"1": OCTAHEDRON[:2], "2": TRIANGLE, "3": TETRAHEDRON, "4": OCTAHEDRON[:4], "6": OCTAHEDRON, "8": CUBE}


@pytest.mark.parametrize("name", [name for name, kind in atom_types().items() if is_metal(kind.symbol)])
def test_every_metal_type_finds_its_geometry(name):
    """A metal with the ligands of a type gets that type, or a newer one of the same geometry."""
    kind = atom_types()[name]
    pyramidal = {"Tl3+3": TRIANGLE, "Bi3+3": OCTAHEDRON[::2], "Sb3+3": OCTAHEDRON[::2]}
    alkali = kind.geometry == ""  # of one type, for two ligands
    rays = pyramidal.get(name, OCTAHEDRON[:2] if alkali else GEOMETRIES.get(kind.geometry))
    found = _types(_complex(kind.symbol, rays))[0]
    assert found[:2] == name[:2]
    assert atom_types()[found].geometry == kind.geometry or alkali


@pytest.mark.parametrize(("n_metals", "expected"), [(1, "S_3_f"), (2, "S_3_f"), (3, "S_3_f"), (4, "S_3_f")])
def test_sulfide(n_metals, expected):
    symbols = ("S", *("Cd",) * n_metals)
    positions = np.vstack([np.zeros(3), 2.5 * TETRAHEDRON[:n_metals]])
    graph = BondGraph(
        1 + n_metals, [0] * n_metals, list(range(1, 1 + n_metals)), np.zeros((n_metals, 3)), [0.5] * n_metals
    )
    framework = Framework("sulfide", symbols, positions, 30 * np.eye(3), graph)
    assert assign_types(framework, graph)[0] == expected


def test_guests_are_typed():
    xenon = Framework("xe", ("Xe",), np.zeros((1, 3)), 30 * np.eye(3), BondGraph(1, [], [], np.zeros((0, 3)), []))
    assert assign_types(xenon, xenon.bonds) == ("Xe4+4",)


def test_zirconium_has_whole_bonds():
    framework = _complex("Zr", CUBE)
    orders = force_field_orders(framework.symbols, framework.bonds)
    assert set(orders.order[framework.bonds.order == 0.5]) == {1.0}
    zinc = _complex("Zn", TETRAHEDRON)
    assert (force_field_orders(zinc.symbols, zinc.bonds).order == zinc.bonds.order).all()


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
