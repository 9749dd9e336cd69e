"""Long dynamics of many MOFs: the runs behind the tables of `benchmarks/stability.md`.

    python -m benchmarks.stability_runs --out runs/stability --part 1/2 &
    python -m benchmarks.stability_runs --out runs/stability --part 2/2

About a minute of one core for each MOF and seed, 50 000 steps of a 2x2x2 cell. What is there is not run again, and
what was cut off goes on from its restart file. One line of JSON a run in `runs-*.jsonl`; `benchmarks.stability_tables`
makes the tables of them.

The sets: `generated`, MOFs of the default campaign (generator, families, node, net and limits of an empty campaign
file) as they come, no linker used twice; `flexible`, of the same generator, asked for six tetrahedral carbons in every
linker; `published`; `nitrile`, nine rigid dinitrile pillars; `floppy`, bibenzyls as pillar and as linker; `chains`,
longer chains between the rings of the pillar, or of all linkers; `coils`, still longer ones in all linkers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.published_frameworks import BDC, BPDC, NDC, PUBLISHED
from mofa.assemble import assemble
from mofa.build import build
from mofa.campaign.training import conditions_of
from mofa.chemistry import Family, Framework, Linker, Reason, Rejected
from mofa.chemistry.cif import read_cif, write_cif
from mofa.config import CampaignConfig, parse_config
from mofa.generate import GENERATORS, StreamRequest
from mofa.process import process
from mofa.validate import validate

DCB = "N#Cc1ccc(cc1)C#N"
DICYANOBIPHENYL = "N#Cc1ccc(cc1)-c1ccc(cc1)C#N"
TOLANE_ACID = "OC(=O)c1ccc(cc1)C#Cc1ccc(cc1)C(=O)O"
TOLANE_DINITRILE = "N#Cc1ccc(cc1)C#Cc1ccc(cc1)C#N"
NH2_BDC = "OC(=O)c1ccc(c(N)c1)C(=O)O"
F4_BDC = "OC(=O)c1c(F)c(F)c(c(F)c1F)C(=O)O"
NITRILE = {
    "BDC/DCB": (BDC, DCB),
    "NH2-BDC/DCB": (NH2_BDC, DCB),
    "F4-BDC/DCB": (F4_BDC, DCB),
    "BPDC/DCB": (BPDC, DCB),
    "BDC/dicyanobiphenyl": (BDC, DICYANOBIPHENYL),
    "BPDC/dicyanobiphenyl": (BPDC, DICYANOBIPHENYL),
    "tolane/DCB": (TOLANE_ACID, DCB),
    "tolane/tolane-dinitrile": (TOLANE_ACID, TOLANE_DINITRILE),
    "NDC/DCB": (NDC, DCB),
}
FLOPPY = {
    "BDC/1,2-bis(4-cyanophenyl)ethane": (BDC, "N#Cc1ccc(cc1)CCc1ccc(cc1)C#N"),
    "bibenzyl-4,4'-dicarboxylic acid/DCB": ("OC(=O)c1ccc(cc1)CCc1ccc(cc1)C(=O)O", DCB),
}
# Chains between two rings, and the seed of an embedding that is straight enough to be built.
CHAINS = {
    "CCCC": 2,
    "CCCCCC": 2,
    "CCCCCCCC": 1,
    "OCCO": 2,
    "OCCCCO": 1,
    "C(=O)NCCNC(=O)": 2,
    "C(=O)OCCOC(=O)": 2,
    "CSSC": 2,
}
COILS = {
    "OCCOCCOCCO": 5,
    "CCCCCCCCCC": 7,
    "CCCCCCCCCCCC": 2,
    "OCCCCCCO": 7,
    "OCCCCCCCCO": 2,
    "OCCCOc3ccc(cc3)OCCCO": 3,
    "OCCCCOc3ccc(cc3)OCCCCO": 1,
    "OCCOc3ccc(cc3)OCCO": 15,
}
ASKED_FOR = {"generated": "", "flexible": "[generate]\nsp3_atoms = 6\n"}
PUBLISHED_SET = ("MOF-5", "IRMOF-10", "UiO-66", "HKUST-1", "DMOF-1")
PILLARED = "zn-paddlewheel-pillar"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/stability"))
    parser.add_argument("--sets", nargs="*", default=["published", "nitrile", "floppy", "generated"])
    parser.add_argument("--n", type=int, default=80, help="generated MOFs")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--supercell", type=int, nargs=3, default=[2, 2, 2])
    parser.add_argument("--part", default="1/1", help="k/n: every n-th run, from the k-th on")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    structures = options.out / "structures"
    structures.mkdir(parents=True, exist_ok=True)
    runs = [
        (seed, path)
        for seed in options.seeds
        for kind in options.sets
        for path in frameworks(kind, structures, options.n)
    ]
    for k, (seed, path) in enumerate(runs):
        if k % parts == part - 1:
            run(path, seed, options)


def frameworks(kind: str, folder: Path, n: int) -> list[Path]:
    """The structures of a set, made on first use."""
    marker = folder / f"{kind}-{n}.json" if kind == "generated" else folder / f"{kind}.json"
    if not marker.exists():
        made = [(f"{kind}-{k:03d}", name, framework) for k, (name, framework) in enumerate(_made(kind, n)) if framework]
        for stem, _, framework in made:
            write_cif(framework, folder / f"{stem}.cif")
        listing = [
            {"file": stem, "name": name, "linkers": framework.lineage.linkers, "n_atoms": len(framework)}
            for stem, name, framework in made
        ]
        marker.write_text(json.dumps(listing, indent=1))
    return [folder / f"{entry['file']}.cif" for entry in json.loads(marker.read_text())]


def _made(kind: str, n: int) -> Iterator[tuple[str, Framework]]:
    if kind == "published":
        for name in PUBLISHED_SET:
            entry = PUBLISHED[name]
            yield name, _accepted(build(entry.node, entry.net, entry.linkers))
    elif kind in ("nitrile", "floppy"):
        for name, (acid, pillar) in (NITRILE if kind == "nitrile" else FLOPPY).items():
            yield name, _accepted(build(PILLARED, "pcu", (acid, acid, pillar), max_bend_deg=60.0))
    elif kind == "chains":
        for chain, seed in CHAINS.items():
            for name, acid in ((f"BDC, pillar {chain}", BDC), (f"all {chain}", _acid(chain))):
                pillar = _dinitrile(chain)
                yield name, _accepted(build(PILLARED, "pcu", (acid, acid, pillar), max_bend_deg=30.0, seed=seed))
    elif kind == "coils":
        for chain, seed in COILS.items():
            linkers = (_acid(chain), _acid(chain), _dinitrile(chain))
            yield f"all {chain}", _accepted(build(PILLARED, "pcu", linkers, max_bend_deg=45.0, seed=seed))
    else:
        yield from generated(n, ASKED_FOR[kind])


def _acid(chain: str) -> str:
    return f"OC(=O)c1ccc({chain}c2ccc(cc2)C(=O)O)cc1"


def _dinitrile(chain: str) -> str:
    return f"N#Cc1ccc({chain}c2ccc(cc2)C#N)cc1"


def generated(n: int, settings: str = "", seed: int = 1) -> Iterator[tuple[str, Framework]]:
    """The first `n` MOFs of a campaign's chain; what is refused on the way is printed."""
    config = parse_config(f"[stop]\nmax_validated = 1\n{settings}")
    streams = {family: _sound(config, family, seed) for family in (Family.BCA, Family.BZN)}
    count = 0
    while count < n:
        linkers = [next(streams[family]) for family in (Family.BCA, Family.BCA, Family.BZN)]
        mof = assemble(linkers)
        if isinstance(mof, Rejected):
            print(f"not assembled: {mof}", flush=True)
            continue
        count += 1
        yield mof.name, mof


