"""Ctrl-C and a batch system's SIGTERM as a request to end in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupts:
    """Counts SIGINT and SIGTERM; the second one raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Count signals inside the block. Only the main thread can have handlers: elsewhere nothing changes."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._count) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _count(self, *_: object) -> None:
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt
