"""What differs between the databases that hold events: how to open them, who may write, what helps against an error."""

from __future__ import annotations

import json
import os
import time
from functools import partial
from hashlib import blake2b
from typing import Any, ClassVar, Protocol
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from mofa.errors import CampaignError, EngineMissingError
from mofa.store.address import postgres_url, server_of, shown

BUSY_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 4
_PATIENCE_S = (0.1, 0.2, 0.4, 0.8, 0.0)
"""How long to wait for a writer that has just died: the server notices it a moment later."""

_DUMPS = partial(json.dumps, allow_nan=False)


class Database(Protocol):
    """One database and its manners."""

    where: str
    """For messages; without a password."""
    schema: str | None
    """Where the tables are; None for the database's own default."""

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """The INSERT that knows ON CONFLICT."""

    def engine(self, *, read_only: bool, frozen: bool) -> sa.Engine:
        """An engine; no connection is made yet."""

    def claim(self, connection: sa.Connection) -> None:
        """Make sure that nobody else writes, as long as the connection lasts.

        Raises:
            CampaignError: somebody does.
        """

    def configure(self, connection: sa.Connection) -> None:
        """Prepare to write, when the tables are there."""

    def force(self, connection: sa.Connection, wanted: bool) -> None:
        """Whether the commit of the transaction that has just begun waits for the disk."""

    def writer(self, connection: sa.Connection) -> str:
        """Who writes now, in words; empty if nobody does, or if the database does not know."""

    def explain(self, error: DBAPIError) -> tuple[str, str]:
        """What is wrong, and what helps, for the user; ``{then}`` stands for what to do afterwards."""


class SqliteDatabase:
    """A file. That one process alone writes is for the campaign folder's lock to see to."""

    _ACTIONS: ClassVar = {
        "disk is full": "Free disk space, {then}",
        "readonly": "Check the permissions of the folder, {then}",
        "unable to open": "Check that the folder exists and may be written, {then}",
        "locked": "Close other programs that have the database open, then try again",
        "malformed": "Restore campaign.db from a backup; the files beside it are not affected",
        "not a database": "Restore campaign.db from a backup; the files beside it are not affected",
    }

    def __init__(self, url: sa.URL) -> None:
        self.where = str(url)
        self.schema: str | None = None
        self._url = url
        self._forced = False

    def insert(self, table: sa.Table) -> sqlite.Insert:
        """The INSERT that knows ON CONFLICT."""
        return sqlite.insert(table)

    def engine(self, *, read_only: bool, frozen: bool) -> sa.Engine:
        """An engine; one to read opens the file without the right to change it (https://www.sqlite.org/uri.html)."""
        url = self._url
        if read_only or frozen:
            access = {"immutable": "1"} if frozen else {"mode": "ro"}
            url = url.set(database=f"file:{quote(url.database or '')}", query={"uri": "true"} | access)
        return sa.create_engine(url, json_serializer=_DUMPS, connect_args={"timeout": BUSY_TIMEOUT_S})

    def claim(self, connection: sa.Connection) -> None:
        """Nothing to do."""

    def configure(self, connection: sa.Connection) -> None:
        """Readers never block the writer.

        After the tables are made: until then there is no write-ahead log, and the file alone holds everything.
        """
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")

    def force(self, connection: sa.Connection, wanted: bool) -> None:
        """Set it where it is not so already; SQLite begins in earnest with the first row, so it is not too late."""
        if wanted != self._forced:
            connection.exec_driver_sql("PRAGMA synchronous=" + ("FULL" if wanted else "NORMAL"))
            self._forced = wanted

    def writer(self, connection: sa.Connection) -> str:
        """Not known here."""
        return ""

    def explain(self, error: DBAPIError) -> tuple[str, str]:
        """From SQLite's own words."""
        text = str(error.orig)
        return text, next((action for sign, action in self._ACTIONS.items() if sign in text), "Check the disk, {then}")


