"""Where the events of a campaign are that lie on a PostgreSQL server: the database, and a schema of their own there.

The folder of such a campaign remembers it in ``campaign.database.json``, without the password. The password comes from
the URL that is given, from the same URL in ``campaign.toml`` if it is written there, or else from where PostgreSQL's
own programs take it: ``PGPASSWORD`` and ``~/.pgpass``.
"""

from __future__ import annotations

import json
import os
import tomllib
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from mofa.errors import ConfigError, StoreError
from mofa.store.durable import store_error

DRIVER = "postgresql+psycopg"
DEFAULT_PORT = 5432
_SECRETS = ("password", "sslpassword", "passfile")


@dataclass(frozen=True)
class Address:
    """A campaign's place on a PostgreSQL server."""

    url: sa.URL = field(repr=False)
    """The database; may hold the password."""
    schema: str
    """Name of the PostgreSQL schema, of this campaign alone."""

    @classmethod
    def new(cls, url: str) -> Address:
        """A place in a database that no other campaign has.

        Raises:
            ConfigError: this is not the URL of a PostgreSQL database.
        """
        return cls(postgres_url(url), f"mofa_{uuid.uuid4().hex}")

    @classmethod
    def read(cls, path: Path, *, url: str = "", config_path: Path | None = None) -> Address:
        """What a folder remembers.

        Args:
            path: the file.
            url: the database by another way: with the password, or where the server has moved to.
            config_path: a campaign file that may hold the URL with its password.

        Raises:
            StoreError: the file cannot be read.
            ConfigError: `url` is not the URL of a PostgreSQL database.
        """
        try:
            known = json.loads(path.read_bytes())
            remembered, schema = postgres_url(known["url"]), str(known["schema"])
        except OSError as error:
            raise store_error("read", path, error) from error
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(
                "does not say where the campaign's events are",
                where=path,
                action='Restore it from a backup: {"url": "postgresql://USER@HOST/DATABASE", "schema": "mofa_..."}',
            ) from error
        if url:
            return cls(postgres_url(url), schema)
        return cls(_written_in(config_path, remembered), schema)

    def to_json(self) -> bytes:
        """What the folder is to remember: all but the password."""
        url = without_password(self.url).render_as_string(hide_password=False)
        return json.dumps({"url": url, "schema": self.schema}, indent=1).encode()

    @property
    def has_password(self) -> bool:
        """Whether the URL holds one."""
        return without_password(self.url) != self.url


def postgres_url(text: str) -> sa.URL:
    """The URL of a PostgreSQL database, for psycopg 3; ``postgresql://`` alone is taken as that.

    Raises:
        ConfigError: it is something else. The text is not repeated in the message: it may hold a password.
    """
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in ("postgres", "postgresql", DRIVER):
        raise ConfigError(
            "the database URL is not that of a PostgreSQL database",
            action="Write it as postgresql://USER@HOST:PORT/DATABASE, or leave it out to keep the events in the folder",
        )
    return url.set(drivername=DRIVER)


def without_password(url: sa.URL) -> sa.URL:
    """A URL that may be written down and shown."""
    bare = sa.URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    return bare.difference_update_query(_SECRETS)


def server_of(url: sa.URL) -> str:
    """Host and port, as libpq will find them."""
    listed = url.query.get("host", "")
    host = url.host or (listed if isinstance(listed, str) else ",".join(listed)) or os.environ.get("PGHOST", "")
    port = url.port or url.query.get("port") or os.environ.get("PGPORT") or DEFAULT_PORT
    return f"{host or 'the local socket'}:{port}"


def shown(url: sa.URL) -> str:
    """A URL for messages: who, where and which database, and nothing else."""
    user = f"{url.username}@" if url.username else ""
    return f"postgresql://{user}{server_of(url)}/{url.database or ''}"


def _written_in(config_path: Path | None, url: sa.URL) -> sa.URL:
    """The same database as a campaign file names it, which may be with a password; else the URL as it is."""
    if config_path is not None:
        with suppress(OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            for text in _strings(tomllib.loads(config_path.read_text(encoding="utf-8"))):
                with suppress(ConfigError):
                    written = postgres_url(text)
                    if without_password(written) == url:
                        return written
    return url


def _strings(value: object) -> Iterator[str]:
    """All strings in a TOML value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)
