"""Definition files in RASPA2's dialect, which gRASPA reads as well: force field, molecules, framework, pockets.

Atom types are the bare chemical symbols of the framework and the labels of the guests' sites, so both programs find
them whether or not they cut labels at digits or underscores. Every file is written into the run's own folder; nothing
is taken from the data that come with the programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from mofa.adsorb.engine import AdsorptionJob, Pocket
from mofa.adsorb.gases import Guest, GuestSite
from mofa.chemistry import Framework
from mofa.chemistry.elements import atomic_mass
from mofa.chemistry.lennard_jones import lennard_jones
from mofa.textfiles import make_writable_folder, write_text

FRAMEWORK = "framework"
"""Name of the framework, of its CIF and of the file of blocked pockets."""
# A massless site has no element; the programs ask for one where they write pictures, which we do not want.
_NO_ELEMENT = "H"
_CLASSICAL, _QUANTUM = "lennard-jones", "feynman-hibbs-lennard-jones"


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files into a folder, which is made if need be.

    Raises:
        OutputError: they cannot be written.
    """
    make_writable_folder(folder)
    for name, text in files.items():
        write_text(folder / name, text)


def definition_files(job: AdsorptionJob) -> dict[str, str]:
    """Every file but the one of commands, by name."""
    files = {
        "pseudo_atoms.def": pseudo_atoms(job),
        "force_field_mixing_rules.def": mixing_rules(job),
        "force_field.def": force_field(job),
        f"{FRAMEWORK}.cif": framework_cif(job.framework),
        **{f"{guest.name}.def": molecule(guest) for guest in _guests(job)},
    }
    if job.pockets:
        files[f"{FRAMEWORK}.block"] = blocked_pockets(job.pockets)
    return files


def pseudo_atoms(job: AdsorptionJob) -> str:
    """Types of atoms with their masses, which add up to the molecules'; a framework's charges are in its CIF."""
    rows = [(element, "yes", element, atomic_mass(element), 0.0) for element in _elements(job)]
    for guest, site in _sites(job):
        mass = _mass(site) * guest.molar_mass_g_per_mol / sum(_mass(each) for each in guest.sites)
        printed = "yes" if site.element else "no"
        rows.append((site.label, printed, site.element or _NO_ELEMENT, mass, site.charge_e))
    columns = "type print as chem oxidation mass charge polarization B-factor radii connectivity anisotropic "
    lines = ["#number of pseudo atoms", f"{len(rows)}", f"#{columns}anisotropic-type tinker-type"]
    lines += [
        f"{label:<10} {printed:<4} {element:<3} {element:<3} 0 {mass:10.6f} {charge:10.6f} 0.0 1.0 1.0 0 0 relative 0"
        for label, printed, element, mass, charge in rows
    ]
    return _text(lines)


def mixing_rules(job: AdsorptionJob) -> str:
    """Lennard-Jones parameters and how they are mixed: cut off without shift and without tail correction.

    RASPA2's mixing takes the parameter of a Feynman-Hibbs type for the reduced mass of two of its molecules, half the
    mass of one, and doubles it next to a classical type: right where that is a framework atom, which is fixed.
    """
    rows = []
    for element in _elements(job):
        parameters = lennard_jones(element)
        rows.append(f"{element:<10} {_CLASSICAL} {parameters.epsilon_k:.8g} {parameters.sigma_ang:.8g}")
    for guest, site in _sites(job):
        if site.epsilon_k and guest.is_quantum(job.temperature_k):
            reduced = guest.molar_mass_g_per_mol / 2.0
            rows.append(f"{site.label:<10} {_QUANTUM} {site.epsilon_k:.8g} {site.sigma_ang:.8g} {reduced:.8g}")
        else:
            rows.append(f"{site.label:<10} {_CLASSICAL} {site.epsilon_k:.8g} {site.sigma_ang:.8g}")
    return _text(
        [
            "# general rule for shifted vs truncated",
            "truncated",
            "# general rule tailcorrections",
            "no",
            "# number of defined interactions",
            f"{len(rows)}",
            "# type interaction, epsilon [K], sigma [A]",
            *rows,
            "# general mixing rule for Lennard-Jones",
            "Lorentz-Berthelot",
        ]
    )


def force_field(job: AdsorptionJob) -> str:
    """What the mixing rules cannot say: the reduced mass of a quantum guest and a classical one."""
    rows = []
    for (one, a), (other, b) in combinations(_sites(job), 2):
        same_kind = one.is_quantum(job.temperature_k) == other.is_quantum(job.temperature_k)
        if same_kind or not a.epsilon_k * b.epsilon_k:
            continue
        epsilon_k, sigma_ang = (a.epsilon_k * b.epsilon_k) ** 0.5, (a.sigma_ang + b.sigma_ang) / 2.0
        masses = one.molar_mass_g_per_mol, other.molar_mass_g_per_mol
        reduced = masses[0] * masses[1] / sum(masses)
        rows.append(f"{a.label} {b.label} {_QUANTUM} {epsilon_k:.8g} {sigma_ang:.8g} {reduced:.8g}")
    return _text(
        [
            "# rules to overwrite",
            "0",
            "# number of defined interactions",
            f"{len(rows)}",
            *(["# type type interaction, epsilon [K], sigma [A], reduced mass [u]"] if rows else []),
            *rows,
            "# mixing rules to overwrite",
            "0",
        ]
    )


