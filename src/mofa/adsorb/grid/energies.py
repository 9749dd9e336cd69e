"""Compiled energies of molecules: with the framework, with each other, and Ewald's sum of the guests."""

from __future__ import annotations

import math

import numpy as np

from mofa.adsorb.grid.compiled import compiled
from mofa.adsorb.grid.model import Conditions, Floats, Guests, Host, State, Waves
from mofa.adsorb.grid.spline import OVERLAP_K, site_energy

_NEAREST2_ANG2 = 0.25
"""Sites of two molecules closer than half an ångström overlap."""


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
    box, inverse = conditions.box, conditions.to_box
    cutoff2 = conditions.cutoff_ang * conditions.cutoff_ang
    first = guests.first[gas]
    n_sites = guests.first[gas + 1] - first
    for m in range(state.counts.sum()):
        if m == skip:
            continue
        other = state.gas[m]
        dx = centre[0] - state.centre[m, 0]
        dy = centre[1] - state.centre[m, 1]
        dz = centre[2] - state.centre[m, 2]
        fa = round(dx * inverse[0, 0] + dy * inverse[1, 0] + dz * inverse[2, 0])
        fb = round(dx * inverse[0, 1] + dy * inverse[1, 1] + dz * inverse[2, 1])
        fc = round(dx * inverse[0, 2] + dy * inverse[1, 2] + dz * inverse[2, 2])
        sx = fa * box[0, 0] + fb * box[1, 0] + fc * box[2, 0]
        sy = fa * box[0, 1] + fb * box[1, 1] + fc * box[2, 1]
        sz = fa * box[0, 2] + fb * box[1, 2] + fc * box[2, 2]
        dx -= sx
        dy -= sy
        dz -= sz
        apart2 = dx * dx + dy * dy + dz * dz
        reach = conditions.cutoff_ang + guests.radius[gas] + guests.radius[other]
        if apart2 > reach * reach:
            continue
        start = guests.first[other]
        for a in range(n_sites):
            kind = guests.kind[first + a]
            xa, ya, za = sites[a, 0] - sx, sites[a, 1] - sy, sites[a, 2] - sz
            for b in range(guests.first[other + 1] - start):
                pair = guests.pairs[kind, guests.kind[start + b]]
                x = xa - state.sites[m, b, 0]
                y = ya - state.sites[m, b, 1]
                z = za - state.sites[m, b, 2]
                r2 = x * x + y * y + z * z
                if r2 < _NEAREST2_ANG2:
                    return OVERLAP_K
                if pair[0] != 0.0 and r2 < cutoff2:
                    i2 = 1.0 / r2
                    i6 = i2 * i2 * i2
                    total += i6 * (pair[0] * i6 - pair[1] + i2 * (pair[2] * i6 - pair[3]))
                if pair[4] != 0.0:
                    if conditions.alpha > 0.0:
                        if r2 < cutoff2:
                            r = math.sqrt(r2)
                            total += pair[4] * math.erfc(conditions.alpha * r) / r
                    elif apart2 < cutoff2:
                        total += pair[4] / math.sqrt(r2)
    return total


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
    total = 0.0
    for w in range(len(conditions.waves)):
        kx, ky, kz = conditions.waves[w, 0], conditions.waves[w, 1], conditions.waves[w, 2]
        real, imaginary = 0.0, 0.0
        if old_gas >= 0:
            first = guests.first[old_gas]
            for s in range(guests.first[old_gas + 1] - first):
                q = guests.charge[guests.kind[first + s]]
                phase = kx * old[s, 0] + ky * old[s, 1] + kz * old[s, 2]
                real -= q * math.cos(phase)
                imaginary -= q * math.sin(phase)
        if new_gas >= 0:
            first = guests.first[new_gas]
            for s in range(guests.first[new_gas + 1] - first):
                q = guests.charge[guests.kind[first + s]]
                phase = kx * new[s, 0] + ky * new[s, 1] + kz * new[s, 2]
                real += q * math.cos(phase)
                imaginary += q * math.sin(phase)
        before = state.structure[w]
        change[w] = complex(real, imaginary)
        cross = 2.0 * (before.real * real + before.imag * imaginary)
        total += conditions.wave_factor[w] * (cross + real * real + imaginary * imaginary)
    if old_gas >= 0:
        total -= conditions.self_k[old_gas]
    if new_gas >= 0:
        total += conditions.self_k[new_gas]
    return total


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
