"""Prompts and poses: whole linkers from cores, and places for prompts that are like those of real linkers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from rdkit import Chem

from mofa.chemistry import AnchorKind, Family, Linker
from mofa.errors import InputError
from mofa.evaluate.gate import gate
from mofa.generate.conditions import ANYTHING, Conditions
from mofa.generate.moflinker.linkers import core_of
from mofa.generate.moflinker.poses import PoseSampler, bend_deg
from mofa.generate.moflinker.prompts import PROMPTS, place, raw_linker_of
from mofa.generate.moflinker.vocabulary import FAMILIES, PROMPT_HEAVY_ATOMS
from tests.generate.graph.cores import whole
from tests.generate.moflinker.small import N_CORES, known, rotation, turned


@pytest.mark.parametrize("family", FAMILIES)
def test_a_core_between_two_prompts_is_the_acid_or_the_dinitrile_and_passes_the_gate(family: Family) -> None:
    for k in range(FAMILIES.index(family), N_CORES, 5):
        raw = raw_linker_of(known().packed[k], family, source="test/1")
        assert len(raw.symbols) == known().examples[k].n_atoms + 2 * PROMPT_HEAVY_ATOMS[family]
        linker = gate(raw)
        assert isinstance(linker, Linker), f"{known().smiles[k]}: {linker}"
        plain = Chem.MolFromSmiles(linker.smiles)
        Chem.RemoveStereochemistry(plain)
        assert core_of(linker.smiles, family) == known().smiles[k]
        assert Chem.MolToSmiles(plain) == whole(known().smiles[k], family)
        kind = AnchorKind.CARBOXYLATE if family is Family.BCA else AnchorKind.N_DONOR
        assert [anchor.kind for anchor in linker.anchors] == [kind, kind]


@pytest.mark.parametrize("family", FAMILIES)
def test_anchors_begin_with_the_atom_that_binds(family: Family) -> None:
    raw = raw_linker_of(known().packed[0], family, source="test/1", model_version=3)
    assert (raw.source, raw.model_version, raw.family) == ("test/1", 3, family)
    for anchor in raw.anchors:
        symbols = [raw.symbols[k] for k in anchor]
        assert symbols == (["C", "O", "O", "C"] if family is Family.BCA else ["N", "C", "C"])
        x = raw.positions[list(anchor)]
        bound = np.linalg.norm(x[1:] - x[0], axis=1)
        assert bound[:1] == pytest.approx([1.214] if family is Family.BCA else [1.157], abs=1e-6)


def test_prompts_stand_where_their_context_atoms_are() -> None:
    for prompt in PROMPTS.values():
        for example in known().examples[:10]:
            context = example.context[:3].astype(float)
            placed = place(prompt, context)
            assert np.linalg.norm(placed[:3] - context, axis=1).max() < 0.05
            assert placed[0] == pytest.approx(context[0])
            back = np.linalg.norm(placed[:, None] - placed[None], axis=-1)
            own = np.linalg.norm(prompt.positions[:, None] - prompt.positions[None], axis=-1)
            assert np.abs(back - own).max() < 1e-9


def test_a_turned_core_gives_the_turned_linker() -> None:
    example, turn, shift = known().examples[1], rotation(4), np.array([3.0, -1.0, 2.0])
    here = raw_linker_of(example, Family.BCA, source="x/1")
    there = raw_linker_of(turned(example, turn, shift), Family.BCA, source="x/1")
    assert np.abs(here.positions @ turn.T + shift - there.positions).max() < 1e-5


def _lengths(context: np.ndarray) -> np.ndarray:
    return np.linalg.norm(context[:, 3] - context[:, 0], axis=1)


def test_poses_are_like_those_of_the_data() -> None:
    sampler = PoseSampler.of(known().packed)
    drawn = sampler.draw(400, np.random.default_rng(0), (6, 20), ANYTHING)
    real = np.stack([example.context for example in known().examples])
    assert _lengths(drawn.context).mean() == pytest.approx(_lengths(real).mean(), abs=0.8)
    assert set(drawn.sizes.tolist()) <= set(known().packed.n_atoms.tolist())
    assert drawn.context.shape == (400, 6, 3)
    middle = (drawn.context[:, 0] + drawn.context[:, 3]) / 2
    assert np.abs(middle).max() < 1e-9
    assert np.abs(drawn.context[:, 3, 1:]).max() < 1e-9, "the axis is not x"
    assert (drawn.context[:, 3, 0] > 0).all()


def test_a_length_that_is_asked_is_kept() -> None:
    sampler = PoseSampler.of(known().packed)
    for length in (6.0, 12.0):
        lengths = _lengths(sampler.draw(200, np.random.default_rng(1), (6, 20), Conditions(length_ang=length)).context)
        assert lengths.mean() == pytest.approx(length, abs=0.05)
        assert np.abs(lengths - length).max() < 0.5
    short, long = (
        sampler.draw(200, np.random.default_rng(1), (6, 20), Conditions(length_ang=length)).sizes.mean()
        for length in (6.0, 14.0)
    )
    assert short < long


def test_sizes_are_in_the_range_that_is_asked_even_where_no_pose_is() -> None:
    sampler = PoseSampler.of(known().packed)
    for asked in ((6, 9), (10, 12), (15, 20)):
        sizes = sampler.draw(200, np.random.default_rng(2), asked, ANYTHING).sizes
        assert asked[0] <= sizes.min() <= sizes.max() <= asked[1]
    large = known().packed.subset(np.flatnonzero(known().packed.n_atoms >= 15))
    sizes = PoseSampler.of(large).draw(50, np.random.default_rng(2), (7, 9), ANYTHING).sizes
    assert set(sizes.tolist()) <= {7, 8, 9}


def test_poses_of_polar_or_stiff_linkers_are_drawn_when_these_are_asked() -> None:
    sampler = PoseSampler.of(known().packed)
    rng = np.random.default_rng(3)
    stiff = {round(1000 * float(_lengths(e.context[None])[0])) for e in known().examples if e.n_sp3 == 0}
    drawn = sampler.draw(100, rng, (6, 20), Conditions(sp3_atoms=0))
    near = [min(abs(1000 * length - other) for other in stiff) for length in _lengths(drawn.context)]
    assert max(near) < 1000 * 0.5
    assert set(drawn.sizes.tolist()) <= {e.n_atoms for e in known().examples if e.n_sp3 == 0}
    drawn = sampler.draw(100, rng, (6, 20), Conditions(polar_atoms=0))
    assert set(drawn.sizes.tolist()) <= {e.n_atoms for e in known().examples if e.n_polar == 0}


def test_jitter_keeps_the_shape_of_each_prompt() -> None:
    sampler = PoseSampler.of(known().packed)
    shapes = np.stack([_shape(example.context) for example in (known().packed[k] for k in range(N_CORES))])
    for context in sampler.draw(60, np.random.default_rng(4), (6, 20), ANYTHING).context:
        assert np.abs(shapes - _shape(context)).max(axis=(1, 2)).min() < 0.002


def _shape(context: np.ndarray) -> np.ndarray:
    ends = context.reshape(2, 3, 3)
    return np.linalg.norm(ends - ends[:, [1, 2, 0]], axis=-1)


def test_poses_survive_a_weights_file() -> None:
    sampler = PoseSampler.of(known().packed)
    again = PoseSampler.of_tensors(sampler.tensors())
    for name in ("context", "sizes", "polar", "sp3"):
        assert np.array_equal(getattr(again, name), getattr(sampler, name))
        assert not torch.is_floating_point(sampler.tensors()[f"poses.{name}"])
    one, other = (s.draw(5, np.random.default_rng(5), (6, 20), ANYTHING) for s in (sampler, again))
    assert np.array_equal(one.context, other.context)


def test_straight_poses_are_drawn_where_they_are_asked_for() -> None:
    sampler = PoseSampler.of(known().packed)
    free, straight = (
        [bend_deg(context) for context in sampler.draw(60, np.random.default_rng(1), (6, 20), asked).context]
        for asked in (ANYTHING, Conditions(max_bend_deg=15.0))
    )
    assert max(free) > 25.0
    assert np.mean(straight) < 13.0
    assert np.mean(np.array(straight) < 15.0) > 0.9, "prompts are turned a little after they were chosen"


def test_poses_are_as_straight_as_asked_or_refused() -> None:
    sampler = PoseSampler.of(known().packed)
    bends = sorted(bend_deg(example.context.astype(float)) for example in known().examples)
    rng = np.random.default_rng(3)
    asked = Conditions(max_bend_deg=1.6 * bends[2])
    drawn = sampler.draw(60, rng, (6, 20), asked)
    assert np.median([bend_deg(context) for context in drawn.context]) < 1.6 * bends[2]
    with pytest.raises(InputError, match="is known that bends less than"):
        sampler.draw(4, rng, (6, 20), Conditions(max_bend_deg=bends[0] / 2))
