"""The policy: what runs next. Pure: no clock, no threads, no I/O, no global randomness.

It is a state that only three things change: a task that begins (`begin`), a batch that arrives (`on_stream`) and a
task that ends (`on_result`). What should run next (`choose`) is a question and changes nothing; its random choices
follow from the seed and the serial number of the task. Hence the state is a function of the recorded events, and
replaying them into a fresh policy gives the live policy back.

The rules are those of the MOFA paper (section III-C): linkers are generated and processed all the time; MOFs are
assembled from the newest linkers once there are four of each family; the newest MOF is validated first; the most stable
goes on to optimisation, charges and adsorption.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from mofa.campaign.queues import Entry, Line, Ranking, Shelf, Stack
from mofa.campaign.settings import PolicySettings
from mofa.campaign.tasks import Batch, Outcome, Task, TaskKind, derived_seed
from mofa.chemistry.results import TRAINABLE_STRAIN


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
        self._generating: dict[str, int] = {}
        """Linkers streamed so far by each running generate task."""
        self._generated = 0
        self._dry: set[str] = set()
        """Families of which a whole generate task gave nothing."""
        self._batches = Line()
        self._shelf = Shelf(
            settings.recipe, settings.linker_window, settings.min_linkers_per_family, settings.max_mofs_per_linker
        )
        self._known_mofs: set[str] = set()
        self._mofs = Stack(settings.max_waiting_mofs)
        self._stable = Ranking()
        self._relaxed = Line()
        self._charged = Line()

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
                return self._about(kind, self._batches.first())
            case TaskKind.ASSEMBLE:
                return self._choose_assemble()
            case TaskKind.VALIDATE:
                return self._about(kind, self._mofs.top())
            case TaskKind.OPTIMIZE:
                return self._about(kind, self._stable.best())
            case TaskKind.CHARGES:
                return self._about(kind, self._relaxed.first())
            case TaskKind.ADSORB:
                return self._about(kind, self._charged.first())
            case TaskKind.TRAIN:
                return None

    def begin(self, task: Task) -> None:
        """A task has been submitted: it leaves its queue."""
        self._begun[task.kind] += 1
        match task.kind:
            case TaskKind.GENERATE:
                self._generating[task.id] = 0
            case TaskKind.PROCESS:
                self._batches.take(task.subject)
            case TaskKind.ASSEMBLE:
                self._shelf.use(task.inputs)
            case TaskKind.VALIDATE:
                self._mofs.take(task.subject)
            case TaskKind.OPTIMIZE:
                self._stable.take(task.subject)
            case TaskKind.CHARGES:
                self._relaxed.take(task.subject)
            case TaskKind.ADSORB:
                self._charged.take(task.subject)

    def on_stream(self, task: Task, batch: Batch) -> None:
        """A running generate task has given a batch of raw linkers."""
        self._generated += batch.n
        self._generating[task.id] = self._generating.get(task.id, 0) + batch.n
        if batch.n:
            self._batches.add(Entry(batch.key, batch.ref))

    def on_result(self, task: Task, outcome: Outcome) -> None:
        """A task has ended."""
        match task.kind:
            case TaskKind.GENERATE:
                if not self._generating.pop(task.id, 0) and outcome.ok:
                    self._dry.add(task.subject)
            case TaskKind.PROCESS:
                for product in outcome.products:
                    self._shelf.add(product.family, Entry(product.key, product.ref))
            case TaskKind.ASSEMBLE:
                for product in outcome.products:
                    if product.key not in self._known_mofs:
                        self._known_mofs.add(product.key)
                        self._mofs.add(Entry(product.key, product.ref))
            case TaskKind.VALIDATE:
                for product in outcome.products:
                    if product.score is not None and product.score < TRAINABLE_STRAIN:
                        self._stable.add(Entry(task.subject, product.ref), product.score)
            case TaskKind.OPTIMIZE:
                for product in outcome.products:
                    self._relaxed.add(Entry(task.subject, product.ref))
            case TaskKind.CHARGES:
                for product in outcome.products:
                    self._charged.add(Entry(task.subject, product.ref))

    def waiting(self) -> Mapping[TaskKind, int]:
        """Length of the queue before each kind of task; for assemble the linkers that may still be used."""
        return {
            TaskKind.PROCESS: len(self._batches),
            TaskKind.ASSEMBLE: len(self._shelf),
            TaskKind.VALIDATE: len(self._mofs),
            TaskKind.OPTIMIZE: len(self._stable),
            TaskKind.CHARGES: len(self._relaxed),
            TaskKind.ADSORB: len(self._charged),
        }

    def state(self) -> dict[str, object]:
        """Everything that decisions depend on; two policies with equal states decide alike."""
        return dict(vars(self))

    def _choose_generate(self) -> Task | None:
        """Families take turns; wait while processing lags behind, end when a family has nothing more to give."""
        rule = self._settings
        if self._dry or len(self._batches) + len(self._generating) >= rule.max_waiting_batches:
            return None
        if rule.max_generated is not None and self._generated >= rule.max_generated:
            return None
        serial = self._begun[TaskKind.GENERATE]
        family = self._families[serial % len(self._families)].value
        seed = derived_seed(self._seed, TaskKind.GENERATE, serial)
        return Task(self._id(TaskKind.GENERATE), TaskKind.GENERATE, (), {"family": family, "seed": seed}, family)

    def _choose_assemble(self) -> Task | None:
        """New combinations of the newest linkers."""
        task_id = self._id(TaskKind.ASSEMBLE)
        found = self._shelf.pick(self._settings.mofs_per_assembly, derived_seed(self._seed, task_id))
        if not found:
            return None
        refs = tuple(entry.ref for combination in found for entry in combination)
        group = len(self._settings.recipe)
        return Task(task_id, TaskKind.ASSEMBLE, refs, {"linkers_per_mof": group}, f"{len(found)} MOFs")

    def _about(self, kind: TaskKind, entry: Entry | None) -> Task | None:
        """A task of a kind on one entry; its seed follows from what it is about, not from when it runs."""
        if entry is None:
            return None
        options = {"seed": derived_seed(self._seed, kind, entry.key)}
        return Task(self._id(kind), kind, (entry.ref,), options, entry.key)

    def _id(self, kind: TaskKind) -> str:
        return f"{kind.value}-{self._begun[kind]:06d}"
