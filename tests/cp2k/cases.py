"""Structures that CP2K does in seconds, and how the tests ask for it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Framework

SZV = "SZV-MOLOPT-SR-GTH"
needs_cp2k = pytest.mark.skipif(
    shutil.which("cp2k.psmp") is None,
    reason="CP2K is not installed: apt-get install --no-install-recommends cp2k libopenblas0-openmp",
)


def fake(mode: str) -> str:
    """Command line of a program that behaves like CP2K going wrong; see `tests.cp2k.fake`."""
    return f"{sys.executable} {Path(__file__).with_name('fake.py')} {mode}"


def water() -> Framework:
    """One molecule in a cube of 6.5 Å."""
    positions = np.array([[0.0, 0.0, 0.1173], [0.0, 0.7572, -0.4692], [0.0, -0.7572, -0.4692]])
    return Framework("water", ("O", "H", "H"), positions + 3.25, 6.5 * np.eye(3))


def hydrogen(*, rotation: np.ndarray | None = None) -> Framework:
    """H2 in a skewed cell of about 4 Å, one of its atoms outside of the cell; the rotation turns all of it."""
    cell = np.array([[4.0, 0.0, 0.0], [0.2, 4.0, 0.0], [0.0, 0.0, 4.0]])
    positions = np.array([[-0.5, 0.2, 3.6], [-0.5, 0.2, 4.4]])
    turn = np.eye(3) if rotation is None else rotation
    return Framework("hydrogen", ("H", "H"), positions @ turn, cell @ turn)


def oxygen() -> Framework:
    """O2 in a cube of 5 Å, a triplet."""
    return Framework("oxygen", ("O", "O"), np.array([[2.5, 2.5, 1.9], [2.5, 2.5, 3.11]]), 5.0 * np.eye(3))


def edited_template(path: Path, *edits: tuple[str, str]) -> str:
    """A template of one's own: MOFA's with some words exchanged."""
    import mofa.cp2k

    text = Path(mofa.cp2k.__file__).with_name("template.inp").read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return str(path)


def electrons(cube: Path) -> float:
    """Integral of a cube file."""
    lines = cube.read_text().split("\n")
    n_atoms = int(lines[2].split()[0])
    steps = np.array([[float(x) for x in line.split()[1:4]] for line in lines[3:6]])
    values = np.array(" ".join(lines[6 + n_atoms :]).split(), dtype=float)
    return float(values.sum() * abs(np.linalg.det(steps)))


def write_cube(path: Path, framework: Framework) -> Path:
    """A density as CP2K writes it, of 2 x 2 x 2 points."""
    bohr = 0.529177210903
    lines = ["-Quickstep-", " ELECTRON DENSITY"]
    rows = [(len(framework), np.zeros(3)), *((2, vector / 2) for vector in framework.cell)]
    lines += [f"{count:5d}" + "".join(f"{x / bohr:12.6f}" for x in vector) for count, vector in rows]
    lines += [
        f"{number:5d}{1.0:12.6f}" + "".join(f"{x / bohr:12.6f}" for x in place)
        for number, place in zip(framework.numbers, framework.positions, strict=True)
    ]
    lines += [f"{0.125:13.5E}{0.25:13.5E}"] * 4
    path.write_text("\n".join(lines) + "\n")
    return path


def left_running(folder: Path) -> list[str]:
    """Processes that work in a folder or below it; a killed one may take a moment to be gone."""
    time.sleep(0.2)
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            where = os.readlink(link)
        except OSError:
            continue
        if where.startswith(str(folder)):
            found.append(link.parent.name)
    return found
