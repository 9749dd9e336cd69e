"""Bulky data apart from control messages: object stores, and the packing that servers and workers share.

A server packs arguments and a worker packs values. What is small travels in the message; what is large goes through
an object store, and only its key travels. The submitter gets a large value as a *proxy*: an object that looks like the
value and fetches it when it is first touched, so that the next call can be sent before the data of the last are read.

    >>> packing = Packing(FileObjects(ServerSettings(run_dir=folder)), threshold_bytes=100_000)
    >>> packed = packing.pack(bulky)        # written to a file; `packed` is small
    >>> value = packing.lazy(packed)        # nothing is read
    >>> len(value)                          # read, and the file is gone
"""

from __future__ import annotations

import pickle
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from mofa.compute.protocols import ObjectStore, ServerSettings
from mofa.compute.registries import OBJECT_STORES


def no_objects(settings: ServerSettings) -> None:
    """No object store: everything travels in the messages."""


class FileObjects:
    """Objects as files in a folder that every node can reach; see `mofa.compute.ObjectStore`.

    What a killed process left in the folder is removed when the next store is made there.

    Args:
        settings: the folder lies in its `run_dir`; without one, in a temporary folder that goes with the store.
    """

    def __init__(self, settings: ServerSettings) -> None:
        from proxystore.connectors.file import FileConnector

        folder = settings.run_dir / "objects" if settings.run_dir else Path(tempfile.mkdtemp(prefix="mofa-objects-"))
        shutil.rmtree(folder, ignore_errors=True)
        self._connector = FileConnector(str(folder.absolute()))

    def __reduce__(self) -> tuple[object, ...]:
        return _file_objects, (self._connector.config(),)

    def put(self, data: bytes) -> str:
        """Store bytes; see `ObjectStore.put`."""
        return str(self._connector.put(data).filename)

    def get(self, key: str) -> bytes:
        """The bytes of a key; see `ObjectStore.get`."""
        from proxystore.connectors.file import FileKey

        try:
            data = self._connector.get(FileKey(key))
        except FileNotFoundError:
            data = None
        if data is None:
            raise LookupError(f"the object {key} is gone")
        return bytes(data)

    def evict(self, key: str) -> None:
        """Forget a key; see `ObjectStore.evict`."""
        from proxystore.connectors.file import FileKey

        self._connector.evict(FileKey(key))

    def close(self) -> None:
        """Remove the folder."""
        self._connector.close()


def _file_objects(config: dict[str, Any]) -> FileObjects:
    """A copy of a store in another process: it reaches the same folder and removes nothing."""
    from proxystore.connectors.file import FileConnector

    store = FileObjects.__new__(FileObjects)
    store._connector = FileConnector(**{**config, "clear": False})
    return store


@dataclass(frozen=True)
class Packed:
    """A pickled object, or where it lies."""

    size: int
    """Pickled size, bytes."""
    data: bytes
    """The pickle; empty if it lies in an object store."""
    key: str = ""
    """Where it lies in the object store."""


@dataclass(frozen=True)
class Packing:
    """How objects travel: in the message, or through an object store from a size on. Picklable."""

    store: ObjectStore | None = None
    threshold_bytes: int = ServerSettings.threshold_bytes

    @classmethod
    def open(cls, settings: ServerSettings) -> Self:
        """The packing that the settings ask for, with a store of its own.

        Raises:
            EngineMissingError: the object store is not known, or what it needs is not installed.
        """
        return cls(OBJECT_STORES.load(settings.objects)(settings), settings.threshold_bytes)

    def pack(self, value: object) -> Packed:
        """Pickle an object and put it where its size belongs."""
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        if self.store is None or len(data) < self.threshold_bytes:
            return Packed(len(data), data)
        return Packed(len(data), b"", self.store.put(data))

    def unpack(self, packed: Packed) -> Any:
        """The object; what lies in the store stays there.

        Raises:
            LookupError: it is gone.
        """
        return pickle.loads(packed.data if not packed.key else self._reached().get(packed.key))

    def lazy(self, packed: Packed) -> Any:
        """The object, or a proxy that fetches it from the store, and removes it there, when it is first touched."""
        if not packed.key:
            return pickle.loads(packed.data)
        from proxystore.proxy import Proxy

        return Proxy(_Fetch(self, packed))

    def evict(self, packed: Packed) -> None:
        """Remove an object from the store, if it lies there."""
        if packed.key:
            self._reached().evict(packed.key)

    def close(self) -> None:
        """Forget everything that lies in the store."""
        if self.store is not None:
            self.store.close()

    def _reached(self) -> ObjectStore:
        if self.store is None:
            raise LookupError("the object lies in a store, but this packing has none")
        return self.store


@dataclass(frozen=True)
class _Fetch:
    """What a proxy calls to become its object."""

    packing: Packing
    packed: Packed

    def __call__(self) -> Any:
        value = self.packing.unpack(self.packed)
        self.packing.evict(self.packed)
        return value
