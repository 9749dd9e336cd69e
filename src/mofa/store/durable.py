"""Writing files that survive a crash, and turning what the operating system says into a `StoreError`."""

from __future__ import annotations

import errno
import os
import uuid
from contextlib import suppress
from pathlib import Path

from mofa.errors import StoreError

TEMPORARY_SUFFIX = ".tmp"

AGAIN = "then run the command again"
"""After a failure to read, to create, or to write what a campaign does not depend on."""
RESUME = "then continue the campaign with `mofa resume`"
"""After a failure of the campaign itself to write."""

_ACTIONS = {
    errno.ENOSPC: "Free disk space",
    errno.EDQUOT: "Free some of your disk quota",
    errno.EROFS: "Mount the disk writable or choose another folder",
    errno.EACCES: "Check the permissions of the folder",
    errno.EPERM: "Check the permissions of the folder",
    errno.ENOENT: "Check the path",
}


def store_error(verb: str, path: Path, error: OSError, *, then: str = AGAIN) -> StoreError:
    """The `StoreError` for an operating system error, with the action that helps against it, and what to do `then`."""
    action = _ACTIONS.get(error.errno or 0, "Check the disk")
    return StoreError(f"could not be {verb} ({error.strerror or error})", where=path, action=f"{action}, {then}")


def write_durably(path: Path, data: bytes, *, private: bool = False, then: str = AGAIN) -> None:
    """Write a file so that it is there in full, also after a power cut, or not there at all.

    The bytes go to a temporary neighbour, are forced to disk, and take their name in one step.

    Args:
        path: the file.
        data: its bytes.
        private: nobody but its owner may read it.
        then: what to do when the cause of a failure is removed, for the message.

    Raises:
        StoreError: full disk, no permission, missing folder. The old file, if any, is untouched.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{TEMPORARY_SUFFIX}")
    try:
        with temporary.open("xb") as stream:
            if private:
                os.fchmod(stream.fileno(), 0o600)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise store_error("written", path, error, then=then) from error


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporaries(folder: Path) -> int:
    """Delete what interrupted writes left under `folder`; only while nobody writes there. Returns how many."""
    leftovers = list(folder.rglob(f".*{TEMPORARY_SUFFIX}"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return len(leftovers)
