"""Compiled energies of molecules: with the framework, with each other, and Ewald's sum of the guests."""

from __future__ import annotations

import math

import numpy as np

from mofa.adsorb.grid.compiled import compiled
from mofa.adsorb.grid.model import Conditions, Floats, Guests, Host, State, Waves
from mofa.adsorb.grid.spline import OVERLAP_K, site_energy

_NEAREST2_ANG2 = 0.25
"""Sites of two molecules closer than half an ångström count as half an ångström apart."""
_HOPELESS_K = 1.0e5
"""No attraction by further molecules makes up for this energy."""


@compiled
def host_energy(host: Host, guests: Guests, gas: int, sites: Floats) -> float:
    """Energy of a molecule with the framework, K."""
    total = 0.0
    first = guests.first[gas]
    for s in range(guests.first[gas + 1] - first):
        energy = site_energy(host, guests.kind[first + s], sites[s, 0], sites[s, 1], sites[s, 2])
        if energy >= OVERLAP_K:
            return OVERLAP_K
        total += energy
    return total


@compiled
def guest_energy(
    guests: Guests, conditions: Conditions, state: State, skip: int, gas: int, centre: Floats, sites: Floats
) -> float:
    """Energy of a molecule with all others but number `skip`, K, its part of the reciprocal sum left out.

    Without Ewald, Coulomb energies count between molecules whose centres are within the cut-off; these are neutral.
    """
    total = 0.0
    cutoff2 = conditions.cutoff_ang * conditions.cutoff_ang
    first = guests.first[gas]
    for other in range(len(state.counts)):
        if state.counts[other] == 0:
            continue
        n = gather(guests, conditions, state, skip, gas, other, centre)
        start = guests.first[other]
        for a in range(guests.first[gas + 1] - first):
            x, y, z = sites[a, 0] - centre[0], sites[a, 1] - centre[1], sites[a, 2] - centre[2]
            for b in range(guests.first[other + 1] - start):
                pair = guests.pairs[guests.kind[first + a], guests.kind[start + b]]
                wall, electric = site_sums(pair, cutoff2, conditions.alpha, state.around[b], state.near, n, x, y, z)
                if wall > _HOPELESS_K:
                    return OVERLAP_K
                total += wall + electric
    return total


@compiled
def gather(
    guests: Guests, conditions: Conditions, state: State, skip: int, gas: int, other: int, centre: Floats
) -> int:
    """Write the sites of one gas's molecules within reach into `state.around`, relative to a centre; their number."""
    box, inverse = conditions.box, conditions.to_box
    cutoff2 = conditions.cutoff_ang * conditions.cutoff_ang
    reach = conditions.cutoff_ang + guests.radius[gas] + guests.radius[other]
    n_sites = guests.first[other + 1] - guests.first[other]
    n = 0
    for m in range(state.counts.sum()):
        if m == skip or state.gas[m] != other:
            continue
        dx = state.centre[m, 0] - centre[0]
        dy = state.centre[m, 1] - centre[1]
        dz = state.centre[m, 2] - centre[2]
        fa = round(dx * inverse[0, 0] + dy * inverse[1, 0] + dz * inverse[2, 0])
        fb = round(dx * inverse[0, 1] + dy * inverse[1, 1] + dz * inverse[2, 1])
        fc = round(dx * inverse[0, 2] + dy * inverse[1, 2] + dz * inverse[2, 2])
        sx = centre[0] + fa * box[0, 0] + fb * box[1, 0] + fc * box[2, 0]
        sy = centre[1] + fa * box[0, 1] + fb * box[1, 1] + fc * box[2, 1]
        sz = centre[2] + fa * box[0, 2] + fb * box[1, 2] + fc * box[2, 2]
        dx, dy, dz = state.centre[m, 0] - sx, state.centre[m, 1] - sy, state.centre[m, 2] - sz
        apart2 = dx * dx + dy * dy + dz * dz
        if apart2 > reach * reach:
            continue
        state.near[n] = 1.0 if apart2 < cutoff2 else 0.0
        for b in range(n_sites):
            state.around[b, 0, n] = state.sites[m, b, 0] - sx
            state.around[b, 1, n] = state.sites[m, b, 1] - sy
            state.around[b, 2, n] = state.sites[m, b, 2] - sz
        n += 1
    return n


