"""Sharing the GPUs of a machine among runs, whoever starts them."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUNS_PER_GPU = 2
"""As in the MOFA paper; start NVIDIA's MPS daemon so that they run at the same time."""
POLL_S = 0.2


@contextmanager
def one_gpu(n_gpus: int, *, folder: Path | None = None, deadline_s: float = float("inf")) -> Iterator[dict[str, str]]:
    """A place on one of the first `n_gpus` GPUs, for as long as the block lasts; waits until there is one.

    Places are lock files, which the operating system frees when their holder dies.

    Args:
        n_gpus: GPUs of this machine; 0 for none, then nothing is chosen.
        folder: where the lock files lie; one in the folder for temporary files by default.
        deadline_s: when to give up, on the clock of `time.monotonic`.

    Yields:
        The environment variable that makes a program use that GPU, of NVIDIA or AMD: one of those that this process
        was given, where it was given enough.

    Raises:
        TimeoutError: no place became free in time.
    """
    if n_gpus == 0:
        yield {}
        return
    names = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").replace(" ", "").split(",") if name]
    if len(names) < n_gpus:
        names = [str(gpu) for gpu in range(n_gpus)]
    where = folder or Path(tempfile.gettempdir(), f"mofa-gpus-{os.getuid()}")
    where.mkdir(exist_ok=True)
    while True:
        for place in range(RUNS_PER_GPU):
            for gpu in range(n_gpus):
                with (where / f"{names[gpu]}-{place}").open("w") as lock:
                    try:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        continue
                    yield {"CUDA_VISIBLE_DEVICES": names[gpu]}
                    return
        if time.monotonic() > deadline_s:
            raise TimeoutError
        time.sleep(POLL_S)
