"""The campaign folder: what lies where, who may write, and whether it is one at all."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    ``outbox/`` results that are not committed yet, ``logs/`` what the campaign and its workers printed. A campaign
    whose events are on a PostgreSQL server has ``campaign.database.json`` instead of ``campaign.db``: it says where,
    but never the password (see `mofa.store.address`).
    """

    root: Path
    """Absolute path."""
    database_url: str = field(default="", repr=False, compare=False)
    """The PostgreSQL database by another way than the folder remembers it: with its password, or after a move."""

    @property
    def config_path(self) -> Path:
        """The campaign file, as it was given."""
        return self.root / "campaign.toml"

    @property
    def database_path(self) -> Path:
        """The SQLite database of events, where there is one."""
        return self.root / "campaign.db"

    @property
    def address_path(self) -> Path:
        """Where on a PostgreSQL server the events are, for a campaign that has them there."""
        return self.root / "campaign.database.json"

    @property
    def holds_campaign(self) -> bool:
        """Whether a campaign was made here, in full; nothing is opened."""
        return self.database_path.is_file() or self.address_path.is_file()

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
    def create(cls, path: str | Path, config_text: str, *, database_url: str = "") -> CampaignFolder:
        """Make a new campaign folder, in full or not at all; files that are already there are never replaced.

        Args:
            path: folder; made if missing, with its parents.
            config_text: the campaign file, kept as it is.
            database_url: of the PostgreSQL database for the events, where the campaign gets a schema of its own; empty
                for an SQLite database in the folder. A password in it is written to no file and shown in no message.

        Raises:
            CampaignError: the folder already holds a campaign or another ``campaign.toml``, or another process
                makes a campaign there now.
            ConfigError: `database_url` is not that of a PostgreSQL database.
            EngineMissingError: the library for PostgreSQL is not installed.
            StoreError: it cannot be written, or the database server cannot be reached.
        """
        from mofa.store.creation import new_address, refuse_if_taken, write_campaign

        folder = cls(Path(path).resolve(), database_url)
        address = new_address(database_url)
        refuse_if_taken(folder)
        try:
            folder.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise store_error("made", folder.root, error) from error
        with folder.lock(then=AGAIN):
            refuse_if_taken(folder)
            write_campaign(folder, config_text, address)
        return folder

    @classmethod
    def open(cls, path: str | Path, *, database_url: str = "") -> CampaignFolder:
        """An existing campaign folder; nothing is written.

        Args:
            path: folder.
            database_url: of the PostgreSQL database with the events, where the folder, its ``campaign.toml``,
                ``PGPASSWORD`` and ``~/.pgpass`` do not say all, or no longer.

        Raises:
            CampaignError: there is no campaign here, or a newer MOFA wrote it.
            ConfigError: `database_url` is not that of a PostgreSQL database.
            EngineMissingError: the library for PostgreSQL is not installed.
            StoreError: it cannot be read, or the database server cannot be reached.
        """
        folder = cls(Path(path).resolve(), database_url)
        if not folder.holds_campaign:
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
            CampaignError: there is no campaign, a newer MOFA wrote it, or another process, on whatever machine, has
                its PostgreSQL database open to append.
            StoreError: it cannot be opened, or the database server cannot be reached.
        """
        from mofa.store.events import EventStore, sqlite_url

        if self.address_path.is_file():
            return self._events_on_server(read_only=read_only)
        if self.database_url:
            raise CampaignError(
                "the events of this campaign are in its folder, not in the PostgreSQL database that is named",
                where=self.root,
                action="Leave the database URL out; to use PostgreSQL, start a campaign in another folder",
            )
        url = sqlite_url(self.database_path)
        if not read_only:
            return EventStore(url)
        try:
            return EventStore(url, read_only=True)
        except StoreError:
            if self.is_running() or self._has_write_ahead_log():
                raise
        return EventStore(url, frozen=True)

    def _events_on_server(self, *, read_only: bool) -> EventStore:
        from mofa.store.address import Address
        from mofa.store.events import EventStore

        address = Address.read(self.address_path, url=self.database_url, config_path=self.config_path)
        return EventStore(address.url, schema=address.schema, read_only=read_only)

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
        """Whether some process runs this campaign now; with PostgreSQL also one that sees another copy of the folder.

        Raises:
            StoreError: the lock file cannot be read, or the database server cannot be reached.
        """
        if self._is_locked():
            return True
        if not self.address_path.is_file():
            return False
        with self._events_on_server(read_only=True) as events:
            return bool(events.writer())

    def _is_locked(self) -> bool:
        """Whether some process holds the lock of this folder."""
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
