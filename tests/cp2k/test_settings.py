"""What CP2K is asked for: settings, templates, the written input, elements and basis sets it does not have."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.cp2k import Cp2kSettings
from mofa.cp2k.datafiles import data_folder, refuse_missing
from mofa.cp2k.inputs import Task, input_text
from mofa.cp2k.kinds import VALENCE_ELECTRONS, refuse
from mofa.cp2k.restarts import standard_axes
from mofa.errors import InputError
from tests.cp2k.cases import edited_template, hydrogen

GOLDEN = Path(__file__).parent / "golden"


def mixed() -> Framework:
    """Three elements in a skewed cell, an atom outside of it."""
    cell = np.array([[9.0, 0.0, 0.0], [1.5, 8.0, 0.0], [-1.0, 2.0, 7.5]])
    positions = np.array([[0.1, 0.2, 0.3], [0.5, 0.55, 0.6], [-0.1, 0.9, 1.2]]) @ cell
    return Framework("mixed", ("Zn", "O", "C"), positions, cell)


def check_golden(name: str, text: str) -> None:
    """Compare with an earlier version's; MOFA_REWRITE_GOLDEN=1 writes it anew."""
    golden = GOLDEN / name
    if "MOFA_REWRITE_GOLDEN" in os.environ:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def test_input_of_a_single_point() -> None:
    mof = mixed()
    settings = Cp2kSettings(charge_e=-2, multiplicity=3, cutoff_ry=350.0)
    task = Task("density", "ENERGY", mof.cell, mof.fractional)
    check_golden("density.inp", input_text(mof, settings, task, (2023, 1)))


def test_input_of_a_cell_optimisation_that_goes_on() -> None:
    mof = mixed()
    task = Task("cell-opt-2", "CELL_OPT", 1.01 * mof.cell, mof.fractional, mof.cell, "cell-opt-1-RESTART.wfn", 12, 5e-4)
    check_golden("cell-opt.inp", input_text(mof, Cp2kSettings(), task, (2024, 1)))


def test_options_left_empty_are_the_defaults() -> None:
    assert Cp2kSettings.of() == Cp2kSettings()
    given = Cp2kSettings.of(command="mpirun -n 2 'my cp2k'", threads=4, cutoff_ry=500.0, basis_set="X", multiplicity=3)
    assert (given.words, given.threads, given.cutoff_ry) == (("mpirun", "-n", "2", "my cp2k"), 4, 500.0)
    assert (given.basis_set, given.multiplicity) == ("X", 3)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"command": "cp2k 'x"}, "quot"),
        ({"command": " "}, "command"),
        ({"command": "cp2k -i x.inp"}, "-i"),
        ({"cutoff_ry": -1.0}, "cutoff_ry"),
        ({"cutoff_ry": float("nan")}, "cutoff_ry"),
        ({"threads": -1}, "threads"),
        ({"basis_set": "two words"}, "two words"),
    ],
)
def test_bad_settings_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        Cp2kSettings(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("$cutoff_ry", "$cut_off", r"unknown placeholders \$cut_off"),
        ("      $coordinates\n", "", r"\$coordinates are missing"),
        ("$cutoff_ry", "300 $ 4", r"\$\$"),
    ],
)
def test_bad_templates_are_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    template = edited_template(tmp_path / "mine.inp", (old, new))
    mof = mixed()
    with pytest.raises(InputError, match=named) as caught:
        input_text(mof, Cp2kSettings(template=template), Task("x", "ENERGY", mof.cell, mof.fractional), (2023, 1))
    assert template in str(caught.value)


def test_a_template_that_is_not_there_is_named(tmp_path: Path) -> None:
    mof = mixed()
    with pytest.raises(InputError, match=r"mine\.inp"):
        input_text(
            mof,
            Cp2kSettings(template=str(tmp_path / "mine.inp")),
            Task("x", "ENERGY", mof.cell, mof.fractional),
            (2023, 1),
        )


