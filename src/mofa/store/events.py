"""The event store: append-only and idempotent, on SQLite (write-ahead log) or, by URL, PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import ReturningInsert

from mofa.errors import CampaignError, MofaError, StoreError
from mofa.store import schema
from mofa.store.durable import AGAIN, RESUME
from mofa.store.payloads import Event, EventKind

BUSY_TIMEOUT_S = 10.0
_READ_ROWS = 1000
_FORCED = frozenset({EventKind.RESULT, EventKind.BATCH})
"""The outbox, which holds the same, is cleared after these; waiting for the disk costs 0.5 to 8 ms."""
_ACTIONS = {
    "disk is full": "Free disk space, {then}",
    "readonly": "Check the permissions of the folder, {then}",
    "unable to open": "Check that the folder exists and may be written, {then}",
    "locked": "Close other programs that have the database open, then try again",
    "malformed": "Restore campaign.db from a backup; the files beside it are not affected",
    "not a database": "Restore campaign.db from a backup; the files beside it are not affected",
}


class EventStore:
    """The history of a campaign.

    One process appends, any number read. Every append is a transaction that outlives the process when it returns;
    results and batches outlive a power cut too: they are forced to disk, and all events before them.

    Args:
        url: SQLAlchemy URL; see `sqlite_url`.
        create: make the tables if they are missing.
        read_only: an SQLite file is opened such that it cannot be changed; the index of its write-ahead log is
            still made beside it where it is missing.
        frozen: the SQLite file is read by itself, and nothing at all is made beside it: for a folder that cannot be
            written, while nobody writes there and no write-ahead log is left.

    Raises:
        StoreError: the database cannot be opened.
        CampaignError: there are no tables, or a newer MOFA wrote them.
    """

    def __init__(self, url: str, *, create: bool = False, read_only: bool = False, frozen: bool = False) -> None:
        target = sa.make_url(url)
        self.where = target.render_as_string(hide_password=True)
        self._then = AGAIN if create or read_only or frozen else RESUME
        options: dict[str, Any] = {}
        embedded = target.get_backend_name() == "sqlite"
        if embedded:
            options["connect_args"] = {"timeout": BUSY_TIMEOUT_S}
            if read_only or frozen:
                target = _read_only_url(target, frozen=frozen)
        self._engine = sa.create_engine(target, json_serializer=partial(json.dumps, allow_nan=False), **options)
        self._forced = True
        self._insert = _insert_new(sqlite.insert if embedded else postgresql.insert)
        try:
            with self._errors("opened"):
                self._connection = self._engine.connect()
                if create:
                    self._create()
                if embedded and not (read_only or frozen):
                    self._configure_sqlite()
                self._check_version()
        except MofaError:
            self._engine.dispose()
            raise

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
        with self._errors("written"):
            self._force(any(event.kind in _FORCED for event in events))
            with self._connection.begin():
                added = set(self._connection.scalars(self._insert, [_row(event) for event in events]))
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
            query = sa.select(schema.events).where(schema.events.c.seq > after_seq).order_by(schema.events.c.seq)
            with self._errors("read"), self._connection.begin():
                rows = self._connection.execute(query.limit(_READ_ROWS)).all()
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

    def close(self) -> None:
        """Let go of the database; the write-ahead log is folded in."""
        self._connection.close()
        self._engine.dispose()

    def __enter__(self) -> EventStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _force(self, wanted: bool) -> None:
        """Whether the next commits wait for the disk."""
        if wanted != self._forced:
            if self._engine.dialect.name == "sqlite":
                mode = "PRAGMA synchronous=" + ("FULL" if wanted else "NORMAL")
            else:
                mode = "SET synchronous_commit=" + ("on" if wanted else "off")
            with self._connection.begin():
                self._connection.exec_driver_sql(mode)
            self._forced = wanted

    def _create(self) -> None:
        """Tables and version row, in one transaction."""
        with self._connection.begin():
            schema.metadata.create_all(self._connection)
            if self._connection.execute(sa.select(schema.schema_version)).first() is None:
                self._connection.execute(schema.schema_version.insert().values(version=schema.SCHEMA_VERSION))

    def _configure_sqlite(self) -> None:
        """Readers never block the writer; commits wait for the disk until told otherwise.

        After the tables are made: until then there is no write-ahead log, and the file alone holds everything.
        """
        with self._connection.begin():
            self._connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            self._connection.exec_driver_sql("PRAGMA synchronous=FULL")

    def _check_version(self) -> None:
        with self._connection.begin():
            if not sa.inspect(self._connection).has_table(schema.schema_version.name):
                raise CampaignError(
                    "the database holds no campaign",
                    where=self.where,
                    action="Start one with `mofa run FILE --out DIR`",
                )
            version = self._connection.execute(sa.select(schema.schema_version.c.version)).scalar_one()
        if version > schema.SCHEMA_VERSION:
            raise CampaignError(
                f"a newer MOFA wrote this campaign (format {version}, this one knows {schema.SCHEMA_VERSION})",
                where=self.where,
                action="Update MOFA: pip install --upgrade mofa",
            )

    @contextmanager
    def _errors(self, verb: str) -> Iterator[None]:
        """Turn database errors into a `StoreError` with the action that helps."""
        try:
            yield
        except DBAPIError as error:
            text = str(error.orig)
            action = next((action for sign, action in _ACTIONS.items() if sign in text), "Check the disk, {then}")
            raise StoreError(
                f"could not be {verb} ({text})", where=self.where, action=action.format(then=self._then)
            ) from error


def _insert_new(insert: Callable[[sa.Table], Any]) -> ReturningInsert[tuple[str]]:
    """The statement that inserts rows except those whose event is already there, and gives the ids of the new ones."""
    statement = insert(schema.events).on_conflict_do_nothing(index_elements=[schema.events.c.event_id])
    new: ReturningInsert[tuple[str]] = statement.returning(schema.events.c.event_id)
    return new


def _row(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "time_s": event.time_s,
        "kind": event.kind.value,
        "task_id": event.task_id,
        "task_kind": event.task_kind,
        "payload": dict(event.payload),
    }


def sqlite_url(path: Path) -> str:
    """The URL of a database file."""
    return str(sa.URL.create("sqlite", database=str(path)))


def _read_only_url(url: sa.URL, *, frozen: bool) -> sa.URL:
    """The URL that opens an SQLite file without the right to change it (https://www.sqlite.org/uri.html)."""
    access = {"immutable": "1"} if frozen else {"mode": "ro"}
    return url.set(database=f"file:{quote(url.database or '')}", query={"uri": "true"} | access)
