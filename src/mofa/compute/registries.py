"""What carries data between submitter and workers, by name; see `mofa.compute.objects` and `mofa.compute.streams`."""

from __future__ import annotations

from mofa.registry import EngineEntry, Registry

OBJECT_STORES = Registry(
    "object store",
    {
        "none": EngineEntry("mofa.compute.objects:no_objects", "pip install mofa"),
        "file": EngineEntry("mofa.compute.objects:FileObjects", "pip install mofa", requires=("proxystore",)),
        "redis": EngineEntry(
            "mofa.compute.redis:RedisObjects", "pip install 'mofa[redis]'", requires=("proxystore", "redis")
        ),
    },
)
"""Object stores by name; each is made with the `ServerSettings` and is picklable: a copy in another process reaches
the same objects."""

_REDIS_SENDER = EngineEntry("mofa.compute.redis:send", "pip install 'mofa[redis]'", requires=("redis",))

STREAMS = Registry(
    "stream",
    {
        "zmq": EngineEntry("mofa.compute.streams:ZmqStream", "pip install mofa", requires=("zmq",)),
        "redis": EngineEntry("mofa.compute.redis:RedisStream", "pip install 'mofa[redis]'", requires=("redis",)),
    },
)
"""Streams by name; each is made with the `ServerSettings`."""

SENDERS = Registry(
    "stream sender",
    {
        "zmq": EngineEntry("mofa.compute.streams:send", "pip install mofa", requires=("zmq",)),
        "redis": _REDIS_SENDER,
        "rediss": _REDIS_SENDER,
    },
)
"""Sending ends by the scheme of a stream's address: functions ``send(address, key, item)``."""