def test_electrons_that_do_not_pair_are_refused() -> None:
    h2 = hydrogen()
    settings = Cp2kSettings()
    assert refuse(h2, settings, Stage.OPTIMIZE) is None
    assert refuse(h2, replace(settings, charge_e=1, multiplicity=2), Stage.OPTIMIZE) is None
    for wrong in (replace(settings, charge_e=1), replace(settings, multiplicity=2), replace(settings, multiplicity=5)):
        refusal = refuse(h2, wrong, Stage.CHARGES)
        assert isinstance(refusal, Rejected)
        assert (refusal.stage, refusal.reason) == (Stage.CHARGES, Reason.ODD_ELECTRONS)


def test_elements_without_a_pseudopotential_are_refused() -> None:
    cerium = Framework("ce", ("Ce", "O", "O"), np.diag([0.0, 2.0, 4.0]), 6.0 * np.eye(3))
    refusal = refuse(cerium, Cp2kSettings(), Stage.OPTIMIZE)
    assert refusal is not None
    assert refusal.reason is Reason.UNKNOWN_ELEMENT
    assert refusal.atoms == (0,)


def test_valence_of_the_elements_of_mofs() -> None:
    expected = {"H": 1, "B": 3, "C": 4, "O": 6, "Al": 3, "I": 7, "V": 13, "Fe": 16, "Cu": 11, "Zn": 12, "Zr": 12}
    assert {symbol: VALENCE_ELECTRONS[symbol] for symbol in expected} == expected
    assert VALENCE_ELECTRONS["Hf"] == 12


def test_basis_sets_are_looked_up_before_cp2k_starts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "BASIS_MOLOPT").write_text(
        "# a comment\n C DZVP-MOLOPT-SR-GTH DZVP-MOLOPT-SR-GTH-q4\n 1\n 2 0 1 5 2 2\n 0.4 0.1 0.2\n"
        " O DZVP-MOLOPT-SR-GTH DZVP-MOLOPT-SR-GTH-q6\n 1\n"
    )
    (data / "GTH_POTENTIALS").write_text("C GTH-PBE-q4 GTH-PBE\n 2 2\nO GTH-PBE-q6\n 2 4\nZn GTH-PBE-q12\n 2 0 10\n")
    mof = mixed()

    def ask(basis_set: str) -> Rejected | None:
        task = Task("x", "ENERGY", mof.cell, mof.fractional)
        text = input_text(mof, Cp2kSettings(basis_set=basis_set), task, (2023, 1))
        return refuse_missing(mof, text, folder=tmp_path, data=data, stage=Stage.CHARGES)

    refusal = ask("DZVP-MOLOPT-SR-GTH")
    assert refusal is not None
    assert (refusal.reason, refusal.atoms) == (Reason.UNKNOWN_ELEMENT, (0,))
    assert "Zn" in refusal.detail
    with pytest.raises(InputError, match="FOO"):
        ask("FOO")
    with (data / "BASIS_MOLOPT").open("a") as stream:
        stream.write(" Zn DZVP-MOLOPT-SR-GTH-q12\n 1\n")
    assert ask("DZVP-MOLOPT-SR-GTH") is None


def test_the_data_folder_is_found_in_a_wrapped_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CP2K_DATA_DIR", raising=False)
    text = f'-D __COMPILE_REVISION="git:b" -D __DATA_DIR="{tmp_path}" -D'
    wrapped = f"{text[:50]}\n   {text[50:]}"
    assert data_folder(wrapped) == tmp_path
    assert data_folder("CP2K version 2025.1") is None


def test_axes_are_turned_and_turned_back() -> None:
    turned = np.array([[0.3, 4.0, 0.1], [-0.2, 0.5, 5.0], [6.0, 0.7, -0.4]])
    cell, rotation = standard_axes(turned)
    assert np.allclose(cell, np.tril(cell))
    assert (np.diag(cell) > 0).all()
    assert np.isclose(np.linalg.det(rotation), 1.0)
    assert np.allclose(cell @ rotation, turned)
    assert (standard_axes(cell)[1] == np.eye(3)).all()
