"""The Monte Carlo moves of the grand-canonical ensemble, compiled.

Every move proposes, computes the change of energy and accepts by Metropolis' rule with the ratio of its two proposal
probabilities, so that each obeys detailed balance by itself (Frenkel and Smit, Understanding Molecular Simulation).
"""

from __future__ import annotations

import math

import numpy as np

from mofa.adsorb.grid.bias import random_orientation, random_point
from mofa.adsorb.grid.compiled import compiled
from mofa.adsorb.grid.energies import guest_energy, host_energy, wave_change
from mofa.adsorb.grid.model import Bias, Conditions, Floats, Guests, Host, State, Waves
from mofa.adsorb.grid.spline import OVERLAP_K

INSERTION, DELETION, TRANSLATION, ROTATION, REINSERTION, SWAP = range(6)
NOT_ALLOWED = -1e300


@compiled
def insertion(
    host: Host, guests: Guests, conditions: Conditions, bias: Bias, state: State, rng: np.random.Generator, gas: int
) -> None:
    """Put a molecule of a gas somewhere; nothing if the arrays are full, which `run_cycles` reports."""
    state.tried[INSERTION] += 1
    n = state.counts.sum()
    if n == len(state.gas):
        return
    centre, sites = np.empty(3), np.empty((state.sites.shape[1], 3))
    ln_bias = biased_point(bias, gas, rng, centre)
    if ln_bias == NOT_ALLOWED:
        return
    random_orientation(guests, gas, centre, rng, sites)
    with_host = host_energy(host, guests, gas, sites)
    if with_host >= OVERLAP_K:
        return
    change = with_host + guest_energy(guests, conditions, state, -1, gas, centre, sites)
    waves = np.empty(len(conditions.waves), np.complex128)
    if conditions.alpha > 0.0:
        change += wave_change(guests, conditions, state, -1, sites, gas, sites, waves)
    ln_ratio = conditions.ln_activity_volume[gas] - math.log(state.counts[gas] + 1.0) - ln_bias
    if math.log(rng.random() + 1e-300) >= ln_ratio - conditions.beta * change:
        return
    state.accepted[INSERTION] += 1
    state.counts[gas] += 1
    place(state, n, gas, centre, sites, with_host)
    state.energy_k[0] += change
    add_waves(state, waves)


@compiled
def deletion(
    host: Host, guests: Guests, conditions: Conditions, bias: Bias, state: State, rng: np.random.Generator, gas: int
) -> None:
    """Take a molecule of a gas away."""
    state.tried[DELETION] += 1
    if state.counts[gas] == 0:
        return
    m = random_molecule(state, gas, rng)
    change = -state.host_k[m] - guest_energy(guests, conditions, state, m, gas, state.centre[m], state.sites[m])
    waves = np.empty(len(conditions.waves), np.complex128)
    if conditions.alpha > 0.0:
        change += wave_change(guests, conditions, state, gas, state.sites[m], -1, state.sites[m], waves)
    ln_ratio = (
        math.log(float(state.counts[gas])) - conditions.ln_activity_volume[gas] + ln_bias_at(bias, gas, state.centre[m])
    )
    if math.log(rng.random() + 1e-300) >= ln_ratio - conditions.beta * change:
        return
    state.accepted[DELETION] += 1
    last = state.counts.sum() - 1
    state.counts[gas] -= 1
    state.energy_k[0] += change
    if m != last:
        place(state, m, state.gas[last], state.centre[last], state.sites[last], state.host_k[last])
    add_waves(state, waves)


@compiled
def translation(
    host: Host, guests: Guests, conditions: Conditions, bias: Bias, state: State, rng: np.random.Generator
) -> None:
    """Shift a molecule a little."""
    n = state.counts.sum()
    if n == 0:
        return
    state.tried[TRANSLATION] += 1
    m = int(rng.random() * n)
    gas = state.gas[m]
    centre, sites = state.centre[m].copy(), state.sites[m].copy()
    for x in range(3):
        step = (2.0 * rng.random() - 1.0) * state.steps[0]
        centre[x] += step
        for s in range(guests.first[gas + 1] - guests.first[gas]):
            sites[s, x] += step
    if in_pocket(bias, centre):
        return
    if _move(host, guests, conditions, state, rng, m, gas, centre, sites, 0.0):
        state.accepted[TRANSLATION] += 1


