"""Where tasks run: task servers behind one protocol. Nothing here knows of MOFs or of the store.

A task function is any importable function ``fn(emit, *args)``; `emit` sends small values to the submitter while it
still runs. A server takes such calls for named pools of workers and reports, for every one of them, how it ended
(`Completed` or `Lost`). `protocols` says what a server must do, `mofa.testing.compute` checks it.

Example:
    >>> with SERVERS.load("pool")({"cpu": 2}) as server:
    ...     server.submit("a", "cpu", my_function, 1, 2)
    ...     reports = server.wait(timeout_s=10.0)
"""

from mofa.compute.protocols import (
    Cause,
    Completed,
    Emit,
    Lost,
    ObjectStore,
    Report,
    ServerSettings,
    Stream,
    StreamItem,
    TaskServer,
    Transit,
)
from mofa.compute.registries import OBJECT_STORES, STREAMS
from mofa.registry import EngineEntry, Registry

SERVERS = Registry(
    "task server",
    {
        "inline": EngineEntry("mofa.compute.inline:InlineServer", "pip install mofa"),
        "pool": EngineEntry("mofa.compute.pool:PoolServer", "pip install mofa"),
        "simulated": EngineEntry("mofa.compute.simulated:SimulatedServer", "pip install mofa"),
        "parsl": EngineEntry(
            "mofa.compute.parsl:ParslServer", "pip install mofa", requires=("parsl", "zmq", "proxystore")
        ),
        "colmena": EngineEntry(
            "mofa.compute.colmena:ColmenaServer", "pip install 'mofa[colmena]'", requires=("colmena", "parsl", "redis")
        ),
    },
)
"""Task servers by name; each is made with the number of workers of every pool and a `ServerSettings`."""

__all__ = [
    "OBJECT_STORES",
    "SERVERS",
    "STREAMS",
    "Cause",
    "Completed",
    "Emit",
    "Lost",
    "ObjectStore",
    "Report",
    "ServerSettings",
    "Stream",
    "StreamItem",
    "TaskServer",
    "Transit",
]
