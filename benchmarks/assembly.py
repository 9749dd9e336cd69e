"""What a MOF costs, checks included: net by net, interpenetrated, and ten thousand in a row.

Run from the repository root: ``python -m benchmarks.assembly``; ``--stream 10000`` adds the stream. Times are CPU time
of one core for sound linkers; files of nodes and nets are read before the clock starts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

from mofa.assemble import assemble, bond_graph_hash
from mofa.build import first_linker
from mofa.chemistry import Framework, Linker, Rejected
from mofa.generate import generate
from mofa.process import process

BDC, BPDC, NDC = "OC(=O)c1ccc(cc1)C(=O)O", "OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O", "OC(=O)c1ccc2cc(ccc2c1)C(=O)O"
TPDC, NH2_BDC = "OC(=O)c1ccc(cc1)-c1ccc(cc1)-c1ccc(cc1)C(=O)O", "OC(=O)c1cc(N)c(cc1)C(=O)O"
TOLANE = "OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C(=O)O"
BTC = "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O"
DABCO, BPY, DCB = "C1CN2CCN1CC2", "c1cc(ccn1)-c1ccncc1", "N#Cc1ccc(cc1)C#N"
DICARBOXYLIC = (BDC, BPDC, NDC, TPDC, NH2_BDC, TOLANE)
REPEATS = 5
POOL = {"BCA": 160, "BZN": 80}
"""Linkers of the library that the stream draws from: 12 800 pairs."""
MAX_HEAVY_ATOMS = 24
MARKS = (1_000, 10_000)
"""MOFs after which the memory is looked at."""


@dataclass(frozen=True)
class Case:
    """MOFs of one kind."""

    title: str
    node: str
    net: str
    linkers: tuple[tuple[str, ...], ...]
    bar_ms: float | None = None
    """What it may cost."""
    catenation: int = 0


CASES = (
    Case(
        "pillared pcu, single",
        "zn-paddlewheel-pillar",
        "pcu",
        tuple(product(DICARBOXYLIC, (DABCO, BPY, DCB))),
        bar_ms=5.0,
    ),
    Case("Zn4O in pcu (MOF-5)", "zn4o", "pcu", tuple((acid,) for acid in DICARBOXYLIC)),
    Case("Zr6 in fcu (UiO-66)", "zr6", "fcu", tuple((acid,) for acid in DICARBOXYLIC), bar_ms=20.0),
    Case("Cu paddlewheel in tbo (HKUST-1)", "cu-paddlewheel", "tbo", ((BTC,),), bar_ms=100.0),
    Case(
        "pillared pcu, two nets",
        "zn-paddlewheel-pillar",
        "pcu",
        tuple(product((BPDC, TPDC, TOLANE), (BPY, DCB))),
        catenation=1,
    ),
    Case("Zn4O in pcu, two nets (IRMOF-9)", "zn4o", "pcu", ((BPDC,), (TPDC,), (TOLANE,)), catenation=1),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stream", type=int, default=0, metavar="N", help="MOFs to stream")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.process_time()
    total = 0
    for k in range(10_000_000):
        total += k
    print(f"10 million additions take this core {time.process_time() - started:.2f} s", flush=True)
    for case in CASES:
        measure(case)
    if options.stream:
        stream(options.stream, options.seed)


def measure(case: Case) -> None:
    """CPU time per MOF of one kind, and of its bond-graph hash."""
    times_ms, hash_ms, sizes = [], [], []
    refused: Counter[str] = Counter()
    for smiles in case.linkers:
        linkers = [sound(one) for one in smiles]
        assemble(linkers, node=case.node, net=case.net, catenation=case.catenation)
        for _ in range(REPEATS):
            started = time.process_time()
            mof = assemble(linkers, node=case.node, net=case.net, catenation=case.catenation)
            times_ms.append(1e3 * (time.process_time() - started))
            if isinstance(mof, Rejected):
                refused[str(mof.reason)] += 1
                continue
            started = time.process_time()
            bond_graph_hash(mof)
            hash_ms.append(1e3 * (time.process_time() - started))
            sizes.append(len(mof))
    median, p95 = statistics.median(times_ms), statistics.quantiles(times_ms, n=20)[-1]
    bar = f"(bar {case.bar_ms:g})" if case.bar_ms else ""
    atoms = f"{min(sizes)} to {max(sizes)} atoms" if sizes else "none built"
    text = f"{case.title:<34} {atoms:<18} median {median:6.1f}  p95 {p95:6.1f} CPU-ms {bar:<10}"
    print(f"{text} hash {statistics.median(hash_ms or [0.0]):4.1f}  {_counts(refused)}", flush=True)


def stream(n: int, seed: int) -> None:
    """Assemble pillared pcu MOFs one after the other until there are `n`, and keep none."""
    pools = {family: list(islice(_sound(family, seed), size)) for family, size in POOL.items()}
    outcomes: Counter[str] = Counter()
    print(f"stream from {' and '.join(f'{len(pool)} {family}' for family, pool in pools.items())} linkers", flush=True)
    started, wall = time.process_time(), time.perf_counter()
    built = 0
    for mof in _mofs(_pairs(pools["BCA"], pools["BZN"])):
        if isinstance(mof, Rejected):
            outcomes[str(mof.reason)] += 1
            continue
        built += 1
        if built in MARKS or built == n:
            cpu_s = time.process_time() - started
            print(f"  {built:6d} MOFs after {cpu_s:6.1f} CPU-s, {_resident_mb():.1f} MB resident", flush=True)
        if built == n:
            break
    cpu_s, wall_s = time.process_time() - started, time.perf_counter() - wall
    print(f"  {built} MOFs in {cpu_s:.1f} CPU-s ({wall_s:.1f} s): {built / cpu_s:.0f} MOFs per CPU-s")
    print(f"  refused: {_counts(outcomes)}", flush=True)


def sound(smiles: str) -> Linker:
    """A linker that must be good."""
    linker = first_linker(smiles)
    assert isinstance(linker, Linker), linker
    return linker


def _sound(family: str, seed: int) -> Iterator[Linker]:
    """Library linkers that `process` lets through."""
    for batch in generate(family, n=100_000, seed=seed, max_heavy_atoms=MAX_HEAVY_ATOMS, generator="library"):
        for raw in batch:
            linker = process(raw)
            if isinstance(linker, Linker):
                yield linker


def _pairs(acids: Sequence[Linker], pillars: Sequence[Linker]) -> Iterator[tuple[Linker, Linker]]:
    """All pairs, no linker twice in a row."""
    for step in range(len(pillars)):
        for k, acid in enumerate(acids):
            yield acid, pillars[(k + step) % len(pillars)]


def _mofs(pairs: Iterable[Sequence[Linker]]) -> Iterator[Framework | Rejected]:
    return (assemble(pair) for pair in pairs)


def _resident_mb() -> float:
    """Memory of this process now, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _counts(reasons: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())


if __name__ == "__main__":
    main()
