"""UFF energies by numpy, written from the published equations alone: the second route to what LAMMPS computes."""

from __future__ import annotations

import numpy as np

from mofa.chemistry.bonds import neighbor_pairs
from mofa.chemistry.lennard_jones import lennard_jones
from mofa.validate.lammps_worker import open_lammps, read_structure

CUTOFF_ANG = 12.5


def energies(framework, bonds, terms):
    """kcal/mol of one unit cell, by kind of term."""
    result = {name: _bonded(framework, name, width, table) for name, width, table in terms.tables()}
    result["pair"] = _pair(framework, bonds)
    return result


def lammps_energies(job, *, on_progress):
    """The same from LAMMPS, of the whole supercell (runs in a child process)."""
    lmp = open_lammps()
    read_structure(lmp, job)
    names = {"bond": "ebond", "angle": "eangle", "dihedral": "edihed", "improper": "eimp", "pair": "evdwl"}
    lmp.commands_list([f"thermo_style custom step {' '.join(names.values())}", "run 0"])
    found = {name: lmp.get_thermo(keyword) for name, keyword in names.items()}
    lmp.close()
    return found


def _bonded(framework, name, width, table):
    if not len(table):
        return 0.0
    atoms, shifts = table.arrays(width)
    points = framework.positions[atoms] + shifts @ framework.cell
    one = {"bond": _bond, "angle": _angle, "dihedral": _dihedral, "improper": _improper}[name]
    return sum(one(table.coefficients[kind], p) for kind, p in zip(table.kinds, points, strict=True))


def _bond(line, p):
    constant, length = line.values
    return constant * (np.linalg.norm(p[1] - p[0]) - length) ** 2


def _angle(line, p):
    u, v = p[0] - p[1], p[2] - p[1]
    theta = np.arccos(np.clip(u @ v / np.linalg.norm(u) / np.linalg.norm(v), -1, 1))
    if line.style == "fourier":
        k, c0, c1, c2 = line.values
        return k * (c0 + c1 * np.cos(theta) + c2 * np.cos(2 * theta))
    half_constant, _, n = line.values
    return 2 * half_constant / n**2 * (1 - np.cos(n * theta))


def _dihedral(line, p):
    k, d, n = line.values
    b1, b2, b3 = p[1] - p[0], p[2] - p[1], p[3] - p[2]
    m, o = np.cross(b1, b2), np.cross(b2, b3)
    phi = np.arctan2(np.cross(m, o) @ b2 / np.linalg.norm(b2), m @ o)
    return k * (1 + d * np.cos(n * phi))


def _improper(line, p):
    k, c0, c1, c2, _ = line.values
    arms = p[1:] - p[0]
    total = 0.0
    for axis in range(3):
        u, v = np.delete(arms, axis, axis=0)
        normal = np.cross(u, v)
        sine = arms[axis] @ normal / np.linalg.norm(normal) / np.linalg.norm(arms[axis])
        omega = np.arcsin(abs(sine))
        total += k * (c0 + c1 * np.cos(omega) + c2 * np.cos(2 * omega))
    return total


def _pair(framework, bonds):
    excluded = set()
    for centre, row in enumerate(bonds.neighbors):
        for j, s, _ in row:
            excluded.add((centre, j, *s))
            excluded.update((j, k, *(b - a for a, b in zip(s, t, strict=True))) for k, t, _ in row if (k, t) != (j, s))
    i, j, r, shift = neighbor_pairs(framework.symbols, framework.positions, framework.cell, CUTOFF_ANG)
    total = 0.0
    for a, b, distance, s in zip(i.tolist(), j.tolist(), r.tolist(), shift.tolist(), strict=True):
        if (a, b, *s) in excluded:
            continue
        pa, pb = lennard_jones(framework.symbols[a]), lennard_jones(framework.symbols[b])
        depth = np.sqrt(pa.well_depth_kcal_per_mol * pb.well_depth_kcal_per_mol)
        minimum = np.sqrt(pa.minimum_ang * pb.minimum_ang)
        total += depth * (_well(minimum / distance) - _well(minimum / CUTOFF_ANG))
    return total


def _well(ratio):
    return ratio**12 - 2 * ratio**6
