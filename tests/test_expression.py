"""Expressions compute as Python does, know nothing else, and never raise on values."""

from __future__ import annotations

import math
import pickle
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mofa.errors import ConfigError
from mofa.expression import DEEPEST, FUNCTIONS, names_with, parse, unfit_as_point

VALUES = {"uptake": 2.5, "strain": 0.05, "density": 0.6, "des.uptake": 0.5}
KNOWN = names_with(["des"])

numbers = st.floats(-100, 100, allow_nan=False).map(repr)
leaves = numbers | st.sampled_from(list(VALUES))
pairs = st.tuples(leaves, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), leaves)
comparisons = pairs.map(lambda found: f"({' '.join(found)})")
logic = st.tuples(comparisons, st.sampled_from([" and ", " or "]), comparisons).map("".join)
conditions = comparisons | logic.map("({})".format) | comparisons.map("(not {})".format)


def larger(parts):
    """One step from smaller expressions to a larger one."""
    two = st.tuples(parts, parts)
    return (
        st.tuples(parts, st.sampled_from(["+", "-", "*", "/"]), parts).map(lambda found: f"({' '.join(found)})")
        | st.tuples(parts, st.integers(-2, 3)).map(lambda found: f"abs({found[0]}) ** {found[1]}.0")
        | two.map(lambda found: f"min({found[0]}, {found[1]})")
        | two.map(lambda found: f"max({found[0]}, {found[1]})")
        | parts.map("(-{})".format)
        | parts.map("sqrt({})".format)
        | parts.map("log10({})".format)
    )


expressions = st.recursive(leaves | conditions, larger, max_leaves=12)


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(expressions)
def test_the_result_is_that_of_python(text):
    names = {**VALUES, "des": SimpleNamespace(uptake=VALUES["des.uptake"]), **FUNCTIONS}
    try:
        expected = float(eval(text, {"__builtins__": {}}, names))
    except (ArithmeticError, ValueError):
        expected = math.inf
    found = parse(f"({text}) + 0", KNOWN).value(VALUES)
    assert found == (expected if math.isfinite(expected) else None)


@patient
@given(st.text(max_size=40) | st.text("uptake.des+-*/()<>=12 notandor", max_size=40))
def test_any_other_text_is_a_mistake_and_no_accident(text):
    for condition in (False, True):
        with suppress(ConfigError):
            parse(text, KNOWN, condition=condition).value(VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uptake - des.uptake", 2.0),
        ("-strain ** 2", -(0.05**2)),
        ("exp(0) + log(1)", 1.0),
        ("uptake * (strain < 0.1)", 2.5),
        ("uptake\n  - des.uptake", 2.0),
        ("pld", None),
        ("1 / (strain - strain)", None),
        ("9 ** 9 ** 9", None),
        ("(0 - 8) ** 0.5", None),
        ("sqrt(0 - 1)", None),
        ("exp(1000)", None),
        ("1e999 - 1e999", None),
    ],
)
def test_values(text, expected):
    assert parse(text, KNOWN).value({**VALUES, "pld": math.nan}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("strain < 0.1 and des.uptake > 0", True),
        ("0 < strain < 0.1", True),
        ("not strain < 0.1", False),
        ("pld > 3.8", None),
        ("pld > 3.8 and strain < 0.1", None),
        ("pld > 3.8 and strain > 0.1", False),
        ("pld > 3.8 or strain < 0.1", True),
        ("not pld > 3.8", None),
        ("selectivity > 20", True),
    ],
)
def test_what_is_unknown_leaves_a_condition_open_unless_the_rest_decides(text, expected):
    known = {**VALUES, "selectivity": math.inf}
    assert parse(text, KNOWN, condition=True).holds(known) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uptke", "'uptke' is not known (did you mean uptake?)"),
        ("dse.uptake", "did you mean des.uptake?"),
        ("q", "known: strain, n_atoms"),
        ("sqrt", "write sqrt(...)"),
        ("sin(strain)", "'sin' is no function (known: min, max, abs"),
        ("min(uptake)", "two arguments"),
        ("sqrt(1, 2)", "one argument"),
        ("__import__('os').system('true')", "no part of an expression"),
        ("().__class__", "no part of an expression"),
        ("[uptake]", "no part of an expression"),
        ("uptake if 1 else 2", "no part of an expression"),
        ("lambda: 1", "no part of an expression"),
        ("des.uptake.real", "no part of an expression"),
        ("max(*strain, 1)", "no part of an expression"),
        ("True", "no part of an expression"),
        ("'a'", "no part of an expression"),
        ("1j", "no part of an expression"),
        ("uptake % 2", "no part of an expression"),
        ("uptake and strain", "'uptake' is not a condition"),
        ("strain < 0.1", "is not a number"),
        ("", "cannot be read"),
        ("uptake -", "cannot be read"),
        ("\0", "cannot be read"),
        ("(" * 300 + "1" + ")" * 300, "cannot be read"),
        ("-" * (DEEPEST + 2) + "1", "too deeply nested"),
        ("1 + " * 300 + "1", "longer than"),
        (str(10**400), "too large"),
    ],
)
def test_mistakes_are_named(text, message):
    with pytest.raises(ConfigError) as caught:
        parse(text, KNOWN)
    assert message in caught.value.what


def test_a_condition_is_asked_for_where_one_is_needed():
    with pytest.raises(ConfigError, match="is not a condition"):
        parse("strain", KNOWN, condition=True)


def test_an_expression_knows_its_names_and_can_travel():
    made = parse("uptake - des.uptake", KNOWN)
    assert made.names == {"uptake", "des.uptake"}
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert again.value(VALUES) == 2.0


@pytest.mark.parametrize("name", ["desorption", "p_1bar", "n2"])
def test_names_of_points(name):
    assert unfit_as_point(name) == ""


@pytest.mark.parametrize("name", ["Des", "1bar", "a-b", "é", "", "if", "uptake", "strain", "log10", "heat"])
def test_names_that_points_cannot_have(name):
    assert unfit_as_point(name)
