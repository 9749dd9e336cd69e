"""The gate against doctored charge sets, every one to be caught, and sane ones of four methods, every one to pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mofa.charges import Gated, pass_gate
from mofa.charges.roles import roles, surroundings
from mofa.chemistry import Framework, Reason, Rejected
from mofa.chemistry.cif import read_cif
from tests.adsorb.frameworks import charged_irmof1, ddec6_irmof1

FOLDER = Path(__file__).parent / "sets"
NAMES = sorted(path.stem for path in FOLDER.glob("*.cif"))
OTHERS: list[dict[str, Any]] = json.loads((FOLDER / "others.json").read_text())
Values = NDArray[np.float64]


@cache
def mof(name: str) -> Framework:
    """One of the stored MOFs, or MOF-5 with DDEC6 charges."""
    return ddec6_irmof1() if name == "mof-5" else read_cif(FOLDER / f"{name}.cif")


def charges(name: str) -> Values:
    """Its own charges, free to be changed."""
    stored = mof(name).charges
    assert stored is not None
    return np.array(stored)


@cache
def role_of(name: str) -> tuple[str, ...]:
    bonds = mof(name).bonds
    assert bonds is not None
    return tuple(roles(mof(name).symbols, bonds))


def atoms(name: str, symbol: str, role: str = "") -> list[int]:
    """Atoms of an element and role."""
    found = zip(mof(name).symbols, role_of(name), strict=True)
    return [k for k, (s, r) in enumerate(found) if s == symbol and role in ("", r)]


def neighbors(name: str, atom: int) -> list[int]:
    bonds = mof(name).bonds
    assert bonds is not None
    return [k for k, _, _ in bonds.neighbors[atom]]


def one_set_to(name: str, atom: int, value: float) -> Values:
    """The charges with one atom's replaced; the others share the difference."""
    values = charges(name)
    rest = np.arange(len(values)) != atom
    values[rest] += (values[atom] - value) / rest.sum()
    values[atom] = value
    return values


# --- sane sets


@pytest.mark.parametrize("name", NAMES)
def test_gfn1_of_an_assembled_mof_passes(name: str) -> None:
    result = pass_gate(mof(name), charges(name), method="gfn1-xtb")
    assert isinstance(result, Gated), result
    assert result.gate.equivalent_spread_e is not None
    assert result.gate.equivalent_spread_e < 0.05


def test_ddec6_and_gfn1_of_mof_5_pass() -> None:
    for framework in (ddec6_irmof1(), charged_irmof1()):
        result = pass_gate(framework, np.asarray(framework.charges), method=framework.charge_method)
        assert isinstance(result, Gated), result
        assert result.gate.equivalent_spread_e == pytest.approx(0.0, abs=1e-12)


SANE = [other for other in OTHERS if other["sane"]]


@pytest.mark.parametrize("other", SANE, ids=[f"{o['mof']}-{o['method']}-{k}" for k, o in enumerate(SANE)])
def test_sane_set_of_another_method_passes(other: dict[str, Any]) -> None:
    result = pass_gate(mof(other["mof"]), other["charges_e"], method=other["method"])
    assert isinstance(result, Gated), result


# --- doctored sets


@dataclass(frozen=True)
class Doctored:
    """A charge set that no gate may let pass."""

    what: str
    mof: str
    values: Callable[[], Values]
    named: Callable[[], list[int]] = list
    """Atoms that the refusal must name."""
    alone: bool = False
    """Whether it must name no others."""
    says: str = "out of bounds"


def misplaced(name: str, symbol: str, role: str, value: float) -> Doctored:
    """One atom with a charge that its role does not have."""
    return Doctored(
        f"{symbol} ({role}) at {value:+g}",
        name,
        lambda: one_set_to(name, atoms(name, symbol, role)[0], value),
        lambda: atoms(name, symbol, role)[:1],
        alone=True,
    )


def moved(name: str, symbol: str, role: str, named: Sequence[int] = (0, 1)) -> Doctored:
    """The charge of one atom on its first neighbour."""

    def pair() -> list[int]:
        atom = atoms(name, symbol, role)[0]
        return [atom, neighbors(name, atom)[0]]

    def values() -> Values:
        found = charges(name)
        source, target = pair()
        found[target] += found[source]
        found[source] = 0.0
        return found

    return Doctored(
        f"{symbol} ({role}) moved to its neighbour", name, values, lambda: [pair()[k] for k in named], alone=True
    )


