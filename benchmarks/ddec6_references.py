"""Make the table of reference densities of DDEC6: free atoms and ions, and their cores, by PBE.

    pip install pyscf
    python -m benchmarks.ddec6_references --out src/mofa/charges/ddec6/data/references.npz

Every atom is spherical and spin-polarised by Hund's rule (fractional occupations), in the def2-TZVPD basis set, heavy
ones with its effective core potential. Cations stand in a sphere of the opposite charge (R. E. Watson, Phys. Rev. 111,
1108, DOI 10.1103/PhysRev.111.1108), as surroundings screen them in a crystal. Its radius is 0.8 times the mean radius
of the outermost shell of the neutral atom: the one number here that was chosen, by the charges that Chargemol gives
MOF-5 and water. Anions need none: the basis set holds them. Cores are those of scalar-relativistic (X2C) atoms in the
ANO-RCC basis set. Takes some minutes.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHELLS = 100
SHELL_BOHR = 0.05 / 0.529177210903
POINTS_PER_SHELL = 20
CORE_RADII_BOHR = np.geomspace(1e-4, 5.0, 240)
BASIS = "def2-tzvpd"
HEAVIEST_WITHOUT_ECP = 36
SPHERE = 0.8
"""Radius of the sphere around cations over the mean radius of the outermost shell."""

# Charges for which there is a reference, e: as far as the element goes in chemistry, and a bit beyond.
CHARGES = {
    "H": (-1, 1), "B": (-2, 3), "C": (-3, 4), "N": (-3, 4), "O": (-2, 2), "F": (-1, 2), "Mg": (-1, 2), "Al": (-1, 3),
    "Si": (-2, 4), "P": (-2, 5), "S": (-2, 6), "Cl": (-1, 5), "Ti": (-1, 4), "V": (-1, 5), "Cr": (-1, 5),
    "Mn": (-1, 5), "Fe": (-1, 4), "Co": (-1, 4), "Ni": (-1, 4), "Cu": (-1, 3), "Zn": (-1, 3), "Br": (-1, 5),
    "Zr": (-1, 4), "Cd": (-1, 3), "In": (-1, 3), "I": (-1, 5), "Hf": (-1, 4),
}  # fmt: skip

# Electrons in s, p, d and f shells of the neutral atom.
NEUTRAL = {
    "H": (1, 0, 0, 0), "B": (4, 1, 0, 0), "C": (4, 2, 0, 0), "N": (4, 3, 0, 0), "O": (4, 4, 0, 0), "F": (4, 5, 0, 0),
    "Mg": (6, 6, 0, 0), "Al": (6, 7, 0, 0), "Si": (6, 8, 0, 0), "P": (6, 9, 0, 0), "S": (6, 10, 0, 0),
    "Cl": (6, 11, 0, 0), "Ti": (8, 12, 2, 0), "V": (8, 12, 3, 0), "Cr": (7, 12, 5, 0), "Mn": (8, 12, 5, 0),
    "Fe": (8, 12, 6, 0), "Co": (8, 12, 7, 0), "Ni": (8, 12, 8, 0), "Cu": (7, 12, 10, 0), "Zn": (8, 12, 10, 0),
    "Br": (8, 17, 10, 0), "Zr": (10, 18, 12, 0), "Cd": (10, 18, 20, 0), "In": (10, 19, 20, 0), "I": (10, 23, 20, 0),
    "Hf": (12, 24, 22, 14),
}  # fmt: skip

# Shells of the core that GTH pseudopotentials leave out (valence as in CP2K's usual sets): number of s, p, d, f shells.
CORE_SHELLS = {
    "H": (0, 0, 0, 0), **dict.fromkeys(("B", "C", "N", "O", "F", "Mg"), (1, 0, 0, 0)),
    **dict.fromkeys(("Al", "Si", "P", "S", "Cl", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni"), (2, 1, 0, 0)),
    **dict.fromkeys(("Cu", "Zn"), (3, 2, 0, 0)), **dict.fromkeys(("Br", "Zr"), (3, 2, 1, 0)),
    **dict.fromkeys(("Cd", "In"), (4, 3, 1, 0)), "I": (4, 3, 2, 0), "Hf": (4, 3, 2, 1),
}  # fmt: skip
CAPACITY = (2, 6, 10, 14)


def configuration(symbol: str, charge: int) -> tuple[int, int, int, int]:
    """Electrons in s, p, d, f shells of an ion: cations lose p, then s, then d; anions fill s, then p."""
    shells = list(NEUTRAL[symbol])
    core = [n * capacity for n, capacity in zip(CORE_SHELLS[symbol], CAPACITY, strict=True)]
    metal = shells[2] > core[2] and shells[1] == closed_p(symbol)
    for _ in range(charge):
        if not metal and shells[1] > closed_p(symbol):
            shells[1] -= 1
        elif shells[0] > closed_s(symbol):
            shells[0] -= 1
        else:
            shells[2 if shells[2] > core[2] else 1] -= 1
    for _ in range(-charge):
        shells[0 if shells[0] % 2 else 1] += 1
    return (shells[0], shells[1], shells[2], shells[3])


def closed_p(symbol: str) -> int:
    """Electrons in full p shells of the neutral atom."""
    return NEUTRAL[symbol][1] // 6 * 6


def closed_s(symbol: str) -> int:
    """Electrons in the s shells below the outermost."""
    return (NEUTRAL[symbol][0] - 1) // 2 * 2


def ion(symbol: str, charge: int, sphere_bohr: float = 0.0) -> Any:
    """A converged spherical, spin-polarised atom of PySCF.

    Args:
        symbol: element.
        charge: of the ion, e.
        sphere_bohr: radius of the sphere with the opposite charge; 0: there is none.

    Raises:
        RuntimeError: it does not converge.
    """
    from pyscf import dft, gto
    from pyscf.dft import gen_grid
    from pyscf.scf.atom_hf import AtomSphAverageRHF

    shells = configuration(symbol, charge)
    unpaired = sum(2 * most_alpha(n, momentum) - n for momentum, n in enumerate(shells))
    ecp = {symbol: BASIS} if gto.charge(symbol) > HEAVIEST_WITHOUT_ECP else {}
    mol = gto.M(atom=f"{symbol} 0 0 0", basis=BASIS, ecp=ecp, charge=charge, spin=unpaired, verbose=0)
    angular = [mol.bas_angular(k) for k in range(mol.nbas) for _ in range(mol.bas_nctr(k))]
    inner = gto.ecp.core_configuration(mol.atom_nelec_core(0), atom_symbol=symbol)

    class Spherical(dft.uks.UKS):  # type: ignore[misc]
        def eig(self, fock: Any, overlap: Any, *_: Any, **__: Any) -> Any:
            energies, orbitals = zip(*(AtomSphAverageRHF.eig(self, f, overlap) for f in fock), strict=True)
            return np.array(energies), np.array(orbitals)

        def get_occ(self, mo_energy: Any = None, mo_coeff: Any = None) -> Any:
            rows: tuple[list[float], list[float]] = ([], [])
            for momentum in range(max(angular) + 1):
                n = shells[momentum] - inner[momentum] * CAPACITY[momentum] if momentum < len(shells) else 0
                alpha = most_alpha(n, momentum)
                for row, electrons in zip(rows, (alpha, n - alpha), strict=True):
                    for k in range(angular.count(momentum)):
                        share = min(max(electrons / (2 * momentum + 1) - k, 0.0), 1.0)
                        row.extend([share] * (2 * momentum + 1))
            return np.array(rows)

        def get_grad(self, *_: Any, **__: Any) -> Any:
            return np.zeros(1)

    atom = Spherical(mol)
    atom.xc = "pbe"
    atom.grids.level = 5
    if sphere_bohr and charge:
        points, weights = gen_grid.gen_atomic_grids(mol, level=6)[symbol]
        orbitals = mol.eval_gto("GTOval", points)
        potential = charge / np.maximum(np.linalg.norm(points, axis=1), sphere_bohr)
        hcore = atom.get_hcore() + np.einsum("gi,g,gj->ij", orbitals, weights * potential, orbitals)
        atom.get_hcore = lambda *_: hcore
    atom.conv_tol, atom.max_cycle = 1e-8, 300
    for shift, damp in ((0.0, 0.0), (0.3, 0.0), (1.0, 0.3)):
        atom.level_shift, atom.damp = shift, damp
        atom.kernel()
        if atom.converged:
            return atom
    raise RuntimeError(f"{symbol} {charge:+d} does not converge")


def most_alpha(electrons: int, momentum: int) -> int:
    """Electrons of the majority spin among those of one angular momentum, by Hund's rule."""
    full, open_shell = divmod(electrons, CAPACITY[momentum])
    return full * (2 * momentum + 1) + min(open_shell, 2 * momentum + 1)


