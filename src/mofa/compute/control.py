"""Orders from a submitter to its workers on all nodes: which running calls shall be killed, or come to an early end.

The submitter publishes an order to everyone; who runs the call obeys. A call is named by a token that no other call
of the session has, so an order that comes late concerns nothing else.
"""

from __future__ import annotations

from enum import StrEnum

import zmq

from mofa.compute.protocols import ServerSettings
from mofa.compute.signing import new_secret, sign
from mofa.compute.streams import bind, received


class Order(StrEnum):
    """What shall become of a call."""

    KILL = "kill"
    STOP = "stop"
    """Its `emit` shall say that it is to come to an end."""


class Control:
    """The submitter's end. An order may be lost while a worker starts: repeat it until the call has ended.

    Args:
        settings: the socket is bound to its `address`, on a free port.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._url = bind(self._socket, settings.address)
        self._secret = new_secret()

    @property
    def address(self) -> str:
        """What `Orders` needs; secret included."""
        return f"{self._url}#{self._secret}"

    def give(self, order: Order, token: str) -> None:
        """Give an order about a running call, wherever it runs."""
        self._socket.send(sign(f"{order} {token}".encode(), secret=self._secret))

    def close(self) -> None:
        """Stop giving orders."""
        self._context.destroy(linger=0)


class Orders:
    """A worker's end.

    Args:
        address: of the submitter's `Control`.
    """

    def __init__(self, address: str) -> None:
        url, _, self._secret = address.partition("#")
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        """Readable when there are orders."""
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.subscribe(b"")
        self.socket.connect(url)

    def read(self) -> set[tuple[Order, str]]:
        """Orders that have arrived, each with the token of its call."""
        words = (data.decode().partition(" ") for data in received(self.socket, self._secret))
        return {(Order(order), token) for order, _, token in words}
