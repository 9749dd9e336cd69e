"""Guests are neutral, and their equation of state is Peng and Robinson's."""

from __future__ import annotations

import numpy as np
import pytest

from mofa.adsorb.gases import GASES, guest
from mofa.adsorb.mixture import fugacity_coefficients, mixture_at, parse_gas
from mofa.chemistry.elements import atomic_mass
from mofa.errors import InputError

ATOMS = {"CO2": "C O O", "N2": "N N", "O2": "O O", "CH4": "C H H H H", "H2": "H H", "H2O": "O H H"}


def phi(gas: str, pressure_pa: float, temperature_k: float = 300.0) -> float:
    (species,) = mixture_at(gas, pressure_pa=pressure_pa, temperature_k=temperature_k)
    return species.fugacity_coefficient


@pytest.mark.parametrize("name", sorted(GASES))
def test_guests_are_neutral_and_weigh_what_their_atoms_weigh(name: str) -> None:
    molecule = guest(name)
    assert sum(site.charge_e for site in molecule.sites) == pytest.approx(0.0, abs=1e-9)
    mass = sum(atomic_mass(element) for element in ATOMS.get(name, name).split())
    assert molecule.molar_mass_g_per_mol == pytest.approx(mass, abs=0.01)
    assert len({(s.label, s.epsilon_k, s.sigma_ang, s.charge_e) for s in molecule.sites}) == len(
        {s.label for s in molecule.sites}
    )
    assert "DOI 10." in molecule.model


def test_multipoles_of_the_models() -> None:
    """What their authors fitted: the quadrupole of CO2 (-4.3) and N2 (-1.5), the dipole of TIP4P/2005 (2.305)."""

    def quadrupole(name: str) -> float:
        return sum(site.charge_e * site.position_ang[2] ** 2 for site in guest(name).sites) * 4.80320

    assert quadrupole("CO2") == pytest.approx(-4.52, abs=0.01)
    assert quadrupole("N2") == pytest.approx(-1.40, abs=0.01)
    dipole = sum(site.charge_e * np.array(site.position_ang) for site in guest("H2O").sites) * 4.80320
    assert np.linalg.norm(dipole) == pytest.approx(2.305, abs=0.002)
    assert [name for name in GASES if guest(name).is_polar] == ["H2O"]


@pytest.mark.parametrize(
    ("pressure_pa", "expected"), [(1e4, 0.99946387), (1e5, 0.99464540), (1e6, 0.94710013), (5e6, 0.74641192)]
)
def test_fugacity_coefficient_equals_raspa3s(pressure_pa: float, expected: float) -> None:
    """Reference values: `raspalib.EquationOfState`, Peng-Robinson, 300 K."""
    assert phi("CO2", pressure_pa) == pytest.approx(expected, rel=2e-4)


def test_fugacity_of_liquid_and_vapour_meet_at_the_vapour_pressure() -> None:
    """CO2 boils at 67.1 bar at 300 K (Span and Wagner): the fugacity has a kink there, not a jump."""
    fugacities = [p * phi("CO2", p) for p in (6.0e6, 6.5e6, 6.9e6, 7.3e6)]
    assert fugacities == sorted(fugacities)
    assert fugacities[3] - fugacities[2] < 0.5 * (fugacities[1] - fugacities[0]) * 0.4 / 0.5


def test_mixture_of_a_gas_with_itself_is_the_gas() -> None:
    pure = phi("CO2", 1e6)
    both = fugacity_coefficients((guest("CO2"), guest("CO2")), (0.3, 0.7), pressure_pa=1e6, temperature_k=300.0)
    assert both == pytest.approx([pure, pure], rel=1e-12)


def test_mixture_obeys_gibbs_and_duhem() -> None:
    """sum y d(ln phi) = 0 at constant temperature and pressure."""
    guests, step = (guest("CO2"), guest("N2")), 1e-5

    def ln_phi(y: float) -> np.ndarray:
        return np.log(fugacity_coefficients(guests, (y, 1 - y), pressure_pa=2e6, temperature_k=300.0))

    slope = (ln_phi(0.15 + step) - ln_phi(0.15 - step)) / (2 * step)
    assert abs(0.15 * slope[0] + 0.85 * slope[1]) < 1e-6 * np.abs(slope).max()


def test_unknown_gas_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no gas is called 'CO'.*CO2"):
        guest("CO")


def test_mixtures_are_read() -> None:
    assert [(one.name, y) for one, y in parse_gas("CO2: 0.15, N2:0.85")] == [("CO2", 0.15), ("N2", 0.85)]
    assert parse_gas("Xe") == ((guest("Xe"), 1.0),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CO2:0.15,N2:0.8", "add up to 0.95"),
        ("CO2:0.5,CO2:0.5", "named twice"),
        ("CO2,N2", "'CO2' is no gas with a mole fraction"),
        ("CO2:x,N2:0.85", "'CO2:x' is no gas"),
        ("CO2:-1,N2:2", "'CO2:-1' is no gas"),
        ("CO2:0.2,foo:0.8", "no gas is called 'foo'"),
    ],
)
def test_wrong_mixtures_are_named(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_gas(text)