def heavy_core(symbol: str) -> Any:
    """The neutral atom with all its electrons, scalar-relativistic, for its core."""
    from pyscf import gto
    from pyscf.scf.atom_ks import AtomSphAverageRKS
    from pyscf.x2c.sfx2c1e import SpinFreeX2CHelper

    basis = [shell for shell in gto.basis.load("ano", symbol) if shell[0] < len(CAPACITY)]
    mol = gto.M(atom=f"{symbol} 0 0 0", basis={symbol: basis}, spin=None, verbose=0)
    atom = AtomSphAverageRKS(mol)
    hcore = SpinFreeX2CHelper(mol).get_hcore()
    atom.get_hcore = lambda *_: hcore
    atom.xc = "pbe"
    atom.atomic_configuration = {gto.charge(symbol): list(NEUTRAL[symbol])}
    atom.conv_tol, atom.max_cycle = 1e-9, 200
    for shift in (0.0, 0.3, 1.0):
        atom.level_shift = shift
        atom.kernel()
        if atom.converged:
            return atom
    raise RuntimeError(f"the core of {symbol} does not converge")


def density(atom: Any, radii_bohr: NDArray[np.float64], occupations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spherical density of some orbitals, of one or both spins, 1/bohr3."""
    points = np.zeros((len(radii_bohr), 3))
    points[:, 2] = radii_bohr
    values = atom.mol.eval_gto("GTOval", points)
    coefficients = np.reshape(atom.mo_coeff, (-1, *np.shape(atom.mo_coeff)[-2:]))
    occupied = np.reshape(occupations, (len(coefficients), -1))
    return np.asarray(sum((values @ c) ** 2 @ o for c, o in zip(coefficients, occupied, strict=True)))


def averages(atom: Any, occupations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of a density over the shells of DDEC6, 1/bohr3, ``[100]``."""
    edges = np.arange(SHELLS + 1) * SHELL_BOHR
    nodes, weights = np.polynomial.legendre.leggauss(POINTS_PER_SHELL)
    radii = (edges[:-1, None] + 0.5 * SHELL_BOHR * (nodes + 1.0)).ravel()
    values = (density(atom, radii, occupations) * radii**2).reshape(SHELLS, -1) @ weights * 0.5 * SHELL_BOHR
    return np.asarray(3.0 * values / (edges[1:] ** 3 - edges[:-1] ** 3))


def core_occupations(atom: Any, shells: tuple[int, ...]) -> NDArray[np.float64]:
    """Two electrons in every orbital of a core of so many s, p, d and f shells, none elsewhere."""
    from pyscf.scf.atom_hf import _angular_momentum_for_each_ao

    angular = _angular_momentum_for_each_ao(atom.mol)
    momenta = np.array([angular[np.abs(column).argmax()] for column in atom.mo_coeff.T])
    chosen = np.zeros(len(atom.mo_occ))
    for momentum, count in enumerate(shells):
        mine = np.flatnonzero(momenta == momentum)
        order = mine[np.argsort(atom.mo_energy[mine], kind="stable")]
        chosen[order[: count * (2 * momentum + 1)]] = 2.0
    return chosen


def outermost_radius_bohr(neutral: Any) -> float:
    """Largest mean radius of the occupied shells of a neutral atom, bohr."""
    energies, occupations = neutral.mo_energy[0], neutral.mo_occ[0]
    radii = np.linspace(1e-3, 25.0, 5000)
    found = []
    for energy in np.unique(energies[occupations > 0].round(5)):
        weights = np.where(np.abs(energies - energy) < 1e-4, occupations, 0.0)
        shell = density(neutral, radii, np.array([weights, np.zeros_like(weights)])) * radii**2
        found.append(float((shell * radii).sum() / shell.sum()))
    return max(found)


def references(symbol: str) -> tuple[dict[str, NDArray[Any]], str]:
    """The entries of one element, and a line about them."""
    heavy = heavy_core(symbol)
    core = core_occupations(heavy, CORE_SHELLS[symbol])
    neutral = ion(symbol, 0)
    radius = SPHERE * outermost_radius_bohr(neutral)
    below = np.zeros(SHELLS)
    if neutral.mol.atom_nelec_core(0):
        from pyscf import gto

        inner = gto.ecp.core_configuration(neutral.mol.atom_nelec_core(0), atom_symbol=symbol)
        below = averages(heavy, core_occupations(heavy, tuple(inner)))
    low, high = CHARGES[symbol]
    rows = []
    for charge in range(low, high + 1):
        if not sum(configuration(symbol, charge)):
            rows.append(np.zeros(SHELLS))
            continue
        atom = ion(symbol, charge, radius if charge > 0 else 0.0)
        rows.append(averages(atom, atom.mo_occ) + below)
    table = {
        f"{symbol}_charges": np.arange(low, high + 1),
        f"{symbol}_density": np.array(rows, dtype=np.float32),
        f"{symbol}_core": density(heavy, CORE_RADII_BOHR, core).astype(np.float32),
        f"{symbol}_core_shells": averages(heavy, core).astype(np.float32),
        f"{symbol}_core_electrons": np.array(int(core.sum())),
    }
    volumes = np.diff((np.arange(SHELLS + 1) * SHELL_BOHR) ** 3) * 4.0 / 3.0 * np.pi
    inside = " ".join(f"{electrons:.3f}" for electrons in np.array(rows) @ volumes)
    return table, f"{symbol}: sphere of {radius:.2f} bohr; electrons within 5 Å for charges {low} to {high}: {inside}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--only", nargs="*", default=list(CHARGES), help="elements")
    arguments = parser.parse_args()
    table: dict[str, NDArray[Any]] = {"core_radii_bohr": CORE_RADII_BOHR}
    for symbol in arguments.only:
        entries, line = references(symbol)
        table |= entries
        print(line, flush=True)
    np.savez_compressed(arguments.out, **table)


if __name__ == "__main__":
    main()
