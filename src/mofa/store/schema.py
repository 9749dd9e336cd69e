"""The tables of a campaign: one append-only list of events, and the version of their format."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Integer, MetaData, String, Table

SCHEMA_VERSION = 2

metadata = MetaData()

events = Table(
    "events",
    metadata,
    # SQLite only counts up by itself in a column of type INTEGER.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("event_id", String(200), nullable=False, unique=True),
    Column("time_s", Float, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("task_id", String(100), nullable=False),
    Column("task_kind", String(16), nullable=False),
    Column("payload", JSON, nullable=False),
)

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))
