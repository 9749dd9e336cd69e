"""The campaign folder: what lies where, who may write, and whether it is one at all."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mofa.errors import CampaignError, StoreError
from mofa.store.durable import AGAIN, RESUME, store_error
from mofa.store.files import FileStore
from mofa.store.outbox import Outbox

if TYPE_CHECKING:
    from mofa.store.events import EventStore


@dataclass(frozen=True)
class CampaignFolder:
    """A folder that holds one campaign.

    ``campaign.toml`` is the configuration it was started with, ``campaign.db`` its events, ``files/`` its structures,
    ``outbox/`` results that are not committed yet, ``logs/`` what the campaign and its workers printed.
    """

    root: Path
    """Absolute path."""

    @property
    def config_path(self) -> Path:
        """The campaign file, as it was given."""
        return self.root / "campaign.toml"

    @property
    def database_path(self) -> Path:
        """The SQLite database of events."""
        return self.root / "campaign.db"

    @property
    def files(self) -> FileStore:
        """Structures and other files by content."""
        return FileStore(self.root / "files")

    @property
    def outbox(self) -> Outbox:
        """Fresh results."""
        return Outbox(self.root / "outbox")

    @property
    def logs_path(self) -> Path:
        """Folder of the campaign's and the workers' logs."""
        return self.root / "logs"

    @property
    def lock_path(self) -> Path:
        """Locked by the process that runs the campaign."""
        return self.root / "lock"

    @classmethod
    def create(cls, path: str | Path, config_text: str) -> CampaignFolder:
        """Make a new campaign folder, in full or not at all; files that are already there are never replaced.

        Args:
            path: folder; made if missing, with its parents.
            config_text: the campaign file, kept as it is.

        Raises:
            CampaignError: the folder already holds a campaign or another ``campaign.toml``, or another process
                makes a campaign there now.
            StoreError: it cannot be written.
        """
        from mofa.store.creation import refuse_if_taken, write_campaign

        folder = cls(Path(path).resolve())
        refuse_if_taken(folder)
        try:
            folder.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise store_error("made", folder.root, error) from error
        with folder.lock(then=AGAIN):
            refuse_if_taken(folder)
            write_campaign(folder, config_text)
        return folder

    @classmethod
    def open(cls, path: str | Path) -> CampaignFolder:
        """An existing campaign folder; nothing is written.

        Raises:
            CampaignError: there is no campaign here, or a newer MOFA wrote it.
            StoreError: it cannot be read.
        """
        folder = cls(Path(path).resolve())
        if not folder.database_path.is_file():
            raise CampaignError(
                "the folder holds no campaign" if folder.root.is_dir() else "there is no such folder",
                where=folder.root,
                action="Start a campaign with `mofa run FILE --out DIR`",
            )
        folder.events(read_only=True).close()
        return folder

    def events(self, *, read_only: bool = False) -> EventStore:
        """The event store, open; close it after use.

        Args:
            read_only: for everyone but the process that runs the campaign. Works on a full or read-only disk too,
                except for a campaign that was killed and whose write-ahead log only a writable disk can unfold.

        Raises:
            CampaignError: there is no campaign, or a newer MOFA wrote it.
            StoreError: it cannot be opened.
        """
        from mofa.store.events import EventStore, sqlite_url

        url = sqlite_url(self.database_path)
        if not read_only:
            return EventStore(url)
        try:
            return EventStore(url, read_only=True)
        except StoreError:
            if self.is_running() or self._has_write_ahead_log():
                raise
        return EventStore(url, frozen=True)

    def _has_write_ahead_log(self) -> bool:
        """Whether some events are not in the database file itself yet."""
        try:
            return self.database_path.with_name(f"{self.database_path.name}-wal").stat().st_size > 0
        except FileNotFoundError:
            return False

    def config_text(self) -> str:
        """The campaign file.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            return self.config_path.read_text(encoding="utf-8")
        except OSError as error:
            raise store_error("read", self.config_path, error) from error

    def is_running(self) -> bool:
        """Whether some process runs this campaign now."""
        try:
            descriptor = os.open(self.lock_path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise store_error("read", self.lock_path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @contextmanager
    def lock(self, *, then: str = RESUME) -> Iterator[None]:
        """Hold the right to run this campaign; it goes with the process, however that ends.

        Args:
            then: what to do when the cause of a failure is removed, for the message.

        Raises:
            CampaignError: another process holds it.
            StoreError: the lock file cannot be written.
        """
        try:
            descriptor = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise store_error("written", self.lock_path, error, then=then) from error
        try:
            self._seize(descriptor)
            try:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"pid {os.getpid()} on {os.uname().nodename}\n".encode(), 0)
            except OSError as error:
                raise store_error("written", self.lock_path, error, then=then) from error
            yield
        finally:
            os.close(descriptor)

    def _seize(self, descriptor: int) -> None:
        """Lock an open file for this process alone; wait a moment for someone who only looks (`is_running`)."""
        for patience in (0.1, 0.2, 0.4, 0.0):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(patience)
            else:
                return
        owner = os.pread(descriptor, 100, 0).decode(errors="replace").strip()
        raise CampaignError(
            f"another process runs this campaign ({owner or 'unknown'})",
            where=self.root,
            action="Wait until it has ended, or stop it",
        )
