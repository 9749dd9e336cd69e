"""One grand-canonical chain: cycles of moves, samples after every cycle, step sizes, and a check of its energy."""

from __future__ import annotations

import math

import numpy as np

from mofa.adsorb.grid import moves
from mofa.adsorb.grid.compiled import compiled
from mofa.adsorb.grid.energies import total_energy
from mofa.adsorb.grid.model import MOVES, Bias, Conditions, Floats, Guests, Host, State
from mofa.adsorb.statistics import Chain
from mofa.errors import EngineError

WEIGHTS = (0.4, 0.2, 0.2, 0.2)
"""Of insertion and deletion together, translation, rotation, reinsertion; those that other GCMC programs use."""
SWAP_WEIGHT = 0.2
"""Of identity swaps, in mixtures; the others share the rest."""
MIN_MOVES_PER_CYCLE = 20
MAX_MOVES_PER_CYCLE = 100
"""The more molecules there are, the less their number fluctuates and the more a move costs: a hundred are enough."""


def moves_per_cycle(molecules: float) -> int:
    """Moves between two samples, by the number of molecules, and the same for a whole run.

    Where it follows the number of molecules from cycle to cycle, states with many are sampled less often than they
    occur: an ideal gas of 30 molecules comes out 3 % too thin.
    """
    return int(min(max(MIN_MOVES_PER_CYCLE, molecules), MAX_MOVES_PER_CYCLE))


TARGET_ACCEPTANCE = 0.5
ENERGY_TOLERANCE = 1e-6
"""By which the running energy may differ from the one computed anew, relative to the size of its terms."""


