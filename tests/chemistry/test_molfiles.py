"""Linkers in files: what is written comes back, what users bring is understood, what is broken is named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Family, Linker, RawLinker, Reason, Rejected
from mofa.chemistry.depict import linker_svg
from mofa.chemistry.molecules import from_smiles, molecule_of
from mofa.chemistry.molfiles import linkers_to_sdf, read_linkers, write_sdf
from mofa.errors import InputError
from mofa.process import process

SMILES = [
    "O=C(O)c1ccc(C(=O)O)cc1",
    "O=C(O)c1ccc(C(=O)O)[nH]1",
    "O=C(O)c1ccc(C(=O)O)c([N+](=O)[O-])c1",
    "N#Cc1ccc(/N=N/c2ccc(C#N)cc2)cc1",
    "N#Cc1ccc(C#N)c2nsnc12",
]


@pytest.fixture(scope="module")
def raws() -> list[RawLinker]:
    found = [from_smiles(smiles, seed=2) for smiles in SMILES]
    assert all(isinstance(linker, RawLinker) for linker in found)
    return [replace(linker, model_version=2) for linker in found if isinstance(linker, RawLinker)]


def smiles_of(entries: Iterable[RawLinker | Linker | Rejected]) -> list[str]:
    processed = [process(entry) if isinstance(entry, RawLinker) else entry for entry in entries]
    return [entry.smiles if isinstance(entry, Linker) else str(entry) for entry in processed]


def test_raw_linkers_come_back_from_sdf(raws: list[RawLinker], tmp_path: Path) -> None:
    assert write_sdf(raws, tmp_path / "raw.sdf") == len(raws)
    back = list(read_linkers(tmp_path / "raw.sdf"))
    for before, after in zip(raws, back, strict=True):
        assert isinstance(after, RawLinker)
        for name in ("family", "symbols", "anchors", "source", "model_version", "hydrogens", "formal_charges"):
            assert getattr(after, name) == getattr(before, name), name
        assert after.positions == pytest.approx(before.positions, abs=1e-4)
    assert smiles_of(back) == SMILES


def test_raw_linkers_without_bonds_come_back_without(raws: list[RawLinker], tmp_path: Path) -> None:
    bare = [replace(linker, bonds=None, hydrogens=None, formal_charges=None) for linker in raws]
    write_sdf(bare, tmp_path / "bare.sdf")
    back = list(read_linkers(tmp_path / "bare.sdf"))
    assert all(isinstance(k, RawLinker) and k.bonds is None and k.hydrogens is None for k in back)
    assert smiles_of(back) == SMILES


def test_processed_linkers_come_back_from_sdf(raws: list[RawLinker], tmp_path: Path) -> None:
    linkers = [linker for linker in map(process, raws) if isinstance(linker, Linker)]
    write_sdf(linkers, tmp_path / "linkers.sdf")
    for before, after in zip(linkers, read_linkers(tmp_path / "linkers.sdf"), strict=True):
        assert isinstance(after, Linker)
        for name in ("smiles", "inchikey", "family", "symbols", "anchors", "source", "model_version", "conformer"):
            assert getattr(after, name) == getattr(before, name), name
        orders = [{(frozenset((b.i, b.j)), b.order) for b in linker.bonds} for linker in (before, after)]
        assert orders[0] == orders[1]
        assert after.positions == pytest.approx(before.positions, abs=1e-4)


def test_files_of_earlier_versions_hold_linkers_of_the_pre_trained_model(raws: list[RawLinker], tmp_path: Path) -> None:
    path = tmp_path / "older.sdf"
    path.write_text(linkers_to_sdf(raws[:1]).replace(">  <mofa_model_version>\n2\n\n", ""))
    (linker,) = read_linkers(path)
    assert isinstance(linker, RawLinker)
    assert linker.model_version == 0


def test_other_programs_can_read_our_sdf(raws: list[RawLinker]) -> None:
    from rdkit import Chem

    linkers = [linker for linker in map(process, raws) if isinstance(linker, Linker)]
    for linker in [*raws, *linkers]:
        assert Chem.MolFromMolBlock(linkers_to_sdf([linker])) is not None


@pytest.mark.parametrize("hydrogens", [True, False])
@pytest.mark.parametrize("suffix", [".sdf", ".xyz"])
def test_files_of_other_programs_are_understood(
    raws: list[RawLinker], tmp_path: Path, suffix: str, hydrogens: bool
) -> None:
    from rdkit import Chem

    molecules = [molecule_of(linker) for linker in raws]
    if hydrogens:
        molecules = [Chem.AddHs(molecule, addCoords=True) for molecule in molecules]
    blocks = [Chem.MolToXYZBlock(m) if suffix == ".xyz" else Chem.MolToMolBlock(m) + "$$$$\n" for m in molecules]
    path = tmp_path / f"user{suffix}"
    path.write_text("".join(blocks))
    assert smiles_of(read_linkers(path)) == SMILES


def test_flat_drawings_are_embedded(tmp_path: Path) -> None:
    from rdkit import Chem
    from rdkit.Chem import rdDepictor

    molecule = Chem.MolFromSmiles(SMILES[0])
    rdDepictor.Compute2DCoords(molecule)
    (tmp_path / "flat.mol").write_text(Chem.MolToMolBlock(molecule))
    assert smiles_of(read_linkers(tmp_path / "flat.mol")) == SMILES[:1]


def test_smiles_entries_are_refused_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "linkers.smi"
    path.write_text(f"# linkers\n{SMILES[0]} BDC\nnot-a-molecule\nc1ccccc1\n[Na+].{SMILES[0]}\n\n{SMILES[3]}\n")
    entries = list(read_linkers(path))
    reasons = [entry.reason if isinstance(entry, Rejected) else entry.family for entry in entries]
    assert reasons == [Family.BCA, Reason.UNREADABLE, Reason.NO_ANCHORS, Reason.FRAGMENTED, Family.BZN]


def test_of_three_acids_the_farthest_pair_binds_a_ditopic_linker() -> None:
    linker = from_smiles("O=C(O)c1cc(-c2ccc(C(=O)O)cc2)ccc1C(=O)O", family=Family.BCA)
    assert isinstance(linker, RawLinker)
    ends = [linker.positions[anchor[0]] for anchor in linker.anchors]
    carboxyls = [
        k
        for k, symbol in enumerate(linker.symbols)
        if symbol == "C"
        and sum(linker.symbols[b.i + b.j - k] == "O" for b in linker.bonds or () if k in (b.i, b.j)) == 2
    ]
    longest = max(np.linalg.norm(linker.positions[a] - linker.positions[b]) for a in carboxyls for b in carboxyls)
    assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(longest)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("missing.sdf", None, "cannot be read"),
        ("empty.sdf", "", "empty"),
        ("garbage.sdf", "this is\nnot a\nmolecule\nfile\n", "no readable molecule"),
        ("garbage.xyz", "two\n\nC 0 0 0\n", "no readable molecule"),
        ("short.xyz", "5\n\nC 0 0 0\n", "no readable molecule"),
        ("garbage.smi", "((((\n", "no readable molecule"),
        ("linker.pdb", "ATOM", "not read from .pdb"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_linkers(path)
    assert str(path) in str(caught.value)


def test_drawings_are_transparent_svg() -> None:
    svg = linker_svg(SMILES[2], 200, 120)
    assert svg.startswith("<svg")
    assert "width='200px'" in svg
    assert "<rect" not in svg
    with pytest.raises(InputError):
        linker_svg("((")
