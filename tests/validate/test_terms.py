"""Parameters and energies: against RDKit's UFF, against numpy, and against LAMMPS' own replication."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rdkit.Chem import rdForceFieldHelpers

from mofa.chemistry.bond_orders import with_orders
from mofa.isolate import run_isolated
from mofa.validate.lammps_worker import DATA_NAME, Job
from mofa.validate.supercell import Supercell
from mofa.validate.uff4mof import parametrise
from mofa.validate.uff4mof.parameters import atom_types
from mofa.validate.uff4mof.terms import angle_coefficients, bond_coefficients, bond_length_ang, torsion
from mofa.validate.uff4mof.writer import data_file, setup_commands
from tests.structures import irmof1
from tests.validate.energies import energies, lammps_energies
from tests.validate.frameworks import molecule, paddlewheel, sheared

MOLECULES = (
    "c1ccccc1",
    "Cc1ccccc1",
    "c1ccc(cc1)-c1ccccc1",
    "N#Cc1ccc(cc1)C#N",
    "CC(C)=O",
    "CCO",
    "COC",
    "CNC",
    "C=CC",
    "c1ccsc1",
    "c1ccoc1",
    "c1ccncc1",
    "CSC",
    "CP(C)C",
    "C[Si](C)(C)C",
    "Clc1ccccc1",
    "BrCCF",
    "COc1ccccc1",
    "Nc1ccccc1",
    "C#CC",
)


def _typed(smiles):
    framework, mol = molecule(smiles)
    return parametrise(framework, framework.bonds), mol


@pytest.mark.parametrize("smiles", MOLECULES)
def test_parameters_agree_with_rdkit(smiles):
    terms, mol = _typed(smiles)
    for members, kind in zip(terms.bonds.members, terms.bonds.kinds, strict=True):
        constant, length = terms.bonds.coefficients[kind].values
        expected = rdForceFieldHelpers.GetUFFBondStretchParams(mol, *(atom for atom, _ in members))
        assert (2 * constant, length) == pytest.approx(expected, rel=7e-3)
    for members, kind in zip(terms.angles.members, terms.angles.kinds, strict=True):
        line = terms.angles.coefficients[kind]
        constant = line.values[0] * (2 if line.style == "cosine/periodic" else 1)
        expected, _ = rdForceFieldHelpers.GetUFFAngleBendParams(mol, *(atom for atom, _ in members))
        assert constant == pytest.approx(expected, rel=7e-3)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_inversions_agree_with_rdkit(smiles):
    terms, mol = _typed(smiles)
    for members, kind in zip(terms.impropers.members, terms.impropers.kinds, strict=True):
        centre, *arms = (atom for atom, _ in members)
        if "O_R" in {terms.types[arm] for arm in arms}:
            continue  # RDKit counts any sp2 oxygen as a carbonyl's, the paper only O_2
        expected = rdForceFieldHelpers.GetUFFInversionParams(mol, arms[0], centre, arms[1], arms[2])
        assert terms.impropers.coefficients[kind].values[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_torsion_barriers_agree_with_rdkit(smiles):
    terms, mol = _typed(smiles)
    for members, kind in zip(terms.dihedrals.members, terms.dihedrals.kinds, strict=True):
        i, j, k, m = (atom for atom, _ in members)
        shares = (mol.GetAtomWithIdx(j).GetDegree() - 1) * (mol.GetAtomWithIdx(k).GetDegree() - 1)
        barrier = 2 * shares * terms.dihedrals.coefficients[kind].values[0]
        assert barrier == pytest.approx(rdForceFieldHelpers.GetUFFTorsionParams(mol, i, j, k, m), rel=5e-3)


def test_lengths_of_paddlewheel_nitrile_carboxylate_and_amide():
    kind = atom_types()
    assert bond_length_ang(kind["Zn4+2"], kind["O_2"], 0.5) == pytest.approx(2.1229, abs=1e-4)
    assert bond_length_ang(kind["C_1"], kind["N_1"], 3.0) == pytest.approx(1.159, abs=2e-3)
    assert bond_length_ang(kind["C_R"], kind["O_2"], 1.5) == pytest.approx(1.26, abs=0.02)
    assert bond_length_ang(kind["C_R"], kind["N_R"], 1.41) == pytest.approx(1.357, abs=0.01)


@pytest.mark.parametrize(
    ("centre", "minimum_deg"), [("N_1", 180.0), ("C_R", 120.0), ("Zn4+2", 90.0), ("Zn3f2", 109.47), ("O_R", 110.0)]
)
def test_angle_has_its_minimum_at_the_natural_angle(centre, minimum_deg):
    kind = atom_types()
    line = angle_coefficients(kind["C_R"], kind[centre], kind["O_2"], 1.0, 1.0)
    theta = np.radians(np.arange(60.0, 180.01, 0.01))
    if line.style == "fourier":
        k, c0, c1, c2 = line.values
        energy = k * (c0 + c1 * np.cos(theta) + c2 * np.cos(2 * theta))
    else:
        half, _, n = line.values
        energy = 2 * half / n**2 * (1 - np.cos(n * theta))
    assert energy.min() == pytest.approx(0.0, abs=1e-3)
    assert np.degrees(theta[energy < 1e-3]).min() == pytest.approx(minimum_deg, abs=0.6)
    at = np.argmin(np.abs(theta - np.radians(minimum_deg)))
    assert energy[at] == pytest.approx(0.0, abs=1e-6 * line.values[0])


def test_published_values():
    kind = atom_types()
    ethane = torsion(kind["C_3"], kind["C_3"], 1.0, ends_on_sp2=False)
    assert ethane == (pytest.approx(2.119), 3, 1)
    ethylene = torsion(kind["C_2"], kind["C_2"], 2.0, ends_on_sp2=False)
    assert ethylene == (pytest.approx(10.0 * (1 + 4.18 * math.log(2.0))), 2, -1)
    assert torsion(kind["C_R"], kind["C_1"], 1.0, ends_on_sp2=True) is None
    assert torsion(kind["Zn4+2"], kind["O_2"], 0.5, ends_on_sp2=True) is None
    constant, length = bond_coefficients(kind["C_R"], kind["C_R"], 1.5).values
    assert length == pytest.approx(1.379, abs=1e-3)
    assert constant == pytest.approx(0.5 * 664.12 * 1.912**2 / length**3)


@pytest.mark.engine
@pytest.mark.parametrize("name", ["paddlewheel", "irmof1", "molecule"])
def test_lammps_energies_match_numpy_term_by_term(name):
    if name == "molecule":
        framework = molecule("CC(C)(SC)c1ccc(OC)c(NC(=O)c2cc([N+](=O)[O-])ccc2P(C)C)c1Cl", box_ang=26.0)[0]
    else:
        framework = {"paddlewheel": paddlewheel, "irmof1": irmof1}[name]()
    framework = sheared(framework)
    bonds = with_orders(framework)
    terms = parametrise(framework, bonds)
    supercell = Supercell(framework, (2, 1, 2))
    job = Job(data_file(terms, supercell), tuple(setup_commands(terms, DATA_NAME)))
    found = run_isolated(lammps_energies, job, time_limit_s=60)
    expected = energies(framework, bonds, terms)
    for kind, energy in expected.items():
        assert abs(energy) > 1e-3, f"the {kind} energy of {name} tests nothing"
        assert found[kind] / supercell.n_copies == pytest.approx(energy, rel=1e-6), kind


@pytest.mark.engine
def test_our_replication_matches_lammps_replicate():
    framework = sheared(paddlewheel())
    terms = parametrise(framework, with_orders(framework))
    setup = tuple(setup_commands(terms, DATA_NAME))
    ours = Job(data_file(terms, Supercell(framework, (2, 2, 2))), setup)
    theirs = Job(data_file(terms, Supercell(framework, (1, 1, 1))), (*setup, "replicate 2 2 2 bond/periodic"))
    first = run_isolated(lammps_energies, ours, time_limit_s=60)
    second = run_isolated(lammps_energies, theirs, time_limit_s=60)
    assert first == pytest.approx(second, rel=1e-9)
