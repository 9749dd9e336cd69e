"""Averages and errors of a grand-canonical run from its samples, the same for every engine.

An interval whose run was stopped as soon as it was narrow enough is a little too narrow: on correlated test series the
95 % interval then covers the truth in about 91 % of the runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mofa.units import K_TO_KJ_PER_MOL

BLOCKS = 10
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean with the half-width of its 95 % confidence interval."""

    value: float
    error: float

    def meets(self, target_relative_error: float) -> bool:
        """Whether the error is at most this fraction of the value."""
        return bool(self.error <= target_relative_error * abs(self.value))


def loading(molecules: ArrayLike, *, blocks: int = BLOCKS) -> Estimate:
    """Mean loading of a run.

    The error is Student's t times the standard error of contiguous block means, which are nearly independent when
    a block is much longer than the correlation time (DOI 10.1063/1.457480). A run that never saw a molecule gets the
    95 % upper bound of a rare event, 3 / samples, as its error: "none seen" is not "none".

    Args:
        molecules: number of guest molecules after every cycle, ``[n_samples]``.
        blocks: number of blocks; left-over samples at the start are dropped.
    """
    samples = _blocks(molecules, blocks)
    means = samples.mean(axis=1)
    if not samples.any():
        return Estimate(0.0, 3.0 / samples.size)
    error = _student_t(blocks) * means.std(ddof=1) / np.sqrt(blocks)
    return Estimate(float(means.mean()), float(error))


def isosteric_heat(
    molecules: ArrayLike, energies_k: ArrayLike, *, temperature_k: float, blocks: int = BLOCKS
) -> Estimate:
    """Isosteric heat of adsorption in kJ/mol from fluctuations, positive for exothermic adsorption.

    ``q = RT - (<U N> - <U><N>) / (<N^2> - <N>^2)`` for an ideal bulk gas and rigid guests (DOI 10.1021/ct700342k).
    The error comes from a jackknife over blocks, because q is a ratio of averages.

    Args:
        molecules: number of guest molecules after every cycle, ``[n_samples]``.
        energies_k: adsorption energy (guest-host and guest-guest) of the same, K, ``[n_samples]``.
        temperature_k: temperature, K.
        blocks: number of blocks.
    """
    n, u = _blocks(molecules, blocks), _blocks(energies_k, blocks)
    moments = np.stack([(x.mean(axis=1)) for x in (n, u, u * n, n * n)])
    leave_one_out = (moments.sum(axis=1, keepdims=True) - moments) / (blocks - 1)
    heat = _heat_kj_per_mol(moments.mean(axis=1, keepdims=True), temperature_k)[0]
    replicates = _heat_kj_per_mol(leave_one_out, temperature_k)
    spread = np.sqrt((blocks - 1) / blocks * np.sum((replicates - replicates.mean()) ** 2))
    return Estimate(float(heat), float(_student_t(blocks) * spread))


def _heat_kj_per_mol(moments: NDArray[np.float64], temperature_k: float) -> NDArray[np.float64]:
    """Heat from the moments <N>, <U>, <UN>, <NN>, ``[4, n]``; NaN where N does not fluctuate."""
    n, u, un, nn = moments
    variance = nn - n * n
    fluctuates = variance > 1e-12
    covariance = np.where(fluctuates, un - u * n, np.nan)
    energy_k = covariance / np.where(fluctuates, variance, 1.0)
    result: NDArray[np.float64] = (temperature_k - energy_k) * K_TO_KJ_PER_MOL
    return result


def _blocks(samples: ArrayLike, blocks: int) -> NDArray[np.float64]:
    """The last samples as ``[blocks, length]``."""
    x = np.asarray(samples, dtype=np.float64)
    length = len(x) // blocks
    if length < 1:
        raise ValueError(f"{len(x)} samples cannot make {blocks} blocks")
    return x[len(x) - blocks * length :].reshape(blocks, length)


def _student_t(blocks: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(blocks - 1, 0.5 + CONFIDENCE / 2))
