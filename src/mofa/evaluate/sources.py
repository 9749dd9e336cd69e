"""Where linkers come from, cut into lots that can be worked on side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from mofa.chemistry import Family, Linker, RawLinker, Rejected
from mofa.chemistry.molecules import from_smiles
from mofa.chemistry.molfiles import read_linkers
from mofa.errors import InputError
from mofa.evaluate.outcomes import Candidate, Counts
from mofa.generate import GENERATORS, StreamRequest, generate
from mofa.generate.conditions import ANYTHING, Conditions
from mofa.generate.protocol import Counted

FAMILIES = (Family.BCA, Family.BZN)
LOT_LINKERS = 128
"""Linkers of one stream: the next lot is a stream of its own, so that none has to be skipped."""
BATCH_SIZE = 32
LOT_RECORDS = 64
MAX_HEAVY_ATOMS = 38
_SMILES_SUFFIXES = (".smi", ".smiles", ".txt")


class Lot(Protocol):
    """Some linkers of a source. The same lot gives the same linkers in any process."""

    def candidates(self) -> Iterator[Candidate]:
        """Make them, one after the other."""
        ...

    def counts(self) -> Counts | None:
        """Draws for the candidates so far; None where they are not counted."""
        ...


@dataclass(frozen=True)
class Source:
    """Linkers to be measured."""

    title: str
    n: int
    """Linkers that are asked for or given."""
    lots: tuple[Lot, ...]


def families_of(name: str) -> tuple[Family, ...]:
    """The families that ``BCA``, ``BZN`` or ``both`` stands for.

    Raises:
        InputError: anything else.
    """
    known = {"BOTH": FAMILIES, **{family.value: (family,) for family in FAMILIES}}
    if name.upper() not in known:
        raise InputError(f"no family {name!r} can be evaluated", action="Choose BCA, BZN or both")
    return known[name.upper()]


def streamed(
    generator: str,
    families: Sequence[Family | str],
    *,
    n: int,
    seed: int = 1,
    weights: Path | None = None,
    max_heavy_atoms: int = MAX_HEAVY_ATOMS,
    conditions: Conditions = ANYTHING,
) -> Source:
    """Linkers of a generator, shared out among the families.

    Args:
        generator: name in `mofa.generate.GENERATORS`.
        families: one stream each.
        n: linkers in all.
        seed: of the streams.
        weights: of a retraining; None for the pre-trained ones.
        max_heavy_atoms: largest linker.
        conditions: what the linkers are asked to be like.

    Raises:
        InputError: as `mofa.generate.generate`.
        EngineMissingError: no such generator, or its library is not installed.
    """
    lots: list[Lot] = []
    for number, family in enumerate(families):
        share = n // len(families) + (number < n % len(families))
        if not share:
            continue
        generate(  # refuses what is wrong with the request
            family, n=share, seed=seed, generator=generator, max_heavy_atoms=max_heavy_atoms, weights=weights,
            conditions=conditions,
        )  # fmt: skip
        starts = range(0, share, LOT_LINKERS)
        lots += [
            StreamLot(
                generator,
                StreamRequest(
                    Family(family), min(LOT_LINKERS, share - start), _lot_seed(seed, start // LOT_LINKERS),
                    batch_size=BATCH_SIZE, max_heavy_atoms=max_heavy_atoms, weights=weights, conditions=conditions,
                ),
            )
            for start in starts
        ]  # fmt: skip
    return Source(generator if weights is None else f"{generator} ({weights.name})", n, tuple(lots))


def _lot_seed(seed: int, lot: int) -> int:
    """Seed of the stream that a lot is: the first lot has the sample's own."""
    return seed + 1_000_003 * lot