@compiled
def rotation(
    host: Host, guests: Guests, conditions: Conditions, bias: Bias, state: State, rng: np.random.Generator
) -> None:
    """Turn a molecule a little about a random axis through its centre; one of a single site is shifted."""
    n = state.counts.sum()
    if n == 0:
        return
    m = int(rng.random() * n)
    gas = state.gas[m]
    if guests.radius[gas] == 0.0:
        translation(host, guests, conditions, bias, state, rng)
        return
    state.tried[ROTATION] += 1
    centre, sites = state.centre[m].copy(), np.empty((state.sites.shape[1], 3))
    x, y, z = rng.standard_normal(), rng.standard_normal(), rng.standard_normal()
    norm = 1.0 / math.sqrt(x * x + y * y + z * z)
    x, y, z = x * norm, y * norm, z * norm
    angle = (2.0 * rng.random() - 1.0) * state.steps[1]
    cosine, sine = math.cos(angle), math.sin(angle)
    for s in range(guests.first[gas + 1] - guests.first[gas]):
        a, b, c = (
            state.sites[m, s, 0] - centre[0],
            state.sites[m, s, 1] - centre[1],
            state.sites[m, s, 2] - centre[2],
        )
        along = (x * a + y * b + z * c) * (1.0 - cosine)
        sites[s, 0] = centre[0] + a * cosine + (y * c - z * b) * sine + x * along
        sites[s, 1] = centre[1] + b * cosine + (z * a - x * c) * sine + y * along
        sites[s, 2] = centre[2] + c * cosine + (x * b - y * a) * sine + z * along
    if _move(host, guests, conditions, state, rng, m, gas, centre, sites, 0.0):
        state.accepted[ROTATION] += 1


@compiled
def reinsertion(
    host: Host, guests: Guests, conditions: Conditions, bias: Bias, state: State, rng: np.random.Generator
) -> None:
    """Put a molecule somewhere else, where insertions are tried."""
    n = state.counts.sum()
    if n == 0:
        return
    state.tried[REINSERTION] += 1
    m = int(rng.random() * n)
    gas = state.gas[m]
    centre, sites = np.empty(3), np.empty((state.sites.shape[1], 3))
    ln_new = biased_point(bias, gas, rng, centre)
    if ln_new == NOT_ALLOWED:
        return
    random_orientation(guests, gas, centre, rng, sites)
    ln_ratio = ln_bias_at(bias, gas, state.centre[m]) - ln_new
    if _move(host, guests, conditions, state, rng, m, gas, centre, sites, ln_ratio):
        state.accepted[REINSERTION] += 1


@compiled
def identity_swap(
    host: Host, guests: Guests, conditions: Conditions, bias: Bias, state: State, rng: np.random.Generator
) -> None:
    """Turn a molecule of one gas into one of another at the same centre, in a random orientation."""
    n_gases = len(state.counts)
    old = int(rng.random() * n_gases)
    new = (old + 1 + int(rng.random() * (n_gases - 1))) % n_gases
    state.tried[SWAP] += 1
    if state.counts[old] == 0:
        return
    m = random_molecule(state, old, rng)
    centre, sites = state.centre[m].copy(), np.empty((state.sites.shape[1], 3))
    random_orientation(guests, new, centre, rng, sites)
    with_host = host_energy(host, guests, new, sites)
    if with_host >= OVERLAP_K:
        return
    change = with_host - state.host_k[m]
    change += guest_energy(guests, conditions, state, m, new, centre, sites)
    change -= guest_energy(guests, conditions, state, m, old, state.centre[m], state.sites[m])
    waves = np.empty(len(conditions.waves), np.complex128)
    if conditions.alpha > 0.0:
        change += wave_change(guests, conditions, state, old, state.sites[m], new, sites, waves)
    ln_ratio = conditions.ln_activity_volume[new] - conditions.ln_activity_volume[old]
    ln_ratio += math.log(state.counts[old] / (state.counts[new] + 1.0))
    if math.log(rng.random() + 1e-300) >= ln_ratio - conditions.beta * change:
        return
    state.accepted[SWAP] += 1
    state.counts[old] -= 1
    state.counts[new] += 1
    place(state, m, new, centre, sites, with_host)
    state.energy_k[0] += change
    add_waves(state, waves)