def _sound(config: CampaignConfig, family: Family, seed: int) -> Iterator[Linker]:
    section = config.generate
    size, conditions = section.max_heavy_atoms, conditions_of(config.conditions())
    request = StreamRequest(family, 10**6, seed, batch_size=16, max_heavy_atoms=size, conditions=conditions)
    for batch in GENERATORS.load(section.generator)().batches(request):
        for raw in batch:
            linker = process(raw)
            if isinstance(linker, Linker):
                yield linker


def _accepted(framework: Framework | Rejected) -> Framework:
    if isinstance(framework, Rejected):
        raise SystemExit(str(framework))
    return framework


def run(path: Path, seed: int, options: argparse.Namespace) -> None:
    """One run, unless it is there already."""
    repeats = tuple(options.supercell)
    key = f"{path.stem}-{'x'.join(map(str, repeats))}-{seed}"
    results = options.out / f"runs-{options.part.replace('/', 'of')}.jsonl"
    if any(f'"{key}-{options.steps}"' in file.read_text() for file in options.out.glob("runs-*.jsonl")):
        return
    result = validate(
        read_cif(path),
        steps=options.steps,
        supercell=repeats,
        early_reject=False,
        restart=options.out / f"{key}.restart",
        seed=seed,
    )
    refused = isinstance(result, Rejected)
    if refused and result.reason in (Reason.TIME_LIMIT, Reason.CRASHED):
        print(f"{key}: {result}", flush=True)
        return
    row = {
        "key": f"{key}-{options.steps}",
        "file": path.stem,
        "seed": seed,
        "supercell": repeats,
        "steps": options.steps,
        "refused": f"{result.reason}: {result.detail}" if refused else "",
        "strain": None if refused else result.strain,
        "strain_inverted": None if refused else result.strain_inverted,
        "cpu_s": None if refused else result.cpu_s,
        "cell": None if refused else result.framework.cell.tolist(),
        "strain_trace": [round(x, 4) for x in result.strain_trace],
        "volume_trace": [] if refused else [round(x, 4) for x in result.volume_trace],
    }
    with results.open("a") as stream:
        stream.write(json.dumps(row) + "\n")
    print(f"{key}: {row['refused'] or f'{result.strain:.3f}, {result.cpu_s:.0f} CPU-s'}", flush=True)


if __name__ == "__main__":
    main()
