"""Cheap, deterministic stand-ins for the task functions, with the real signatures and the real result types.

Each logs that it runs (``session kind what``), so that tests can count executions across processes and kills.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path

from mofa.campaign import TaskKind
from mofa.chemistry import (
    Anchor,
    AnchorKind,
    Bond,
    ChargeGate,
    Charges,
    Family,
    Framework,
    Lineage,
    Linker,
    ModelRef,
    Optimized,
    PoreGeometry,
    RawLinker,
    Reason,
    Rejected,
    Stability,
    Stage,
    Uptake,
)
from mofa.errors import EngineError, InputError
from mofa.generate.conditions import Conditions

NAMES = ("generate", "process", "assemble", "validate", "optimize", "charges", "adsorb", "train")
FUNCTIONS = {TaskKind(name): f"{__name__}:{name}" for name in NAMES}


def options(log: str = "", session: int = 0, delay_s: float = 0.0) -> dict[TaskKind, dict[str, object]]:
    """Options of the stand-ins."""
    common = {"log": log, "session": session, "delay_s": delay_s}
    return {TaskKind(name): dict(common) for name in NAMES} | {TaskKind.GENERATE: {"n": 12, "batch_size": 4, **common}}


def _note(log: str, session: int, kind: str, what: object, delay_s: float) -> None:
    if log:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{session} {kind} {what}\n".encode())
        os.close(descriptor)
    time.sleep(delay_s)


def generate(
    family: str,
    *,
    n: int,
    seed: int,
    batch_size: int,
    log: str,
    session: int,
    delay_s: float,
    start_batch: int = 0,
    weights: Path | None = None,
) -> Iterator[list[RawLinker]]:
    if weights is not None:
        _note(log, session, "weights", weights.read_text(), 0.0)
    rng = random.Random(seed)
    numbers = [rng.randrange(10**9) for _ in range(n)]
    for index in range(start_batch, n // batch_size):
        _note(log, session, "generate", f"{seed}/{index}", delay_s)
        mine = numbers[index * batch_size : (index + 1) * batch_size]
        yield [
            RawLinker(Family(family), ("C", "C"), [[0, 0, 0], [number, 0, 0]], ((0,), (1,)), "stand-in")
            for number in mine
        ]


def process(raw: RawLinker, *, seed: int, log: str, session: int, delay_s: float) -> Linker | Rejected:
    _note(log, session, "process", seed, delay_s / 4)
    number = int(raw.positions[1, 0])
    if number % 4 == 0:
        return Rejected(Stage.PROCESS, Reason.VALENCE, "divisible by four")
    anchors = (Anchor(AnchorKind.CARBOXYLATE, 0, 1), Anchor(AnchorKind.CARBOXYLATE, 1, 0))
    return Linker(
        f"C{number}",
        f"KEY{number}",
        raw.family,
        ("At", "C"),
        raw.positions,
        (Bond(0, 1, 1.0),),
        anchors,
        raw.source,
        model_version=raw.model_version,
    )


def assemble(linkers: Sequence[Linker], *, log: str, session: int, delay_s: float) -> Framework | Rejected:
    keys = tuple(linker.key for linker in linkers)
    _note(log, session, "assemble", "+".join(keys), delay_s)
    rng = random.Random("".join(keys))
    if rng.random() < 0.1:
        return Rejected(Stage.ASSEMBLE, Reason.CLASH, "too close")
    versions = tuple(linker.model_version for linker in linkers)
    smiles = tuple(linker.smiles for linker in linkers)
    lineage = Lineage("zn", "pcu", 0, smiles, keys, ("stand-in",) * len(keys), versions)
    identity = f"{rng.getrandbits(128):032x}"
    return Framework(identity, ("Zn", "O"), [[0, 0, 0], [2, 2, 2]], 10 * _identity(), name="mof", lineage=lineage)


def validate(
    framework: Framework,
    *,
    seed: int,
    log: str,
    session: int,
    delay_s: float,
    on_progress: Callable[[float, str], None] | None = None,
) -> Stability | Rejected:
    _note(log, session, "validate", seed, delay_s)
    if on_progress is not None:
        on_progress(0.5, "half-way")
    strain = random.Random(framework.id).uniform(0.0, 0.5)
    if strain > 0.4:
        return Rejected(Stage.VALIDATE, Reason.UNSTABLE, f"strain {strain:.2f}")
    return Stability(framework, strain, strain, (strain,), 10, 10, 0.5, 300.0, 1e5, (2, 2, 2), 1.0, "stand-in", 0.0)


def optimize(framework: Framework, *, seed: int, log: str, session: int, delay_s: float) -> Optimized:
    _note(log, session, "optimize", seed, delay_s)
    return Optimized(framework, -1.0, 0.01, 0.0, 3, True, "stand-in", 0.0)


def charges(framework: Framework, *, seed: int, log: str, session: int, delay_s: float) -> Charges:
    _note(log, session, "charges", seed, delay_s)
    return Charges([1.0, -1.0], "stand-in", True, ChargeGate(True, 0.0, -1.0, 1.0, 1.0), 0.0)


def adsorb(framework: Framework, *, seed: int, log: str, session: int, delay_s: float) -> Uptake:
    _note(log, session, "adsorb", seed, delay_s)
    assert framework.charges is not None
    uptake = random.Random(framework.id).uniform(0.0, 4.0)
    return Uptake(
        uptake, 0.1, float("nan"), 0.0, "CO2", 1e4, 300.0, "stand-in", framework.charge_method, (1, 1, 1), 9, True, 0.0
    )


def adsorb_at(
    framework: Framework,
    *,
    seed: int,
    log: str,
    session: int,
    delay_s: float,
    engine: str = "grid",
    gas: str = "CO2",
    pressure_pa: float = 1e4,
    chains: int = 0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Uptake | Rejected:
    """Take up in proportion to the pressure, a little more by another engine; soft at very high pressures."""
    _note(log, session, "adsorb", f"{framework.id}/{engine}/{pressure_pa:g}", delay_s)
    assert not (chains and engine != "grid"), "an option of another engine"
    if gas == "Xe":
        raise InputError(f"{engine} does not know Xe")
    if pressure_pa > 1e6:
        return Rejected(Stage.ADSORB, Reason.PORE_TOO_NARROW, "too much")
    if on_progress is not None:
        on_progress(0.5, "half-way")
    amount = random.Random(framework.id).uniform(1.0, 4.0) * pressure_pa / 1e4
    pores = PoreGeometry(9.0, 5.0, 1000.0, 0.4, 1.8, 3, "stand-in")
    return Uptake(
        amount + 0.05 * (engine != "grid"), 0.1, 20.0, 1.0, gas, pressure_pa, 300.0, "stand-in", "", (1, 1, 1), 9, True,
        0.0, pores, engine=engine, molar_mass_g_per_mol=44.0, density_g_per_cm3=framework.density_g_per_cm3,
    )  # fmt: skip


@wraps(adsorb_at)
def adsorb_or_crash(framework: Framework, *, engine: str = "grid", **others: object) -> Uptake | Rejected:
    """Die as the judge, as compiled code can."""
    if engine != "grid":
        os.abort()
    return adsorb_at(framework, engine=engine, **others)  # type: ignore[arg-type]


def train(examples: Sequence[Linker], *, seed: int, log: str, session: int, delay_s: float) -> ModelRef:
    _note(log, session, "train", seed, delay_s)
    keys = sorted(linker.key for linker in examples)
    return ModelRef("stand-in", str(len(keys)).encode(), ".txt", len(keys), "count", {"seed": float(seed % 7)}, 0.0)


def train_badly(examples: Sequence[Linker], *, seed: int, log: str, session: int, delay_s: float) -> ModelRef:
    """Fail, as a training can."""
    raise FloatingPointError("the loss is not a number")


def train_broken(examples: Sequence[Linker], *, seed: int, log: str, session: int, delay_s: float) -> ModelRef:
    """Say that the loss is not a number, as the training loop does."""
    _note(log, session, "train", seed, delay_s)
    raise EngineError("the loss is nan at step 7", where="train", action="Look at the examples")


def train_weighted(
    examples: Sequence[Linker], *, seed: int, example_weights: Sequence[float], log: str, session: int, delay_s: float
) -> ModelRef:
    """Log the weights of the examples."""
    _note(log, session, "weights", ",".join(f"{weight:.6f}" for weight in example_weights), delay_s)
    return train(examples, seed=seed, log="", session=session, delay_s=0.0)


def generate_asked(family: str, *, conditions: Conditions, **others: object) -> Iterator[list[RawLinker]]:
    """Log what linkers are asked to be like."""
    _note(str(others["log"]), 0, "asked", str(conditions).replace(" ", ""), 0.0)
    return generate(family, **others)  # type: ignore[arg-type]


@wraps(process)
def process_or_crash(raw: RawLinker, **others: object) -> Linker | Rejected:
    """Die over one linker in ten, as compiled code can."""
    if int(raw.positions[1, 0]) % 10 == 7:
        os.abort()
    return process(raw, **others)  # type: ignore[arg-type]


@wraps(validate)
def validate_with_child(framework: Framework, **others: object) -> Stability | Rejected:
    """Validate, after leaving a child in a session of its own, as engines do."""
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    return validate(framework, **others)  # type: ignore[arg-type]


def crash(framework: Framework, *, seed: int, log: str, session: int, delay_s: float) -> Stability:
    """Die, as compiled code can."""
    _note(log, session, "validate", seed, delay_s)
    os.abort()


def fail(framework: Framework, *, seed: int, log: str, session: int, delay_s: float) -> Stability:
    """Raise what no engine should raise."""
    _note(log, session, "validate", seed, delay_s)
    raise ZeroDivisionError("a bug in an engine")


def hang(framework: Framework, *, seed: int, log: str, session: int, delay_s: float) -> Stability:
    """Never return."""
    _note(log, session, "validate", seed, delay_s)
    time.sleep(600)
    raise AssertionError


def _identity() -> object:
    import numpy as np

    return np.eye(3)
