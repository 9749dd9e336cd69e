"""Colmena's task server as a process of its own: takes requests from Redis, has Parsl run them, sends results back.

It is not started by Colmena, which would fork the submitter: threads and sockets do not survive that. Instead it is a
program, ``python -m mofa.compute.colmena_process PLAN``, that runs under a guardian (`mofa.compute.guardian`) and in
whose main thread Parsl is loaded. `mofa.compute.colmena` is the other end.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

import parsl
from colmena.models.methods import PythonMethod
from colmena.task_server.parsl import ParslTaskServer

from mofa.compute.colmena import Plan
from mofa.compute.htex import make_executor
from mofa.compute.remote import run_call

INTERCHANGE_LOST = 71
"""Exit code of a task server whose connection to its workers has broken."""


class _TaskServer(ParslTaskServer):  # type: ignore[misc]
    """Colmena's task server with one method for each pool, each on an executor of its own.

    It ends when an interchange does, since Parsl would wait for ever for the calls that were under way.
    """

    def __init__(self, plan: Plan) -> None:
        methods: list[Any] = [(PythonMethod(run_call, name=pool), {"executors": [pool]}) for pool in plan.pools]
        super().__init__(methods, plan.queues(), configuration(plan))
        self._interval_s = plan.settings.heartbeat_s

    def _setup(self) -> None:
        super()._setup()
        threading.Thread(target=self._watch, name="mofa-watch", daemon=True).start()

    def _cleanup(self) -> None:
        """Hand back batch jobs at once, and not, as Colmena does, after all calls under way have ended."""
        parsl.dfk().cleanup()
        os._exit(0)  # threads of calls that will never end must not hold the process up

    def _watch(self) -> None:
        """Thread: end the process when an interchange has ended."""
        interchanges = [executor.interchange_proc for executor in self.config.executors]
        while all(interchange.poll() is None for interchange in interchanges):
            time.sleep(self._interval_s)
        sys.stderr.write("an interchange of Parsl has ended\n")
        sys.stderr.flush()
        os._exit(INTERCHANGE_LOST)


def configuration(plan: Plan) -> parsl.Config:
    """Parsl's configuration: an executor for each pool; lost blocks are replaced, lost calls are not repeated."""
    run_dir = plan.folder / "000"  # as Parsl will name it; make_executor writes it into its command lines
    executors = []
    for pool, workers in plan.pools.items():
        blocks = plan.make_blocks(pool, workers, run_dir / pool)
        blocks.provider.init_blocks = blocks.provider.min_blocks = blocks.provider.max_blocks = blocks.count
        executors.append(make_executor(pool, blocks, plan.settings, run_dir))
    return parsl.Config(
        executors=executors,
        run_dir=str(plan.folder),
        strategy="simple",
        strategy_period=plan.settings.heartbeat_s,
        retries=0,
        initialize_logging=False,
    )


def main(path: str) -> None:
    """Serve until told to end, or until the connection to Redis or to the workers breaks."""
    _TaskServer(Plan.read(path)).run()


if __name__ == "__main__":
    main(sys.argv[1])
