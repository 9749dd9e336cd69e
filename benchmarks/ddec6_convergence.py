"""DDEC6 charges of MOF-5 and water against Chargemol's, by grid spacing, basis set and treatment of the cores.

    python -m benchmarks.ddec6_convergence --folder build/ddec6 --cutoff-ry 200 300 400
    python -m benchmarks.ddec6_convergence --folder build/ddec6 --water      (with PySCF installed: all electrons, too)

MOF-5 is assembled, relaxed by GFN1-xTB and given to CP2K (PBE, DZVP-MOLOPT-SR-GTH), once for each cut-off: five minutes
and 4 GB each at 300 Ry. A density that lies in the folder already is used as it is. The charges of 300 Ry are written
to ``benchmarks/mof-5-ddec6.cif``.
"""

from __future__ import annotations

import argparse
import resource
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.published_frameworks import PUBLISHED
from mofa.build import build
from mofa.charges.ddec6 import partition, read_cube
from mofa.chemistry import Framework, Rejected
from mofa.chemistry.bonds import perceive
from mofa.chemistry.cif import read_cif, write_cif
from mofa.cp2k import Cp2kSettings, run_folder, single_point
from mofa.optimize import optimize
from mofa.units import BOHR_TO_ANG

CHARGEMOL_MOF5_E = {
    "Zn(O,O,O,O)": 0.947,
    "O(Zn,Zn,Zn,Zn)": -1.005,
    "O(C,Zn)": -0.534,
    "C(C,O,O)": 0.565,
    "C(C,C,C)": -0.013,
    "C(C,C,H)": -0.105,
    "H(C)": 0.130,
}
CHARGEMOL_WATER_O_E = -0.763
WATER_BASES = ("SZV-MOLOPT-SR-GTH", "DZVP-MOLOPT-SR-GTH", "DZVP-MOLOPT-GTH", "TZVP-MOLOPT-GTH", "TZV2P-MOLOPT-GTH")
WRITTEN_AT_RY = 300.0


def mof5(folder: Path) -> Framework:
    """MOF-5, assembled and relaxed; made once and kept in the folder."""
    path = folder / "mof-5.cif"
    if not path.exists():
        entry = PUBLISHED["MOF-5"]
        made = build(entry.node, entry.net, entry.linkers)
        if isinstance(made, Rejected):
            raise SystemExit(str(made))
        relaxed = optimize(made, max_steps=60)
        if isinstance(relaxed, Rejected):
            raise SystemExit(str(relaxed))
        write_cif(relaxed.framework, path)
    return read_cif(path)


def water(box_ang: float = 6.5) -> Framework:
    """A water molecule in a cube."""
    angle, bond = np.radians(104.52), 0.9572
    arms = [[bond * np.sin(x), 0.0, bond * np.cos(x)] for x in (angle / 2, -angle / 2)]
    return Framework("water", ("O", "H", "H"), np.array([[0, 0, 0], *arms]) + box_ang / 2, box_ang * np.eye(3))


def density_of(framework: Framework, folder: Path, settings: Cp2kSettings) -> NDArray[np.float64]:
    """The valence density of a structure, from the folder or by CP2K."""
    path = folder / "valence_density.cube"
    if not path.exists():
        with run_folder(folder) as run:
            point = single_point(framework, settings, folder=run, time_limit_s=36_000)
        if isinstance(point, Rejected):
            raise SystemExit(str(point))
    cube = read_cube(path)
    cube.header.check(framework)
    return cube.values


def sites(framework: Framework) -> dict[str, list[int]]:
    """Atoms by element and neighbours."""
    bonds = perceive(framework.symbols, framework.positions, framework.cell)
    found: dict[str, list[int]] = {}
    for atom, (symbol, around) in enumerate(zip(framework.symbols, bonds.neighbors, strict=True)):
        names = ",".join(sorted(framework.symbols[k] for k, _, _ in around))
        found.setdefault(f"{symbol}({names})", []).append(atom)
    return found


