"""LAMMPS text: a data file that holds structure and force field, and the commands that run it.

Charges are left out: UFF4MOF was parametrised without them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry.elements import atomic_mass
from mofa.chemistry.lennard_jones import lennard_jones
from mofa.units import PA_PER_ATM
from mofa.validate.engine import Dynamics
from mofa.validate.supercell import Supercell
from mofa.validate.uff4mof.parameters import atom_types
from mofa.validate.uff4mof.terms import Coefficients, Terms

CUTOFF_ANG = 12.5
# Breaks a perfect symmetry, from which the dynamics can start on a saddle point and blow up.
RATTLE_ANG = 0.05
THERMOSTAT_STEPS = 200
BAROSTAT_STEPS = 800
# A hundred steps of conjugate gradients take 97 % of the thermal motion out, a thousand 99.5 % at ten times the cost.
_MINIMIZE = "minimize 0.0 1.0e-6 100 1000"
_NEIGHBOR_LISTS = ("neighbor 2.0 bin", "neigh_modify every 1 delay 0 check yes")


def data_file(terms: Terms, supercell: Supercell) -> str:
    """The data file of `supercell`, triclinic, with all coefficients."""
    kinds = sorted(set(terms.types))
    lines = [f"LAMMPS data file by MOFA: {supercell.framework.id}, UFF4MOF, supercell {_times(supercell)}", ""]
    n = supercell.n_copies
    lines.append(f"{n * len(terms.types)} atoms")
    lines += [f"{n * len(table)} {name}s" for name, _, table in terms.tables()]
    lines.append(f"{len(kinds)} atom types")
    lines += [f"{len(table.coefficients)} {name} types" for name, _, table in terms.tables()]
    lines += ["", *_box(supercell.cell), "", "Masses", ""]
    for k, kind in enumerate(kinds, start=1):
        lines.append(f"{k} {atomic_mass(atom_types()[kind].symbol):.6f} # {kind}")
    lines += ["", "Pair Coeffs # lj/cut", ""]
    for k, kind in enumerate(kinds, start=1):
        lj = lennard_jones(atom_types()[kind].symbol)
        lines.append(f"{k} {lj.well_depth_kcal_per_mol:.10g} {lj.sigma_ang:.10g} # {kind}")
    lines += _coefficients(terms)
    lines += ["", "Atoms # molecular", ""]
    type_ids = [kinds.index(kind) + 1 for kind in terms.types] * n
    for k, (kind_id, (x, y, z)) in enumerate(zip(type_ids, supercell.positions.tolist(), strict=True), start=1):
        lines.append(f"{k} 1 {kind_id} {x:.10f} {y:.10f} {z:.10f}")
    lines += _topology(terms, supercell)
    return "\n".join(lines) + "\n"


def setup_commands(terms: Terms, data_path: str) -> list[str]:
    """Commands that declare the force field and read the data file."""
    commands = ["units real", "atom_style molecular", "boundary p p p", "box tilt large"]
    for name, _, table in terms.tables():
        styles = sorted({line.style for line in table.coefficients})
        if styles:
            commands.append(f"{name}_style {'hybrid ' if name == 'angle' else ''}{' '.join(styles)}")
    return [
        *commands,
        f"pair_style lj/cut {CUTOFF_ANG}",
        "pair_modify shift yes mix geometric",
        "special_bonds lj 0.0 0.0 1.0 coul 0.0 0.0 1.0",
        f"read_data {data_path}",
        *_NEIGHBOR_LISTS,
    ]


def resume_commands(terms: Terms, restart_path: str) -> list[str]:
    """Commands that read a restart file: it holds structure, thermostat and all coefficients but those of a hybrid."""
    angles = [f"angle_coeff {k} {_values(line, hybrid=True)}" for k, line in enumerate(terms.angles.coefficients, 1)]
    return ["box tilt large", f"read_restart {restart_path}", *angles, *_NEIGHBOR_LISTS]


def start_commands(dynamics: Dynamics) -> list[str]:
    """Commands that bring the structure to its first step: rattle, minimise in the fixed cell, velocities."""
    seed = dynamics.lammps_seed
    return [
        f"displace_atoms all random {RATTLE_ANG} {RATTLE_ANG} {RATTLE_ANG} {seed}",
        _MINIMIZE,
        "reset_timestep 0",
        f"velocity all create {dynamics.temperature_k:.10g} {seed} mom yes rot no dist gaussian",
    ]


def ensemble_commands(dynamics: Dynamics) -> list[str]:
    """Commands that make the next steps triclinic NPT; after a restart file the thermostat goes on as it was."""
    dt, t, p = dynamics.timestep_fs, dynamics.temperature_k, dynamics.pressure_pa / PA_PER_ATM
    return [
        f"timestep {dt:.10g}",
        f"fix npt all npt temp {t:.10g} {t:.10g} {THERMOSTAT_STEPS * dt:.10g}"
        f" tri {p:.10g} {p:.10g} {BAROSTAT_STEPS * dt:.10g} flip no",
    ]


def quench_commands() -> list[str]:
    """Commands after the last step: take the thermal motion out, in the cell that the dynamics ended with."""
    return ["unfix npt", _MINIMIZE]


def input_file(terms: Terms, dynamics: Dynamics, data_path: str) -> str:
    """A complete LAMMPS input for people who run LAMMPS themselves."""
    lines = [
        "# UFF4MOF molecular dynamics, by MOFA",
        *setup_commands(terms, data_path),
        *start_commands(dynamics),
        *ensemble_commands(dynamics),
        f"thermo {dynamics.chunk_steps}",
        "thermo_style custom step temp press pe vol lx ly lz xy xz yz",
        f"dump trajectory all custom {dynamics.chunk_steps} dump.lammpstrj id type xu yu zu",
        f"run {dynamics.steps}",
        *quench_commands(),
        "write_data final.data",
    ]
    return "\n".join(lines) + "\n"


def _times(supercell: Supercell) -> str:
    return "x".join(str(n) for n in supercell.repeats)


def _box(cell: NDArray[np.float64]) -> list[str]:
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = cell.tolist()
    return [
        f"0.0 {lx:.10f} xlo xhi",
        f"0.0 {ly:.10f} ylo yhi",
        f"0.0 {lz:.10f} zlo zhi",
        f"{xy:.10f} {xz:.10f} {yz:.10f} xy xz yz",
    ]


def _coefficients(terms: Terms) -> Iterator[str]:
    for name, _, table in terms.tables():
        if not table.coefficients:
            continue
        yield from ("", f"{name.capitalize()} Coeffs", "")
        for k, line in enumerate(table.coefficients, start=1):
            yield f"{k} {_values(line, hybrid=name == 'angle')} # {line.label}"


def _values(line: Coefficients, *, hybrid: bool) -> str:
    style = f"{line.style} " if hybrid else ""
    return style + " ".join(f"{value:.10g}" for value in line.values)


def _topology(terms: Terms, supercell: Supercell) -> Iterator[str]:
    for name, width, table in terms.tables():
        if not len(table):
            continue
        yield from ("", f"{name.capitalize()}s", "")
        members = supercell.copies(*table.arrays(width)) + 1
        kinds = table.kinds * supercell.n_copies
        for k, (kind, row) in enumerate(zip(kinds, members.tolist(), strict=True), start=1):
            yield f"{k} {kind + 1} {' '.join(map(str, row))}"
