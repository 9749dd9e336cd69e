"""What a worker must know to do a task, and the small messages that it sends. Cheap to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from mofa.campaign.tasks import Task, TaskKind
from mofa.errors import EngineMissingError
from mofa.store.files import FileStore
from mofa.store.outbox import Outbox

TASK_FUNCTIONS: Mapping[TaskKind, str] = {
    TaskKind.GENERATE: "mofa.generate:generate",
    TaskKind.PROCESS: "mofa.process:process",
    TaskKind.ASSEMBLE: "mofa.assemble:assemble",
    TaskKind.VALIDATE: "mofa.validate:validate",
    TaskKind.OPTIMIZE: "mofa.optimize:optimize",
    TaskKind.CHARGES: "mofa.charges:assign_charges",
    TaskKind.ADSORB: "mofa.adsorb:adsorb",
    TaskKind.TRAIN: "mofa.generate:train",
}
"""The task functions, imported by the worker that needs them."""


@dataclass(frozen=True)
class Workplace:
    """Where tasks find their files and what they call; travels with every task."""

    folder: str
    """Absolute path of the campaign folder."""
    options: Mapping[TaskKind, Mapping[str, Any]] = field(default_factory=dict)
    """Keyword options of each task function."""
    functions: Mapping[TaskKind, str] = field(default_factory=dict)
    """Functions to use instead of `TASK_FUNCTIONS`."""

    @property
    def files(self) -> FileStore:
        """The campaign's structures."""
        return FileStore(Path(self.folder, "files"))

    @property
    def outbox(self) -> Outbox:
        """The campaign's fresh results."""
        return Outbox(Path(self.folder, "outbox"))

    def task_options(self, task: Task) -> dict[str, Any]:
        """Options of a task and of its kind; sequences, which come from JSON as lists, as tuples."""
        options = {**self.options.get(task.kind, {}), **task.options}
        return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}

    def target(self, kind: TaskKind) -> str:
        """The task function of a kind as ``module:function``."""
        return self.functions.get(kind, TASK_FUNCTIONS.get(kind, ""))

    def function(self, kind: TaskKind) -> Callable[..., Any]:
        """The task function of a kind.

        Raises:
            EngineMissingError: there is none, or its module cannot be imported.
        """
        target = self.target(kind)
        module, _, name = target.partition(":")
        try:
            function: Callable[..., Any] = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise EngineMissingError(
                f"there is no task function for {kind} ({error})",
                where=target,
                action="Repair the installation of MOFA",
            ) from error
        return function


@dataclass(frozen=True)
class Completion:
    """What a finished task returns: its result, which lies in the outbox too."""

    task_id: str
    result: Mapping[str, Any]
    """A `mofa.store.payloads.TaskResult` as JSON values."""


@dataclass(frozen=True)
class Begun:
    """The task is on a worker: from now on its time counts."""


@dataclass(frozen=True)
class BatchReady:
    """A streamed batch lies in the outbox."""

    index: int


@dataclass(frozen=True)
class Progress:
    """How far a task is."""

    fraction: float
    text: str
