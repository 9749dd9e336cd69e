"""Samples that are made up, so that every measure has a known value."""

from __future__ import annotations

from typing import Any

from mofa.chemistry import Family, Reason, Rejected, Stage
from mofa.evaluate.features import Features
from mofa.evaluate.outcomes import Counts, Outcome, Sample


def features(smiles: str = "N#Cc1ccc(C#Cc2ccc(C#N)cc2)cc1", **changes: Any) -> Features:
    known: dict[str, Any] = {
        "smiles": smiles,
        "key": "*C#C*",
        "scaffold": "C(#Cc1ccccc1)c1ccccc1",
        "n_heavy_atoms": 18,
        "core_atoms": 2,
        "elements": (("C", 2),),
        "ring_sizes": ((6, 2),),
        "anchor_distance_ang": 4.05,
        "exit_angle_deg": 179.0,
        "sa_score": 1.6,
        "sp3_fraction": 0.0,
        "polar_atoms": 0,
        "rotatable_bonds": 0,
        "relaxation_rmsd_ang": 0.02,
    }
    return Features(**{**known, **changes})


def passed(one: Features | None = None, generate_cpu_s: float | None = 0.02) -> Outcome:
    one = one or features()
    return Outcome(one.smiles, Family.BZN, None, one, generate_cpu_s, 0.01)


def refused(reason: Reason, generate_cpu_s: float | None = 0.02) -> Outcome:
    return Outcome("C20N2", Family.BZN, Rejected(Stage.PROCESS, reason, "made up"), None, generate_cpu_s, 0.01)


def sample(*outcomes: Outcome, counts: Counts | None = None) -> Sample:
    return Sample("made up", outcomes, counts, len(outcomes))
