"""Content-addressed files: structures, linkers and logs under the hash of their bytes."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path

from mofa.errors import StoreError
from mofa.store.durable import RESUME, store_error, sync_folder, write_durably

DIGEST_BYTES = 16
_REF = re.compile(r"[0-9a-f]{32}(\.[a-z0-9]+)?")


class FileStore:
    """Files named by their content: written once, never changed, the same bytes stored once.

    A reference is the BLAKE2b hash (128 bits, hexadecimal) and the suffix: ``3f...9c.cif``. Several processes may
    write at the same time.

    Args:
        root: an existing folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, suffix: str = "") -> str:
        """Store bytes durably and return their reference.

        Args:
            data: the content.
            suffix: file name suffix with its dot (``.cif``), lower case.

        Raises:
            StoreError: full disk or no permission.
        """
        ref = blake2b(data, digest_size=DIGEST_BYTES).hexdigest() + suffix
        target = self.path(ref)
        if not target.exists():
            self._make_folder(target.parent)
            write_durably(target, data, then=RESUME)
        return ref

    def _make_folder(self, folder: Path) -> None:
        """Make one of the 256 folders, durably, unless it is there."""
        try:
            folder.mkdir()
            sync_folder(self.root)
        except FileExistsError:
            return
        except OSError as error:
            raise store_error("written", folder, error, then=RESUME) from error

    def path(self, ref: str) -> Path:
        """Where the file of a reference lies (whether or not it exists).

        Raises:
            StoreError: this is not a reference.
        """
        if not _REF.fullmatch(ref):
            raise StoreError(
                f"{ref!r} is not a file reference", where=self.root, action="Take references from the campaign's events"
            )
        return self.root / ref[:2] / ref

    def get(self, ref: str) -> bytes:
        """The bytes of a reference, checked against their hash.

        Raises:
            StoreError: missing, unreadable or damaged.
        """
        where = self.path(ref)
        try:
            data = where.read_bytes()
        except OSError as error:
            raise store_error("read", where, error) from error
        if blake2b(data, digest_size=DIGEST_BYTES).hexdigest() != where.stem:
            raise StoreError(
                "the file is damaged: its content does not match its name",
                where=where,
                action="Restore it from a backup; the other files of the campaign are not affected",
            )
        return data
