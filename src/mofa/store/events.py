"""The event store: append-only and idempotent, on SQLite (write-ahead log) or, by URL, PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import ReturningInsert

from mofa.errors import CampaignError, StoreError
from mofa.store import schema as tables
from mofa.store.databases import Database, SqliteDatabase, find_database
from mofa.store.durable import AGAIN, RESUME
from mofa.store.payloads import Event, EventKind

_READ_ROWS = 1000
_FORCED = frozenset({EventKind.RESULT, EventKind.BATCH})
"""The outbox, which holds the same, is cleared after these; waiting for the disk costs 0.5 to 8 ms."""


class EventStore:
    """The history of a campaign.

    One process appends, any number read. Every append is a transaction that outlives the process when it returns;
    results and batches outlive a power cut too: they are forced to disk, and all events before them. What an older
    MOFA wrote is read as it is, and gets today's version number from the first process that opens it to append.

    On PostgreSQL the connection that may append holds an advisory lock, so that there is one only, wherever it runs.
    A connection that is lost is not made again: the lock is lost with it.

    Args:
        url: SQLAlchemy URL, of SQLite (see `sqlite_url`) or PostgreSQL.
        schema: name of the PostgreSQL schema that holds the tables; empty for the database's default.
        create: make the tables if they are missing.
        read_only: nothing can be changed; the index of an SQLite file's write-ahead log is still made beside it where
            it is missing.
        frozen: an SQLite file is read by itself, and nothing at all is made beside it: for a folder that cannot be
            written, while nobody writes there and no write-ahead log is left.

    Raises:
        StoreError: the database cannot be opened.
        CampaignError: there are no tables, a newer MOFA wrote them, or another process appends.
        ConfigError: this is no URL of SQLite or PostgreSQL.
        EngineMissingError: the library for PostgreSQL is not installed.
    """

    def __init__(
        self,
        url: str | sa.URL,
        *,
        schema: str = "",
        create: bool = False,
        read_only: bool = False,
        frozen: bool = False,
    ) -> None:
        self._database = find_database(url, schema)
        self._then = AGAIN if create or read_only or frozen else RESUME
        self._insert = _insert_new(self._database)
        writes = not (read_only or frozen)
        if writes and not create and isinstance(self._database, SqliteDatabase):
            # Judged by a reader first: a writer folds in the write-ahead log, also of a format that it does not know.
            EventStore(url, read_only=True).close()
        with ExitStack() as undo:
            engine = self._database.engine(read_only=read_only, frozen=frozen)
            undo.callback(engine.dispose)
            with self._errors("opened"):
                self._connection = undo.enter_context(engine.connect())
            with self._transaction("opened") as connection:
                if writes:
                    self._database.claim(connection)
                if create:
                    self._create()
                self._check_version(upgrade=writes)
            if writes:
                with self._transaction("opened") as connection:
                    self._database.configure(connection)
            self._opened = undo.pop_all()

    @property
    def where(self) -> str:
        """The database, for messages."""
        return self._database.where

    def append(self, event: Event) -> bool:
        """Add an event to the end; its `seq` is given here.

        Returns:
            False if an event with this id is already there (nothing is changed), else True.

        Raises:
            StoreError: full disk, no permission, locked or damaged database; nothing is half-written.
        """
        (new,) = self.append_all([event])
        return new

    def append_all(self, events: Sequence[Event]) -> list[bool]:
        """Add events to the end, in this order, all of them in one transaction.

        Waiting for the disk once for many is what makes it fast: they are forced to disk if any one of them must be.

        Returns:
            For each event whether it is new; one whose id is already there, or comes twice here, is left out.

        Raises:
            StoreError: full disk, no permission, locked or damaged database; none of them is written.
        """
        if not events:
            return []
        with self._transaction("written") as connection:
            self._database.force(connection, any(event.kind in _FORCED for event in events))
            added = set(connection.scalars(self._insert, [_row(event) for event in events]))
        new = []
        for event in events:
            new.append(event.event_id in added)
            added.discard(event.event_id)
        return new

    def read(self, after_seq: int = 0) -> Iterator[Event]:
        """Events in order, those after `after_seq`.

        Raises:
            StoreError: the database cannot be read.
        """
        while True:
            query = sa.select(tables.events).where(tables.events.c.seq > after_seq).order_by(tables.events.c.seq)
            with self._transaction("read") as connection:
                rows = connection.execute(query.limit(_READ_ROWS)).all()
            for row in rows:
                after_seq = row.seq
                yield Event(
                    event_id=row.event_id,
                    time_s=row.time_s,
                    kind=EventKind(row.kind),
                    task_id=row.task_id,
                    task_kind=row.task_kind,
                    payload=row.payload,
                    seq=row.seq,
                )
            if len(rows) < _READ_ROWS:
                return

    def writer(self) -> str:
        """Who has the database open to append now, in words; empty if nobody does, and for SQLite.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._transaction("read") as connection:
            return self._database.writer(connection)

    def drop(self) -> None:
        """Remove the campaign's own schema and all that is in it; nothing where there is none of its own.

        Raises:
            StoreError: it cannot be removed.
        """
        if self._database.schema:
            with self._transaction("removed") as connection:
                connection.execute(sa.schema.DropSchema(self._database.schema, cascade=True))

    def close(self) -> None:
        """Let go of the database; SQLite's write-ahead log is folded in."""
        self._opened.close()

    def __enter__(self) -> EventStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _create(self) -> None:
        """Tables and version row, and before them the schema."""
        if self._database.schema:
            self._connection.execute(sa.schema.CreateSchema(self._database.schema, if_not_exists=True))
        tables.metadata.create_all(self._connection)
        if self._connection.execute(sa.select(tables.schema_version)).first() is None:
            self._connection.execute(tables.schema_version.insert().values(version=tables.SCHEMA_VERSION))

    def _check_version(self, *, upgrade: bool) -> None:
        """Refuse what is no campaign or has a newer format; an older format gets today's number if `upgrade`."""
        if not sa.inspect(self._connection).has_table(tables.schema_version.name, schema=self._database.schema):
            raise CampaignError(
                "the database holds no campaign",
                where=self.where,
                action="Start one with `mofa run FILE --out DIR`",
            )
        version = self._connection.execute(sa.select(tables.schema_version.c.version)).scalar_one()
        if version > tables.SCHEMA_VERSION:
            raise CampaignError(
                f"a newer MOFA wrote this campaign (format {version}, this one knows {tables.SCHEMA_VERSION})",
                where=self.where,
                action="Update MOFA: pip install --upgrade mofa",
            )
        if upgrade and version < tables.SCHEMA_VERSION:
            self._connection.execute(tables.schema_version.update().values(version=tables.SCHEMA_VERSION))

    @contextmanager
    def _transaction(self, verb: str) -> Iterator[sa.Connection]:
        """A transaction on the one connection, which is never made again."""
        if self._connection.invalidated:
            raise StoreError(
                f"could not be {verb} (the connection was lost before)",
                where=self.where,
                action=f"Check the database server, {self._then}",
            )
        with self._errors(verb), self._connection.begin():
            yield self._connection

    @contextmanager
    def _errors(self, verb: str) -> Iterator[None]:
        """Turn database errors into a `StoreError` with the action that helps."""
        try:
            yield
        except DBAPIError as error:
            reason, action = self._database.explain(error)
            raise StoreError(
                f"could not be {verb} ({reason})", where=self.where, action=action.format(then=self._then)
            ) from error


def sqlite_url(path: Path) -> str:
    """The URL of a database file."""
    return str(sa.URL.create("sqlite", database=str(path)))


def _insert_new(database: Database) -> ReturningInsert[Any]:
    """The statement that inserts rows except those whose event is already there, and gives the ids of the new ones."""
    statement = database.insert(tables.events).on_conflict_do_nothing(index_elements=[tables.events.c.event_id])
    return statement.returning(tables.events.c.event_id)


def _row(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "time_s": event.time_s,
        "kind": event.kind.value,
        "task_id": event.task_id,
        "task_kind": event.task_kind,
        "payload": dict(event.payload),
    }