def molecule(guest: Guest) -> str:
    """A rigid molecule, the site first from which it is grown.

    Its fugacity coefficient is given elsewhere, so the critical constants have no effect.
    """
    sites = _grown_from(guest)
    n = len(sites)
    bonds = [f"0 {k} RIGID_BOND" for k in range(1, n)]
    return _text(
        [
            "# critical constants: Temperature [T], Pressure [Pa], and Acentric factor [-]",
            f"{guest.critical_temperature_k}",
            f"{guest.critical_pressure_pa}",
            f"{guest.acentric_factor}",
            "# Number Of Atoms",
            f"{n}",
            "# Number Of Groups",
            "1",
            f"# {guest.name}-group",
            "rigid",
            "# Number Of Atoms",
            f"{n}",
            "# Atomic Positions",
            *(
                f"{k} {site.label:<10} {site.position_ang[0]:10.6f} {site.position_ang[1]:10.6f} "
                f"{site.position_ang[2]:10.6f}"
                for k, site in enumerate(sites)
            ),
            "# Chiral centers Bond BondDipoles Bend UrayBradley InvBend Torsion Imp.Torsion Bond/Bond Stretch/Bend "
            "Bend/Bend Stretch/Torsion Bend/Torsion IntraVDW IntraCoulomb",
            f"0 {len(bonds)} 0 0 0 0 0 0 0 0 0 0 0 0 0",
            *(["# Bond stretch: atom n1-n2, type, parameters", *bonds] if bonds else []),
            "# Number of config moves",
            "0",
        ]
    )


def framework_cif(framework: Framework) -> str:
    """The unit cell in P1, with charges, and with the type of every atom as its label."""
    assert framework.charges is not None  # checked before
    lengths_and_angles = framework.cell_parameters()
    names = (*(f"length_{n}" for n in "abc"), *(f"angle_{n}" for n in ("alpha", "beta", "gamma")))
    lines = [f"data_{FRAMEWORK}"]
    lines += [f"_cell_{name} {value:.10f}" for name, value in zip(names, lengths_and_angles, strict=True)]
    lines += [
        "_symmetry_space_group_name_Hall 'P 1'",
        "_symmetry_space_group_name_H-M 'P 1'",
        "_symmetry_Int_Tables_number 1",
        "loop_",
        "_symmetry_equiv_pos_as_xyz",
        "'x,y,z'",
        "loop_",
        *(f"_atom_site_{name}" for name in ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "charge")),
    ]
    positions = (framework.fractional % 1.0).tolist()
    lines += [
        f"{symbol:<3} {symbol:<3} {x:.10f} {y:.10f} {z:.10f} {charge:.10f}"
        for symbol, (x, y, z), charge in zip(framework.symbols, positions, framework.charges.tolist(), strict=True)
    ]
    return _text(lines)


def blocked_pockets(pockets: tuple[Pocket, ...]) -> str:
    """Spheres by their fractional centres in the unit cell and their radii, Å."""
    rows = [" ".join(f"{x:.6f}" for x in (*pocket.centre, pocket.radius_ang)) for pocket in pockets]
    return _text([f"{len(rows)}", *rows])


def has_charges(job: AdsorptionJob) -> bool:
    """Whether a guest has charges; without them the framework's have no effect."""
    return any(site.charge_e for _, site in _sites(job))


def _guests(job: AdsorptionJob) -> list[Guest]:
    return [species.guest for species in job.species]


def _mass(site: GuestSite) -> float:
    return atomic_mass(site.element) if site.element else 0.0


def _grown_from(guest: Guest) -> list[GuestSite]:
    """Sites, with the one first that is nearest the centre among those that are more than a charge."""

    def far(site: GuestSite) -> tuple[bool, float]:
        return site.epsilon_k == 0.0, sum(x * x for x in site.position_ang)

    first = min(guest.sites, key=far)
    return [first, *(site for site in guest.sites if site is not first)]


def _elements(job: AdsorptionJob) -> list[str]:
    return sorted(set(job.framework.symbols))


def _sites(job: AdsorptionJob) -> Iterator[tuple[Guest, GuestSite]]:
    """Every kind of site once, with its guest."""
    for guest in _guests(job):
        for site in {site.label: site for site in guest.sites}.values():
            yield guest, site


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
