"""The fit of the corrections and its table of MOFs, on charges whose corrections are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.charges_dataset import from_folder, read_dataset, write_dataset
from benchmarks.charges_fit import Form, Sample, choose, fit, left_out, linear, mae_e
from mofa.chemistry.cif import write_cif
from tests.structures import dry_ice, irmof1

FINEST = Form(levels=3, min_mofs=1, shrinkage=0.0, slope="none")


def made_up(name: str, *, seed: int, noise_e: float = 0.0) -> Sample:
    """Six atoms in three environments, DDEC6 off GFN1 by 0.3, -0.1 and -0.2 e."""
    rng = np.random.default_rng(seed)
    gfn1 = rng.normal(0.0, 0.2, 6)
    truth = np.array([0.3, 0.3, -0.1, -0.1, -0.2, -0.2])
    names = [("C3", "C(O)", "C(O(C))")] * 2 + [("O1", "O(C)", "O(C(O))")] * 2 + [("O1", "O(C)", "O(C(N))")] * 2
    ddec6 = gfn1 + truth + rng.normal(0.0, noise_e, 6)
    shift = gfn1.mean()
    return Sample(name, ("C", "C", "O", "O", "O", "O"), names, gfn1 - shift, ddec6 - shift, np.zeros(6))


def test_planted_shifts_are_found_and_every_mof_counts_once() -> None:
    table = fit([made_up(f"m{k}", seed=k) for k in range(4)], FINEST)
    found = {name: (row.shift_e, row.n_atoms, row.n_mofs) for name, row in table.environments.items()}
    assert found["C(O(C))"] == (pytest.approx(0.3), 8, 4)
    assert found["O(C(O))"] == (pytest.approx(-0.1), 8, 4)
    assert found["O(C)"] == (pytest.approx(-0.15), 16, 4)


def test_shrinkage_pulls_towards_the_coarser_environment() -> None:
    samples = [made_up(f"m{k}", seed=k) for k in range(2)]
    table = fit(samples, Form(levels=3, min_mofs=1, shrinkage=2.0, slope="none"))
    assert table.environments["O(C(O))"].shift_e == pytest.approx(-0.15 + 0.05 * 2 / (2 + 2.0))


def test_support_is_asked_for() -> None:
    table = fit([made_up("one", seed=1)], Form(levels=3, min_mofs=2, shrinkage=0.0, slope="none"))
    assert not table.environments


def test_left_out_errors_are_of_mofs_that_the_fit_has_not_seen() -> None:
    samples = [made_up(f"m{k}", seed=k) for k in range(4)]
    seen: list[list[str]] = []

    def fitted(rest):
        seen.append([s.name for s in rest])
        return lambda s: s.ddec6_e

    assert mae_e(samples, left_out(samples, fitted)) == 0.0
    assert seen == [["m1", "m2", "m3"], ["m0", "m2", "m3"], ["m0", "m1", "m3"], ["m0", "m1", "m2"]]


def test_the_form_of_least_left_out_error_tells_the_environments_apart() -> None:
    samples = [made_up(f"m{k}", seed=k, noise_e=0.02) for k in range(4)]
    form, ranked = choose(samples)
    assert form.levels == 3
    assert ranked[0][0] < 0.6 * mae_e(samples, left_out(samples, linear)) < mae_e(samples, [s.gfn1_e for s in samples])


def test_the_table_of_mofs_is_made_from_a_folder_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "cifs").mkdir()
    for name, framework in (
        ("t01-ice", dry_ice()),
        ("h01-mof", irmof1()),
        ("t02-late", dry_ice()),
        ("water", dry_ice()),
    ):
        charged = framework.with_charges(np.zeros(len(framework)), "gfn1-xtb")
        write_cif(charged, tmp_path / "cifs" / f"{name}.cif")
        values = np.linspace(-0.1, 0.1, len(framework))
        (tmp_path / "runs" / name).mkdir(parents=True)
        if name != "t02-late":
            content = {"values": values.tolist(), "integration_error_e": 1e-4, "method": "ddec6"}
            (tmp_path / "runs" / name / "ddec6.json").write_text(json.dumps(content))
    mofs, problems = from_folder(tmp_path)
    assert [(mof.name, mof.split) for mof in mofs] == [("h01-mof", "held-out"), ("t01-ice", "train")]
    assert problems == ["t02-late: no DDEC6 charges yet"]
    path = tmp_path / "table.json.gz"
    write_dataset(path, mofs)
    first = path.read_bytes()
    write_dataset(path, read_dataset(path))
    assert path.read_bytes() == first, "equal data, equal bytes"
    again = {mof.name: mof for mof in read_dataset(path)}
    assert again["h01-mof"].symbols == irmof1().symbols
    assert np.allclose(again["h01-mof"].ddec6_e, np.linspace(-0.1, 0.1, 106), atol=1e-5)
    framework = again["h01-mof"].framework
    assert framework.bonds is not None
    assert framework.bonds.keys() == irmof1().bonds.keys()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "cannot be read"),
        ('{"values": [0.1, -0.1]}', "12 atoms, but 2 DDEC6 charges"),
        (json.dumps({"values": [0.1] * 12}), "add up to"),
    ],
)
def test_bad_results_are_left_out_and_named(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "cifs").mkdir()
    (tmp_path / "runs" / "t01-ice").mkdir(parents=True)
    write_cif(dry_ice().with_charges(np.zeros(12), "gfn1-xtb"), tmp_path / "cifs" / "t01-ice.cif")
    (tmp_path / "runs" / "t01-ice" / "ddec6.json").write_text(content)
    mofs, problems = from_folder(tmp_path)
    assert not mofs
    assert problem in problems[0]