def compare_mof5(folder: Path, cutoffs_ry: list[float]) -> None:
    """A row for every cut-off."""
    framework = mof5(folder)
    atoms = sites(framework)
    print("| cut-off, Ry | spacing, Å | error, e |", *(f"{site} |" for site in CHARGEMOL_MOF5_E), "MAE | CPU-s | GB |")
    print("|" + "---|" * (len(CHARGEMOL_MOF5_E) + 6))
    print("| Chargemol | | |", *(f"{value:+.3f} |" for value in CHARGEMOL_MOF5_E.values()), "| | |")
    for cutoff_ry in cutoffs_ry:
        density = density_of(framework, folder / f"{cutoff_ry:g}", Cp2kSettings(cutoff_ry=cutoff_ry))
        start = time.process_time()
        found = partition(framework, density)
        cpu_s = time.process_time() - start
        spacing = (framework.volume_ang3 / density.size) ** (1 / 3)
        expected = np.empty(len(framework))
        for site, members in atoms.items():
            expected[members] = CHARGEMOL_MOF5_E[site]
        means = (f"{found.charges[atoms[site]].mean():+.3f} |" for site in CHARGEMOL_MOF5_E)
        mae = np.abs(found.charges - expected).mean()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"| {cutoff_ry:g} | {spacing:.3f} | {found.integration_error_e:+.1e} |", *means, end=" ")
        print(f"{mae:.4f} | {cpu_s:.0f} | {memory:.1f} |", flush=True)
        if cutoff_ry == WRITTEN_AT_RY:
            write_cif(framework.with_charges(found.charges, "ddec6"), Path(__file__).with_name("mof-5-ddec6.cif"))


def compare_water(folder: Path) -> None:
    """A row for every cut-off, basis set and, with PySCF, treatment of the core."""
    molecule = water()
    print("| water | spacing, Å | error, e | O, e | O after cycle 4, e |\n|---|---|---|---|---|")
    cases = [(WATER_BASES[1], cutoff_ry) for cutoff_ry in (200.0, 300.0, 350.0, 500.0, 800.0)]
    cases += [(basis_set, 350.0) for basis_set in WATER_BASES if basis_set != WATER_BASES[1]]
    for basis_set, cutoff_ry in cases:
        settings = Cp2kSettings(cutoff_ry=cutoff_ry, basis_set=basis_set)
        density = density_of(molecule, folder / f"water-{basis_set}-{cutoff_ry:g}", settings)
        show(f"CP2K, {basis_set}, {cutoff_ry:g} Ry", molecule, density)
    if find_spec("pyscf"):
        for points in (48, 64, 96):
            show(f"PySCF, GTH and TZV2P, {points}^3", molecule, pyscf_density(molecule, points, "gth-tzv2p", "gth-pbe"))
            every = pyscf_density(molecule, points, "def2-tzvp", None)
            show(f"PySCF, all electrons and def2-TZVP, {points}^3", molecule, every, all_electron=True)
    print(f"| Chargemol on CP2K | | | {CHARGEMOL_WATER_O_E:+.3f} | |")


def show(label: str, molecule: Framework, density: NDArray[np.float64], *, all_electron: bool = False) -> None:
    """A row of the table of water."""
    found = partition(molecule, density, all_electron=all_electron)
    spacing = (molecule.volume_ang3 / density.size) ** (1 / 3)
    error = f"{found.integration_error_e:+.1e}"
    print(f"| {label} | {spacing:.3f} | {error} | {found.charges[0]:+.3f} | {found.by_cycle[2, 0]:+.3f} |", flush=True)


def pyscf_density(molecule: Framework, points: int, basis_set: str, pseudopotential: str | None) -> NDArray[np.float64]:
    """Density of the lone molecule by PySCF on a grid over the cell, 1/bohr3, ``[points, points, points]``."""
    from pyscf import dft, gto

    atoms = [[s, p.tolist()] for s, p in zip(molecule.symbols, molecule.positions, strict=True)]
    mol = gto.M(atom=atoms, basis=basis_set, pseudo=pseudopotential, verbose=0)
    field = dft.RKS(mol)
    field.xc = "pbe"
    field.kernel()
    density_matrix = field.make_rdm1()
    axis = np.arange(points) / points * molecule.cell[0, 0] / BOHR_TO_ANG
    density = np.empty((points,) * 3)
    for k, x in enumerate(axis):
        plane = np.stack(np.meshgrid([x], axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
        orbitals = mol.eval_gto("GTOval", plane)
        density[k] = np.einsum("gi,ij,gj->g", orbitals, density_matrix, orbitals).reshape(points, points)
    return density


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--cutoff-ry", type=float, nargs="*", default=[200.0, 300.0, 400.0])
    parser.add_argument("--water", action="store_true", help="water instead of MOF-5")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.water:
        compare_water(arguments.folder)
    else:
        compare_mof5(arguments.folder, arguments.cutoff_ry)


if __name__ == "__main__":
    main()
