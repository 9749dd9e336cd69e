"""Charge equilibration from the ions' energies (EQeq), for periodic cells. DOI 10.1021/jz3008485.

Each atom's energy is a parabola in its charge, expanded about the ion that its element usually is (Zn2+, C0), with the
measured ionisation energies as its slope and curvature; the charges are those that make the sum of the parabolas and
the screened Coulomb energy of the crystal least. It costs one linear solve, no SCF, and is the bottom rung that other
methods are compared with: mean absolute error against DDEC6 about 0.11 e on MOFs.

MOFA has an implementation of its own because none that installs without a compiler is right for crystals. Open
Babel's sums stop before they converge (moving atoms of MOF-5 by whole lattice vectors changes charges by 1.5 e) and
take the cell's matrix for its transpose (turning a non-orthogonal crystal changes them by more than 2 e); pyeqeq is a
source distribution. Here the Coulomb sum is Ewald's, converged to 1e-5 e.
"""

from __future__ import annotations

import json
import math
import time
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mofa.charges.model import RawCharges
from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.chemistry.bonds import neighbor_pairs
from mofa.chemistry.inspection import inspect
from mofa.isolate import Progress, run_isolated

METHOD = "eqeq"
COULOMB_EV_ANG = 14.399645
SCREENING = 0.6
"""Factor on the Coulomb energy: half of the method's lambda = 1.2, a dielectric constant of 1.67."""
REACH_ANG = 12.0
"""Of the sums in real space."""
EXPONENT = 3.7
"""Ewald's terms fall to exp(-3.7**2), about 1e-6, at the end of either sum."""


class EqeqCharges:
    """The `ChargeModel` of EQeq."""

    @property
    def label(self) -> str:
        """Name of the method."""
        return METHOD

    def charges(
        self, framework: Framework, *, time_limit_s: float, on_progress: Progress | None = None
    ) -> RawCharges | Rejected:
        """One linear solve in a child process: 0.02 s for 100 atoms, 4 s for 1700; see `ChargeModel.charges`."""
        refusal = inspect(framework, Stage.CHARGES)
        if refusal is not None:
            return refusal
        table = ion_energies()
        unknown = tuple(k for k, symbol in enumerate(framework.symbols) if symbol not in table)
        if unknown:
            names = ", ".join(sorted({framework.symbols[k] for k in unknown}))
            return Rejected(
                Stage.CHARGES, Reason.UNKNOWN_ELEMENT, f"EQeq has no ionisation energies for {names}", unknown
            )
        return run_isolated(equilibrate_here, framework, time_limit_s=time_limit_s, on_progress=on_progress)


def equilibrate_here(framework: Framework, *, on_progress: Progress) -> RawCharges:
    """One linear solve in this process."""
    on_progress(0.0, "charge equilibration")
    return RawCharges(equilibrate(framework), cpu_s=time.process_time())


@cache
def ion_energies() -> dict[str, tuple[float, float]]:
    """By element: electronegativity of the neutral atom and hardness, eV, of the parabola about its usual ion."""
    text = files("mofa.charges").joinpath("data", "ionisation.json").read_text(encoding="utf-8")
    found = {}
    for symbol, (center, below, above) in json.loads(text)["elements"].items():
        hardness = above - below
        found[symbol] = (0.5 * (above + below) - center * hardness, hardness)
    return found


def equilibrate(framework: Framework) -> NDArray[np.float64]:
    """Charges of least energy that add up to zero, e, ``[n_atoms]``."""
    table = ion_energies()
    electronegativity, hardness = np.array([table[symbol] for symbol in framework.symbols]).T
    n = len(framework)
    system = np.ones((n + 1, n + 1))
    system[:n, :n] = np.diag(hardness) + interaction_ev(framework, hardness)
    system[n, n] = 0.0
    solution = np.linalg.solve(system, np.append(-electronegativity, 0.0))
    return np.asarray(solution[:n], dtype=np.float64)


def interaction_ev(framework: Framework, hardness_ev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy of unit charges at every two atoms and all their images, eV, ``[n_atoms, n_atoms]``.

    Screened Coulomb energy, less what the overlap of the two atoms takes from it; an atom's own images are on the
    diagonal.
    """
    pairs = neighbor_pairs(framework.symbols, framework.positions, framework.cell, REACH_ANG)
    width = np.sqrt(hardness_ev[pairs.i] * hardness_ev[pairs.j]) / COULOMB_EV_ANG
    r = pairs.distance
    overlap = np.zeros((len(framework),) * 2)
    np.add.at(overlap, (pairs.i, pairs.j), np.exp(-((width * r) ** 2)) * (2.0 * width - width**2 * r - 1.0 / r))
    return SCREENING * COULOMB_EV_ANG * (coulomb_per_ang(framework) + overlap + overlap.T)


def coulomb_per_ang(framework: Framework) -> NDArray[np.float64]:
    """Sum of 1/r between every two atoms and all their images by Ewald's method, 1/Å, ``[n_atoms, n_atoms]``.

    It is right up to a constant, which the charges of a neutral cell do not see.
    """
    from scipy.special import erfc

    alpha = EXPONENT / REACH_ANG
    pairs = neighbor_pairs(framework.symbols, framework.positions, framework.cell, REACH_ANG)
    near = np.zeros((len(framework),) * 2)
    np.add.at(near, (pairs.i, pairs.j), erfc(alpha * pairs.distance) / pairs.distance)
    waves = _waves(framework.cell, 2.0 * alpha * EXPONENT)
    square = np.einsum("kx,kx->k", waves, waves)
    weight = 8.0 * math.pi / framework.volume_ang3 * np.exp(-square / (4.0 * alpha**2)) / square
    phase = waves @ framework.positions.T
    cosine, sine = np.cos(phase), np.sin(phase)
    far = (weight[:, None] * cosine).T @ cosine + (weight[:, None] * sine).T @ sine
    own = np.diag(np.full(len(framework), 2.0 * alpha / math.sqrt(math.pi)))
    return np.asarray(near + near.T + far - own, dtype=np.float64)


def _waves(cell: NDArray[np.float64], longest_per_ang: float) -> NDArray[np.float64]:
    """Half of the reciprocal lattice vectors up to a length, without the zero, 1/Å, ``[n_waves, 3]``."""
    reciprocal = 2.0 * math.pi * np.linalg.inv(cell).T
    most = np.floor(longest_per_ang * np.linalg.norm(cell, axis=1) / (2.0 * math.pi)).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-m, m + 1) for m in most), indexing="ij"), axis=-1).reshape(-1, 3)
    waves = grid[len(grid) // 2 + 1 :] @ reciprocal
    return np.asarray(waves[np.linalg.norm(waves, axis=1) <= longest_per_ang], dtype=np.float64)
