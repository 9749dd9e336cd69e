"""Expressions over results in campaign files: ``uptake - desorption.uptake``, ``strain < 0.1 and pld > 3.8``.

A small part of Python's grammar, read by Python's own parser and computed here: numbers, names, + - * / **,
comparisons, and, or, not, and a few functions. Nothing else can be written, so an expression can do no harm. What is
not known makes the result unknown (None); no values make an expression raise.

The names are those of this module; every further point that is simulated has the names of an adsorption once more,
behind its own name and a dot.
"""

from __future__ import annotations

import ast
import keyword
import math
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from mofa.errors import ConfigError

BEFORE_ADSORPTION = {"strain": "", "n_atoms": "", "density": "g/cm3"}
"""What is known of a MOF before its adsorption, with units."""
OF_PORES = {"lcd": "Å", "pld": "Å", "surface": "m2/g", "void_fraction": ""}
"""What the look at its pores tells."""
OF_ADSORPTION = {
    "uptake": "mol/kg",
    "uptake_mg_per_g": "mg/g",
    "uptake_cm3_per_cm3": "cm3(STP)/cm3",
    "heat": "kJ/mol",
    "selectivity": "",
}
"""What the simulation of adsorption tells, at every point."""
FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "sqrt": math.sqrt,
    "log": math.log,
    "log10": math.log10,
    "exp": math.exp,
}
LONGEST, DEEPEST = 1000, 100
"""Characters of an expression, and steps from its whole to its innermost part."""
_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def names_with(points: Iterable[str] = ()) -> tuple[str, ...]:
    """All names that an expression may have in a campaign with these further points."""
    dotted = (f"{point}.{name}" for point in points for name in OF_ADSORPTION)
    return (*BEFORE_ADSORPTION, *OF_PORES, *OF_ADSORPTION, *dotted)


def unfit_as_point(name: str) -> str:
    """Why a further point cannot have this name; empty if it can."""
    if not (name.isascii() and name.isidentifier() and name == name.lower()):
        return "is not of lower-case letters, digits and underscores"
    if keyword.iskeyword(name):
        return "is a word of Python"
    return "has a meaning of its own" if name in {*names_with(), *FUNCTIONS} else ""


class _UnknownError(Exception):
    """A value is missing, or the arithmetic has no result."""


@dataclass(frozen=True)
class Expression:
    """An expression that has been checked; made by `parse`."""

    text: str
    names: frozenset[str]
    """The names in it."""
    _tree: ast.expr = field(repr=False, compare=False)

    def value(self, values: Mapping[str, float]) -> float | None:
        """What it comes to, finite; None if that is not known. A condition is 1 where it holds, else 0."""
        try:
            result = _value(self._tree, values)
        except _UnknownError:
            return None
        return result if math.isfinite(result) else None

    def holds(self, values: Mapping[str, float]) -> bool | None:
        """Whether a condition holds; None if that is not known."""
        result = self.value(values)
        return None if result is None else bool(result)


