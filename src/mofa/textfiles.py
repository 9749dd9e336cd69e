"""Result files that are there in full or not at all, and errors that say what to do about it."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from mofa.errors import OutputError

LITTLE_SPACE_BYTES = 1_000_000


def write_text(path: str | Path, text: str) -> Path:
    """Write a text file in one step: a full disk leaves an older file of that name as it was.

    Raises:
        OutputError: full or read-only disk, missing folder, no permission.
    """
    return write_bytes(path, text.encode())


def write_bytes(path: str | Path, content: bytes) -> Path:
    """Write a file in one step: a full disk leaves an older file of that name as it was.

    Raises:
        OutputError: full or read-only disk, missing folder, no permission.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _cannot_write(target, error.strerror or str(error)) from error
    return target


def make_writable_folder(folder: Path) -> None:
    """Make a folder for results, and find out before the work whether they can be written there.

    Raises:
        OutputError: it cannot be made or written, or its disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise _cannot_write(folder, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK):
        raise _cannot_write(folder, "no permission, or a read-only disk")
    if free < LITTLE_SPACE_BYTES:
        raise _cannot_write(folder, f"{free // 1000} kB of disk space are left")


def _cannot_write(where: Path, why: str) -> OutputError:
    return OutputError(f"cannot be written ({why})", where=where, action="Free disk space or choose another place")


def write_private(path: Path, data: bytes) -> None:
    """Make a file that only its owner can read; for secrets, which command lines would show.

    Raises:
        OSError: it is there already, or cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(data)
