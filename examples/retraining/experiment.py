"""Does retraining help? The same campaign budget with retraining on and off, side by side, for several seeds.

    python examples/retraining/experiment.py --budget-s 7200 --out runs/retraining

Runs the two campaigns of a seed at the same time, so that both see the same machine, one seed after the other, all
within the budget. What is there already is not run again: the same command goes on after an interruption. Then it
writes `mofs.csv`, `summary.csv` and `retraining.png`; see README.md.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from analysis import analyse

from mofa.campaign import TaskKind, start
from mofa.campaign.configured import check_engines, plan_of
from mofa.config import CampaignConfig, parse_config
from mofa.store.records import load

ARMS = ("on", "off")
RESERVE_S = 60.0
"""Of the time of one seed: to start the processes and to end the last tasks."""
DONE = "done"
"""File in a campaign's folder: it has ended by itself."""


def campaign(options: argparse.Namespace, arm: str, seed: int) -> CampaignConfig:
    """The campaign of one arm and seed."""
    sizes = f"core_atoms = [{options.core_atoms[0]}, {options.core_atoms[1]}]" if options.generator != "library" else ""
    return parse_config(
        f"""
        [campaign]
        name = "retraining-{arm}-{seed}"
        seed = {seed}
        [generate]
        generator = "{options.generator}"
        n = 16
        batch_size = 8
        max_heavy_atoms = {18 + options.core_atoms[1]}
        {sizes}
        [validate]
        steps = {options.md_steps}
        supercell = [1, 1, 1]
        time_limit_s = 300.0
        [train]
        steps = {options.training_steps}
        acceptance_samples = {options.acceptance_samples}
        processes = 1
        [policy]
        retrain = {str(arm == "on").lower()}
        retrain_first_after = {options.first_after}
        retrain_min_mofs = {max(1, options.first_after // 2)}
        retrain_growth = {options.growth}
        [compute]
        server = "pool"
        workers = 1
        [stop]
        max_minutes = {options.run_s / 60.0}
        grace_s = 30.0
        """
    )


def run_one(options: argparse.Namespace, arm: str, seed: int) -> None:
    """Run one campaign to its end."""
    config = campaign(options, arm, seed)
    check_engines(config)
    screen = {
        TaskKind.OPTIMIZE: "screen:leave",
        TaskKind.CHARGES: "screen:no_charges",
        TaskKind.ADSORB: "screen:henry",
    }
    plan = plan_of(config)
    gas = {name: plan.options[TaskKind.ADSORB][name] for name in ("gas", "pressure_pa", "temperature_k")}
    options_of = {**plan.options, TaskKind.OPTIMIZE: {}, TaskKind.CHARGES: {}, TaskKind.ADSORB: gas}
    plan = replace(plan, functions=screen, options=options_of)
    folder = options.out / f"{arm}-{seed}"
    start(folder, plan)
    (folder / DONE).touch()


def run_all(options: argparse.Namespace) -> None:
    """Run what has not been run, the two arms of a seed side by side.

    Raises:
        SystemExit: a campaign failed.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        missing = [arm for arm in ARMS if not (options.out / f"{arm}-{seed}" / DONE).exists()]
        running = []
        for arm in missing:
            folder = options.out / f"{arm}-{seed}"
            if folder.exists():
                folder.rename(folder.with_name(f"{folder.name}-cut-off-{time.time_ns()}"))
            words = [sys.executable, __file__, *sys.argv[1:], "--one", arm, str(seed)]
            running.append(subprocess.Popen(words))
        failed = [arm for arm, process in zip(missing, running, strict=True) if process.wait()]
        if failed:
            raise SystemExit(
                f"seed {seed}, retraining {', '.join(failed)}: the campaign failed; see its messages above"
            )


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--generator", choices=("flow", "graph", "library"), default="flow")
    parser.add_argument("--budget-s", type=float, default=7200.0, help="wall-clock time of everything, s")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--core-atoms", type=int, nargs=2, default=[6, 20], metavar=("MIN", "MAX"))
    parser.add_argument("--md-steps", type=int, default=5000, help="of 0.5 fs, in one unit cell")
    parser.add_argument("--first-after", type=int, default=24, help="MOFs below 25 %% strain before the first training")
    parser.add_argument("--growth", type=float, default=0.5, help="growth of that set before the next training")
    parser.add_argument("--training-steps", type=int, default=200)
    parser.add_argument("--acceptance-samples", type=int, default=128, help="0: every model is used")
    parser.add_argument("--out", type=Path, default=Path("runs/retraining"))
    parser.add_argument("--one", nargs=2, metavar=("ARM", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.run_s = options.budget_s / len(options.seeds) - RESERVE_S
    if options.run_s <= 0:
        parser.error(f"--budget-s must be above {RESERVE_S * len(options.seeds):g} for {len(options.seeds)} seeds")
    return options


def main() -> None:
    """Run what is asked for."""
    logging.basicConfig(level=logging.WARNING)
    options = parsed()
    if options.one:
        run_one(options, options.one[0], int(options.one[1]))
        return
    run_all(options)
    runs = {(arm, seed): load(options.out / f"{arm}-{seed}") for arm in ARMS for seed in options.seeds}
    sys.stdout.write(analyse(runs, options.out, run_s=options.run_s) + "\n")


if __name__ == "__main__":
    main()