@compiled
def site_sums(
    pair: Floats, cutoff2: float, alpha: float, around: Floats, near: Floats, n: int, x: float, y: float, z: float
) -> tuple[float, float]:
    """Lennard-Jones and Coulomb energy, K, of a site with like sites of `n` molecules.

    Few arguments and no branch in the loop: it is compiled to vector instructions, and called for every pair of sites.
    """
    p12, p6, p14, p8, coulomb = pair[0], pair[1], pair[2], pair[3], pair[4]
    lennard_jones, electric = 0.0, 0.0
    for m in range(n):
        dx, dy, dz = around[0, m] - x, around[1, m] - y, around[2, m] - z
        r2 = dx * dx + dy * dy + dz * dz
        i2 = 1.0 / max(r2, _NEAREST2_ANG2)
        i6 = i2 * i2 * i2
        lennard_jones += i6 * (p12 * i6 - p6 + i2 * (p14 * i6 - p8)) if r2 < cutoff2 else 0.0
        electric += near[m] * math.sqrt(i2)
    if alpha > 0.0 and coulomb != 0.0:
        electric = 0.0
        for m in range(n):
            dx, dy, dz = around[0, m] - x, around[1, m] - y, around[2, m] - z
            r2 = max(dx * dx + dy * dy + dz * dz, _NEAREST2_ANG2)
            if r2 < cutoff2:
                r = math.sqrt(r2)
                electric += math.erfc(alpha * r) / r
    return lennard_jones, coulomb * electric


@compiled
def wave_change(
    guests: Guests,
    conditions: Conditions,
    state: State,
    old_gas: int,
    old: Floats,
    new_gas: int,
    new: Floats,
    change: Waves,
) -> float:
    """Change of the reciprocal energy and the self energies, K, when a molecule goes, comes or both.

    Args:
        guests: see `Guests`.
        conditions: see `Conditions`.
        state: the chain.
        old_gas: gas of the molecule that goes; -1 for none.
        old: its sites.
        new_gas: gas of the molecule that comes; -1 for none.
        new: its sites.
        change: receives the change of the structure factor.
    """
    change[:] = 0.0
    if old_gas >= 0:
        add_waves_of(guests, conditions, state, old_gas, old, -1.0, change)
    if new_gas >= 0:
        add_waves_of(guests, conditions, state, new_gas, new, 1.0, change)
    total = 0.0
    for w in range(len(change)):
        after = state.structure[w] + change[w]
        before = state.structure[w]
        energy = after.real * after.real + after.imag * after.imag
        energy -= before.real * before.real + before.imag * before.imag
        total += conditions.wave_factor[w] * energy
    if old_gas >= 0:
        total -= conditions.self_k[old_gas]
    if new_gas >= 0:
        total += conditions.self_k[new_gas]
    return total


@compiled
def add_waves_of(
    guests: Guests, conditions: Conditions, state: State, gas: int, sites: Floats, sign: float, out: Waves
) -> None:
    """Add a molecule's structure factor, times a sign, from tables of powers of one phase for each axis."""
    phases, inverse = state.phases, conditions.to_box
    middle = phases.shape[1] // 2
    first = guests.first[gas]
    for s in range(guests.first[gas + 1] - first):
        q = sign * guests.charge[guests.kind[first + s]]
        if q == 0.0:
            continue
        for axis in range(3):
            f = sites[s, 0] * inverse[0, axis] + sites[s, 1] * inverse[1, axis] + sites[s, 2] * inverse[2, axis]
            step = complex(math.cos(2.0 * math.pi * f), math.sin(2.0 * math.pi * f))
            phases[axis, middle] = 1.0
            for k in range(1, middle + 1):
                phases[axis, middle + k] = phases[axis, middle + k - 1] * step
                phases[axis, middle - k] = phases[axis, middle + k].conjugate()
        for w in range(len(out)):
            a, b, c = conditions.wave_indices[w, 0], conditions.wave_indices[w, 1], conditions.wave_indices[w, 2]
            out[w] += q * phases[0, middle + a] * phases[1, middle + b] * phases[2, middle + c]


@compiled
def total_energy(host: Host, guests: Guests, conditions: Conditions, state: State) -> float:
    """The whole adsorption energy of a chain, computed anew, K."""
    n = state.counts.sum()
    total = 0.0
    structure = np.zeros(len(conditions.waves), np.complex128)
    for m in range(n):
        gas = state.gas[m]
        total += host_energy(host, guests, gas, state.sites[m])
        total += 0.5 * guest_energy(guests, conditions, state, m, gas, state.centre[m], state.sites[m])
        if conditions.alpha > 0.0:
            total += conditions.self_k[gas]
            first = guests.first[gas]
            for s in range(guests.first[gas + 1] - first):
                q = guests.charge[guests.kind[first + s]]
                for w in range(len(structure)):
                    phase = (
                        conditions.waves[w, 0] * state.sites[m, s, 0]
                        + conditions.waves[w, 1] * state.sites[m, s, 1]
                        + conditions.waves[w, 2] * state.sites[m, s, 2]
                    )
                    structure[w] += q * complex(math.cos(phase), math.sin(phase))
    for w in range(len(structure)):
        total += conditions.wave_factor[w] * (structure[w].real ** 2 + structure[w].imag ** 2)
    return total
