"""Parsl's HighThroughputExecutor as MOFA uses it: how one is set up, and how one is kept alive.

An executor is an *interchange* process beside the submitter and, in every block of nodes, a *manager* with its
workers. `make_executor` puts both under guardians, so that nothing of them outlives the submitter. `Lane` runs one
executor for one pool of a task server and replaces what dies.

Executors are used without Parsl's DataFlowKernel: that adds a second layer of futures, retries and block scaling which
the task server does not want, there is one for the whole process, and it cannot replace an executor that has died.
"""

from __future__ import annotations

import logging
import math
import shlex
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
from parsl.executors import HighThroughputExecutor
from parsl.executors.high_throughput.executor import DEFAULT_LAUNCH_CMD
from parsl.jobs.error_handlers import noop_error_handler
from parsl.jobs.states import JobState, JobStatus
from parsl.providers.base import ExecutionProvider

from mofa.compute import guardian
from mofa.compute.protocols import ServerSettings

logger = logging.getLogger(__name__)

_PARSL = "parsl.executors.high_throughput"
_END_S = 8.0
"""How long processes of a lane may take to end before they are killed, s."""
_QUICK_S = 60.0
"""What ends sooner than this after its start, while no call of its pool has run, could not start properly, s."""
_MAX_QUICK = 3
_CONNECT_MS = 30_000
"""How long an interchange that has started may take to take calls, ms."""
_BACKOFF_S = (0.0, 0.0, 0.0, 5.0, 15.0, 60.0)
"""Pause before a block is started again after so many in a row that could not start, s."""


class WorkersLostError(RuntimeError):
    """The processes that ran a call, or were to run it, have died."""


@dataclass(frozen=True)
class Blocks:
    """Where the workers of a pool come from."""

    provider: ExecutionProvider
    count: int = 1
    """Blocks, each of them one job for the provider."""
    workers_per_node: int = 1


MakeBlocks = Callable[[str, int, Path], Blocks]
"""Gives the blocks of a pool from its name, its number of workers, and a folder for the provider's own files. It is
called again when the pool's executor has to be replaced."""


def local_blocks(pool: str, workers: int, folder: Path) -> Blocks:
    """All workers of a pool in one block on this machine."""
    return Blocks(LocalBlocks(folder), 1, workers)


