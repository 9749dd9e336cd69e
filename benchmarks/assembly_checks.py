"""What every check of a framework costs, from 78 to about 400 atoms, with bond orders known and from a bare CIF.

Run from the repository root: ``python -m benchmarks.assembly_checks``. CPU ms of one core, medians of ``--repeats``;
nothing is kept from one run to the next. In brackets the share of the whole, which the load of the machine does not
move. "shared" is what all checks use: the neighbour search and, for a CIF, the bonds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from mofa.assemble import check_framework
from mofa.assemble.checks.framework import CHECKS
from mofa.assemble.checks.structure import Structure
from mofa.build import build
from mofa.chemistry import BondGraph, Framework, Rejected

Argument, Result = TypeVar("Argument"), TypeVar("Result")

BDC, BPDC, BTC = "OC(=O)c1ccc(cc1)C(=O)O", "OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O", "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O"
DCBP = "N#Cc1ccc(cc1)-c1ccc(cc1)C#N"
LONG = "OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C#Cc1ccc(cc1)C#Cc1ccc(cc1)C#Cc1ccc(cc1)C(=O)O"
CASES = (
    ("pillared pcu", "zn-paddlewheel-pillar", "pcu", (BPDC, DCBP)),
    ("MOF-5", "zn4o", "pcu", (BDC,)),
    ("HKUST-1", "cu-paddlewheel", "tbo", (BTC,)),
    ("long IRMOF", "zn4o", "pcu", (LONG,)),
)


def fresh(framework: Framework) -> Framework:
    """The same framework with nothing computed yet."""
    graph = framework.bonds
    if graph is None:
        return replace(framework)
    return framework.with_bonds(BondGraph(graph.n_atoms, graph.i, graph.j, graph.shift, graph.order))


def timed(function: Callable[[Argument], Result], argument: Argument) -> tuple[float, Result]:
    """CPU ms of a call, and what it gave."""
    start = time.process_time()
    result = function(argument)
    return 1e3 * (time.process_time() - start), result


def costs(framework: Framework, repeats: int) -> dict[str, float]:
    """Median CPU ms by check, and of all in one call."""
    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(repeats):
        cost, structure = timed(Structure.of, fresh(framework))
        spent["shared"].append(cost)
        for check in CHECKS:
            spent[check.__name__].append(timed(check, structure)[0])
        spent["all"].append(timed(check_framework, fresh(framework))[0])
    return {name: statistics.median(values) for name, values in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=50)
    options = parser.parse_args()
    titles, columns = [], []
    for title, node, net, linkers in CASES:
        made = build(node, net, linkers)
        if isinstance(made, Rejected):
            raise SystemExit(f"{title}: {made}")
        for kind, framework in (("", made), (", CIF", replace(made, bonds=None))):
            titles.append(f"{title} ({len(made)}{kind})")
            columns.append(costs(framework, options.repeats))
    print("| check | " + " | ".join(titles) + " |")
    print("|---" * (len(titles) + 1) + "|")
    for name in columns[0]:
        cells = [f"{column[name]:.2f} ({100 * column[name] / column['all']:.0f} %)" for column in columns]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
