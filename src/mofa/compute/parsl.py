"""The task server on Parsl: one HighThroughputExecutor for each pool, on this machine or on the nodes of a cluster."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Thread
from typing import Any, NoReturn

from parsl.executors.errors import BadStateException
from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost

from mofa.compute.calls import Call
from mofa.compute.front import RemoteServer
from mofa.compute.htex import Lane, MakeBlocks, WorkersLostError, local_blocks
from mofa.compute.protocols import Cause, ServerSettings
from mofa.compute.remote import run_call
from mofa.errors import EngineError

logger = logging.getLogger(__name__)

_LOOK_S = 0.5
_LOST = {
    WorkerLost: Cause.WORKER_DIED,
    ManagerLost: Cause.NODE_LOST,
    WorkersLostError: Cause.NODE_LOST,
    BadStateException: Cause.NODE_LOST,
}


class ParslServer(RemoteServer):
    """Runs calls on workers that Parsl starts; see `mofa.compute.protocols.TaskServer`.

    Workers, managers and interchanges that die are replaced, and their calls reported as lost. Nothing outlives this
    process.

    Args:
        pools: number of workers of each pool by name.
        settings: folders, object store, stream, address, signs of life.
        make_blocks: where workers come from; see `mofa.compute.htex`.

    Raises:
        EngineMissingError: an object store or stream is not known, or what it needs is not installed.
        EngineError: Parsl cannot be started, or the server of an object store or stream cannot be reached.
    """

    def __init__(
        self,
        pools: Mapping[str, int],
        settings: ServerSettings | None = None,
        *,
        make_blocks: MakeBlocks = local_blocks,
    ) -> None:
        chosen = settings or ServerSettings()
        super().__init__(pools, chosen, "parsl")
        self._lanes = {
            name: Lane(name, size, chosen, self._folder / f"pool-{number}", make_blocks)
            for number, (name, size) in enumerate(pools.items())
        }
        self._caretaker = Thread(target=self._look_after, name="mofa-parsl", daemon=True)
        try:
            self._for_all_lanes(Lane.start)
        except Exception as error:
            self.shutdown()
            raise _broken(error) from error
        self._caretaker.start()

    def _hand_over(self, call: Call) -> bool:
        lane = self._lanes[call.pool]
        future = lane.submit(run_call, str(self._session), call.pool, call.token, call.packed)
        if future is None:
            return False
        future.add_done_callback(partial(self._when_done, call))
        return True

    def _stop(self) -> None:
        if self._caretaker.is_alive():
            self._caretaker.join()
        self._for_all_lanes(Lane.stop)

    def _for_all_lanes(self, act: Callable[[Lane], None]) -> None:
        with ThreadPoolExecutor(max(len(self._lanes), 1)) as threads:
            list(threads.map(act, self._lanes.values()))

    def _when_done(self, call: Call, future: Future[Any]) -> None:
        """In a thread of Parsl."""
        self._events.put(partial(self._on_done, call, future))

    def _on_done(self, call: Call, future: Future[Any]) -> None:
        """Parsl is through with a call."""
        error = future.exception()
        if error is None:
            self._lanes[call.pool].worked()
            self._book.outcome(call, future.result())
        elif type(error) in _LOST:
            where = f" on {call.worker}" if call.worker else ""
            self._book.lost(call, _LOST[type(error)], f"the call was lost{where}: {error}")
        else:
            trace = "".join(traceback.format_exception(error))
            self._book.lost(call, Cause.RAISED, trace, error if isinstance(error, Exception) else None)
        self._through(call)

    def _look_after(self) -> None:
        """Thread: replace interchanges and blocks that have died."""
        while not self._closed.wait(_LOOK_S):
            for lane in self._lanes.values():
                try:
                    again_ready = lane.look_after()
                except Exception as error:
                    logger.exception("the workers of pool %s cannot be replaced", lane.pool)
                    self._events.put(partial(_raise, _broken(error)))
                else:
                    if again_ready:
                        self._events.put(partial(self._dispatch, lane.pool))


def _broken(error: Exception) -> EngineError:
    return EngineError(
        f"workers cannot be started ({type(error).__name__}: {error})",
        where="parsl",
        action='Check the address and the run folder, or choose server = "pool"',
    )


def _raise(error: Exception) -> NoReturn:
    raise error
