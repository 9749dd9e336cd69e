"""Writing cores: many rows at a time, each step one small matrix product per layer."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mofa.generate.graph.grammar import Grammar
from mofa.generate.graph.model import GraphModel
from mofa.generate.graph.tokens import END_INDEX, MAX_TOKENS, STAR_INDEX, decode


class Writer:
    """A network made ready to write: its state goes along, so that each token costs the same."""

    def __init__(self, model: GraphModel) -> None:
        recurrent = model.recurrent
        self._model = model
        self._n_layers = recurrent.num_layers
        self._recurrent = [getattr(recurrent, f"weight_hh_l{k}").detach() for k in range(self._n_layers)]
        self._recurrent_bias = [getattr(recurrent, f"bias_hh_l{k}").detach() for k in range(self._n_layers)]
        self._input = [getattr(recurrent, f"weight_ih_l{k}").detach() for k in range(self._n_layers)]
        self._input_bias = [getattr(recurrent, f"bias_ih_l{k}").detach() for k in range(self._n_layers)]
        width = model.config.token_width
        with torch.inference_mode():
            self._of_token = model.tokens.weight @ self._input[0][:, :width].T
        self._of_conditions = self._input[0][:, width:]

    def write(self, conditions: NDArray[np.int64], noise: NDArray[np.float64], *, temperature: float) -> list[str]:
        """One core for each row of conditions; an empty text where the row came to no end.

        Args:
            conditions: bins, ``[n, 5]``.
            noise: uniform random numbers that decide every token, ``[MAX_TOKENS, n]``.
            temperature: below 1 the likely becomes likelier.
        """
        n = len(conditions)
        written = np.full((n, MAX_TOKENS), END_INDEX, dtype=np.int64)
        written[:, 0] = STAR_INDEX
        ended = np.zeros(n, dtype=bool)
        alive = np.arange(n)
        grammar = Grammar(n)
        with torch.inference_mode():
            told = self._model.told(torch.from_numpy(conditions)) @ self._of_conditions.T + self._input_bias[0]
            state = [torch.zeros(n, self._model.config.hidden) for _ in range(self._n_layers)]
            tokens = written[:, 0]
            for step in range(1, MAX_TOKENS):
                logits = self._advance(torch.from_numpy(tokens), told, state).numpy() / temperature
                tokens = choose(logits, grammar.allowed, noise[step, alive])
                written[alive, step] = tokens
                ended[alive[tokens == END_INDEX]] = True
                rows = np.flatnonzero(tokens > END_INDEX)
                if not len(rows):
                    break
                grammar.take(np.maximum(tokens, 0))
                if len(rows) < len(alive):
                    kept = torch.from_numpy(rows)
                    grammar.keep(rows)
                    alive, tokens, told = alive[rows], tokens[rows], told[kept]
                    state = [layer[kept] for layer in state]
        return [decode(row.tolist()) if whole else "" for row, whole in zip(written, ended, strict=True)]

    def _advance(self, tokens: Tensor, told: Tensor, state: list[Tensor]) -> Tensor:
        """Logits after one more token, ``[n, vocabulary]``; the state is replaced."""
        given = self._of_token[tokens] + told
        for k in range(self._n_layers):
            if k:
                given = torch.addmm(self._input_bias[k], state[k - 1], self._input[k].T)
            own = torch.addmm(self._recurrent_bias[k], state[k], self._recurrent[k].T)
            reset_in, update_in, new_in = given.chunk(3, dim=1)
            reset_own, update_own, new_own = own.chunk(3, dim=1)
            update = torch.sigmoid(update_in + update_own)
            new = torch.tanh(new_in + torch.sigmoid(reset_in + reset_own) * new_own)
            state[k] = torch.lerp(new, state[k], update)
        logits: Tensor = self._model.head(state[-1])
        return logits


def choose(logits: NDArray[np.floating], allowed: NDArray[np.bool_], noise: NDArray[np.float64]) -> NDArray[np.int64]:
    """A token a row, drawn by its probability among those allowed; -1 where none is."""
    best = np.where(allowed, logits, -np.inf).max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        odds = np.where(allowed, np.exp((logits - best).astype(np.float64)), 0.0)
    total = np.cumsum(odds, axis=1)
    chosen = (total <= (noise * total[:, -1])[:, None]).sum(axis=1)
    return np.where(allowed.any(axis=1), np.minimum(chosen, logits.shape[1] - 1), -1).astype(np.int64)
