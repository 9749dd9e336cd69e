"""Files of training data: exact, small, and safe to read."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mofa.errors import InputError
from mofa.generate.moflinker import examples
from mofa.generate.moflinker.vocabulary import N_ANCHORS
from tests.generate.moflinker.small import N_CORES, known


def test_packing_keeps_every_number_and_positions_to_a_thousandth() -> None:
    packed = known().packed
    assert len(packed) == N_CORES
    for k, example in enumerate(known().examples):
        back = packed[k]
        for name in ("elements", "hydrogens", "charges", "bonds"):
            assert np.array_equal(getattr(back, name), getattr(example, name)), name
        for name in ("positions", "context"):
            assert np.abs(getattr(back, name) - getattr(example, name)).max() <= 0.000501
    again = examples.pack((packed[k] for k in range(N_CORES)), packed.held_out)
    for name in ("atoms", "positions", "context", "bonds", "n_atoms", "n_bonds", "held_out"):
        assert getattr(again, name).tobytes() == getattr(packed, name).tobytes(), name


def test_an_example_takes_less_than_two_hundred_bytes() -> None:
    packed = known().packed
    per_core = packed.n_bytes / len(packed)
    assert 120 < per_core < 200
    assert per_core == pytest.approx(7 * packed.n_atoms.mean() + 2 * packed.n_bonds.mean() + 39)


def test_counts_of_polar_and_tetrahedral_atoms_are_those_of_rdkit() -> None:
    for molecule, example in zip(known().molecules, known().examples, strict=True):
        atoms = [molecule.GetAtomWithIdx(k) for k in range(6, molecule.GetNumAtoms() - 6)]
        assert example.n_polar == sum(atom.GetSymbol() in "NO" for atom in atoms)
        single = [a for a in atoms if a.GetSymbol() == "C" and all(b.GetBondTypeAsDouble() == 1 for b in a.GetBonds())]
        assert example.n_sp3 == len(single)


def test_bond_classes_are_a_symmetric_table_with_one_single_bond_at_each_anchor() -> None:
    for example in known().examples:
        table = example.bond_classes()
        assert np.array_equal(table, table.T)
        assert not table.diagonal().any()
        assert np.count_nonzero(table) == 2 * len(example.bonds)
        assert [sorted(row[row > 0]) for row in table[:N_ANCHORS]] == [[1], [1]]


def test_files_give_back_what_was_saved(tmp_path: Path) -> None:
    path, packed = tmp_path / "cores.npz", known().packed
    examples.save(packed, path, known().smiles)
    back, smiles = examples.load(path)
    assert smiles == list(known().smiles)
    for name in ("atoms", "positions", "context", "bonds", "n_atoms", "n_bonds", "held_out"):
        assert np.array_equal(getattr(back, name), getattr(packed, name))
    examples.save(packed, tmp_path / "again.npz", known().smiles)
    assert {file.name for file in tmp_path.iterdir()} == {"cores.npz", "again.npz"}
    empty = examples.pack([], [])
    examples.save(empty, path, [])
    assert examples.load(path)[1] == []


def test_parts_of_a_set_are_joined_and_chosen_in_order() -> None:
    packed = known().packed
    first, last = packed.subset([4, 2]), packed.subset(np.array([7]))
    whole = examples.join([first, last])
    for k, original in enumerate((4, 2, 7)):
        assert np.array_equal(whole[k].positions, packed[original].positions)
        assert np.array_equal(whole[k].bonds, packed[original].bonds)
    assert packed.subset([9, 0]).held_out.tolist() == [True, False]


def _bad_contents(good: Path, folder: Path) -> dict[str, bytes]:
    whole = good.read_bytes()
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 0xFF
    with np.load(good) as file:
        arrays = dict(file)
    contents = {
        "empty": b"",
        "text": b"these are no data",
        "truncated": whole[: len(whole) // 2],
        "cut at the end": whole[:-30],
        "flipped": bytes(flipped),
        "pickle": pickle.dumps({"n_atoms": 3}),
    }
    changes: dict[str, dict[str, np.ndarray]] = {
        "other version": {"format_version": np.array(99)},
        "fewer atoms": {"atoms": arrays["atoms"][:-1]},
        "fewer contexts": {"context": arrays["context"][:-1]},
        "fewer marks": {"held_out": arrays["held_out"][:-1]},
        "fewer names": {"smiles": arrays["smiles"][:20]},
        "names that are no text": {"smiles": np.full(9, 0xFF, np.uint8)},
        "version that is no number": {"format_version": np.array([1, 2])},
        "objects": {"bonds": np.array([{"a": 1}, None], dtype=object)},
    }
    for name, change in changes.items():
        np.savez(folder / "changed.npz", **(arrays | change))
        contents[name] = (folder / "changed.npz").read_bytes()
    np.save(folder / "one.npy", arrays["positions"])
    contents["one array"] = (folder / "one.npy").read_bytes()
    lacking = {name: array for name, array in arrays.items() if name != "bonds"}
    np.savez(folder / "lacking.npz", **lacking)
    contents["an array is lacking"] = (folder / "lacking.npz").read_bytes()
    with zipfile.ZipFile(folder / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    contents["another archive"] = (folder / "other.zip").read_bytes()
    return contents


def test_files_that_are_damaged_or_not_ours_are_one_clear_line(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.npz", tmp_path / "bad.npz"
    examples.save(known().packed, good, known().smiles)
    for name, content in _bad_contents(good, tmp_path).items():
        bad.write_bytes(content)
        try:
            examples.load(bad)
        except InputError as error:
            assert "bad.npz" in str(error), name  # noqa: PT017
            assert "\n" not in str(error), name  # noqa: PT017
            assert "mofa data linkers" in str(error), name  # noqa: PT017
        else:
            pytest.fail(f"a file with the fault {name!r} was read")
    with pytest.raises(InputError, match=r"cannot be read \(No such file"):
        examples.load(tmp_path / "none.npz")
    bad.write_bytes(_bad_contents(good, tmp_path)["other version"])
    with pytest.raises(InputError, match="the data are of format 99, not 1"):
        examples.load(bad)
