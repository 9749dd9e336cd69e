"""Where the two prompts stand: distance, directions and twist drawn from the data, given size and what is asked.

The published model keeps one distance for all sizes, which only a third of the linkers of its best size could span.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mofa.errors import InputError
from mofa.generate.conditions import Conditions
from mofa.generate.moflinker.conformers import anchor_frame
from mofa.generate.moflinker.examples import Packed
from mofa.generate.moflinker.prompts import context_directions
from mofa.generate.moflinker.tensors import polar_bin, sp3_bin
from mofa.generate.moflinker.vocabulary import MAX_CORE_ATOMS, MIN_CORE_ATOMS, N_ANCHORS, N_CONTEXT

PROMPT_LENGTH_ANG = 4.3
"""From the anchor carbon to the carbon of the acid or nitrile."""
LENGTH_JITTER_ANG = 0.10
ANGLE_JITTER_DEG = 3.0
LENGTH_TOLERANCE_ANG = 0.4
"""Poses within about this of a length that is asked are used, their distance then set to it."""
_NAMES = ("context", "sizes", "polar", "sp3")


@dataclass(frozen=True, eq=False)
class Drawn:
    """Poses for some linkers."""

    context: NDArray[np.float64]
    """Å, ``[n, 6, 3]``."""
    sizes: NDArray[np.int64]
    """Core atoms, ``[n]``."""


@dataclass(frozen=True, eq=False)
class PoseSampler:
    """Poses of real linkers to draw from."""

    context: NDArray[np.int16]
    """1/1000 Å, ``[n_poses, 6, 3]``."""
    sizes: NDArray[np.int16]
    polar: NDArray[np.int16]
    sp3: NDArray[np.int16]

    @classmethod
    def of(cls, packed: Packed) -> PoseSampler:
        """The poses of these examples."""
        every = [packed[k] for k in range(len(packed))]
        polar, sp3 = (np.array([getattr(e, name) for e in every], np.int16) for name in ("n_polar", "n_sp3"))
        return cls(packed.context, packed.n_atoms.astype(np.int16), polar, sp3)

    def tensors(self) -> dict[str, Tensor]:
        """For a weights file."""
        return {f"poses.{name}": torch.from_numpy(getattr(self, name).copy()) for name in _NAMES}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, Tensor]) -> PoseSampler:
        """From a weights file.

        Raises:
            KeyError: there are no poses in it.
            ValueError: they are not poses.
        """
        made = cls(*(tensors[f"poses.{name}"].numpy() for name in _NAMES))
        n = len(made.context)
        whole = n > 0 and made.context.shape == (n, N_CONTEXT, 3) and made.context.dtype == np.int16
        if not whole or any(getattr(made, name).shape != (n,) for name in _NAMES[1:]):
            raise ValueError("the poses are incomplete")
        spans = np.linalg.norm(made.context[:, 3].astype(float) - made.context[:, 0], axis=1)
        sizes = made.sizes
        if spans.min() < 1.0 or sizes.min() < MIN_CORE_ATOMS or sizes.max() > MAX_CORE_ATOMS:
            raise ValueError("the poses are none of linkers")
        return made

    def draw(self, n: int, rng: np.random.Generator, sizes: tuple[int, int], conditions: Conditions) -> Drawn:
        """Poses of linkers with sizes in a range.

        Args:
            n: how many.
            rng: source of random numbers.
            sizes: fewest and most core atoms; where no pose is of such a size, the nearest ones stand in.
            conditions: length, bend, polar and tetrahedral atoms that are asked.

        Raises:
            InputError: no pose is as straight as asked.
        """
        lengths = np.linalg.norm((self.context[:, 3].astype(float) - self.context[:, 0]) / 1000.0, axis=1)
        off = np.abs(self.sizes - np.clip(self.sizes, *sizes))
        weights = (off == off.min()).astype(float)
        if conditions.polar_atoms is not None:
            weights *= self._matching(self.polar, polar_bin, conditions.polar_atoms)
        if conditions.sp3_atoms is not None:
            weights *= self._matching(self.sp3, sp3_bin, conditions.sp3_atoms)
        if conditions.length_ang is not None:
            weights *= np.exp(-0.5 * ((lengths - conditions.length_ang) / LENGTH_TOLERANCE_ANG) ** 2) + 1e-30
        jitter_deg = ANGLE_JITTER_DEG
        if conditions.max_bend_deg is not None:
            # Prompts are turned a little afterwards, the less the straighter they are to be.
            jitter_deg = min(jitter_deg, conditions.max_bend_deg / 4.0)
            straight = self._bends < conditions.max_bend_deg - jitter_deg
            if not straight[off == off.min()].any():
                raise InputError(
                    f"no linker of {sizes[0]} to {sizes[1]} core atoms is known that bends less than"
                    f" {conditions.max_bend_deg:g} degrees",
                    where="generate",
                    action="Allow a larger bend",
                )
            weights *= np.where(straight, 1.0, 1e-12)
        chosen = rng.choice(len(weights), n, p=weights / weights.sum())
        context = self.context[chosen] / 1000.0
        target = lengths[chosen] if conditions.length_ang is None else np.full(n, conditions.length_ang)
        target = target + rng.normal(0.0, LENGTH_JITTER_ANG, n)
        moved = np.stack([_jittered(one, length, jitter_deg, rng) for one, length in zip(context, target, strict=True)])
        return Drawn(moved, np.clip(self.sizes[chosen], *sizes).astype(np.int64))

    @cached_property
    def _bends(self) -> NDArray[np.float64]:
        """Bend of every pose, degrees."""
        return np.array([bend_deg(context / 1000.0) for context in self.context])

    @staticmethod
    def _matching(values: NDArray[np.int16], bin_of: Callable[[int | None], int], wanted: int) -> NDArray[np.float64]:
        """1 for poses of linkers in the bin of the number wanted, almost 0 for the others."""
        return np.array([1.0 if bin_of(int(value)) == bin_of(wanted) else 1e-6 for value in values])


def bend_deg(context: NDArray[np.float64]) -> float:
    """Larger angle between an exit and the line through both ends of a linker with these prompt atoms, degrees."""
    ends = context.reshape(N_ANCHORS, 3, 3)
    exits = [context_directions(end)[0] for end in ends]
    tips = [end[0] + PROMPT_LENGTH_ANG * exit_ for end, exit_ in zip(ends, exits, strict=True)]
    line = (tips[1] - tips[0]) / np.linalg.norm(tips[1] - tips[0])
    cosines = np.clip([-exits[0] @ line, exits[1] @ line], -1.0, 1.0)
    return float(np.degrees(np.arccos(cosines)).max())


def _jittered(
    context: NDArray[np.float64], length: float, jitter_deg: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A pose with its anchors `length` apart and its prompts turned a little, in the anchor frame, ``[6, 3]``."""
    ends = context.reshape(N_ANCHORS, 3, 3)
    shift = 0.5 * length * np.array([1.0, 0.0, 0.0])
    turned = []
    for sign, end in zip((-1.0, 1.0), ends, strict=True):
        turn = _rotation(rng.normal(0.0, np.radians(jitter_deg), 3))
        turned.append((end - end[0]) @ turn.T + sign * shift)
    moved = np.concatenate(turned)
    rotation, origin = anchor_frame(moved[0], moved[3])
    return np.asarray((moved - origin) @ rotation.T)


def _rotation(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrix of a rotation vector, radians."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross)