class StreamLot:
    """A stream of a generator. Lots are streams of their own: they can repeat what another one gave."""

    def __init__(self, generator: str, request: StreamRequest) -> None:
        self.generator = generator
        self.request = request
        self._counts: Counts | None = None

    def candidates(self) -> Iterator[Candidate]:
        """Each with its share of the batch's CPU time, loading the generator not included."""
        engine = _warm_engine(self.generator, replace(self.request, n=1, batch_size=1))
        before = _counts(engine)
        batches = engine.batches(self.request)
        while True:
            start = time.process_time()
            batch = next(batches, None)
            cpu_s = time.process_time() - start
            if batch is None:
                return
            after = _counts(engine)
            if before is not None and after is not None:
                self._counts = after - before
            yield from (Candidate(raw, cpu_s / len(batch)) for raw in batch)

    def counts(self) -> Counts | None:
        """What the generator counted for this lot."""
        return self._counts


@lru_cache(maxsize=4)
def _engine(generator: str) -> Any:
    return GENERATORS.load(generator)()


@lru_cache(maxsize=16)
def _warm_engine(generator: str, request: StreamRequest) -> Any:
    """The generator of this process after it has made its first linker: weights and libraries are loaded."""
    engine = _engine(generator)
    next(iter(engine.batches(request)), None)
    return engine


def _counts(engine: Any) -> Counts | None:
    return Counts(engine.n_draws, engine.n_failed, engine.n_repeated) if isinstance(engine, Counted) else None


@dataclass(frozen=True)
class SmilesLot:
    """Some SMILES, to be put into 3-D."""

    smiles: tuple[str, ...]
    family: Family | None
    seed: int

    def candidates(self) -> Iterator[Candidate]:
        """Each with the CPU time of its embedding."""
        for text in self.smiles:
            start = time.process_time()
            entry = from_smiles(text, family=self.family, seed=self.seed)
            yield Candidate(entry, time.process_time() - start, text)

    def counts(self) -> Counts | None:
        """Files tell nothing of draws."""
        return None


@dataclass(frozen=True)
class RecordLot:
    """Some linkers that have coordinates."""

    entries: tuple[RawLinker | Rejected, ...]

    def candidates(self) -> Iterator[Candidate]:
        """As they are."""
        yield from (Candidate(entry, 0.0) for entry in self.entries)

    def counts(self) -> Counts | None:
        """Files tell nothing of draws."""
        return None


def from_file(path: Path, *, family: Family | None = None, seed: int = 1, n: int | None = None) -> Source:
    """Whole linkers of another tool: SMILES (.smi, .smiles, .txt; one a line), or SDF and XYZ with coordinates.

    Linkers that `process` has made sound already are taken as SMILES.

    Args:
        path: the file.
        family: None finds it for each linker.
        seed: of the 3-D embedding of SMILES.
        n: read no more than the first n.

    Raises:
        InputError: no such file, of another format, or empty.
    """
    if path.suffix.lower() in _SMILES_SUFFIXES:
        smiles = read_smiles(path)[:n]
        return Source(path.name, len(smiles), _smiles_lots(smiles, family, seed))
    entries = list(islice(read_linkers(path, family=family, seed=seed), n))
    sound = [entry.smiles for entry in entries if isinstance(entry, Linker)]
    if sound:
        return Source(path.name, len(sound), _smiles_lots(sound, family, seed))
    raw = [entry for entry in entries if not isinstance(entry, Linker)]
    lots = [RecordLot(tuple(raw[k : k + LOT_RECORDS])) for k in range(0, len(raw), LOT_RECORDS)]
    return Source(path.name, len(raw), tuple(lots))


def read_smiles(path: Path) -> list[str]:
    """The first word of every line that is neither empty nor a comment (``#``).

    Raises:
        InputError: the file cannot be read, or there is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", where=path, action="Check the path and the format") from error
    words = [line.split()[0] for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not words:
        raise InputError("the file is empty", where=path, action="Give a file with one SMILES a line")
    return words


def _smiles_lots(smiles: Sequence[str], family: Family | None, seed: int) -> tuple[Lot, ...]:
    return tuple(
        SmilesLot(tuple(smiles[k : k + LOT_RECORDS]), family, seed) for k in range(0, len(smiles), LOT_RECORDS)
    )