class Walker:
    """A chain that can be run on.

    Args:
        host: the framework.
        guests: the gases.
        conditions: temperature and activities.
        bias: where insertions are tried.
        state: where it begins; owned by the walker.
        seed: of its random numbers.
        density_shape: bins of the unit cell in which the centres of the first gas are counted.
    """

    def __init__(
        self,
        host: Host,
        guests: Guests,
        conditions: Conditions,
        bias: Bias,
        state: State,
        *,
        seed: np.random.SeedSequence,
        density_shape: tuple[int, int, int] = (1, 1, 1),
    ) -> None:
        self._model = (host, guests, conditions, bias)
        self._state = state
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._molecules: list[Floats] = []
        self._energies_k: list[Floats] = []
        self.moves_per_cycle = MIN_MOVES_PER_CYCLE
        self.density = np.zeros(density_shape)
        """Number of centres of the first gas counted in every bin, since `start_density`."""
        self.density_cycles = 0
        """Cycles after which they were counted."""

    def run(self, cycles: int) -> None:
        """Go on for a number of cycles.

        Raises:
            EngineError: there was no room for another molecule.
        """
        molecules = np.zeros((cycles, len(self._state.counts)))
        energies = np.zeros(cycles)
        weights = np.cumsum(_weights(len(self._state.counts)))
        moves = self.moves_per_cycle
        run_cycles(*self._model, self._state, self._rng, weights, moves, molecules, energies, self.density)
        if self._state.counts.sum() == len(self._state.gas):
            raise EngineError(
                f"more than {len(self._state.gas)} molecules in the supercell, denser than a liquid",
                where="grid",
                action="Check the framework, its charges and the pressure",
            )
        self._molecules.append(molecules)
        self._energies_k.append(energies)
        self.density_cycles += cycles

    @property
    def molecules(self) -> int:
        """How many there are now."""
        return int(self._state.counts.sum())

    def adapt(self) -> None:
        """Change the step sizes so that about half the moves are accepted; not to be used while sampling."""
        tried, accepted, steps = self._state.tried, self._state.accepted, self._state.steps
        limits = (5.0, math.pi)
        for k, move in enumerate((moves.TRANSLATION, moves.ROTATION)):
            if tried[move] > 20:
                ratio = accepted[move] / tried[move] / TARGET_ACCEPTANCE
                steps[k] = min(max(steps[k] * min(max(ratio, 0.5), 1.5), 0.02), limits[k])
        tried[:] = 0
        accepted[:] = 0

    def start_sampling(self) -> None:
        """Forget what was sampled."""
        self._molecules.clear()
        self._energies_k.clear()
        self.start_density()
        self._state.tried[:] = 0
        self._state.accepted[:] = 0

    def start_density(self) -> None:
        """Begin to count centres anew."""
        self.density[:] = 0.0
        self.density_cycles = 0

    @property
    def samples(self) -> Chain:
        """What was sampled."""
        return Chain(np.concatenate(self._molecules), np.concatenate(self._energies_k))

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Moves accepted and tried, by kind."""
        pairs = zip(self._state.accepted.tolist(), self._state.tried.tolist(), strict=True)
        return dict(zip(MOVES, pairs, strict=True))

    def check_energy(self) -> None:
        """Compare the running energy with the one computed anew.

        Raises:
            EngineError: they differ, which would be a fault of the program.
        """
        host, guests, conditions, _ = self._model
        anew, running = total_energy(host, guests, conditions, self._state), float(self._state.energy_k[0])
        scale = 1e3 + np.abs(self._state.host_k).sum() + abs(anew) + abs(running)
        if abs(anew - running) > ENERGY_TOLERANCE * scale:
            raise EngineError(
                f"the energy drifted from {anew:.3f} K to {running:.3f} K",
                where="grid",
                action="Please report this with the structure",
            )


def _weights(n_gases: int) -> Floats:
    """Probabilities of insertion, deletion, translation, rotation, reinsertion and swap."""
    exchange, *others = WEIGHTS
    plain = np.array([exchange / 2, exchange / 2, *others, 0.0])
    if n_gases > 1:
        plain *= 1.0 - SWAP_WEIGHT
        plain[-1] = SWAP_WEIGHT
    return plain


@compiled
def run_cycles(
    host: Host,
    guests: Guests,
    conditions: Conditions,
    bias: Bias,
    state: State,
    rng: np.random.Generator,
    weights: Floats,
    moves_per_cycle: int,
    molecules: Floats,
    energies: Floats,
    density: Floats,
) -> None:
    """Run as many cycles as there is room for samples.

    Args:
        host: the framework.
        guests: the gases.
        conditions: temperature and activities.
        bias: where insertions are tried.
        state: changed in place.
        rng: random numbers.
        weights: cumulative probabilities of the moves, ``[6]``.
        moves_per_cycle: moves between two samples.
        molecules: receives the number of molecules of every gas after every cycle, ``[n_cycles, n_gases]``.
        energies: receives the adsorption energy, K, ``[n_cycles]``.
        density: counts of the first gas's centres in bins of the unit cell are added to it.
    """
    n_gases = len(state.counts)
    for cycle in range(len(energies)):
        for _ in range(moves_per_cycle):
            choice = rng.random()
            gas = int(rng.random() * n_gases)
            if choice < weights[0]:
                moves.insertion(host, guests, conditions, bias, state, rng, gas)
            elif choice < weights[1]:
                moves.deletion(host, guests, conditions, bias, state, rng, gas)
            elif choice < weights[2]:
                moves.translation(host, guests, conditions, bias, state, rng)
            elif choice < weights[3]:
                moves.rotation(host, guests, conditions, bias, state, rng)
            elif choice < weights[4]:
                moves.reinsertion(host, guests, conditions, bias, state, rng)
            else:
                moves.identity_swap(host, guests, conditions, bias, state, rng)
        energies[cycle] = state.energy_k[0]
        for gas in range(n_gases):
            molecules[cycle, gas] = state.counts[gas]
        if density.size > 1:
            count_centres(bias, state, density)


@compiled
def count_centres(bias: Bias, state: State, density: Floats) -> None:
    """Add one to the bin of every molecule of the first gas."""
    inverse = bias.to_fractional
    for m in range(state.counts.sum()):
        if state.gas[m] != 0:
            continue
        x, y, z = state.centre[m, 0], state.centre[m, 1], state.centre[m, 2]
        fa = x * inverse[0, 0] + y * inverse[1, 0] + z * inverse[2, 0]
        fb = x * inverse[0, 1] + y * inverse[1, 1] + z * inverse[2, 1]
        fc = x * inverse[0, 2] + y * inverse[1, 2] + z * inverse[2, 2]
        ia = int((fa - math.floor(fa)) * density.shape[0]) % density.shape[0]
        ib = int((fb - math.floor(fb)) * density.shape[1]) % density.shape[1]
        ic = int((fc - math.floor(fc)) * density.shape[2]) % density.shape[2]
        density[ia, ib, ic] += 1.0