class LocalBlocks(ExecutionProvider):
    """Blocks on this machine, each a child process.

    Parsl's own LocalProvider starts a shell in the background, which neither needs quoting-proof folder names nor
    tells when a block has ended or been ended; a child process does.

    Args:
        folder: for what blocks print.
    """

    label = "local"
    status_polling_interval = 1

    def __init__(self, folder: Path) -> None:
        self.min_blocks = self.init_blocks = self.max_blocks = self.nodes_per_block = 1
        self.parallelism = 1.0
        self.cores_per_node = self.mem_per_node = None
        self.resources: dict[object, Any] = {}
        self._folder = folder
        self._jobs: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}

    def submit(self, command: str, tasks_per_node: int, job_name: str = "block") -> str:
        """Start a block; its identifier."""
        self._folder.mkdir(parents=True, exist_ok=True)
        output = self._folder / f"{job_name}.{time.time_ns()}.txt"
        with output.open("wb") as log:
            process = subprocess.Popen(
                shlex.split(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._jobs[str(process.pid)] = process, output
        return str(process.pid)

    def status(self, job_ids: Sequence[object]) -> list[JobStatus]:
        """Whether blocks run, and what those that do not have printed."""
        states = []
        for job_id in job_ids:
            process, output = self._jobs[str(job_id)]
            code = process.poll()
            state = JobState.RUNNING if code is None else JobState.FAILED if code else JobState.COMPLETED
            states.append(JobStatus(state, exit_code=code, stdout_path=str(output), stderr_path=str(output)))
        return states

    def cancel(self, job_ids: Sequence[object]) -> list[bool]:
        """End blocks; waits until they have ended."""
        processes = [self._jobs[str(job_id)][0] for job_id in job_ids]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _END_S
        for process in processes:
            try:
                process.wait(max(deadline - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return [True] * len(processes)


def make_executor(pool: str, blocks: Blocks, settings: ServerSettings, folder: Path) -> HighThroughputExecutor:
    """An executor for a pool, not yet started.

    Args:
        pool: its label.
        blocks: where its workers come from.
        settings: address, signs of life.
        folder: for its logs and certificates; whoever starts it puts them there (``executor.run_dir``).

    Messages are encrypted, and taken only from holders of the certificates, which none but their owner can read: an
    interchange unpickles what it gets, and other users of the same machine can reach its ports.
    """
    logs = folder / pool
    manager = shlex.join(guardian.command_line(sys.executable, [sys.executable, "-m", f"{_PARSL}.process_worker_pool"]))
    command = DEFAULT_LAUNCH_CMD.replace("process_worker_pool.py", _twice_formatted(manager))
    command = command.replace("{logdir}", _twice_formatted(shlex.quote(str(logs))))
    command = command.replace("{cert_dir}", _twice_formatted(shlex.quote(str(logs / "certificates"))))
    executor = HighThroughputExecutor(
        label=pool,
        provider=blocks.provider,
        launch_cmd=command,
        interchange_launch_cmd=guardian.command_line(sys.executable, [sys.executable, "-m", f"{_PARSL}.interchange"]),
        address=settings.address,
        max_workers_per_node=blocks.workers_per_node,
        cores_per_worker=0.001,  # the campaign counts cores, not Parsl
        heartbeat_period=max(round(settings.heartbeat_s), 1),
        heartbeat_threshold=max(math.ceil(settings.heartbeat_limit_s), 2),
        block_error_handler=noop_error_handler,  # Parsl's default gives an executor up for ever
        encrypted=True,
    )
    executor.run_dir = str(folder)
    executor.run_id = uuid.uuid4().hex
    if hasattr(blocks.provider, "script_dir"):
        blocks.provider.script_dir = str(folder / "submit_scripts")
        Path(blocks.provider.script_dir).mkdir(parents=True, exist_ok=True)
    return executor


def _twice_formatted(text: str) -> str:
    """A text that comes out as it is after Parsl has called `str.format` on it twice."""
    return text.replace("{", "{{{{").replace("}", "}}}}")


def _interchange(executor: HighThroughputExecutor) -> subprocess.Popen[bytes]:
    process: subprocess.Popen[bytes] | None = executor.interchange_proc
    if process is None:
        raise WorkersLostError("the executor was not started")
    return process


class Lane:
    """An executor for one pool. The interchange and blocks are replaced when they die; calls are not repeated.

    `submit` is for one thread, `look_after` and `stop` for another.

    Args:
        pool: name of the pool.
        workers: its number of workers.
        settings: of the server.
        folder: for Parsl's own files.
        make_blocks: where the workers come from.
    """

    def __init__(
        self, pool: str, workers: int, settings: ServerSettings, folder: Path, make_blocks: MakeBlocks
    ) -> None:
        self.pool = pool
        self.workers = workers
        self._settings = settings
        self._folder = folder
        self._make_blocks = make_blocks
        self._lock = threading.Lock()
        self._executor: HighThroughputExecutor | None = None
        self._cut = False
        """Nobody takes calls at the other end of the executor's socket."""
        self._starts = 0
        self._jobs: dict[str, float] = {}
        """Start of each block, monotonic s."""
        self._quick_ends = 0
        self._quick_deaths = 0
        self._started_s = 0.0
        self._next_start_s = 0.0

    def start(self) -> None:
        """Start interchange and blocks; returns when the interchange answers, before the workers do."""
        self._starts += 1
        self._started_s = time.monotonic()
        folder = self._folder / f"start-{self._starts}"
        blocks = self._make_blocks(self.pool, self.workers, folder / self.pool)
        executor = make_executor(self.pool, blocks, self._settings, folder)
        executor.start()  # type: ignore[no-untyped-call]
        self._jobs.clear()
        self._n_blocks = blocks.count
        self._provider = blocks.provider
        calls = executor.outgoing_q.zmq_socket
        calls.sndtimeo = 0  # without a peer it would wait for ever; with one it never waits
        cut = not calls.poll(_CONNECT_MS, zmq.POLLOUT)
        with self._lock:
            self._executor, self._cut = executor, cut
        self._fill_blocks(executor)

    @property
    def ready(self) -> bool:
        """Whether calls can be submitted now."""
        executor = self._executor
        if executor is None or self._cut or executor.bad_state_is_set:
            return False
        return _interchange(executor).poll() is None

    def submit(self, fn: Callable[..., object], *args: object) -> Future[Any] | None:
        """Run a call on a worker; None if the lane is not `ready`. Never waits.

        The future fails with what the function raised, with `WorkersLostError`, or with errors of Parsl.
        """
        with self._lock:
            if self._executor is None or not self.ready:
                return None
            try:
                future: Future[Any] = self._executor.submit(fn, {}, *args)
            except zmq.Again:  # the interchange has died, though its process may not have ended
                self._cut = True
                return None
            return future

    def worked(self) -> None:
        """Say that a call has run: whatever dies from now on, it can start."""
        self._quick_ends = self._quick_deaths = 0

    def look_after(self) -> bool:
        """Replace what has died; True if the lane is ready again after it was not.

        Raises:
            WorkersLostError: the interchange dies again and again.
            Exception: it cannot be started.
        """
        executor = self._executor
        if executor is None or not self.ready:
            if executor is not None:
                logger.warning("%s: the interchange has died and is replaced", self.pool)
                self._retire(executor, f"the interchange of pool {self.pool!r} has died")
                quick = time.monotonic() - self._started_s < _QUICK_S
                self._quick_deaths = self._quick_deaths + 1 if quick else 0
                if self._quick_deaths >= _MAX_QUICK:
                    raise WorkersLostError(f"the interchange of pool {self.pool!r} dies whenever it is started")
            self.start()
            return True
        jobs = list(self._jobs)
        for job, status in zip(jobs, self._provider.status(jobs), strict=True):
            if status.terminal:
                self._bury(executor, job, status)
        self._fill_blocks(executor)
        return False

    def stop(self) -> None:
        """End everything; running calls are lost."""
        if self._executor is not None:
            self._retire(self._executor, "the task server was shut down")

    def _fill_blocks(self, executor: HighThroughputExecutor) -> None:
        """Start the blocks that are missing."""
        missing = self._n_blocks - len(self._jobs)
        if missing > 0 and time.monotonic() >= self._next_start_s:
            for block in executor.scale_out_facade(missing):
                self._jobs[executor.blocks_to_job_id[block]] = time.monotonic()

    def _bury(self, executor: HighThroughputExecutor, job: str, status: JobStatus) -> None:
        """A block has ended: take it off the list, and tell waiting calls if blocks cannot start at all."""
        quick = time.monotonic() - self._jobs.pop(job) < _QUICK_S
        block = executor.job_ids_to_block.pop(job)
        executor.blocks_to_job_id.pop(block)
        logger.warning("%s: block %s has ended (%s)", self.pool, block, status)
        self._quick_ends = self._quick_ends + 1 if quick else 0
        self._next_start_s = time.monotonic() + _BACKOFF_S[min(self._quick_ends, len(_BACKOFF_S) - 1)]
        if self._quick_ends >= _MAX_QUICK:
            what = status.stderr_summary or status.message or ""
            self._fail(executor, f"the workers of pool {self.pool!r} cannot be started\n{what}".strip())

    def _retire(self, executor: HighThroughputExecutor, why: str) -> None:
        """End an executor, its interchange and its blocks, and fail its calls."""
        with self._lock:
            self._executor = None
        interchange = _interchange(executor)
        interchange.terminate()
        self._provider.cancel(list(self._jobs))
        # Closing waits for messages that nobody will read any more.
        executor.outgoing_q.zmq_socket.linger = 0
        executor.shutdown(timeout=_END_S)
        interchange.wait()
        self._fail(executor, why)

    @staticmethod
    def _fail(executor: HighThroughputExecutor, why: str) -> None:
        for future in list(executor.tasks.values()):
            if not future.done():
                with suppress(Exception):
                    future.set_exception(WorkersLostError(why))