@compiled
def _move(
    host: Host,
    guests: Guests,
    conditions: Conditions,
    state: State,
    rng: np.random.Generator,
    m: int,
    gas: int,
    centre: Floats,
    sites: Floats,
    ln_ratio: float,
) -> bool:
    """Accept or refuse a new place and orientation of a molecule; whether it was accepted."""
    with_host = host_energy(host, guests, gas, sites)
    if with_host >= OVERLAP_K:
        return False
    change = with_host - state.host_k[m]
    change += guest_energy(guests, conditions, state, m, gas, centre, sites)
    change -= guest_energy(guests, conditions, state, m, gas, state.centre[m], state.sites[m])
    waves = np.empty(len(conditions.waves), np.complex128)
    if conditions.alpha > 0.0:
        change += wave_change(guests, conditions, state, gas, state.sites[m], gas, sites, waves)
    if math.log(rng.random() + 1e-300) >= ln_ratio - conditions.beta * change:
        return False
    place(state, m, gas, centre, sites, with_host)
    state.energy_k[0] += change
    add_waves(state, waves)
    return True


@compiled
def place(state: State, m: int, gas: int, centre: Floats, sites: Floats, with_host: float) -> None:
    """Write a molecule into the arrays, element by element, which compiles much faster than by slices."""
    state.gas[m] = gas
    state.host_k[m] = with_host
    for x in range(3):
        state.centre[m, x] = centre[x]
        for s in range(state.sites.shape[1]):
            state.sites[m, s, x] = sites[s, x]


@compiled
def add_waves(state: State, waves: Waves) -> None:
    """Change the structure factor; nothing without Ewald's sum."""
    for w in range(len(waves)):
        state.structure[w] += waves[w]


@compiled
def random_molecule(state: State, gas: int, rng: np.random.Generator) -> int:
    """Number of a molecule of a gas, each as likely; there must be one."""
    n = state.counts.sum()
    m = int(rng.random() * n)
    while state.gas[m] != gas:
        m = int(rng.random() * n)
    return m


@compiled
def biased_point(bias: Bias, gas: int, rng: np.random.Generator, centre: Floats) -> float:
    """A point of the supercell to insert a molecule, Å, and the logarithm of its bias; `NOT_ALLOWED` in a pocket."""
    n = bias.keep.shape[1]
    voxel = int(rng.random() * n)
    if rng.random() >= bias.keep[gas, voxel]:
        voxel = bias.alias[gas, voxel]
    if len(bias.pocket) and bias.pocket[voxel]:
        return NOT_ALLOWED
    random_point(voxel, bias.shape, bias.cell, rng, centre)
    for axis in range(3):
        shift = int(rng.random() * bias.repeats[axis])
        for x in range(3):
            centre[x] += shift * bias.cell[axis, x]
    return float(bias.ln_bias[gas, voxel])


@compiled
def voxel_at(bias: Bias, centre: Floats) -> int:
    """Voxel of a point."""
    inverse = bias.to_fractional
    voxel = 0
    for axis in range(3):
        f = centre[0] * inverse[0, axis] + centre[1] * inverse[1, axis] + centre[2] * inverse[2, axis]
        f -= math.floor(f)
        voxel = voxel * bias.shape[axis] + min(int(f * bias.shape[axis]), bias.shape[axis] - 1)
    return voxel


@compiled
def ln_bias_at(bias: Bias, gas: int, centre: Floats) -> float:
    """Logarithm of the bias of insertions at a point."""
    return float(bias.ln_bias[gas, voxel_at(bias, centre)])


@compiled
def in_pocket(bias: Bias, centre: Floats) -> bool:
    """Whether a point lies in a blocked pocket."""
    return len(bias.pocket) > 0 and bool(bias.pocket[voxel_at(bias, centre)])
