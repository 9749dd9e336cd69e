"""Streams: how running calls send items to the submitter, past the way that results take.

A stream has two ends. The submitter makes one from `STREAMS` and receives; a worker gets the sending end from
`emitter` with the stream's address, whose scheme names the sender in `SENDERS`. Messages are signed with a secret of
the session (`mofa.compute.signing`), because whoever reaches a port can write to it, and unpickling runs code.
"""

from __future__ import annotations

import functools
import logging
import os
import pickle
import threading
from collections.abc import Callable
from typing import Any

import zmq

from mofa.compute.protocols import ServerSettings
from mofa.compute.registries import SENDERS
from mofa.compute.signing import new_secret, sign, verify
from mofa.errors import EngineError

logger = logging.getLogger(__name__)

Emitter = Callable[[str, object], None]
"""Sends an item under a key."""

_SCHEME = "zmq:"
_LINGER_MS = 1000


@functools.lru_cache(maxsize=8)
def emitter(address: str) -> Emitter:
    """The sending end of a stream.

    Raises:
        EngineMissingError: the stream is not known, or what it needs is not installed.
    """
    return functools.partial(SENDERS.load(address.partition(":")[0]), address)


class ZmqStream:
    """Items over ZeroMQ, without a server: workers push to a socket that this process binds.

    Args:
        settings: the socket is bound to its `address`, on a free port.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PULL)
        self._socket.set_hwm(0)
        self._url = bind(self._socket, settings.address)
        self._secret = new_secret()

    @property
    def address(self) -> str:
        """What a worker needs to send; see `Stream.address`."""
        return f"{_SCHEME}{self._url}#{self._secret}"

    def receive(self, timeout_s: float) -> list[tuple[str, Any]]:
        """What has arrived; see `Stream.receive`."""
        if not self._socket.poll(round(timeout_s * 1000)):
            return []
        return [pickle.loads(data) for data in received(self._socket, self._secret)]

    def close(self) -> None:
        """Stop listening."""
        self._context.destroy(linger=0)


class _ZmqSender:
    """A connected socket; several threads may use it."""

    def __init__(self, url: str, secret: str) -> None:
        self._secret = secret
        self._lock = threading.Lock()
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUSH)
        self._socket.set_hwm(0)
        self._socket.setsockopt(zmq.LINGER, _LINGER_MS)
        self._socket.connect(url)

    def send(self, data: bytes) -> None:
        message = sign(data, secret=self._secret)
        with self._lock:
            self._socket.send(message)


@functools.lru_cache(maxsize=8)
def _sender(address: str, process: int) -> _ZmqSender:
    """A sender for each address, and for each process: sockets do not survive a fork."""
    return _ZmqSender(*address.removeprefix(_SCHEME).split("#"))


def send(address: str, key: str, item: object) -> None:
    """Send an item to a `ZmqStream`: the worker's end.

    Args:
        address: `ZmqStream.address`.
        key: names the call.
        item: picklable.
    """
    _sender(address, os.getpid()).send(pickle.dumps((key, item), pickle.HIGHEST_PROTOCOL))


def bind(socket: zmq.Socket[bytes], address: str) -> str:
    """Bind a socket to a free port of an address (IPv4, IPv6, name of an interface); its URL.

    Raises:
        EngineError: the address is not one of this machine.
    """
    host = address
    if ":" in address:
        socket.setsockopt(zmq.IPV6, 1)
        host = f"[{address}]"
    try:
        port = socket.bind_to_random_port(f"tcp://{host}")
    except zmq.ZMQError as error:
        raise EngineError(
            f"no port can be opened there ({error.strerror})",
            where=address,
            action="Give an address of this machine that workers can reach",
        ) from error
    return f"tcp://{host}:{port}"


def received(socket: zmq.Socket[bytes], secret: str) -> list[bytes]:
    """Data of the messages that have arrived; those that are not signed with the secret are dropped."""
    data = []
    while socket.poll(0):
        verified = verify(socket.recv(), secret=secret)
        if verified is None:
            logger.warning("a message without the session's secret was dropped")
        else:
            data.append(verified)
    return data
