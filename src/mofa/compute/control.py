"""Orders from a submitter to its workers on all nodes: which running calls shall be killed.

The submitter publishes an order to everyone; who runs the call obeys. A call is named by a token that no other call
of the session has, so an order that comes late kills nothing else.
"""

from __future__ import annotations

import zmq

from mofa.compute.protocols import ServerSettings
from mofa.compute.signing import new_secret, sign
from mofa.compute.streams import bind, received


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

    def kill(self, token: str) -> None:
        """Have a running call killed, wherever it runs."""
        self._socket.send(sign(token.encode(), secret=self._secret))

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

    def read(self) -> set[str]:
        """Tokens of the calls that shall be killed, as far as orders have arrived."""
        return {data.decode() for data in received(self.socket, self._secret)}