class PostgresDatabase:
    """A schema of a PostgreSQL database. An advisory lock of the connection that writes keeps other writers out."""

    _ACTIONS: ClassVar = {
        "42501": "Give the database user the right to it (GRANT CREATE ON DATABASE ... TO ...), {then}",
        "25006": "Use the server that may be written, not a read-only copy of it, {then}",
        "53100": "Free disk space on the database server, {then}",
        "53300": "Close other connections to the server, or raise its max_connections, {then}",
        "55P03": "Close other programs that have locked the campaign's tables, then try again",
    }
    _SIGNS: ClassVar = {
        "pg_hba": "Let this machine and user in, in the server's pg_hba.conf, {then}",
        "password": "Set PGPASSWORD or add a line to ~/.pgpass, {then}",
        'database "': "Create the database (createdb), {then}",
        'role "': "Create the database user (createuser), or name another one in the URL, {then}",
    }
    """What a server that refuses a connection says; it gives no code then."""

    def __init__(self, url: sa.URL, schema: str) -> None:
        self.where = shown(url)
        self.schema: str | None = schema or None
        self._url = url
        digest = blake2b(f"mofa campaign {schema}".encode(), digest_size=8).digest()
        self._lock = int.from_bytes(digest, signed=True)

    def insert(self, table: sa.Table) -> postgresql.Insert:
        """The INSERT that knows ON CONFLICT."""
        return postgresql.insert(table)

    def engine(self, *, read_only: bool, frozen: bool) -> sa.Engine:
        """An engine whose connections notice within half a minute that the other side is gone.

        Raises:
            EngineMissingError: psycopg is not installed.
        """
        options = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": f"mofa, pid {os.getpid()} on {os.uname().nodename}"[:63],
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 4,
            "tcp_user_timeout": 30_000,
        }
        settings = {
            "lock_timeout": f"{BUSY_TIMEOUT_S:.0f}s",
            "default_transaction_read_only": "on" if read_only or frozen else "off",
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "4",
        }
        try:
            engine = sa.create_engine(
                self._url,
                json_serializer=_DUMPS,
                connect_args={name: value for name, value in options.items() if name not in self._url.query},
                execution_options={"schema_translate_map": {None: self.schema}},
            )
        except ImportError as error:
            raise EngineMissingError(
                "psycopg, which talks to PostgreSQL, is not installed",
                where=self.where,
                action="pip install 'mofa[postgres]'",
            ) from error

        @sa.event.listens_for(engine, "connect")
        def set_up(connection: Any, _: object) -> None:
            for name, value in settings.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            connection.commit()

        return engine

    def claim(self, connection: sa.Connection) -> None:
        """Take the advisory lock.

        Raises:
            CampaignError: another connection has it.
        """
        for patience_s in _PATIENCE_S:
            if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(self._lock))):
                return
            owner = self.writer(connection)
            time.sleep(patience_s)
        raise CampaignError(
            f"another process runs this campaign ({owner or 'unknown'})",
            where=self.where,
            action="Wait until it has ended, or stop it",
        )

    def configure(self, connection: sa.Connection) -> None:
        """Commits wait for the disk unless one is excused."""
        connection.exec_driver_sql("SET synchronous_commit = on")

    def force(self, connection: sa.Connection, wanted: bool) -> None:
        """Excuse this one transaction where it is not wanted."""
        if not wanted:
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    def writer(self, connection: sa.Connection) -> str:
        """The name under which the holder of the advisory lock has connected."""
        holder = sa.text(
            "SELECT coalesce(nullif(application_name, ''), 'unknown') FROM pg_locks"
            " LEFT JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
            " AND (classid::bigint << 32) | objid::bigint = :lock"
            " AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return str(connection.scalar(holder, {"lock": self._lock}) or "")

    def explain(self, error: DBAPIError) -> tuple[str, str]:
        """By PostgreSQL's error code; without one the server could not be reached, or refused the connection."""
        lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        text = lines[-1].strip("- ") if lines[0].endswith(":") else lines[0]
        code = getattr(error.orig, "sqlstate", None)
        if code in self._ACTIONS:
            return text, self._ACTIONS[code]
        if code is not None and not error.connection_invalidated:
            return text, "Look into the log of the database server, {then}"
        action = next((action for sign, action in self._SIGNS.items() if sign in text), "")
        return text, action or f"Check that PostgreSQL runs at {server_of(self._url)} and can be reached, {{then}}"


def find_database(url: str | sa.URL, schema: str = "") -> Database:
    """The database behind a URL.

    Raises:
        ConfigError: it is neither SQLite's nor PostgreSQL's.
    """
    if isinstance(url, str) and url.startswith("sqlite:"):
        url = sa.make_url(url)
    if isinstance(url, sa.URL) and url.get_backend_name() == "sqlite":
        return SqliteDatabase(url)
    return PostgresDatabase(url if isinstance(url, sa.URL) else postgres_url(url), schema)