def everywhere(what: str, change: Callable[[Values], Values], symbol: str = "", **others: Any) -> list[Doctored]:
    """The same done to the whole set of several MOFs; all atoms of `symbol`, or the metals, must be named."""
    metals = {"mof-5": "Zn", "zn-nh2-no2": "Zn", "zr6-fumarate": "Zr", "cu-pyrazine": "Cu", "zn-imidazolate": "Zn"}
    return [
        Doctored(
            what,
            name,
            lambda name=name: change(charges(name)),  # type: ignore[misc]
            lambda name=name, metal=metal: atoms(name, symbol or metal) if symbol != "-" else [],  # type: ignore[misc]
            **others,
        )
        for name, metal in metals.items()
    ]


def with_first(name: str, symbol: str, value: float) -> Values:
    values = charges(name)
    values[atoms(name, symbol)[0]] = value
    return values


def swapped(name: str, first: tuple[str, str], second: tuple[str, str]) -> Doctored:
    def pair() -> list[int]:
        return [atoms(name, *first)[0], atoms(name, *second)[0]]

    def values() -> Values:
        found = charges(name)
        found[pair()] = found[pair()[::-1]]
        return found

    return Doctored(f"{first[0]} and {second[0]} ({second[1]}) swapped", name, values, pair)


def halves_of_zinc() -> Values:
    values = charges("mof-5")
    zinc = atoms("mof-5", "Zn")
    values[zinc] += np.where(np.arange(len(zinc)) % 2, 0.35, -0.35)
    return values


def lone_site(symbol: str, role: str, change_e: float) -> Doctored:
    """One of MOF-5's symmetric sites unlike the others, yet within its bounds."""

    def values() -> Values:
        atom = atoms("mof-5", symbol, role)[0]
        return one_set_to("mof-5", atom, charges("mof-5")[atom] + change_e)

    return Doctored(
        f"one {symbol} ({role}) by {change_e:+g}",
        "mof-5",
        values,
        lambda: atoms("mof-5", symbol, role)[:1],
        alone=True,
        says="equivalent atoms",
    )


def formal() -> Values:
    """Oxidation states in the place of charges."""
    value = {"metal": 2.0, "oxide": -2.0, "carboxylate": -0.5}
    values = [
        value.get(r, 0.0) if s != "C" else 0.0 for s, r in zip(mof("mof-5").symbols, role_of("mof-5"), strict=True)
    ]
    return np.array(values)


def by_element(name: str) -> Values:
    """The charges in the order of a file that lists the elements by name."""
    symbols = mof(name).symbols
    return charges(name)[sorted(range(len(symbols)), key=lambda k: symbols[k])]


