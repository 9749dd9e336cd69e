"""What the README tells people to type is typed here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mofa.chemistry.cif import write_cif
from tests.structures import irmof1

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def _blocks(language: str, holding: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language and holding in text]


def _typed(block: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a shell in `folder` makes of a block of commands, with `mofa` on its path."""
    (folder / "bin").mkdir()
    command = folder / "bin" / "mofa"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from mofa.cli.main import main; main()" "$@"\n')
    command.chmod(0o755)
    return subprocess.run(
        ["bash", "-e", "-c", block],
        cwd=folder,
        env={**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.engine
def test_the_commands_on_files_run_in_order(tmp_path: Path) -> None:
    (block,) = _blocks("console", "mofa generate")
    # Some generated linkers may be refused, which the exit code tells; the others are written all the same.
    refusing = "mofa process raw.sdf --out linkers.sdf"
    assert refusing in block
    done = _typed(block.replace(refusing, f"{refusing} || test $? -eq 1"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mol/kg CO2 at 10000 Pa" in done.stdout
    assert (tmp_path / "linkers.sdf").exists()
    assert len(list((tmp_path / "charged").glob("*.cif"))) == 1


def test_the_commands_that_assemble_run(tmp_path: Path) -> None:
    (block,) = _blocks("console", "mofa assemble --node zr6")
    done = _typed(block, tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "frameworks").glob("*.cif"))) == 3
    assert (tmp_path / "uio-66.png").read_bytes().startswith(b"\x89PNG")
    assert "20.8" in done.stdout


def test_a_framework_in_one_line_of_python() -> None:
    (block,) = _blocks("python", "mofa.build")
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "Zr3C24H14O16" in done.stdout


@pytest.mark.engine
def test_the_python_example_runs(tmp_path: Path) -> None:
    (block,) = _blocks("python", "read_cif")
    write_cif(irmof1(), tmp_path / "irmof-1.cif")
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    value = re.search(r"uptake_mol_per_kg=([\d.]+)", done.stdout)
    assert value is not None
    assert 0.055 < float(value[1]) < 0.105


def test_make_targets_that_the_readme_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets


def test_files_that_the_readme_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
