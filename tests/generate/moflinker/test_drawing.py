"""Samples that make no molecule are taken back and drawn again; what is still none is repaired."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from rdkit import Chem

from mofa.chemistry import Family
from mofa.generate import StreamRequest
from mofa.generate.moflinker import ddpm, drawing, flow
from mofa.generate.moflinker.alerts import has_alert
from mofa.generate.moflinker.decode import Decoded, Fault, Scores
from mofa.generate.moflinker.drawing import Prompted, molecules
from tests.generate.moflinker.small import model

N = 8


def prompted(objective: str = "flow") -> tuple[Any, Prompted]:
    made = model(0, objective)
    return made, Prompted.of(made, StreamRequest(Family.BCA, n=N), (6, 20), N, np.random.default_rng(1))


def drawn(monkeypatch: pytest.MonkeyPatch, good: set[int], objective: str = "flow") -> tuple[list[Any], list[Any]]:
    """Molecules where linker k decodes from attempt `k` on if it is good, and by repair alone otherwise."""
    calls: list[Any] = []
    module = flow if objective == "flow" else ddpm
    real = module.sample

    def sample(network: Any, context: Any, mask: Any, conditions: Any, **options: Any) -> Any:
        calls.append((len(context), options["steps"], options.get("before")))
        return real(network, context, mask, conditions, **options)

    def decode(scores: Scores, *, least_atoms: int, repair: bool) -> Decoded | Fault:
        number = next(k for k in range(N) if np.allclose(scores.positions[0], contexts[k][0], atol=1e-6))
        repaired.append((number, repair))
        if repair or (number in good and number < len(calls)):
            return Decoded([], [], [], exact=not repair)
        return Fault.UNSOUND

    repaired: list[tuple[int, bool]] = []
    monkeypatch.setattr(module, "sample", sample)
    monkeypatch.setattr(drawing, "decode", decode)
    monkeypatch.setattr(drawing, "sanitised", lambda *graph: None)
    monkeypatch.setattr(drawing, "has_alert", lambda molecule: False)
    made, asked = prompted(objective)
    contexts = asked.context
    found = molecules(made, asked, steps=4, generator=torch.Generator().manual_seed(0))
    return found, [calls, repaired]


def test_only_what_makes_no_molecule_is_drawn_again_and_repaired_last(monkeypatch: pytest.MonkeyPatch) -> None:
    found, (calls, decoded) = drawn(monkeypatch, {0, 1, 2})
    assert [n for n, _, _ in calls] == [N, N - 1, N - 2, N - 3]
    assert [steps for _, steps, _ in calls] == [4, 2, 2, 2]
    assert [before is None for _, _, before in calls] == [True, False, False, False]
    assert [len(before[0]) for _, _, before in calls[1:]] == [N - 1, N - 2, N - 3]
    assert all(molecule is not None for molecule in found)
    assert [molecule[1].exact for molecule in found] == [True] * 3 + [False] * (N - 3)
    assert {number for number, repair in decoded if repair} == set(range(3, N))


def test_samples_of_a_diffusion_are_not_taken_back_but_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    found, (calls, decoded) = drawn(monkeypatch, set(), "ddpm")
    assert [(n, steps, before) for n, steps, before in calls] == [(N, 4, None)]
    assert all(repair for _, repair in decoded)
    assert len(decoded) == len(found) == N


def test_groups_that_no_linker_has_are_told() -> None:
    odd = (
        "*CC(=O)O",
        "*C(=O)F",
        "*NN=N*",
        "*NOC*",
        "*OO*",
        "*NF",
        "*C=CO",
        "*C(F)=N*",
        "*C(O)N*",
        "*C(*)=N",
        "*C=C=C*",
    )
    usual = (
        "*c1ccc(O)c(*)c1",
        "*C(=O)N*",
        "*N=N*",
        "*C(=O)OC*",
        "*S(*)(=O)=O",
        "*C=NN=C*",
        "*c1ccc(S)c(*)c1",
        "*C#CC#C*",
    )
    usual += ("*c1ccc(S)c(*)c1", "*c1cc([N+](=O)[O-])ccc1*", "*c1noc(*)n1", "*c1nnn(*)c1", "*C(F)(F)C*")
    assert [smiles for smiles in odd if not has_alert(Chem.MolFromSmiles(smiles))] == []
    assert [smiles for smiles in usual if has_alert(Chem.MolFromSmiles(smiles))] == []


def test_samples_that_are_no_numbers_give_no_molecule(monkeypatch: pytest.MonkeyPatch) -> None:
    real = flow.sample
    calls = []

    def broken(*arguments: Any, **options: Any) -> Any:
        positions, types, guess = real(*arguments, **options)
        calls.append(len(positions))
        positions[:3] = torch.nan
        return positions, types, guess

    monkeypatch.setattr(flow, "sample", broken)
    made, asked = prompted()
    found = molecules(made, asked, steps=2, generator=torch.Generator().manual_seed(0))
    assert found[:3] == [None] * 3
    assert all(n <= N - 3 * k for k, n in enumerate(calls))


def test_prompts_are_as_asked() -> None:
    _, asked = prompted()
    sizes = asked.mask.sum(1)
    assert asked.context.shape == (N, 6, 3)
    assert bool(((asked.conditions[:, 1] == sizes) | (asked.conditions[:, 1] == sizes - 1)).all())
    some = asked.rows([5, 2])
    assert np.array_equal(some.context, asked.context[[5, 2]])
    assert torch.equal(some.conditions, asked.conditions[[5, 2]])