PILLARED = ("zn-nh2-no2", "zn-cf3-cn")
DOCTORED = [
    # not a set of charges at all
    Doctored("NaN", "mof-5", lambda: with_first("mof-5", "H", np.nan), lambda: atoms("mof-5", "H")[:1], True, "finite"),
    Doctored(
        "inf", "mof-5", lambda: with_first("mof-5", "Zn", np.inf), lambda: atoms("mof-5", "Zn")[:1], True, "finite"
    ),
    Doctored(
        "-inf", "mof-5", lambda: with_first("mof-5", "C", -np.inf), lambda: atoms("mof-5", "C")[:1], True, "finite"
    ),
    *everywhere("an electron is missing", lambda q: q + 1.0 / len(q), "-", says="add up to +"),
    *everywhere("0.06 e too many", lambda q: q - 0.06 / len(q), "-", says="add up to -0.0"),
    *everywhere("rounded to integers", np.round, "-", says=""),
    *everywhere("all zero", np.zeros_like),
    *everywhere("in coulombs", lambda q: q * 1.602176634e-19),
    *everywhere("in the unit of AMBER", lambda q: q * 18.2223),
    *everywhere("three times too large", lambda q: 3.0 * q, "-"),
    *everywhere("sign flipped", lambda q: -q),
    *everywhere("absolute values, made neutral", lambda q: np.abs(q) - np.abs(q).mean(), "-"),
    # the right numbers on the wrong atoms
    *everywhere("in reversed order", lambda q: q[::-1], "-"),
    *everywhere("shifted by one atom", lambda q: np.roll(q, 1), "-"),
    *everywhere("shifted by one atom, backwards", lambda q: np.roll(q, -1), "-"),
    *everywhere("permuted", lambda q: np.random.default_rng(3).permutation(q), "-"),
    *everywhere("sorted", np.sort, "-"),
    *[Doctored("in the order of another file", name, lambda name=name: by_element(name)) for name in PILLARED],  # type: ignore[misc]
    Doctored("of another MOF", "zn-cf3-cn", lambda: charges("zn-nh2-no2")),
    swapped("mof-5", ("Zn", "metal"), ("H", "on unsaturated C")),
    swapped("mof-5", ("Zn", "metal"), ("O", "oxide")),
    swapped("mof-5", ("H", "on unsaturated C"), ("O", "carboxylate")),
    swapped("zr6-fumarate", ("H", "on O"), ("O", "hydroxide, water")),
    swapped("zn-nh2-no2", ("N", "nitro"), ("N", "amine")),
    swapped("zn-cf3-cn", ("C", "of CF2, CF3"), ("F", "on a nonmetal")),
    moved("mof-5", "Zn", "metal"),
    moved("mof-5", "O", "carboxylate"),
    moved("mof-5", "C", "carboxylate"),
    moved("zn-f4-oh", "O", "hydroxyl", named=[0]),
    # one atom that no chemistry explains
    misplaced("mof-5", "Zn", "metal", -2.3),
    misplaced("mof-5", "C", "carboxylate", -5.3),
    misplaced("mof-5", "Zn", "metal", 0.3),
    misplaced("mof-5", "Zn", "metal", 2.2),
    misplaced("mof-5", "H", "on unsaturated C", 0.5),
    misplaced("mof-5", "C", "carboxylate", -0.4),
    misplaced("mof-5", "O", "carboxylate", 0.1),
    misplaced("mof-5", "O", "oxide", 0.0),
    misplaced("mof-5", "C", "aryl", -1.2),
    misplaced("zn-nh2-no2", "N", "nitrile", 0.3),
    misplaced("zn-nh2-no2", "N", "amine", 0.8),
    misplaced("zn-nh2-no2", "N", "nitro", -0.6),
    misplaced("zn-nh2-no2", "O", "of nitro, sulfonyl, N-oxide", 0.4),
    misplaced("zn-nh2-no2", "C", "nitrile", 1.2),
    misplaced("zn-nh2-no2", "H", "on N", -0.3),
    misplaced("zn-cf3-cn", "C", "of CF2, CF3", -0.5),
    misplaced("zn-cf3-cn", "F", "on a nonmetal", 0.4),
    misplaced("zn-br-cl-bpy", "Br", "on a nonmetal", -1.0),
    misplaced("zn-br-cl-bpy", "Cl", "on a nonmetal", 0.9),
    misplaced("zn-br-cl-bpy", "N", "pyridine, imine, azo", 0.7),
    misplaced("zn-f4-oh", "O", "hydroxyl", 0.2),
    misplaced("zn-f4-oh", "H", "on O", -0.2),
    misplaced("zn-sh-i", "S", "without oxygen", -1.4),
    misplaced("zn-sh-i", "I", "on a nonmetal", -0.9),
    misplaced("zn-sulfone", "S", "with oxygen", -0.8),
    misplaced("zn-dabco", "C", "saturated, with O, N, S or halogen", -1.5),
    misplaced("zn-dabco", "N", "amine", 1.1),
    misplaced("zr6-fumarate", "Zr", "metal", 4.4),
    misplaced("zr6-fumarate", "O", "hydroxide, water", 0.1),
    misplaced("zr6-fumarate", "H", "on O", 0.0),
    misplaced("cu-pyrazine", "Cu", "metal", -0.2),
    misplaced("zn-imidazolate", "Zn", "metal", 0.1),
    # sites that symmetry makes equal
    lone_site("Zn", "metal", -0.35),
    lone_site("Zn", "metal", 0.4),
    lone_site("O", "carboxylate", 0.2),
    lone_site("C", "carboxylate", 0.35),
    lone_site("C", "aryl", -0.3),
    Doctored("zincs in two kinds", "mof-5", halves_of_zinc, lambda: atoms("mof-5", "Zn"), True, "equivalent atoms"),
    # wrong quantities
    Doctored("oxidation states", "mof-5", formal, lambda: atoms("mof-5", "O", "oxide")),
    *[
        Doctored(
            f"{other['method']}, {other['what']}",
            other["mof"],
            lambda other=other: np.array(other["charges_e"]),  # type: ignore[misc]
        )
        for other in OTHERS
        if not other["sane"]
    ],
]


