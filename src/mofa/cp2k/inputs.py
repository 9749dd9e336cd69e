"""CP2K's input file: a template with placeholders, and what is put in their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework
from mofa.cp2k.kinds import kind_sections
from mofa.cp2k.settings import Cp2kSettings
from mofa.errors import InputError

PLACEHOLDERS = (
    "project",
    "run_type",
    "max_steps",
    "max_force_au",
    "charge_e",
    "multiplicity",
    "spin_polarised",
    "cutoff_ry",
    "rel_cutoff_ry",
    "eps_scf",
    "scf_guess",
    "restart_file",
    "version_keywords",
    "cell",
    "reference_cell",
    "coordinates",
    "kinds",
)
REQUIRED = ("project", "run_type", "cell", "coordinates")
"""Placeholders without which the input would be one of another structure or run."""
FIRST_TO_IGNORE = (2024, 1)
"""CP2K version that knows, and needs, the keyword to go on after an SCF that did not converge."""


@dataclass(frozen=True, eq=False)
class Task:
    """What CP2K is to do."""

    project: str
    """Stem of all its files."""
    run_type: str
    """ENERGY or CELL_OPT."""
    cell: NDArray[np.float64]
    """Lattice vectors as rows, Å, ``[3, 3]``."""
    fractional: NDArray[np.float64]
    """Fractional coordinates, ``[n_atoms, 3]``."""
    reference_cell: NDArray[np.float64] | None = None
    """Cell whose grid points, by number, the run uses whatever its cell becomes, Å, ``[3, 3]``."""
    restart_file: str = ""
    """Wave function to start from; empty: superposed atoms."""
    max_steps: int = 1
    max_force_ha_per_bohr: float = 1e-3
    """Largest component of the gradient at convergence, hartree/bohr."""


def read_template(settings: Cp2kSettings) -> Template:
    """The template: MOFA's, or the user's.

    Raises:
        InputError: it cannot be read, or its placeholders are not those of MOFA.
    """
    if not settings.template:
        return Template(_shipped())
    path = Path(settings.template)
    try:
        template = Template(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot be read ({error})", where=path, action="Give a CP2K input with placeholders"
        ) from error
    if not template.is_valid():
        what = "a dollar sign that begins no placeholder"
        raise InputError(what, where=path, action="Write $$ for a dollar sign of CP2K's own")
    found = template.get_identifiers()
    unknown = [name for name in found if name not in PLACEHOLDERS]
    if unknown:
        action = f"Use {', '.join(f'${name}' for name in PLACEHOLDERS)}, and $$ for a dollar sign of CP2K's own"
        raise InputError(f"unknown placeholders {', '.join(f'${n}' for n in unknown)}", where=path, action=action)
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        what = f"the placeholders {', '.join(f'${n}' for n in missing)} are missing"
        raise InputError(what, where=path, action="Add them; docs/dft.md shows a whole template")
    return template


@lru_cache(maxsize=1)
def _shipped() -> str:
    return resources.files("mofa.cp2k").joinpath("template.inp").read_text(encoding="utf-8")


def input_text(framework: Framework, settings: Cp2kSettings, task: Task, version: tuple[int, ...]) -> str:
    """The input file.

    Args:
        framework: its elements count; its geometry is in `task`.
        settings: template, accuracy, charge and multiplicity.
        task: what CP2K is to do, at which geometry.
        version: CP2K's, for example ``(2023, 1)``.

    Raises:
        InputError: see `read_template`.
    """
    atoms = [f"{s} {_numbers(row)}" for s, row in zip(framework.symbols, task.fractional, strict=True)]
    values: dict[str, Sequence[str]] = {
        "project": [task.project],
        "run_type": [task.run_type],
        "max_steps": [str(task.max_steps)],
        "max_force_au": [f"{task.max_force_ha_per_bohr:.6e}"],
        "charge_e": [str(settings.charge_e)],
        "multiplicity": [str(settings.multiplicity)],
        "spin_polarised": ["T" if settings.multiplicity > 1 else "F"],
        "cutoff_ry": [f"{settings.cutoff_ry:g}"],
        "rel_cutoff_ry": [f"{settings.rel_cutoff_ry:g}"],
        "eps_scf": [f"{settings.eps_scf:g}"],
        "scf_guess": ["RESTART" if task.restart_file else "ATOMIC"],
        "restart_file": [task.restart_file or f"{task.project}-RESTART.wfn"],
        "version_keywords": ["IGNORE_CONVERGENCE_FAILURE T"] if version >= FIRST_TO_IGNORE else [],
        "cell": _vectors(task.cell),
        "reference_cell": [] if task.reference_cell is None else _reference(task.reference_cell),
        "coordinates": atoms,
        "kinds": kind_sections(framework, settings.basis_set),
    }
    return _fill(read_template(settings).template, values)


def _fill(template: str, values: dict[str, Sequence[str]]) -> str:
    """The template with its values: one that stands alone on a line may be several lines, indented like it, or none."""
    lines = []
    for line in template.splitlines():
        name = line.strip().removeprefix("$").strip("{}")
        if line.strip().startswith("$") and name in values:
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + value for value in values[name]]
        else:
            lines.append(Template(line).substitute({key: " ".join(value) for key, value in values.items()}))
    return "\n".join(lines) + "\n"


def _vectors(cell: NDArray[np.float64]) -> list[str]:
    return [f"{name} {_numbers(vector)}" for name, vector in zip("ABC", cell, strict=True)]


def _reference(cell: NDArray[np.float64]) -> list[str]:
    return ["&CELL_REF", *(f"  {line}" for line in _vectors(cell)), "&END CELL_REF"]


def _numbers(row: NDArray[np.float64]) -> str:
    return " ".join(f"{value + 0.0:.14f}" for value in row)  # + 0.0: no negative zero
