"""Tokens, and what may follow what: every core can be written, and whatever is written closes what it opens."""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from mofa.generate.graph.grammar import Grammar
from mofa.generate.graph.sampling import choose
from mofa.generate.graph.tokens import END_INDEX, INDEX, MAX_TOKENS, VOCABULARY, decode, encode, rows, spelling
from tests.generate.graph.cores import enumerated


def test_spellings_are_the_same_molecule_from_either_end() -> None:
    for smiles in enumerated(60):
        core = Chem.MolFromSmiles(smiles)
        for pick in (0, 1):
            for canonical in (True, False):
                indices = spelling(core, pick, canonical=canonical)
                assert indices is not None
                assert Chem.CanonSmiles(decode(indices)) == smiles


def test_the_grammar_allows_every_core() -> None:
    encoded = [spelling(Chem.MolFromSmiles(smiles), 1, canonical=True) for smiles in enumerated(200)]
    table = rows([row for row in encoded if row is not None])
    grammar = Grammar(len(table))
    for column in range(1, table.shape[1]):
        alive = np.flatnonzero(table[:, column - 1] != END_INDEX)
        grammar.keep(alive)
        table = table[alive]
        tokens = table[:, column]
        forbidden = ~grammar.allowed[np.arange(len(table)), tokens]
        assert not forbidden.any(), [decode(row) for row in table[forbidden]]
        grammar.take(tokens)


def test_what_is_written_at_random_is_closed_and_has_two_ends() -> None:
    rng = np.random.default_rng(0)
    n = 300
    grammar = Grammar(n)
    written = np.full((n, MAX_TOKENS), END_INDEX)
    written[:, 0] = INDEX["*"]
    alive = np.arange(n)
    bias = np.zeros(len(VOCABULARY), dtype=np.float32)
    bias[[END_INDEX, INDEX[")"], INDEX["*"]]] = 3.0
    for step in range(1, MAX_TOKENS):
        tokens = choose(np.tile(bias, (len(alive), 1)), grammar.allowed, rng.random(len(alive)))
        assert tokens.min() >= 0
        written[alive, step] = tokens
        grammar.take(tokens)
        kept = np.flatnonzero(tokens != END_INDEX)
        grammar.keep(kept)
        alive = alive[kept]
    ended = np.setdiff1d(np.arange(n), alive)
    assert len(ended) > 100
    for row in written[ended]:
        smiles = decode(row)
        assert smiles.count("*") == 2
        assert smiles.count("(") == smiles.count(")")
        assert all(smiles.count(digit) % 2 == 0 for digit in "123456")
        assert Chem.MolFromSmiles(smiles, sanitize=False) is not None, smiles


def test_unknown_tokens_and_endless_rows_are_not_encoded() -> None:
    assert encode("*c1ccc(*)cc1") is not None
    for smiles in ("", "c1ccc(*)cc1*", "*c1ccc([Si])c(*)c1", "*" + "C" * MAX_TOKENS + "*"):
        assert encode(smiles) is None


def test_choosing_follows_the_odds_among_what_is_allowed() -> None:
    logits = np.log(np.array([[0.2, 0.5, 0.3]] * 4, dtype=np.float32))
    allowed = np.array([[True, True, True], [True, False, True], [True, True, True], [False, False, False]])
    assert choose(logits, allowed, np.array([0.19, 0.5, 0.71, 0.5])).tolist() == [0, 2, 2, -1]
    draws = choose(
        np.tile(logits[:1], (4000, 1)), np.ones((4000, 3), dtype=bool), np.random.default_rng(1).random(4000)
    )
    assert np.abs(np.bincount(draws, minlength=3) / 4000 - [0.2, 0.5, 0.3]).max() < 0.03
