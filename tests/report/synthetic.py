"""A campaign folder with known contents, written through the store's own interface; the numbers are made up."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from mofa.chemistry import (
    ChargeGate,
    Charges,
    Framework,
    Lineage,
    Optimized,
    PoreGeometry,
    Reason,
    Rejected,
    Stability,
    Stage,
    Uptake,
)
from mofa.chemistry.elements import is_metal
from mofa.store import codec
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import Event, EventKind, Item, Status, TaskResult, Timing
from mofa.store.records import ObjectiveRecord

START_S = 1_790_000_000.0
BDC, DCB = "O=C(O)c1ccc(C(=O)O)cc1", "N#Cc1ccc(C#N)cc1"
CONFIG = '[campaign]\nname = "a <test> campaign"\nseed = 7\n'


def charged(framework: Framework) -> Framework:
    """The framework with charges that sum to zero and differ from atom to atom."""
    raw = np.array([1.0 if is_metal(symbol) else -0.2 for symbol in framework.symbols])
    raw = raw + 0.01 * np.sin(np.arange(len(raw)))
    return framework.with_charges(np.round(raw - raw.mean(), 8), "GFN1-xTB")


def lineage(*linkers: str) -> Lineage:
    """A lineage with one source and one made-up key per linker."""
    chosen = linkers or (BDC, BDC, DCB)
    keys = tuple(f"KEY{k}" for k in range(len(chosen)))
    return Lineage("zn-paddlewheel-pillar", "pcu", 0, chosen, keys, ("library",) * len(chosen))


def uptake(mol_per_kg: float, error: float = 0.03, **changes) -> Uptake:
    """An uptake at 0.1 bar and 300 K."""
    pores = PoreGeometry(9.31, 7.42, 2210.0, 0.412, 1.86, 3, "Zeo++")
    made = Uptake(
        mol_per_kg, error, 24.1, 0.8, "CO2", 1e4, 300.0, "RASPA3", "GFN1-xTB", (2, 2, 2), 8000, True, 61.0, pores
    )
    return replace(made, **changes)


@dataclass
class Writer:
    """Writes the events of tasks, one after another, two workers in turn."""

    folder: CampaignFolder
    now_s: float = START_S
    counts: dict[Stage, int] = field(default_factory=dict)

    def task(
        self, kind: Stage, items=(), *, subject="s", wall_s=4.0, status=Status.DONE, batches=0, detail="", options=None
    ) -> str:
        """Submit and end a task."""
        serial = self.counts[kind] = self.counts.get(kind, -1) + 1
        task_id = f"{kind}-{serial:06d}"
        worker = f"node:{100 + serial % 2}"
        self.event(task_id, kind, EventKind.SUBMITTED, {"inputs": [], "options": options or {}, "subject": subject})
        for index in range(batches):
            payload = {"index": index, "ref": "", "n": 16, "family": subject}
            self.event(task_id, kind, EventKind.BATCH, payload, serial=index)
        timing = Timing(worker, self.now_s, self.now_s + wall_s, 0.9 * wall_s)
        result = TaskResult(status, tuple(items), timing, batches, detail)
        self.now_s += wall_s / 2
        self.event(task_id, kind, EventKind.RESULT, result.to_json())
        return task_id

    def event(self, task_id, kind, event, payload, serial=None) -> None:
        """Append one event."""
        name = f"{task_id}/{event}" if serial is None else f"{task_id}/{event}-{serial}"
        with self.folder.events() as events:
            events.append(Event(name, self.now_s, event, task_id, str(kind), payload))
        self.now_s += 0.05

    def linker(self, key: str, smiles: str, family: str, n_atoms: int) -> None:
        """A linker that processing accepts."""
        value = {"smiles": smiles, "source": "library", "n_atoms": n_atoms}
        self.task(Stage.PROCESS, [Item(key, "", family, value=value)], wall_s=0.2)

    def refuse(self, stage: Stage, reason: Reason, key: str, detail: str = "made up") -> None:
        """A refusal of something."""
        ref = self.folder.files.put(f"{stage} {reason} {key}".encode(), ".txt")
        self.task(stage, [Item(key, ref, rejected=Rejected(stage, reason, detail, (0, 3)))], subject=key)

    def assemble(self, framework: Framework) -> None:
        """An assembled MOF."""
        files = self.folder.files
        value = {"name": framework.name, "n_atoms": len(framework), "lineage": codec.encode(framework.lineage, files)}
        self.task(Stage.ASSEMBLE, [Item(framework.id, codec.put_framework(framework, files), value=value)], wall_s=0.6)

    def validate(self, framework: Framework, strain: float, trace=(0.02, 0.04, 0.05)) -> None:
        """A MOF with a strain."""
        result = Stability(
            framework, strain, strain * 1.05, (*trace, strain), 20_000, 5000, 0.5, 300.0, 101325.0, (2, 2, 2), 0.98,
            "UFF4MOF, LAMMPS", 31.0,
        )  # fmt: skip
        self._structure(Stage.VALIDATE, framework, result, wall_s=30.0)

    def optimize(self, framework: Framework) -> None:
        """A relaxed MOF."""
        self._structure(
            Stage.OPTIMIZE,
            framework,
            Optimized(framework, -1234.5, 0.041, 0.02, 17, True, "GFN1-xTB", 44.0),
            wall_s=45.0,
        )

    def charge(self, framework: Framework) -> None:
        """A MOF with charges."""
        q = framework.charges
        gate = ChargeGate(True, float(q.sum()), float(q.min()), float(q.max()), 0.7)
        self._structure(Stage.CHARGES, framework, Charges(q, framework.charge_method, True, gate, 0.4), wall_s=0.5)

    def session(self, objective: ObjectiveRecord) -> None:
        """A session with its objective."""
        facts = {"server": "inline", "pools": {"cpu": 2}, "objective": asdict(objective)}
        self.event("session-0", "", EventKind.SESSION, facts)

    def adsorb(self, framework: Framework, result: Uptake, **facts) -> None:
        """A MOF with an uptake, and facts of its item's value besides."""
        value = codec.encode(result, self.folder.files) | codec.encode(facts, self.folder.files)
        item = Item(framework.id, "", score=facts.get("objective", result.uptake_mol_per_kg), value=value)
        self.task(Stage.ADSORB, [item], subject=framework.id, wall_s=60.0)

    def judge(self, key: str, result: Uptake | Rejected | str) -> None:
        """A second opinion: an uptake, a refusal, or how its task crashed."""
        how = {"subject": key, "options": {"engine": "raspa3", "judge": True}}
        if isinstance(result, str):
            self.task(Stage.ADSORB, status=Status.CRASHED, detail=result, **how)
        elif isinstance(result, Rejected):
            self.task(Stage.ADSORB, [Item(key, "", rejected=result)], **how)
        else:
            value = codec.encode(result, self.folder.files) | {"judged": True}
            self.task(Stage.ADSORB, [Item(key, "", value=value)], **how)

    def whole(self, framework: Framework, strain: float, result: Uptake, **facts) -> Framework:
        """A MOF from assembly to its uptake; returns it as it is stored last, with charges."""
        final = charged(framework)
        self.assemble(framework)
        self.validate(framework, strain)
        self.optimize(framework)
        self.charge(final)
        self.adsorb(final, result, **facts)
        return final

    def _structure(self, stage: Stage, framework: Framework, result, *, wall_s: float) -> None:
        value = codec.encode(result, self.folder.files)
        value.pop("framework", None)
        ref = codec.put_framework(framework, self.folder.files)
        self.task(stage, [Item(framework.id, ref, value=value)], subject=framework.id, wall_s=wall_s)


def new_campaign(path: Path, config: str = CONFIG) -> Writer:
    """A campaign without events."""
    return Writer(CampaignFolder.create(path, config))
