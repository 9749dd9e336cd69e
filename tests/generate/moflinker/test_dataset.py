"""The pre-training set: sound conformers, no scaffold on both sides, the same however often it is stopped."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from mofa.chemistry import Family, Reason, Rejected, Stage
from mofa.errors import InputError
from mofa.generate.moflinker import dataset
from mofa.generate.moflinker.conformers import (
    MAX_SPAN_ANG,
    MIN_SPAN_ANG,
    anchor_frame,
    conformer,
    example_of,
    featurize,
)
from mofa.generate.moflinker.dataset import Named, build, is_held_out, named_core
from mofa.generate.moflinker.enumeration import capped, core_atoms, cores, has_usual_rings
from mofa.generate.moflinker.examples import Packed
from mofa.generate.moflinker.vocabulary import BOND_ORDERS, ELEMENTS
from mofa.process.geometry import length_window_ang
from tests.generate.moflinker.small import known


def test_bonds_of_the_examples_have_usual_lengths() -> None:
    for name, example in zip(known().smiles, known().examples, strict=True):
        symbols = ["C", "C", *(ELEMENTS[k] for k in example.elements)]
        x = np.vstack([example.context[[0, 3]], example.positions])
        for i, j, kind in example.bonds:
            least, most = length_window_ang(symbols[i], symbols[j], BOND_ORDERS[kind], 0.12)
            assert least < np.linalg.norm(x[i] - x[j]) < most, (name, i, j)
        apart = np.linalg.norm(x[:, None] - x[None], axis=-1)
        assert apart[~np.eye(len(x), dtype=bool)].min() > 1.0


def test_examples_stand_in_the_frame_of_their_anchors() -> None:
    for example in known().examples:
        a, b = example.context[[0, 3]]
        assert (a + b) == pytest.approx(0.0, abs=1e-5)
        assert a[1:] == pytest.approx(0.0, abs=1e-5)
        assert MIN_SPAN_ANG < b[0] - a[0] < MAX_SPAN_ANG
        for end in (example.context[:3], example.context[3:]):
            assert np.linalg.norm(end[1:] - end[0], axis=1) == pytest.approx(1.40, abs=0.04)
            assert np.linalg.norm(end[1] - end[2]) == pytest.approx(2.42, abs=0.06)


def test_the_anchor_frame_is_a_rotation() -> None:
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 0.0, -1.0])
    rotation, origin = anchor_frame(a, b)
    assert rotation @ rotation.T == pytest.approx(np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert origin == pytest.approx((a + b) / 2)
    assert rotation @ (b - origin) == pytest.approx([np.linalg.norm(b - a) / 2, 0.0, 0.0])


def test_open_chain_double_bonds_are_trans_in_3d() -> None:
    for core in ("*C=Cc1ccc(C=C*)cc1", "*N=Nc1ccc(*)cc1"):
        molecule = capped(core)
        whole = conformer(molecule, seed=2)
        assert whole is not None
        found = whole.GetSubstructMatches(Chem.MolFromSmarts("[#6]-[C,N;!R]=[C,N;!R]-[#6]"))
        assert len(found) == core.count("=C") - core.count("C=C(") or found
        for atoms in found:
            angle = abs(Chem.rdMolTransforms.GetDihedralDeg(whole.GetConformer(), *atoms))
            assert angle > 150.0


def test_a_conformer_is_a_function_of_the_seed() -> None:
    molecule = known().molecules[0]
    one, again = featurize(molecule, seed=1), featurize(molecule, seed=1)
    assert one is not None
    assert again is not None
    assert np.array_equal(one.positions, again.positions)
    assert np.array_equal(one.positions, known().examples[0].positions)


def test_anchors_that_are_too_close_make_no_example() -> None:
    molecule = capped("*c1ccc(*)cc1")
    whole = conformer(molecule, seed=1)
    assert whole is not None
    for k in range(3):
        place = whole.GetConformer().GetAtomPosition(0)
        place.x += 0.5 * k
        whole.GetConformer().SetAtomPosition(core_atoms(molecule).stop, place)
        assert example_of(whole, core_atoms(molecule)) is None


def test_what_is_held_out_is_decided_by_the_scaffold() -> None:
    sides: dict[str, set[bool]] = {}
    for core in islice(cores("held out"), 250):
        scaffold = MurckoScaffold.GetScaffoldForMol(core.molecule)
        Chem.RemoveStereochemistry(scaffold)
        sides.setdefault(Chem.MolToSmiles(scaffold), set()).add(is_held_out(core.molecule))
    assert all(len(side) == 1 for side in sides.values())
    assert 0.01 < np.mean([True in side for side in sides.values()]) < 0.12
    bare, substituted = (capped(f"*c1cc({group})c(*)cc1") for group in ("F", "C#N"))
    assert is_held_out(bare) == is_held_out(substituted)


@pytest.fixture
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "DRAWS_PER_SHARD", 6)


def _same(a: tuple[Packed, list[str]], b: tuple[Packed, list[str]]) -> bool:
    arrays = ("atoms", "positions", "context", "bonds", "held_out")
    return a[1] == b[1] and all(np.array_equal(getattr(a[0], name), getattr(b[0], name)) for name in arrays)


@pytest.mark.usefixtures("_small_shards")
def test_a_build_that_was_stopped_goes_on_to_the_same_set(tmp_path: Path) -> None:
    told: list[float] = []
    whole = build(14, seed=5, folder=tmp_path / "a", on_progress=lambda fraction, text: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0
    packed, smiles = whole
    assert len(set(smiles)) == len(packed) == 14
    shards = sorted((tmp_path / "a").iterdir())
    assert len(shards) >= 3
    shards[1].unlink()
    kept = shards[0].stat().st_mtime_ns
    assert _same(build(14, seed=5, folder=tmp_path / "a"), whole)
    assert shards[0].stat().st_mtime_ns == kept, "a shard that was there was built again"
    fewer = build(9, seed=5, folder=tmp_path / "a")
    assert fewer[1] == smiles[:9]
    for name in smiles:
        molecule = capped(name)
        assert has_usual_rings(molecule)
        assert bool(packed.held_out[smiles.index(name)]) == is_held_out(molecule)


@pytest.mark.engine
def test_the_set_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    # Shards are of full size in the workers, so few that are there already do for all.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "DRAWS_PER_SHARD", 4)
        for k in range(8):
            dataset._make_shard(6, k, tmp_path)
        alone = build(8, seed=6, folder=tmp_path, workers=1)
        assert _same(build(8, seed=6, folder=tmp_path, workers=2), alone)


@pytest.mark.usefixtures("_small_shards")
def test_added_cores_come_first_and_count(tmp_path: Path) -> None:
    own = named_core("OC(=O)c1ccc(cc1)-c1cc(Br)c(cc1)-c1ccc(C(=O)O)cc1", Family.BCA, seed=1)
    assert isinstance(own, Named)
    packed, smiles = build(7, seed=5, folder=tmp_path, added=[own])
    plain = build(6, seed=5, folder=tmp_path)
    assert smiles[0] == own.smiles
    assert smiles[1:] == [name for name in plain[1] if name != own.smiles][:6]
    assert len(packed) == 7
    assert np.array_equal(packed[0].elements, own.example.elements)
    twice = build(7, seed=5, folder=tmp_path, added=[Named(plain[1][2], plain[0][2], held_out=True)])
    assert twice[1].count(plain[1][2]) == 1
    assert bool(twice[0].held_out[0])


def test_linkers_that_are_no_cores_are_refused_with_a_reason() -> None:
    for smiles, family in (
        ("OC(=O)c1ccc(C(=O)O)cc1", Family.BCA),
        ("OC(=O)CCCCCCCC(=O)O", Family.BCA),
        ("N#Cc1ccc(cc1)C#Cc1ccc(cc1)C#N", Family.BZN),
        ("c1cc(-c2ccncc2)ccn1", Family.PYR),
    ):
        refused = named_core(smiles, family, seed=1)
        assert isinstance(refused, Rejected)
        assert (refused.stage, refused.reason) == (Stage.TRAIN, Reason.NOT_EXPRESSIBLE)
        assert smiles in refused.detail


def test_a_set_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Ask for 1 or more"):
        build(0, seed=1, folder=tmp_path)


def test_a_damaged_shard_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "DRAWS_PER_SHARD", 8)
    _, names = build(3, seed=5, folder=tmp_path)
    first = min(tmp_path.glob("*.npz"))
    whole = first.read_bytes()
    first.write_bytes(whole[: len(whole) // 2])
    assert build(3, seed=5, folder=tmp_path)[1] == names
    assert len(first.read_bytes()) == len(whole)
