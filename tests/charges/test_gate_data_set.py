"""The gate against the data set of the correction: its sets pass, and the same sets doctored so that they look sane."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.charges_dataset import ChargedMof, read_dataset
from mofa.charges import Gated, pass_gate
from mofa.charges.corrected import shipped_table
from mofa.charges.environments import environments
from mofa.charges.eqeq import equilibrate
from mofa.charges.roles import roles
from mofa.chemistry import Framework, Reason, Rejected
from mofa.chemistry.elements import is_metal

MOFS = {mof.name: mof for mof in read_dataset()}
Values = NDArray[np.float64]


@cache
def framework(name: str) -> Framework:
    return MOFS[name].framework


def of(name: str, symbol: str, role: str = "") -> NDArray[np.intp]:
    """Atoms of an element, and of a role if one is given."""
    bonds = framework(name).bonds
    assert bonds is not None
    found = zip(framework(name).symbols, roles(framework(name).symbols, bonds), strict=True)
    return np.array([k for k, (s, r) in enumerate(found) if s == symbol and role in ("", r)], dtype=np.intp)


def metal(name: str) -> str:
    return next(symbol for symbol in MOFS[name].symbols if is_metal(symbol))


def corrected(mof: ChargedMof) -> Values:
    table = shipped_table()
    return table.correct(mof.symbols, environments(framework(mof.name)), mof.gfn1_e).values


@pytest.mark.parametrize("name", MOFS)
def test_every_set_passes(name: str) -> None:
    mof = MOFS[name]
    for method, values in (
        ("ddec6", mof.ddec6_e),
        ("ddec6-chargemol", mof.ddec6_e),
        ("gfn1-xtb", mof.gfn1_e),
        ("gfn1-xtb-corrected", corrected(mof)),
        ("eqeq", equilibrate(framework(name))),
        ("of another program", mof.ddec6_e),
    ):
        result = pass_gate(framework(name), values, method=method)
        assert isinstance(result, Gated), f"{method}: {result}"


# --- doctored: neutral, of the usual size, and wrong


def with_value(values: Values, atoms: NDArray[np.intp], value: float | Values) -> Values:
    """The charges with those of some atoms replaced; the others share the difference."""
    found = values.copy()
    found[atoms] = value
    rest = np.setdiff1d(np.arange(len(values)), atoms)
    found[rest] -= found.sum() / len(rest)
    return found


def hydrogens_flipped(name: str, values: Values) -> Values:
    hydrogens = of(name, "H")
    return with_value(values, hydrogens, -values[hydrogens])


def hydrogen_for_carbon(name: str, values: Values) -> Values:
    """A ring's hydrogen exchanged with the carbon that it is on."""
    bonds = framework(name).bonds
    assert bonds is not None
    hydrogen = of(name, "H", "on unsaturated C")[0]
    pair = [hydrogen, bonds.neighbors[hydrogen][0][0]]
    found = values.copy()
    found[pair] = found[pair[::-1]]
    return found


def ions_only(name: str, values: Values) -> Values:
    """Metal and oxygen keep their charges, all others have none."""
    found = np.zeros_like(values)
    ions = np.concatenate([of(name, metal(name)), of(name, "O")])
    found[ions] = values[ions]
    found[of(name, metal(name))] -= found.sum() / len(of(name, metal(name)))
    return found


def metals_apart(name: str, values: Values) -> Values:
    found = values.copy()
    found[of(name, metal(name))[:2]] += [0.24, -0.24]
    return found


def metals_nearly_bare(name: str, values: Values) -> Values:
    return with_value(values, of(name, metal(name)), 1.95 if metal(name) == "Zn" else 3.8)


def oxygens_nearly_neutral(name: str, values: Values) -> Values:
    return with_value(values, of(name, "O"), -0.12)


def oxygens_nearly_neutral_by_metals(name: str, values: Values) -> Values:
    found = values.copy()
    found[of(name, "O")] = -0.12
    found[of(name, metal(name))] -= found.sum() / len(of(name, metal(name)))
    return found


def weak_carboxylates(name: str, values: Values) -> Values:
    """Carboxylates with half of their dipole."""
    found = values.copy()
    found[of(name, "C", "carboxylate")] -= 0.4
    found[of(name, "O", "carboxylate")] += 0.2
    return found


DOCTORED: dict[str, Callable[[str, Values], Values]] = {
    "sign of H flipped": hydrogens_flipped,
    "H for the C it is on": hydrogen_for_carbon,
    "only metal and O": ions_only,
    "two metals 0.48 e apart": metals_apart,
    "metals nearly bare ions": metals_nearly_bare,
    "O at -0.12, neutralised over the others": oxygens_nearly_neutral,
    "O at -0.12, neutralised over the metals": oxygens_nearly_neutral_by_metals,
    "carboxylates with less of a dipole": weak_carboxylates,
}
DIFFERENT = ("t01-bdc-dabco", "t02-nh2-no2", "t05-br-cl-bpy", "t16-uio66")
"""Paddlewheels with saturated carbon, with nitrogen groups, with halogens; and Zr6."""


def assert_refused(name: str, values: Values, method: str) -> None:
    assert abs(values.sum()) < 0.01, "refused for what is wrong in it, not for its sum"
    result = pass_gate(framework(name), values, method=method)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.UNPHYSICAL_CHARGES
    assert result.atoms


@pytest.mark.parametrize("name", DIFFERENT)
@pytest.mark.parametrize("doctored", DOCTORED)
def test_doctored_set_is_caught(name: str, doctored: str) -> None:
    assert_refused(name, DOCTORED[doctored](name, MOFS[name].ddec6_e), "ddec6")
    assert_refused(name, DOCTORED[doctored](name, corrected(MOFS[name])), "gfn1-xtb-corrected")


@pytest.mark.parametrize("name", DIFFERENT)
def test_noise_is_caught(name: str) -> None:
    for seed in range(10):
        noise = np.random.default_rng(seed).normal(0.0, 0.1, len(framework(name)))
        assert_refused(name, MOFS[name].ddec6_e + noise - noise.mean(), "ddec6")


@pytest.mark.parametrize("factor", [0.5, 1.6])
@pytest.mark.parametrize("name", DIFFERENT)
def test_factor_on_all_charges_is_caught_beyond_the_documented(name: str, factor: float) -> None:
    assert_refused(name, factor * MOFS[name].ddec6_e, "ddec6")


def test_metals_that_scatter_within_the_limit_of_one_atom_are_named() -> None:
    name = DIFFERENT[0]
    result = pass_gate(framework(name), metals_apart(name, MOFS[name].gfn1_e), method="gfn1-xtb")
    assert isinstance(result, Rejected)
    assert sorted(result.atoms) == sorted(of(name, "Zn"))
    assert "on average more than 0.1 e" in result.detail