def parse(text: str, known: Collection[str], *, condition: bool = False) -> Expression:
    """Read and check an expression.

    Args:
        text: the expression.
        known: names that it may have.
        condition: whether it says yes or no, rather than a number.

    Raises:
        ConfigError: it is no expression, has a name that is not known, or is of the other sort.
    """
    line = " ".join(text.split())
    if len(line) > LONGEST:
        raise ConfigError(f"is longer than {LONGEST} characters")
    try:
        tree = ast.parse(line, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        problem = error.msg if isinstance(error, SyntaxError) else str(error) or "too deep"
        raise ConfigError(f"{_shortened(line)} cannot be read ({problem})") from error
    names: set[str] = set()
    _check(tree, known, names, depth=0)
    if _is_condition(tree) is not condition:
        wanted = "a condition such as strain < 0.1" if condition else "a number"
        raise ConfigError(f"{_shortened(line)} is not {wanted}")
    return Expression(line, frozenset(names), tree)


def _check(node: ast.expr, known: Collection[str], names: set[str], *, depth: int) -> None:
    """Make sure that `_value` knows what to do with a part, and gather its names."""
    if depth > DEEPEST:
        raise ConfigError("is too deeply nested")
    parts: list[ast.expr] = []
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            _number(node)
        case ast.Name() | ast.Attribute(value=ast.Name()):
            names.add(_known_name(ast.unparse(node), known))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            parts = [operand]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            parts = _conditions([operand])
        case ast.BoolOp(values=operands):
            parts = _conditions(operands)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
            parts = [left, right]
        case ast.Compare(left=left, ops=signs, comparators=others) if all(type(sign) in _COMPARISONS for sign in signs):
            parts = [left, *others]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            _check_call(name, len(arguments))
            parts = arguments
        case _:
            raise ConfigError(f"{_shown(node)} is no part of an expression: {_GRAMMAR}")
    for part in parts:
        _check(part, known, names, depth=depth + 1)


_GRAMMAR = f"it may have numbers, names, + - * / **, comparisons, and, or, not, {', '.join(FUNCTIONS)}"


def _shown(node: ast.expr) -> str:
    return _shortened(ast.unparse(node))


def _shortened(text: str) -> str:
    """A text in quotes, at most 60 characters of it."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _number(node: ast.Constant) -> float:
    try:
        return float(node.value)  # type: ignore[arg-type]
    except OverflowError as error:
        raise ConfigError("has a number that is too large") from error


def _known_name(name: str, known: Collection[str]) -> str:
    """The name itself.

    Raises:
        ConfigError: it is not known.
    """
    if name in known:
        return name
    if name in FUNCTIONS:
        raise ConfigError(f"{name} is a function: write {name}(...)")
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    raise ConfigError(f"{name!r} is not known ({hint})")


def _check_call(name: str, n_arguments: int) -> None:
    if name not in FUNCTIONS:
        raise ConfigError(f"{name!r} is no function (known: {', '.join(FUNCTIONS)})")
    several = name in ("min", "max")
    if n_arguments < 2 if several else n_arguments != 1:
        raise ConfigError(f"{name} takes {'two arguments or more' if several else 'one argument'}")


def _conditions(operands: list[ast.expr]) -> list[ast.expr]:
    """The operands of and, or, not."""
    for operand in operands:
        if not _is_condition(operand):
            raise ConfigError(f"{_shown(operand)} is not a condition such as strain < 0.1")
    return operands


def _is_condition(node: ast.expr) -> bool:
    return isinstance(node, (ast.Compare, ast.BoolOp)) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    """What a part comes to; infinite where a value is, never NaN.

    Raises:
        _UnknownError: that is not known.
    """
    try:
        result = _computed(node, values)
    except (ArithmeticError, ValueError) as error:
        raise _UnknownError from error
    if math.isnan(result):
        raise _UnknownError
    return result


def _computed(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant():
            return _number(node)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, values)
        case ast.UnaryOp(operand=operand):
            return float(not _value(operand, values))
        case ast.BoolOp(op=sign, values=operands):
            return _logic(operands, values, decisive=isinstance(sign, ast.Or))
        case ast.BinOp(left=left, op=sign, right=right):
            return _ARITHMETIC[type(sign)](_value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=signs, comparators=others):
            numbers = [_value(part, values) for part in (left, *others)]
            pairs = zip(signs, numbers, numbers[1:], strict=False)
            return float(all(_COMPARISONS[type(sign)](one, other) for sign, one, other in pairs))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return float(FUNCTIONS[name](*(_value(part, values) for part in arguments)))
        case ast.Attribute(value=ast.Name(id=point), attr=name):
            return float(values.get(f"{point}.{name}", math.nan))
        case ast.Name(id=name):
            return float(values.get(name, math.nan))
    raise TypeError(f"{ast.unparse(node)} has not been checked")


def _logic(operands: list[ast.expr], values: Mapping[str, float], *, decisive: bool) -> float:
    """And (False is decisive) or or (True is): one decisive operand will do, whatever is unknown beside it."""
    unknown = False
    for operand in operands:
        try:
            if bool(_value(operand, values)) is decisive:
                return float(decisive)
        except _UnknownError:
            unknown = True
    if unknown:
        raise _UnknownError
    return float(not decisive)
