"""The policy: what runs next. Pure: no clock, no threads, no I/O, no global randomness.

It is a state that only three things change: a task that begins (`begin`), a batch that arrives (`on_stream`) and a
task that ends (`on_result`). What should run next (`choose`) is a question and changes nothing; its random choices
follow from the seed and the serial number of the task. Hence the state is a function of the recorded events, and
replaying them into a fresh policy gives the live policy back.

The rules are those of the MOFA paper (section III-C): linkers are generated and processed all the time; MOFs are
assembled from the newest linkers once there are four of each family; the newest MOF is validated first; the most stable
goes on to optimisation, charges and adsorption (or that of the highest `PolicySettings.priority`); the generator is
retrained on the best whenever their set has grown.
Beyond the paper, which wished for it, generate tasks of an older model end with their next batch (`outdated`), and
linkers of the newest model are processed first; of the MOFs of one assemble task the most promising is validated
first; dynamics may come in several lengths, of which the longer ones are for the best (`fidelity`); what is best in the
end says an expression of the campaign's; and the best are simulated by a second adsorption engine (`judging`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import chain
from math import inf

from mofa.campaign.curriculum import Curriculum, Regime
from mofa.campaign.fidelity import Fidelity
from mofa.campaign.judging import Judging
from mofa.campaign.queues import Line, Ranking, Shelf, Stack
from mofa.campaign.settings import PolicySettings
from mofa.campaign.tasks import Batch, Outcome, Product, Task, TaskKind, derived_seed
from mofa.store.payloads import JUDGE

PRESCREEN_WEIGHT = 0.25
"""Of the strain that a pre-screen expects beside that of a run, where runs to be prolonged are ranked."""


class Policy:
    """Decides what runs next.

    Args:
        settings: thresholds.
        seed: seed of every random choice.
    """

    def __init__(self, settings: PolicySettings, *, seed: int) -> None:
        self._settings = settings
        self._seed = seed
        self._families = tuple(dict.fromkeys(settings.recipe))
        self._begun: Counter[TaskKind] = Counter()
        self._running: Counter[TaskKind] = Counter()
        self._generating: dict[str, int] = {}
        """Linkers streamed so far by each running generate task."""
        self._version_of: dict[str, int] = {}
        """Version of the model of each running generate task."""
        self._generated = 0
        self._dry: set[str] = set()
        """Families of which a whole generate task gave nothing."""
        self._batches = Line()
        self._older = Line()
        """Batches of older models, which wait for the moment when there is no other."""
        self._shelf = Shelf(
            settings.recipe, settings.linker_window, settings.min_linkers_per_family, settings.max_mofs_per_linker
        )
        self._known_mofs: set[str] = set()
        self._mofs = Stack(settings.max_waiting_mofs)
        self._expected: dict[str, float] = {}
        """Strain that a pre-screen expects of MOFs, where there is one."""
        self._stable = Ranking()
        self._relaxed = Line()
        self._charged = Line()
        self._judging = Judging(settings.judge_top if settings.judge else 0)
        limit = settings.curriculum.strain_limit
        self._fidelity = Fidelity(settings.dynamics_steps, settings.prolong_share, limit)
        self._curriculum = Curriculum(settings.curriculum)
        self._model: tuple[int, str] = (0, "")
        """Version and file of the generator's newest weights; version 0 is the pre-trained model."""

    def next(self, kind: TaskKind) -> Task | None:
        """The next task of a kind, begun; None, and nothing changed, if there is none."""
        task = self.choose(kind)
        if task is not None:
            self.begin(task)
        return task

    def choose(self, kind: TaskKind) -> Task | None:
        """The task of a kind that should run next; changes nothing."""
        match kind:
            case TaskKind.GENERATE:
                return self._choose_generate()
            case TaskKind.PROCESS:
                return self._about(kind, self._batches.first() or self._older.first())
            case TaskKind.ASSEMBLE:
                return self._choose_assemble()
            case TaskKind.VALIDATE:
                return self._choose_validate()
            case TaskKind.OPTIMIZE:
                return self._about(kind, self._stable.best())
            case TaskKind.CHARGES:
                return self._about(kind, self._relaxed.first())
            case TaskKind.ADSORB:
                return self.choose_judge() or self._choose_adsorb()
            case TaskKind.TRAIN:
                return self._choose_train()

    def choose_judge(self) -> Task | None:
        """The task of the judge that should run next; changes nothing."""
        return self._about(TaskKind.ADSORB, self._judging.due(), {"engine": self._settings.judge, JUDGE: True})

    def begin(self, task: Task) -> None:
        """A task has been submitted: it leaves its queue."""
        self._begun[task.kind] += 1
        self._running[task.kind] += 1
        match task.kind:
            case TaskKind.GENERATE:
                self._generating[task.id] = 0
                self._version_of[task.id] = task.options.get("model_version", 0)
            case TaskKind.PROCESS:
                self._batches.take(task.subject)
                self._older.take(task.subject)
            case TaskKind.ASSEMBLE:
                self._shelf.use(task.inputs, task.options["linkers_per_mof"])
            case TaskKind.VALIDATE:
                self._mofs.take(task.subject)
                self._fidelity.begin(task.subject, task.options.get("rung", 0))
            case TaskKind.OPTIMIZE:
                self._stable.take(task.subject)
            case TaskKind.CHARGES:
                self._relaxed.take(task.subject)
            case TaskKind.ADSORB:
                if task.is_judge:
                    self._judging.begin(task.subject)
                else:
                    self._charged.take(task.subject)
            case TaskKind.TRAIN:
                self._curriculum.begin(Regime(task.options["ranked_by"]), task.options["candidates"])

    def on_stream(self, task: Task, batch: Batch) -> None:
        """A running generate task has given a batch of raw linkers."""
        self._generated += batch.n
        self._generating[task.id] = self._generating.get(task.id, 0) + batch.n
        if batch.n:
            line = self._older if task.id in self.outdated() else self._batches
            line.add(Product(batch.key, batch.ref))

    def on_result(self, task: Task, outcome: Outcome) -> None:
        """A task has ended."""
        self._running[task.kind] -= 1
        match task.kind:
            case TaskKind.GENERATE:
                n = self._generating.pop(task.id, 0)
                # One of an older model may have been ended before its first batch, which says nothing about its stock.
                if self._version_of.pop(task.id, 0) == self.model_version and not n and outcome.ok:
                    self._dry.add(task.subject)
            case TaskKind.PROCESS:
                self._shelf.add(outcome.products)
            case TaskKind.ASSEMBLE:
                fresh = {mof.key: mof for mof in outcome.products if mof.key not in self._known_mofs}
                self._known_mofs.update(fresh)
                self._expected |= {key: mof.score for key, mof in fresh.items() if mof.score is not None}
                self._mofs.add(fresh.values())
            case TaskKind.VALIDATE:
                if outcome.cut_off:
                    self._fidelity.cut_off(_as_assembled(task), task.options.get("rung", 0))
                for product in outcome.products:
                    if product.score is not None and product.score < self._settings.curriculum.strain_limit:
                        self._survived(task, product, product.score)
            case TaskKind.OPTIMIZE:
                for product in outcome.products:
                    self._relaxed.add(Product(task.subject, product.ref))
            case TaskKind.CHARGES:
                for product in outcome.products:
                    self._charged.add(Product(task.subject, product.ref))
            case TaskKind.ADSORB:
                for product in outcome.products:
                    if product.score is not None and not task.is_judge:
                        self._curriculum.add_objective(task.subject, product.score)
                        self._judging.add(Product(task.subject, product.ref), product.score)
            case TaskKind.TRAIN:
                self._curriculum.end()
                for product in outcome.products:
                    self._take_up(task.options["model_version"], product.ref)

    @property
    def model_version(self) -> int:
        """Version of the model that the next generate task uses; 0 is the pre-trained one."""
        return self._model[0]

    def outdated(self) -> tuple[str, ...]:
        """Ids of the generate tasks that run on an older model and are to end with their next batch."""
        if not self._settings.restart_on_new_model:
            return ()
        newest = self.model_version
        return tuple(task_id for task_id, version in self._version_of.items() if version < newest)

    def waiting(self) -> Mapping[TaskKind, int]:
        """Length of the queue before each kind of task; for assemble the linkers that may still be used."""
        return {
            TaskKind.PROCESS: len(self._batches) + len(self._older),
            TaskKind.ASSEMBLE: len(self._shelf),
            TaskKind.VALIDATE: len(self._mofs) + len(self._fidelity),
            TaskKind.OPTIMIZE: len(self._stable),
            TaskKind.CHARGES: len(self._relaxed),
            TaskKind.ADSORB: len(self._charged) + len(self._judging),
        }

    def state(self) -> dict[str, object]:
        """Everything that decisions depend on; two policies with equal states decide alike."""
        return dict(vars(self))

    def _choose_generate(self) -> Task | None:
        """Families take turns; wait while processing lags behind, end when a family has nothing more to give.

        What older models have left to be processed keeps no new one waiting.
        """
        rule = self._settings
        streams = len(self._generating) - len(self.outdated())
        if self._dry or len(self._batches) + streams >= rule.max_waiting_batches:
            return None
        if rule.max_generated is not None and self._generated >= rule.max_generated:
            return None
        serial = self._begun[TaskKind.GENERATE]
        family = self._families[serial % len(self._families)].value
        version, weights = self._model
        options = {
            "family": family,
            "seed": derived_seed(self._seed, TaskKind.GENERATE, serial),
            "model_version": version,
        }
        inputs = (weights,) if weights else ()
        return Task(self._id(TaskKind.GENERATE), TaskKind.GENERATE, inputs, options, family)

    def _choose_validate(self) -> Task | None:
        """A run that goes on, or the newest MOF; runs beyond the best share only where no MOF is under way."""
        kind = TaskKind.VALIDATE
        newest = self._mofs.top()
        due = self._fidelity.due(idle=newest is None and not self._mof_is_coming())
        if due is not None:
            return self._about(kind, due.entry, self._fidelity.options(due.rung))
        return self._about(kind, newest, self._fidelity.options(0))

    def _mof_is_coming(self) -> bool:
        """Whether linkers are being processed, or a MOF is being assembled or could be."""
        if len(self._batches) or len(self._older):
            return True
        at_work = any(self._running[kind] > 0 for kind in (TaskKind.PROCESS, TaskKind.ASSEMBLE))
        return at_work or self._choose_assemble() is not None

    def _survived(self, task: Task, product: Product, strain: float) -> None:
        """A MOF has kept its shape: it goes on to longer dynamics, or to optimisation and into the training set."""
        # Both together tell the end better than the strain so far (benchmarks/stability.md).
        rank = strain + PRESCREEN_WEIGHT * self._expected.get(task.subject, 0.0)
        if not self._fidelity.survived(_as_assembled(task), task.options.get("rung", 0), rank):
            self._stable.add(Product(task.subject, product.ref), self._place(strain, product))
            self._curriculum.add_strain(task.subject, strain, task.inputs[1:])

    def _place(self, strain: float, product: Product) -> float:
        """Where a MOF is in the queue for optimisation, the lowest first: last, if its priority is not known."""
        priority = self._settings.priority.value({**(product.measures or {}), "strain": strain})
        return inf if priority is None else -priority

    def _choose_adsorb(self) -> Task | None:
        """The MOF that has waited longest; its strain goes along, for the objective may hang on it."""
        first = self._charged.first()
        strain = None if first is None else self._curriculum.strain(first.key)
        return self._about(TaskKind.ADSORB, first, {} if strain is None else {"strain": strain})

    def _take_up(self, version: int, weights: str) -> None:
        """There is a new model: what waits is of an older one."""
        self._model = (version, weights)
        if self._settings.restart_on_new_model:
            while (batch := self._batches.first()) is not None:
                self._batches.take(batch.key)
                self._older.add(batch)

    def _choose_train(self) -> Task | None:
        """Training on the linkers of the best MOFs so far, best first; a linker of two MOFs counts twice."""
        if not self._settings.retrain:
            return None
        examples = self._curriculum.due()
        if not examples:
            return None
        ranked_by, n = self._curriculum.candidates
        version = self._begun[TaskKind.TRAIN] + 1
        options = {
            "model_version": version,
            "ranked_by": ranked_by.value,
            "candidates": n,
            "mofs": len(examples),
            "seed": derived_seed(self._seed, TaskKind.TRAIN, version),
        }
        linkers = tuple(ref for example in examples for ref in dict.fromkeys(example.linkers))
        return Task(self._id(TaskKind.TRAIN), TaskKind.TRAIN, linkers, options, f"model {version}")

    def _choose_assemble(self) -> Task | None:
        """New combinations of the newest linkers."""
        if self._running[TaskKind.ASSEMBLE] >= self._settings.assembly_slots:
            return None
        task_id = self._id(TaskKind.ASSEMBLE)
        found = self._shelf.pick(self._settings.mofs_per_assembly, derived_seed(self._seed, task_id))
        if not found:
            return None
        refs = tuple(chain.from_iterable(found))
        group = len(self._settings.recipe)
        return Task(task_id, TaskKind.ASSEMBLE, refs, {"linkers_per_mof": group}, f"{len(found)} MOFs")

    def _about(self, kind: TaskKind, entry: Product | None, options: Mapping[str, object] | None = None) -> Task | None:
        """A task of a kind on one entry; its seed follows from what it is about, not from when it runs."""
        if entry is None:
            return None
        options = {"seed": derived_seed(self._seed, kind, entry.key), **(options or {})}
        # A MOF's linkers go along: what is learnt from it must not hang on how long the queues of a session are.
        return Task(self._id(kind), kind, (entry.ref, *entry.parts), options, entry.key)

    def _id(self, kind: TaskKind) -> str:
        return f"{kind.value}-{self._begun[kind]:06d}"


def _as_assembled(task: Task) -> Product:
    """The MOF of a validate task, as it was before: what its run goes on from."""
    return Product(task.subject, "".join(task.inputs[:1]), parts=task.inputs[1:])
