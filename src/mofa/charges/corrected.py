"""GFN1-xTB charges, corrected towards DDEC6 by what each atom is bonded to.

MOFA's own DDEC6 charges of assembled MOFs minus GFN1-xTB charges of the same geometries give a correction for every
bond environment (`mofa.charges.environments`). It is additive: a shift of the environment and, where that makes the
charges of unseen MOFs better, a slope in the GFN1 charge that all atoms of an element share. An atom gets the shift
of its finest known environment; one whose element and number of bonds were never seen keeps its GFN1 charge. What the
sum of the charges then lacks of zero is taken from all atoms, each in proportion to the variance that its environment
left in the fit, so that the least certain atoms move most.

`data/corrections.json` is made by `benchmarks/charges_fit.py`, and says from how many MOFs, and with which error.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mofa import gfn1
from mofa.charges.environments import LEVELS, environments
from mofa.charges.model import RawCharges
from mofa.charges.xtb import Gfn1Charges
from mofa.chemistry import Framework, Rejected
from mofa.isolate import Progress

METHOD = "gfn1-xtb-corrected"
UNSEEN = -1
"""Level of an atom without a correction."""


class Correction(NamedTuple):
    """What is known of one environment."""

    shift_e: float
    """DDEC6 minus GFN1 at the reference charge of the element, already shrunk towards the coarser environment."""
    spread_e: float
    """Standard deviation of what the correction leaves."""
    n_atoms: int
    n_mofs: int


class Slope(NamedTuple):
    """How the correction of an element changes with the GFN1 charge."""

    per_e: float
    at_e: float
    """GFN1 charge at which the shifts hold."""


@dataclass(frozen=True, eq=False)
class Corrected:
    """Corrected charges and how they came about."""

    values: NDArray[np.float64]
    """e, ``[n_atoms]``; they add up to zero."""
    levels: NDArray[np.int64]
    """Level of the environment that each atom's correction is from, or `UNSEEN`, ``[n_atoms]``."""

    @property
    def summary(self) -> str:
        """How many atoms were corrected, and from which level."""
        counts = [int((self.levels == level).sum()) for level in range(LEVELS)]
        shells = f"{counts[2]} by two shells of neighbours, {counts[1]} by one, {counts[0]} by coordination"
        return f"{sum(counts)} of {len(self.levels)} atoms corrected: {shells}"


@dataclass(frozen=True)
class CorrectionTable:
    """Corrections by environment."""

    environments: Mapping[str, Correction]
    slopes: Mapping[str, Slope]
    """By element; those without have the slope 0."""
    unseen_spread_e: float
    """Standard deviation of DDEC6 minus GFN1 where no correction is known."""

    def shifts(
        self, symbols: Sequence[str], names: Sequence[Sequence[str]], gfn1_e: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Correction of every atom, e, its standard deviation, e, and its level, each ``[n_atoms]``.

        Args:
            symbols: element symbols.
            names: environments of every atom, coarsest first.
            gfn1_e: GFN1-xTB charges, e, ``[n_atoms]``.
        """
        shifts, spreads = np.zeros(len(symbols)), np.full(len(symbols), self.unseen_spread_e)
        levels = np.full(len(symbols), UNSEEN, dtype=np.int64)
        for k, symbol in enumerate(symbols):
            for level in reversed(range(len(names[k]))):
                found = self.environments.get(names[k][level])
                if found is not None:
                    slope = self.slopes.get(symbol, Slope(0.0, 0.0))
                    shifts[k] = found.shift_e + slope.per_e * (gfn1_e[k] - slope.at_e)
                    spreads[k], levels[k] = found.spread_e, level
                    break
        return shifts, spreads, levels

    def correct(self, symbols: Sequence[str], names: Sequence[Sequence[str]], gfn1_e: NDArray[np.float64]) -> Corrected:
        """Neutral corrected charges; arguments as of `shifts`."""
        shifts, spreads, levels = self.shifts(symbols, names, gfn1_e)
        values = gfn1_e + shifts
        weights = spreads**2
        return Corrected(values - values.sum() * weights / weights.sum(), levels)


class CorrectedCharges:
    """The `ChargeModel` of corrected GFN1-xTB.

    Args:
        table: corrections to use instead of those that MOFA ships.
    """

    def __init__(self, table: CorrectionTable | None = None) -> None:
        self._table = table

    @property
    def label(self) -> str:
        """Name of the method."""
        return METHOD

    def charges(
        self, framework: Framework, *, time_limit_s: float, on_progress: Progress | None = None
    ) -> RawCharges | Rejected:
        """GFN1 charges, carried by the framework or of a single point, corrected; see `ChargeModel.charges`."""
        if framework.charges is not None and framework.charge_method == gfn1.METHOD:
            raw: RawCharges | Rejected = RawCharges(framework.charges, cpu_s=0.0)
        else:
            raw = Gfn1Charges().charges(framework, time_limit_s=time_limit_s, on_progress=on_progress)
        if isinstance(raw, Rejected):
            return raw
        started_s = time.process_time()
        table = self._table or shipped_table()
        found = table.correct(framework.symbols, environments(framework), raw.values)
        if on_progress is not None:
            on_progress(1.0, found.summary)
        return RawCharges(found.values, cpu_s=raw.cpu_s + time.process_time() - started_s)


@cache
def shipped_table() -> CorrectionTable:
    """The corrections that come with MOFA."""
    return parse_table(files("mofa.charges").joinpath("data", "corrections.json").read_text(encoding="utf-8"))


def parse_table(text: str) -> CorrectionTable:
    """A table from its JSON."""
    content = json.loads(text)
    return CorrectionTable(
        {name: Correction(*row) for name, row in content["environments"].items()},
        {symbol: Slope(*row) for symbol, row in content["slopes"].items()},
        content["unseen_spread_e"],
    )


def table_json(table: CorrectionTable, provenance: Mapping[str, object]) -> str:
    """The table as JSON, an environment a line, sorted."""
    parts = {
        "provenance": json.dumps(provenance, indent=2, ensure_ascii=False).replace("\n", "\n  "),
        "columns": json.dumps({"environments": Correction._fields, "slopes": Slope._fields}),
        "unseen_spread_e": json.dumps(round(table.unseen_spread_e, 4)),
        "slopes": _rows(table.slopes),
        "environments": _rows(table.environments),
    }
    return "{\n" + ",\n".join(f'  "{name}": {part}' for name, part in parts.items()) + "\n}\n"


def _rows(table: Mapping[str, tuple[float, ...]]) -> str:
    rows = {name: [round(x, 4) if isinstance(x, float) else x for x in row] for name, row in sorted(table.items())}
    return "{" + ",".join(f"\n    {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items()) + "\n  }"