@pytest.mark.parametrize("case", DOCTORED, ids=[f"{k}-{case.mof}-{case.what}" for k, case in enumerate(DOCTORED)])
def test_doctored_set_is_caught(case: Doctored) -> None:
    framework, method = mof(case.mof), "ddec6" if case.mof == "mof-5" else "gfn1-xtb"
    result = pass_gate(framework, case.values(), method=method)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.UNPHYSICAL_CHARGES
    assert case.says in result.detail
    if case.alone:
        assert sorted(result.atoms) == sorted(case.named())
    assert set(case.named()) <= set(result.atoms)
    assert result.atoms or "add up" in result.detail, "a refusal names its atoms"


def test_unconverged_set_is_caught_whatever_it_looks_like() -> None:
    result = pass_gate(mof("mof-5"), charges("mof-5"), method="ddec6", converged=False)
    assert isinstance(result, Rejected)
    assert result.reason is Reason.NOT_CONVERGED
    assert "ddec6" in result.detail


@pytest.mark.parametrize(("symbols", "distance_ang"), [(("Zn", "O"), 0.3), (("C", "C"), 0.85), (("H", "H"), 0.1)])
def test_atoms_on_one_another_are_caught(symbols: tuple[str, str], distance_ang: float) -> None:
    framework = mof("mof-5")
    one, other = (framework.symbols.index(symbols[0]), len(framework) - 1 - framework.symbols[::-1].index(symbols[1]))
    positions = np.array(framework.positions)
    positions[one] = positions[other] + np.array([0.0, distance_ang, 0.0])
    result = pass_gate(framework.with_geometry(positions, framework.cell), charges("mof-5"), method="ddec6")
    assert isinstance(result, Rejected)
    assert result.reason is Reason.OVERLAP
    assert {one, other} <= set(result.atoms)
    assert f"{distance_ang:.2f} Å" in result.detail


def test_zero_charges_of_a_framework_without_metals_are_none() -> None:
    organic = Framework("cof", ("C", "N", "H"), np.array([[0.0, 0, 0], [1.3, 0, 0], [0, 1.1, 0]]), 6 * np.eye(3))
    result = pass_gate(organic, np.zeros(3), method="any")
    assert isinstance(result, Rejected)
    assert "zero" in result.detail


def test_the_refusal_says_what_is_allowed_and_the_worst_comes_first() -> None:
    values = one_set_to("zn-nh2-no2", atoms("zn-nh2-no2", "N", "nitrile")[0], 0.9)
    result = pass_gate(mof("zn-nh2-no2"), values, method="gfn1-xtb")
    assert isinstance(result, Rejected)
    assert "+0.90 e (nitrile: allowed -0.80 to +0.05)" in result.detail


def test_every_role_of_the_stored_mofs_has_bounds_of_its_own() -> None:
    from mofa.charges.bounds import BOUNDS_E

    seen = {(s, r) for name in NAMES for s, r in zip(mof(name).symbols, role_of(name), strict=True) if r != "metal"}
    assert seen <= set(BOUNDS_E)
    assert len(seen) >= 20


def test_symmetric_atoms_have_the_same_surroundings() -> None:
    framework = mof("mof-5")
    assert framework.bonds is not None
    kinds = surroundings(framework.symbols, framework.bonds)
    assert sorted(np.bincount(kinds)) == [2, 8, 12, 12, 24, 24, 24], "sites of Fm-3m in the primitive cell"
