"""Chemistry dataclasses survive the way through JSON and CIF."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mofa.chemistry import (
    Anchor,
    AnchorKind,
    Bond,
    ChargeGate,
    Charges,
    Family,
    Linker,
    Optimized,
    PoreGeometry,
    RawLinker,
    Reason,
    Rejected,
    Stability,
    Stage,
    Uptake,
)
from mofa.errors import StoreError
from mofa.store import codec
from mofa.store.files import FileStore
from mofa.store.payloads import Item, Status, TaskResult, Timing
from tests.structures import irmof1

PORES = PoreGeometry(15.05, 8.16, 3648.0, 0.831, 1.86, 3, "zeo++")
UPTAKE = Uptake(
    0.08, 0.01, math.nan, math.inf, "CO2", 1e4, 298.0, "raspa3", "gfn1-xtb", (1, 1, 1), 10, True, 5.0, PORES
)


def same(a, b):
    """Field by field, arrays and NaN included."""
    assert type(a) is type(b)
    for field in fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            np.testing.assert_array_equal(x, y)
        else:
            assert x == y or repr(x) == repr(y), field.name


def round_trip(value, files):
    return codec.decode(json.loads(json.dumps(codec.encode(value, files), allow_nan=False)), files)


@pytest.fixture
def files(tmp_path):
    return FileStore(tmp_path)


@pytest.mark.parametrize(
    "value",
    [
        UPTAKE,
        replace(UPTAKE, pores=None),
        PORES,
        Rejected(Stage.VALIDATE, Reason.UNSTABLE, "strain 0.4", (1, 2)),
        Charges([0.5, -0.5], "xtb", True, ChargeGate(True, 0.0, -0.5, 0.5, None, ("a",)), 1.0),
        RawLinker(Family.BCA, ("C", "N"), [[0, 0, 0], [1, 2, 3]], ((0,), (1,)), "library/1"),
        RawLinker(Family.BZN, ("C",), [[0, 0, 0]], ((0,), (0,)), "x", (Bond(0, 0, 1.5),), (3,), (0,)),
        Linker(
            "N#CC#N", "KEY", Family.BZN, ("C", "Fr"), [[0.1, 0, 0], [1, 1, 1]], (Bond(0, 1, 1.0),),
            (Anchor(AnchorKind.N_DONOR, 1, 0),), "library", "c1",
        ),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_come_back(value, files):
    same(round_trip(value, files), value)


@given(st.floats(), st.floats())
def test_any_float_comes_back(a, b):
    pores = replace(PORES, accessible_volume_fraction=a, probe_radius_ang=b)
    same(round_trip(pores, FileStore.__new__(FileStore)), pores)


def test_structures_become_cif_files(files):
    framework = irmof1().with_charges(np.zeros(106), "zero")
    stability = Stability(framework, 0.1, 0.1, (0.1,), 10, 5, 0.5, 300.0, 1e5, (2, 2, 2), 1.0, "uff4mof", 3.0)
    optimized = Optimized(framework, -1.0, 0.01, 0.0, 10, False, "gfn1-xtb", 20.0)
    for value in (stability, optimized):
        data = codec.encode(value, files)
        assert set(data["framework"]) == {"$cif"}
        back = round_trip(value, files)
        np.testing.assert_allclose(back.framework.fractional, framework.fractional, atol=1e-7)
        np.testing.assert_allclose(back.framework.cell_parameters(), framework.cell_parameters(), atol=1e-7)
        assert back.framework.bonds.keys() == framework.bonds.keys()
        assert back.framework.charge_method == "zero"
        same(replace(back, framework=framework), value)


def test_lists_of_linkers_are_one_file(files):
    raw = [RawLinker(Family.BCA, ("C",), [[n, 0, 0]], ((0,), (0,)), "x") for n in range(3)]
    back = codec.get_json(codec.put_json(raw, files), files)
    for a, b in zip(back, raw, strict=True):
        same(a, b)


def test_the_result_of_a_task_comes_back():
    refusal = Rejected(Stage.ASSEMBLE, Reason.OVERLAP, "0.4 Å", (1, 2))
    items = (Item("a", "r", "BCA", 0.5, {"x": [1, None]}, parts=("p", "q")), Item("b", rejected=refusal))
    result = TaskResult(Status.DONE, items, Timing("host/1", 1.5, 2.5, 1.0, bytes_in=7), 3)
    data = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert data == json.loads(json.dumps(asdict(result)))
    assert TaskResult.from_json(data) == result
    assert TaskResult.from_json({**data, "from_the_future": 1}) == result
    with pytest.raises(StoreError, match="Item cannot be read"):
        TaskResult.from_json({**data, "items": [{"ref": "key is missing"}]})
    with pytest.raises(StoreError, match="TaskResult cannot be read"):
        TaskResult.from_json({**data, "status": "no such status"})


def test_unknown_and_incomplete_records_are_named(files):
    with pytest.raises(StoreError, match="'Wormhole' are not known"):
        codec.decode({"$type": "Wormhole"}, files)
    with pytest.raises(StoreError, match=r"Rejected cannot be read.*stage"):
        codec.decode({"$type": "Rejected"}, files)
    with pytest.raises(StoreError, match="Rejected cannot be read"):
        codec.decode({"$type": "Rejected", "stage": "validate", "reason": "not a reason", "detail": ""}, files)
