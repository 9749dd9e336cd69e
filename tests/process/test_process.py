"""Processing: dummies where the paper puts them, geometry kept, bonds perceived, every refusal with its reason."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace

import numpy as np
import pytest

from mofa.chemistry import AnchorKind, Family, Linker, RawLinker, Reason, Rejected
from mofa.chemistry.bonds import perceive as perceive_periodic
from mofa.chemistry.molecules import from_smiles
from mofa.generate import generate
from mofa.process import process
from mofa.process.geometry import aligned_rmsd_ang

BDC = "O=C(O)c1ccc(C(=O)O)cc1"
DICYANOBENZENE = "N#Cc1ccc(C#N)cc1"


def raw(smiles: str, family: Family | None = None) -> RawLinker:
    linker = from_smiles(smiles, family=family, seed=1)
    assert isinstance(linker, RawLinker)
    return linker


def accepted(outcome: Linker | Rejected) -> Linker:
    assert isinstance(outcome, Linker), outcome
    return outcome


def without_bonds(linker: RawLinker) -> RawLinker:
    return replace(linker, bonds=None, hydrogens=None, formal_charges=None)


@pytest.fixture(scope="module")
def library() -> list[RawLinker]:
    families = (Family.BCA, Family.BZN)
    return [
        k
        for family in families
        for batch in generate(family, n=20, seed=3, max_heavy_atoms=24, generator="library")
        for k in batch
    ]


def test_astatine_takes_the_place_of_the_carboxyl_carbon() -> None:
    given = raw(BDC)
    linker = accepted(process(given))
    assert sorted(linker.symbols) == ["At"] * 2 + ["C"] * 6 + ["H"] * 4
    assert linker.smiles == BDC
    assert linker.inchikey == "KKEYFWRCBNTPAC-UHFFFAOYSA-N"
    for anchor in linker.anchors:
        assert anchor.kind is AnchorKind.CARBOXYLATE
        assert linker.symbols[anchor.dummy] == "At"
        assert linker.symbols[anchor.neighbor] == "C"
        gap = np.linalg.norm(linker.positions[anchor.dummy] - linker.positions[anchor.neighbor])
        assert gap == pytest.approx(1.49, abs=0.04)


def test_francium_lies_two_angstrom_beyond_the_nitrogen_on_its_line() -> None:
    linker = accepted(process(raw(DICYANOBENZENE)))
    for anchor in linker.anchors:
        assert anchor.kind is AnchorKind.N_DONOR
        assert linker.symbols[anchor.dummy] == "Fr"
        assert linker.symbols[anchor.neighbor] == "N"
        nitrogen = linker.positions[anchor.neighbor]
        (carbon,) = (
            bond.i + bond.j - anchor.neighbor
            for bond in linker.bonds
            if anchor.neighbor in (bond.i, bond.j) and anchor.dummy not in (bond.i, bond.j)
        )
        outward = nitrogen - linker.positions[carbon]
        expected = nitrogen + 2.0 * outward / np.linalg.norm(outward)
        assert linker.positions[anchor.dummy] == pytest.approx(expected, abs=1e-9)
    assert linker.n_atoms == 14


def test_the_model_version_is_carried_on_and_no_part_of_the_identity() -> None:
    linkers = [accepted(process(replace(raw(BDC), model_version=version))) for version in (0, 4)]
    assert [linker.model_version for linker in linkers] == [0, 4]
    assert linkers[0].key == linkers[1].key


def test_library_linkers_pass_with_their_geometry_kept(library: list[RawLinker]) -> None:
    linkers = [accepted(process(given)) for given in library]
    assert len({linker.key for linker in linkers}) == len(linkers)
    for given, linker in zip(library, linkers, strict=True):
        kept = [k for k, symbol in enumerate(linker.symbols) if symbol not in ("H", "At", "Fr")]
        ends = {k for anchor in given.anchors for k in anchor[:3]} if given.family is Family.BCA else set()
        before = np.array([x for k, x in enumerate(given.positions) if k not in ends])
        assert aligned_rmsd_ang(linker.positions[kept], before) < 0.3


def test_bonds_of_a_linker_agree_with_its_distances(library: list[RawLinker]) -> None:
    for given in library[:10]:
        linker = accepted(process(given))
        real = [k for k, symbol in enumerate(linker.symbols) if symbol not in ("At", "Fr")]
        symbols = tuple(linker.symbols[k] for k in real)
        seen = perceive_periodic(symbols, linker.positions[real], np.eye(3) * 60.0)
        meant = {frozenset((b.i, b.j)) for b in linker.bonds if b.i < len(real) and b.j < len(real)}
        assert {frozenset(pair) for pair in zip(seen.i.tolist(), seen.j.tolist(), strict=True)} == meant


@pytest.mark.engine
def test_bonds_and_hydrogens_are_perceived_from_heavy_atoms(library: list[RawLinker]) -> None:
    right = sum(
        accepted(process(given)).smiles == getattr(process(without_bonds(given)), "smiles", None) for given in library
    )
    assert right >= 0.95 * len(library)


@pytest.mark.engine
def test_perception_stands_noise(library: list[RawLinker]) -> None:
    rng = np.random.default_rng(0)
    right = 0
    for given in library:
        shaken = replace(given, positions=given.positions + rng.normal(0.0, 0.03, given.positions.shape))
        right += accepted(process(given)).smiles == getattr(process(without_bonds(shaken)), "smiles", None)
    assert right >= 0.8 * len(library)


@pytest.mark.parametrize(
    "smiles",
    [
        "O=C(O)CCCCC(=O)O",
        "O=C(O)c1ccc(C(=O)NCc2ccc(C(=O)O)cc2)cc1",
        "O=C(O)c1ccc([N+](=O)[O-])cc1-c1ccc(C(=O)O)cc1",
        "CS(=O)(=O)c1cc(C(=O)O)ccc1C(=O)O",
        "N#Cc1ccc(CN2CCN(c3ccc(C#N)cc3)CC2)cc1",
        "N#CC12CCC(C#N)(CC1)CC2",
        "N#Cc1cc[n+]([O-])c(C#N)c1",
        "O=C(O)c1ccc(/C=N/Nc2ccc(C(=O)O)cc2)cc1",
    ],
)
def test_perception_knows_saturated_charged_and_hypervalent_groups(smiles: str) -> None:
    given = raw(smiles)
    assert accepted(process(without_bonds(given))).smiles == accepted(process(given)).smiles


def test_explicit_hydrogens_decide_what_geometry_leaves_open() -> None:
    given = raw("N#Cc1ccc(C#N)c2[nH]cnc12")
    counted = replace(given, bonds=None, formal_charges=None)
    assert accepted(process(counted)).smiles == accepted(process(given)).smiles


def test_torsions_that_the_generator_chose_survive() -> None:
    flat = raw("O=C(O)c1ccc(-c2ccc(C(=O)O)cc2)cc1")
    x = flat.positions - flat.positions.mean(axis=0)
    _, _, axes = np.linalg.svd(x)
    squashed = replace(flat, positions=x @ axes.T * np.array([1.0, 1.0, 0.8]))
    linker = accepted(process(squashed))
    heavy = [k for k, symbol in enumerate(linker.symbols) if symbol == "C"]
    inner = [k for k in range(len(flat.symbols)) if not any(k in anchor[:3] for anchor in flat.anchors)]
    assert aligned_rmsd_ang(linker.positions[heavy], squashed.positions[inner]) < 0.3


def test_conformer_class_tells_exits_apart_and_stands_noise() -> None:
    rng = np.random.default_rng(1)
    for smiles, expected in {
        BDC: "linear",
        "O=C(O)c1cccc(C(=O)O)c1": "cis",
        "O=C(O)c1cccc2cc3c(C(=O)O)cccc3cc12": "trans",
        "O=C(O)/C=C\\C(=O)O": "cis",
    }.items():
        given = raw(smiles)
        linker = accepted(process(given))
        assert linker.conformer == expected
        for _ in range(5):
            shaken = replace(given, positions=given.positions + rng.normal(0.0, 0.03, given.positions.shape))
            assert accepted(process(shaken)).conformer == linker.conformer


def two_benzenes() -> RawLinker:
    one = raw(BDC)
    positions = np.vstack([one.positions, one.positions + np.array([0.0, 0.0, 9.0])])
    return RawLinker(Family.BCA, one.symbols * 2, positions, one.anchors, "test")


def refusals() -> list[tuple[str, RawLinker, Reason]]:
    bdc, nitrile = raw(BDC), raw(DICYANOBENZENE)
    hydrogens = list(bdc.hydrogens or ())
    charges = [0] * len(bdc.symbols)
    acid = next(k for k in bdc.anchors[0][1:3] if hydrogens[k])
    charges[acid] = -1
    stripped = [0 if k == acid else n for k, n in enumerate(hydrogens)]
    ring = next(k for k, n in enumerate(hydrogens) if n and bdc.symbols[k] == "C")
    crowded = [3 if k == ring else n for k, n in enumerate(hydrogens)]
    radical = [0 if k == ring else n for k, n in enumerate(hydrogens)]
    stretched = np.array(bdc.positions)
    stretched[acid] += 1.0 * (stretched[acid] - stretched[bdc.anchors[0][0]])
    folded = np.array(nitrile.positions)
    nitrogen, carbon, ipso = nitrile.anchors[0]
    across = np.cross(folded[ipso] - folded[carbon], [0.3, 0.5, 0.8])
    folded[nitrogen] = folded[carbon] + 1.16 * across / np.linalg.norm(across)
    nan = np.array(bdc.positions)
    nan[0, 0] = np.nan
    twice = np.array(bdc.positions)
    twice[0] = twice[1] + 0.1
    return [
        ("anion", replace(bdc, hydrogens=tuple(stripped), formal_charges=tuple(charges)), Reason.CHARGED),
        ("too many bonds", replace(bdc, hydrogens=tuple(crowded)), Reason.VALENCE),
        ("radical", replace(bdc, hydrogens=tuple(radical)), Reason.RADICAL),
        ("two molecules", two_benzenes(), Reason.FRAGMENTED),
        ("wrong family", replace(bdc, family=Family.BZN), Reason.NO_ANCHORS),
        ("stretched bond", replace(bdc, positions=stretched), Reason.BOND_LENGTH),
        ("bent nitrile", replace(nitrile, positions=folded), Reason.BOND_ANGLE),
        ("nan", replace(bdc, positions=nan), Reason.NOT_FINITE),
        ("overlap", replace(bdc, positions=twice), Reason.OVERLAP),
        ("metal", replace(bdc, symbols=("Zn", *bdc.symbols[1:])), Reason.UNKNOWN_ELEMENT),
        ("no force field", raw_borane(), Reason.RELAXATION),
    ]


def raw_borane() -> RawLinker:
    """Methylterephthalic acid with BH2 for CH3: MMFF94 has no parameters for boron."""
    toluic = raw("Cc1cc(C(=O)O)ccc1C(=O)O")
    methyl = (toluic.hydrogens or ()).index(3)
    symbols = tuple("B" if k == methyl else symbol for k, symbol in enumerate(toluic.symbols))
    hydrogens = tuple(2 if k == methyl else n for k, n in enumerate(toluic.hydrogens or ()))
    return replace(toluic, symbols=symbols, hydrogens=hydrogens)


@pytest.mark.parametrize(
    ("name", "given", "reason"), refusals(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_refusal_has_its_reason(name: str, given: RawLinker, reason: Reason) -> None:
    outcome = process(given)
    assert isinstance(outcome, Rejected), name
    assert outcome.reason is reason, outcome
    assert outcome.detail


def test_separate_molecules_are_fragmented() -> None:
    given = two_benzenes()
    one = raw(BDC)
    n = len(one.symbols)
    bonds = [*(one.bonds or ()), *(replace(b, i=b.i + n, j=b.j + n) for b in one.bonds or ())]
    outcome = process(replace(given, bonds=tuple(bonds)))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is Reason.FRAGMENTED


@pytest.mark.engine
def test_time_limit_holds_for_large_molecules() -> None:
    given = raw("N#Cc1ccc(cc1)" + "C#Cc1ccc(cc1)" * 5 + "C#N")
    rng = np.random.default_rng(0)
    shaken = replace(given, positions=given.positions + rng.normal(0.0, 0.04, given.positions.shape))
    for linker in (shaken, without_bonds(shaken)):
        start = time.monotonic()
        outcome = process(linker, time_limit_s=0.02)
        assert time.monotonic() - start < 1.5
        assert isinstance(outcome, Rejected)
        assert outcome.reason is Reason.TIME_LIMIT


def test_linkers_survive_pickling() -> None:
    linker = accepted(process(raw(BDC)))
    copy = pickle.loads(pickle.dumps(linker))
    assert (copy.key, copy.anchors, copy.bonds) == (linker.key, linker.anchors, linker.bonds)
    assert np.array_equal(copy.positions, linker.positions)


def test_a_molecule_that_mmff94_cannot_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its typing perceives aromaticity by rules of its own, and raises where these leave no Kekulé structure."""
    from rdkit import Chem
    from rdkit.Chem import rdForceFieldHelpers

    def unreadable(molecule: object) -> None:
        Chem.Kekulize(Chem.MolFromSmiles("c1cccc1", sanitize=False))

    monkeypatch.setattr(rdForceFieldHelpers, "MMFFGetMoleculeProperties", unreadable)
    refused = process(raw("OC(=O)c1ccc(cc1)C(=O)O"))
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.RELAXATION
    assert "MMFF94" in refused.detail
