"""Cell optimisation by GFN1-xTB of published frameworks: cost, steps, edges against experiment, bonds.

    OMP_NUM_THREADS=1 python -m benchmarks.relaxation [--only NAME ...] [--ase]

Frameworks are assembled from node, net and SMILES; "MOF-5, crystal" starts from the measured positions instead. With
``--ase``, ASE's L-BFGS with its defaults takes the place of MOFA's steps, to the same forces and stress.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.published_frameworks import PUBLISHED
from mofa.build import build
from mofa.chemistry import Framework, Optimized
from mofa.optimize import Relaxation, optimize
from mofa.optimize.bonding import n_compared_bonds, refuse_changed_bonds
from mofa.optimize.xtb import STRESS_PER_FORCE, Surface
from tests.structures import irmof1

CRYSTAL = "MOF-5, crystal"
NAMES = (CRYSTAL, "MOF-5", "DMOF-1", "UiO-66", "HKUST-1")
COLUMNS = (
    "framework", "atoms", "E+F+S, CPU-s", "steps", "converged", "edges before, Å", "after", "experiment", "bonds kept",
    "CPU-s",
)  # fmt: skip
MAX_STEPS = 60
FMAX_EV_PER_ANG = 0.05


def structures(names: list[str]) -> Iterator[tuple[str, Framework, tuple[float, float, float], float]]:
    """Name, structure, edges of experiment, and those over the edges of the primitive cell."""
    for name in names:
        known = PUBLISHED[name.split(",")[0]]
        framework = irmof1() if name == CRYSTAL else build(known.node, known.net, known.linkers)
        if isinstance(framework, Framework):
            yield name, framework, known.edges_ang, known.ratio


def single_point_s(framework: Framework) -> float:
    """CPU time of one energy with forces and stress, s."""
    surface = Surface(framework, Relaxation())
    start = time.process_time()
    surface.gradient(surface.start())
    return time.process_time() - start


def by_ase(framework: Framework) -> tuple[Framework, int, bool, float]:
    """Relaxed by ASE's L-BFGS, with the steps it took, whether it converged, and its CPU time, s."""
    from ase.filters import FrechetCellFilter
    from ase.optimize import LBFGS

    start = time.process_time()
    surface = Surface(framework, Relaxation())
    steps = LBFGS(FrechetCellFilter(surface.atoms), logfile=None)
    converged = False
    for _ in steps.irun(fmax=0.0, steps=MAX_STEPS):
        converged = (
            surface.force_ev_per_ang() <= FMAX_EV_PER_ANG and surface.stress_gpa() <= STRESS_PER_FORCE * FMAX_EV_PER_ANG
        )
        if converged:
            break
    relaxed = framework.with_geometry(surface.atoms.get_positions(), surface.atoms.cell.array)
    return relaxed, steps.nsteps, converged, time.process_time() - start


def edges(framework: Framework, ratio: float) -> str:
    """Of the conventional cell, Å; those of a cubic one as the one of the same volume."""
    lengths = np.array(framework.cell_parameters()[:3]) * ratio
    if np.ptp(lengths) < 0.02 * lengths.mean():
        primitives = {2**0.5: 4.0, 1.0: 1.0}
        return f"{(primitives[ratio] * framework.volume_ang3) ** (1.0 / 3.0):.3f}"
    return " ".join(f"{length:.3f}" for length in lengths)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--ase", action="store_true")
    options = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---" * len(COLUMNS) + "|")
    for name, framework, measured, ratio in structures(options.only):
        single = single_point_s(framework)
        if options.ase:
            relaxed, steps, converged, cpu_s = by_ase(framework)
            bonds = "no" if refuse_changed_bonds(framework, relaxed) else f"{n_compared_bonds(framework)}"
        else:
            result = optimize(framework, max_steps=MAX_STEPS, fmax_ev_per_ang=FMAX_EV_PER_ANG, time_limit_s=7200.0)
            if not isinstance(result, Optimized):
                print(f"| {name} | {len(framework)} | {single:.1f} | {result} |", flush=True)
                continue
            relaxed, steps, converged, cpu_s = result.framework, result.steps, result.converged, result.cpu_s
            bonds = f"{result.bonds_kept}"
        known = f"{measured[0]:.3f}" if measured[0] == measured[2] else " ".join(f"{x:.3f}" for x in measured)
        print(
            f"| {name} | {len(framework)} | {single:.1f} | {steps} | {'yes' if converged else 'no'}"
            f" | {edges(framework, ratio)} | {edges(relaxed, ratio)} | {known} | {bonds} | {cpu_s:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
