"""Guests are neutral, and their equation of state is Peng and Robinson's."""

from __future__ import annotations

import pytest

from mofa.adsorb.gases import GASES, guest
from mofa.chemistry.elements import atomic_mass
from mofa.errors import InputError

CO2 = GASES["CO2"]


@pytest.mark.parametrize("name", sorted(GASES))
def test_guests_are_neutral_and_weigh_what_their_atoms_weigh(name: str) -> None:
    molecule = guest(name)
    assert sum(site.charge_e for site in molecule.sites) == pytest.approx(0.0, abs=1e-9)
    mass = sum(atomic_mass(site.element) for site in molecule.sites)
    assert molecule.molar_mass_g_per_mol == pytest.approx(mass, abs=0.01)
    assert len({(s.label, s.epsilon_k, s.sigma_ang, s.charge_e) for s in molecule.sites}) == len(
        {s.label for s in molecule.sites}
    )


@pytest.mark.parametrize(
    ("pressure_pa", "expected"), [(1e4, 0.99946387), (1e5, 0.99464540), (1e6, 0.94710013), (5e6, 0.74641192)]
)
def test_fugacity_coefficient_equals_raspa3s(pressure_pa: float, expected: float) -> None:
    """Reference values: `raspalib.EquationOfState`, Peng-Robinson, 300 K."""
    assert CO2.fugacity_coefficient(pressure_pa=pressure_pa, temperature_k=300.0) == pytest.approx(expected, rel=2e-4)


def test_fugacity_of_liquid_and_vapour_meet_at_the_vapour_pressure() -> None:
    """CO2 boils at 67.1 bar at 300 K (Span and Wagner): the fugacity has a kink there, not a jump."""
    fugacities = [
        p * CO2.fugacity_coefficient(pressure_pa=p, temperature_k=300.0) for p in (6.0e6, 6.5e6, 6.9e6, 7.3e6)
    ]
    assert fugacities == sorted(fugacities)
    assert fugacities[3] - fugacities[2] < 0.5 * (fugacities[1] - fugacities[0]) * 0.4 / 0.5


def test_unknown_gas_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no gas is called 'CO'.*CO2"):
        guest("CO")
