"""The task server that runs calls through Colmena: requests and results over Redis, workers managed by Parsl.

Colmena steers the published system, and whoever has a Redis server and agents of his own keeps both. Three of its
habits are not ours. A task server that has died is not noticed there; here it is watched: its open calls are lost and
another is started. Calls are not tried again by the server, which never works once their arguments have been fetched.
Its data proxies are not used: bulky data go through our own object store, and streamed items through our own stream.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, cast

from mofa.compute.calls import Call
from mofa.compute.front import RemoteServer
from mofa.compute.guardian import command_line
from mofa.compute.htex import MakeBlocks, local_blocks
from mofa.compute.protocols import Cause, ServerSettings
from mofa.compute.redis import LIFETIME_S, MAX_BYTES, check_redis, connect, reaching
from mofa.compute.signing import new_secret, sign, verify
from mofa.errors import EngineError, EngineMissingError
from mofa.textfiles import write_private

try:
    from colmena.exceptions import TimeoutException
    from colmena.models import FailureInformation, Result, SerializationMethod
    from colmena.queue.redis import RedisQueues
    from redis import Redis
except ImportError as error:
    raise EngineMissingError("Colmena is not installed", action="Run: pip install 'mofa[colmena]'") from error

logger = logging.getLogger(__name__)

_BLOCK_S = 5.0
_POLL_S = 0.5
_ORDERLY_S = 3.0
"""How long a task server may take to hand back its batch jobs before it is killed, s."""
_END_S = 10.0
_MAX_FAILED_STARTS = 3
"""Task servers in a row that end before they have done a call."""
_TAIL_BYTES = 4000
_LOST = {"WorkerLost": Cause.WORKER_DIED, "ManagerLost": Cause.NODE_LOST}
"""What Parsl's exceptions mean, by their names."""


