"""Corrected GFN1 charges: which correction an atom gets, neutrality, fallback, the table that is shipped."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from mofa.charges import assign_charges
from mofa.charges.corrected import (
    UNSEEN,
    Corrected,
    CorrectedCharges,
    Correction,
    CorrectionTable,
    Slope,
    parse_table,
    shipped_table,
    table_json,
)
from mofa.charges.environments import LEVELS, environments
from mofa.charges.model import RawCharges
from mofa.chemistry import Charges, Framework, Reason, Rejected
from mofa.testing.charges import check_charge_model
from tests.structures import dry_ice, far_apart_iron_oxide, irmof1

TABLE = CorrectionTable(
    {
        "C3": Correction(0.10, 0.02, 40, 4),
        "C(C,O,O)": Correction(0.20, 0.02, 20, 3),
        "O(C(C,O,O),Zn(O,O,O,O))": Correction(-0.05, 0.01, 24, 2),
        "O2": Correction(-0.5, 0.1, 100, 5),
        "H1": Correction(0.06, 0.01, 80, 5),
    },
    {"H": Slope(0.5, 0.1)},
    0.1,
)


def shifts(framework: Framework, gfn1_e: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return TABLE.shifts(framework.symbols, environments(framework), gfn1_e)


def test_the_finest_known_environment_decides() -> None:
    framework = irmof1()
    names = environments(framework)
    found, spreads, levels = shifts(framework, np.full(len(framework), 0.3))
    of = {name: (found[k], spreads[k], levels[k]) for k, (_, name, _) in enumerate(names)}
    assert of["O(C,Zn)"] == (-0.05, 0.01, 2)
    assert of["C(C,O,O)"] == (0.20, 0.02, 1)
    assert of["C(C,C,H)"] == (0.10, 0.02, 0)
    assert of["H(C)"] == (pytest.approx(0.06 + 0.5 * (0.3 - 0.1)), 0.01, 0), "and the slope of the element"
    assert of["Zn(O,O,O,O)"] == (0.0, 0.1, UNSEEN), "the raw charge stays"
    assert of["O(Zn,Zn,Zn,Zn)"] == (0.0, 0.1, UNSEEN)


def test_the_residual_goes_to_the_least_certain_atoms() -> None:
    table = CorrectionTable({"C2": Correction(0.5, 0.2, 9, 3), "O1": Correction(-0.1, 0.1, 9, 3)}, {}, 0.1)
    framework = dry_ice()
    found = table.correct(framework.symbols, environments(framework), np.zeros(12))
    carbon = np.array([s == "C" for s in framework.symbols])
    residual = 4 * 0.5 - 8 * 0.1
    assert found.values.sum() == pytest.approx(0.0, abs=1e-12)
    assert found.values[carbon] == pytest.approx(0.5 - residual * 0.04 / (4 * 0.04 + 8 * 0.01))
    assert found.values[~carbon] == pytest.approx(-0.1 - residual * 0.01 / (4 * 0.04 + 8 * 0.01))


def test_without_a_known_environment_charges_are_gfn1s() -> None:
    framework = dry_ice()
    raw = np.where([s == "C" for s in framework.symbols], 0.7, -0.35)
    found = CorrectionTable({}, {"C": Slope(2.0, 0.0)}, 0.1).correct(framework.symbols, environments(framework), raw)
    assert np.allclose(found.values, raw)
    assert (found.levels == UNSEEN).all()


def test_it_says_how_many_atoms_were_corrected() -> None:
    found = Corrected(np.zeros(6), np.array([2, 2, 2, 1, 0, UNSEEN]))
    assert found.summary == "5 of 6 atoms corrected: 3 by two shells of neighbours, 1 by one, 1 by coordination"


def test_charges_of_the_optimisation_are_taken() -> None:
    """GFN1-xTB is not run again for a framework that carries its charges, and the levels are reported."""
    framework = dry_ice()
    raw = np.where([s == "C" for s in framework.symbols], 0.7, -0.35)
    table = CorrectionTable({"C2": Correction(0.1, 0.2, 9, 3), "O1": Correction(-0.05, 0.1, 9, 3)}, {}, 0.1)
    said: list[tuple[float, str]] = []
    found = CorrectedCharges(table).charges(
        framework.with_charges(raw, "gfn1-xtb"),
        time_limit_s=10.0,
        on_progress=lambda fraction, text: said.append((fraction, text)),
    )
    assert isinstance(found, RawCharges)
    assert found.values.max() == pytest.approx(0.8)
    assert said == [(1.0, "12 of 12 atoms corrected: 0 by two shells of neighbours, 0 by one, 12 by coordination")]


@pytest.mark.engine
def test_conformance() -> None:
    table = CorrectionTable({"C2": Correction(0.1, 0.2, 9, 3), "O(C)": Correction(-0.06, 0.1, 9, 3)}, {}, 0.1)
    found = check_charge_model(CorrectedCharges(table), dry_ice())
    assert found.values.max() == pytest.approx(0.757 + 0.1 + 0.02 * 0.04 / 0.06, abs=0.01)


@pytest.mark.engine
def test_refusals_of_gfn1_pass_through() -> None:
    refused = assign_charges(far_apart_iron_oxide(), method="corrected")
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.NOT_CONVERGED


def test_a_table_survives_its_json() -> None:
    text = table_json(TABLE, {"made_by": "a test"})
    assert parse_table(text) == TABLE
    assert json.loads(text)["provenance"] == {"made_by": "a test"}
    assert '    "C(C,O,O)": [0.2, 0.02, 20, 3],\n' in text, "a line an environment"


def test_the_shipped_table_is_sane_and_says_where_it_is_from() -> None:
    content = json.loads(files("mofa.charges").joinpath("data", "corrections.json").read_text(encoding="utf-8"))
    provenance = content["provenance"]
    errors = provenance["training_mofs_leave_one_mof_out_mae_e"]
    assert errors["corrected"] < errors["linear"] < errors["GFN1"]
    assert provenance["no_shared_linker_mae_e"] < provenance["no_shared_node_mae_e"] < errors["GFN1"]
    assert len(provenance["mofs"]) >= 20
    assert len(provenance["held_out_mofs"]) >= 10
    table = shipped_table()
    assert {"Zn", "O", "C", "H", "N"} <= {name.split("(")[0].rstrip("0123456789") for name in table.environments}
    assert all(abs(row.shift_e) < 1.0 and 0.0 < row.spread_e < 0.5 for row in table.environments.values())
    assert all(row.n_atoms >= row.n_mofs >= 1 for row in table.environments.values())


@pytest.mark.engine
def test_irmof1_comes_closer_to_ddec6() -> None:
    framework = irmof1()
    corrected = assign_charges(framework, method="corrected")
    assert isinstance(corrected, Charges)
    assert corrected.method == "gfn1-xtb-corrected"
    sites = {"Zn4": 0.947, "O4": -1.005, "O2": -0.534, "C(C,O,O)": 0.565, "C(C,C,C)": -0.013, "C(C,C,H)": -0.105}
    reference = np.array([{**sites, "H1": 0.13}.get(n[0]) or sites[n[1]] for n in environments(framework)])
    assert np.abs(corrected.values - reference).mean() < 0.03
    _, _, levels = shipped_table().shifts(framework.symbols, environments(framework), corrected.values)
    assert levels.min() > UNSEEN
    assert (levels == LEVELS - 1).mean() > 0.5
