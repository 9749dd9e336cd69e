"""What a run costs beside its dynamics, how fast these are, and whether typing holds out.

    python -m benchmarks.stability_cost            # about ten minutes on a quiet machine

CPU time of one core. Typing and writing are measured from the structure to the LAMMPS data file of a 2x2x2 supercell;
`outside` is the share of a whole run (child process, data file, minimisations, restart files included) that is not
spent in LAMMPS' run loop. Side by side in one process: the styles of LAMMPS' OPT package and its plain ones.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.generators import drawn
from benchmarks.published_frameworks import PUBLISHED
from benchmarks.stability_runs import NITRILE, PILLARED, generated
from mofa.assemble import assemble
from mofa.build import build
from mofa.chemistry import Family, Framework, Linker, Rejected
from mofa.isolate import run_isolated
from mofa.process import process
from mofa.validate import lammps_files, validate
from mofa.validate.engine import Dynamics
from mofa.validate.lammps import job_of, prepare
from mofa.validate.lammps_worker import Job, open_lammps, read_structure
from mofa.validate.stability import prepare_framework

SEED = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--typed", type=int, default=1000, help="MOFs to type")
    parser.add_argument("--steps", type=int, default=5000, help="MD steps of the speed measurement")
    parser.add_argument("--only", choices=("writing", "speed", "typing"), nargs="*")
    options = parser.parse_args()
    wanted = options.only or ("writing", "speed", "typing")
    structures = dict(_structures())
    if "writing" in wanted:
        writing(structures)
    if "speed" in wanted:
        speed(structures, options.steps)
    if "typing" in wanted:
        typing(options.typed)


def _structures() -> Iterator[tuple[str, Framework]]:
    for name in ("MOF-5", "UiO-66", "HKUST-1"):
        entry = PUBLISHED[name]
        yield name, _accepted(build(entry.node, entry.net, entry.linkers))
    acid, pillar = NITRILE["tolane/DCB"]
    yield "Zn2(tolane)2(DCB)", _accepted(build(PILLARED, "pcu", (acid, acid, pillar)))
    for k, (_, framework) in enumerate(generated(3)):
        yield f"generated {k + 1}", framework


def _accepted(framework: Framework | Rejected) -> Framework:
    if isinstance(framework, Rejected):
        raise SystemExit(str(framework))
    return framework


def writing(structures: dict[str, Framework], repeats: int = 5) -> None:
    """Typing and writing."""
    print("| MOF | atoms | typing and writing, CPU-s | per 100 atoms |\n|---|---|---|---|")
    for name, framework in structures.items():
        bare = framework.with_bonds(None)
        for label, structure in ((name, framework), (f"{name}, bonds perceived", bare)):
            start = time.process_time()
            for _ in range(repeats):
                lammps_files(structure)
            cost_s = (time.process_time() - start) / repeats
            print(f"| {label} | {len(framework)} | {cost_s:.3f} | {100 * cost_s / len(framework):.3f} |", flush=True)


def speed(structures: dict[str, Framework], steps: int) -> None:
    """Dynamics, and what a run spends outside them."""
    print("\n| MOF | atoms | atom-steps per CPU-s | plain styles | ratio | outside, 20 000 steps | outside, 50 000 |")
    print("|---|---|---|---|---|---|---|")
    for name, framework in structures.items():
        ready = prepare_framework(framework)
        dynamics = Dynamics(
            steps=steps, supercell=(2, 2, 2), temperature_k=300.0, pressure_pa=101325.0, timestep_fs=0.5,
            chunk_steps=500, seed=SEED,
        )  # fmt: skip
        job = job_of(*prepare(ready, dynamics.supercell), dynamics, None)
        n = 8 * len(framework)
        loops_s = {suffix: run_isolated(loop, job, suffix) for suffix in ("opt", "off")}
        before_s = _all_cpu_s()
        validate(framework, steps=steps, early_reject=False, seed=SEED)
        whole_s = _all_cpu_s() - before_s
        outside_s = whole_s - loops_s["opt"]
        shares = [outside_s / (outside_s + loops_s["opt"] * length / steps) for length in (20_000, 50_000)]
        opt, plain = (n * steps / loops_s[suffix] for suffix in ("opt", "off"))
        print(
            f"| {name} | {n} | {opt / 1e6:.2f}e6 | {plain / 1e6:.2f}e6 | {opt / plain:.2f} | {shares[0]:.1%}"
            f" | {shares[1]:.1%} |",
            flush=True,
        )


def loop(job: Job, suffix: str, *, on_progress: object) -> float:
    """CPU time of LAMMPS' run loop alone, s; for a child process."""
    lmp = open_lammps()
    lmp.command(f"suffix {suffix}")
    read_structure(lmp, job)
    lmp.commands_list([*job.start, *job.ensemble, "run 0 post no"])
    start = time.process_time()
    lmp.command(f"run {job.dynamics.steps} pre no post no")
    spent_s = time.process_time() - start
    lmp.close()
    return spent_s


def _all_cpu_s() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def typing(n: int) -> None:
    """Type and write many MOFs in one process, and watch its memory."""
    sound = {
        family: [
            linker
            for linker in map(process, drawn("library", family, max(40, n // 4), SEED, 34))
            if isinstance(linker, Linker)
        ]
        for family in (Family.BCA, Family.BZN)
    }
    rng = random.Random(SEED)
    outcomes: Counter[str] = Counter()
    types: Counter[str] = Counter()
    print("\n| MOFs typed | refused | resident memory, MB | CPU-s per MOF |\n|---|---|---|---|")
    done, spent_s, atoms = 0, 0.0, 0
    while done < n:
        mof = assemble([*rng.sample(sound[Family.BCA], 2), rng.choice(sound[Family.BZN])])
        if isinstance(mof, Rejected):
            continue
        start = time.process_time()
        answer = lammps_files(mof)
        spent_s += time.process_time() - start
        done, atoms = done + 1, atoms + len(mof)
        outcomes["refused" if isinstance(answer, Rejected) else "typed"] += 1
        if not isinstance(answer, Rejected):
            types.update(
                {
                    line.split("# ")[1]
                    for line in answer[0].split("Masses")[1].split("Pair")[0].splitlines()
                    if "#" in line
                }
            )
        if done % max(1, n // 5) == 0:
            print(f"| {done} | {outcomes['refused']} | {_resident_mb():.0f} | {spent_s / done:.3f} |", flush=True)
    print(f"{spent_s / atoms * 100:.3f} CPU-s per 100 atoms; types seen: {', '.join(sorted(types))}")


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    # Child processes find functions by the name of their module.
    from benchmarks import stability_cost

    stability_cost.main()