class SessionQueues(RedisQueues):  # type: ignore[misc]
    """Colmena's queues on a Redis server given by URL (password, database, TLS), for one session.

    Messages are signed: Colmena unpickles them, and whoever reaches the server can write to it. Lists expire.

    Args:
        url: Redis server.
        session: begins the names of the lists.
        secret: what messages are signed with.
    """

    def __init__(self, url: str, session: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        super().__init__([], prefix=session, serialization_method=SerializationMethod.PICKLE, keep_inputs=False)

    def connect(self) -> None:
        """Make a client, which connects when it is first used."""
        self.redis_client: Redis = connect(self._url)

    def send_result(self, result: Result) -> None:
        """Send a result, or say that it cannot be sent: the submitter must hear of every call."""
        try:
            super().send_result(result)
        except _TooLargeError as error:
            result.value, result.success = None, False
            result.failure_info = FailureInformation.from_exception(error)
            super().send_result(result)

    def flush(self) -> None:
        """Forget all messages."""
        with reaching(self._url):
            super().flush()

    def _send_message(self, message: str, queue: str) -> None:
        data = sign(message.encode(), secret=self._secret)
        if len(data) > MAX_BYTES:
            raise _TooLargeError(
                f"a message of {len(data)} bytes is too large for Redis, which takes {MAX_BYTES}",
                action='Choose objects = "file"',
            )
        with reaching(self._url), self.redis_client.pipeline() as pipe:
            pipe.rpush(queue, data)
            pipe.expire(queue, LIFETIME_S)
            pipe.execute()

    def _get_message(self, queue: str, timeout: float | None) -> str:
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (left := deadline - time.monotonic()) > 0:
            with reaching(self._url):
                popped = self.redis_client.blpop([queue], max(min(left, _BLOCK_S), 0.001))
            data = verify(cast(bytes, popped[1]), secret=self._secret) if popped else None
            if data is not None:
                return data.decode()
        raise TimeoutException


class _TooLargeError(EngineError):
    """A message that does not fit."""


@dataclass(frozen=True)
class Plan:
    """What the process must know."""

    url: str
    """Redis server."""
    session: str
    """Begins the names of the queues."""
    secret: str
    """What messages are signed with."""
    pools: Mapping[str, int]
    settings: ServerSettings
    folder: Path
    """For Parsl's own files; not there yet."""
    session_file: Path
    """What workers must know; see `mofa.compute.remote.Session`."""
    make_blocks: MakeBlocks
    """Where workers come from; see `mofa.compute.htex`."""

    def write(self, path: Path) -> None:
        """Leave this in a file that only its owner can read: it holds secrets, which command lines would show."""
        write_private(path, pickle.dumps(self))

    @classmethod
    def read(cls, path: str) -> Self:
        """What `write` has left."""
        plan: Self = pickle.loads(Path(path).read_bytes())
        return plan

    def queues(self) -> SessionQueues:
        """The queues of the session, connected."""
        return SessionQueues(self.url, self.session, self.secret)


class ColmenaServer(RemoteServer):
    """Runs calls through Colmena's ParslTaskServer; see `mofa.compute.protocols.TaskServer`.

    Args:
        pools: number of workers of each pool by name.
        settings: Redis server, folders, object store, stream, address, signs of life.
        make_blocks: where workers come from, importable by name; see `mofa.compute.htex`.

    Raises:
        EngineMissingError: an object store or stream is not known, or what it needs is not installed.
        EngineError: the Redis server cannot be reached.
    """

    def __init__(
        self,
        pools: Mapping[str, int],
        settings: ServerSettings | None = None,
        *,
        make_blocks: MakeBlocks = local_blocks,
    ) -> None:
        chosen = settings or ServerSettings()
        check_redis(chosen.redis_url)
        super().__init__(pools, chosen, "colmena")
        self._make_blocks = make_blocks
        self._starts = 0
        self._failed_starts = 0
        self._backend = self._start()

    def _start(self) -> _Backend:
        self._starts += 1
        folder = self._folder / f"start-{self._starts}"
        folder.mkdir()
        plan = Plan(
            url=self._settings.redis_url,
            session=f"mofa:colmena:{uuid.uuid4().hex}",
            secret=new_secret(),
            pools=self._pools,
            settings=self._settings,
            folder=folder / "parsl",
            session_file=self._session,
            make_blocks=self._make_blocks,
        )
        return _Backend(plan, folder / "plan", self._on_result, self._on_end, self._events.put)

    def _hand_over(self, call: Call) -> bool:
        self._backend.send(call)
        return True

    def _stop(self) -> None:
        self._backend.close(orderly=True)

    def _on_result(self, backend: _Backend, result: Result) -> None:
        """A call has gone through Colmena."""
        call = backend.calls.pop(result.task_info["token"], None)
        if call is None:
            return
        self._failed_starts = 0
        if result.failure_info is None:
            self._book.outcome(call, result.value)
        else:
            what, trace = result.failure_info.exception, result.failure_info.traceback
            lost = next((cause for name, cause in _LOST.items() if what.startswith(f"{name}(")), None)
            if lost is not None:
                self._book.lost(call, lost, what)
            else:
                self._book.lost(call, Cause.RAISED, trace or what)
        self._through(call)

    def _on_end(self, backend: _Backend, how: str) -> None:
        """The task server has died, or cannot be reached any more: lose its calls, start another."""
        if backend is not self._backend:
            return
        logger.warning("Colmena's task server has ended: %s", how)
        backend.close(orderly=False)
        self._failed_starts += 1
        try:
            check_redis(self._settings.redis_url)
            if self._failed_starts >= _MAX_FAILED_STARTS:
                raise EngineError(
                    f"Colmena's task server does not stay alive ({how.splitlines()[-1]})",
                    action="Mend what its log says, or choose another server",
                )
        except EngineError:
            # Every later wait raises again, unless the Redis server is back by then.
            self._events.put(partial(self._on_end, backend, how))
            raise
        self._backend = self._start()
        for call in backend.calls.values():
            self._book.lost(call, Cause.NODE_LOST, f"Colmena's task server has ended: {how}")
        for call in backend.calls.values():
            self._through(call)


class _Backend:
    """One run of the task server: its process, its queues, and threads that tell of results and of the end.

    Args:
        plan: of the run.
        path: where the plan and the log go.
        on_result: called with this and a result.
        on_end: called with this and what is known, when the process or the connection to it has ended.
        put: has a function called in the thread of the server.
    """

    def __init__(
        self,
        plan: Plan,
        path: Path,
        on_result: Callable[[_Backend, Result], None],
        on_end: Callable[[_Backend, str], None],
        put: Callable[[Callable[[], object]], None],
    ) -> None:
        self.calls: dict[str, Call] = {}
        """Calls that were sent and have not come back, by token."""
        self._plan = plan
        self._on_result, self._on_end, self._put = on_result, on_end, put
        self._queues = plan.queues()
        self._closed = threading.Event()
        plan.write(path)
        log_dir = plan.settings.log_dir
        self._log = log_dir / "colmena.log" if log_dir else path.with_suffix(".log")
        program = [sys.executable, "-m", "mofa.compute.colmena_process", str(path)]
        with self._log.open("ab") as log:
            self._guardian = subprocess.Popen(
                command_line(sys.executable, program),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._threads = [
            threading.Thread(target=target, name=f"mofa-colmena-{target.__name__}", daemon=True)
            for target in (self._receive, self._watch)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, call: Call) -> None:
        """Send a request.

        Raises:
            EngineError: the Redis server was lost, or does not take it.
        """
        self._queues.send_inputs(
            str(self._plan.session_file),
            call.pool,
            call.token,
            call.packed,
            method=call.pool,
            task_info={"token": call.token},
        )
        self.calls[call.token] = call

    def close(self, *, orderly: bool) -> None:
        """End the process and everything that it has started.

        Args:
            orderly: let it hand back its batch jobs first.
        """
        self._closed.set()
        try:
            if orderly:
                self._queues.send_kill_signal()
                self._guardian.wait(_ORDERLY_S)
        except (EngineError, subprocess.TimeoutExpired) as error:
            logger.info("Colmena's task server is killed: %s", error)
        self._guardian.send_signal(signal.SIGTERM)
        try:
            self._guardian.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._guardian.kill()
            self._guardian.wait()
        for thread in self._threads:
            thread.join()
        try:
            self._queues.flush()
        except EngineError as error:
            logger.warning("messages are left until they expire: %s", error)

    def _receive(self) -> None:
        """Thread: pass on results."""
        while not self._closed.is_set():
            try:
                result = self._queues.get_result(timeout=_POLL_S)
            except TimeoutException:
                continue
            except EngineError as error:
                self._ended(str(error))
                return
            self._put(partial(self._on_result, self, result))

    def _watch(self) -> None:
        """Thread: tell of the end of the process."""
        code = self._guardian.wait()
        if not self._closed.is_set():
            how = f"signal {code - 128}" if code > 128 else f"exit code {code}"
            self._ended(f"{how}\n{self._log_tail()}".strip())

    def _ended(self, how: str) -> None:
        self._put(partial(self._on_end, self, how))

    def _log_tail(self) -> str:
        with self._log.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, end - _TAIL_BYTES))
            return stream.read().decode(errors="replace").strip()
