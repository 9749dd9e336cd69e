"""Campaigns whose events are on a real PostgreSQL server."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from mofa.errors import CampaignError, ConfigError, EngineMissingError, StoreError
from mofa.store import databases
from mofa.store.address import Address
from mofa.store.events import EventStore
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import Event, EventKind
from mofa.store.records import load
from mofa.testing.store import check_event_store

SECRET = "s3cret"


def note(n):
    return Event(f"note-{n}", 0.0, EventKind.NOTE, "", "", {"text": f"mishap {n}"})


def result(n):
    return Event(f"result-{n}", 0.0, EventKind.RESULT, "", "", {})


def run(url, statement):
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        found = connection.execute(sa.text(statement))
        rows = [tuple(row) for row in found] if found.returns_rows else []
    engine.dispose()
    return rows


def schemas(url):
    return [name for (name,) in run(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'mofa%'")]


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def folder(tmp_path, postgres_url):
    return CampaignFolder.create(tmp_path / "c", "[stop]\n", database_url=postgres_url)


def test_the_event_store_conforms(postgres_url):
    with EventStore(postgres_url, create=True) as store:
        check_event_store(store)


def test_campaigns_share_a_database(tmp_path, postgres_url):
    for name in ("a", "b"):
        folder = CampaignFolder.create(tmp_path / name, name, database_url=postgres_url)
        with folder.lock(), folder.events() as store:
            assert store.append_all([note(name), note(name), note("x")]) == [True, False, True]
    for name in ("a", "b"):
        assert load(tmp_path / name).notes == (f"mishap {name}", "mishap x")
        assert sorted(path.name for path in (tmp_path / name).iterdir() if path.is_file()) == [
            "campaign.database.json",
            "campaign.toml",
            "lock",
        ]
    assert len(schemas(postgres_url)) == 2


def test_a_plain_url_means_psycopg_3(tmp_path, postgres_url):
    plain = postgres_url.replace("postgresql+psycopg", "postgresql")
    CampaignFolder.create(tmp_path / "c", "", database_url=plain)
    assert json.loads((tmp_path / "c" / "campaign.database.json").read_text())["url"] == postgres_url


def test_the_password_is_taken_along_and_never_shown(tmp_path, postgres_url, monkeypatch):
    url = sa.make_url(postgres_url).set(password=SECRET)
    secret_url = url.render_as_string(hide_password=False)
    folder = CampaignFolder.create(tmp_path / "c", f'[store]\ndatabase = "{secret_url}"\n', database_url=secret_url)
    assert SECRET not in folder.address_path.read_text()
    assert SECRET not in repr(folder)
    assert folder.config_path.stat().st_mode & 0o077 == 0
    used = Address.read(folder.address_path, config_path=folder.config_path)
    assert used.url.password == SECRET
    assert SECRET not in repr(used)
    port = closed_port()
    moved = url.set(port=port).update_query_dict({"sslpassword": SECRET}).render_as_string(hide_password=False)
    with pytest.raises(StoreError) as caught:
        CampaignFolder.open(folder.root, database_url=moved)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:s3cret@host/db",
        "sqlite:///x.db",
        "postgresql+asyncpg://h/d",
        "me:s3cret@host",
        "postgresql://u:s3cret@h:x/d",
    ],
)
def test_other_urls_are_refused_and_not_repeated(tmp_path, url):
    with pytest.raises(ConfigError, match=r"postgresql://USER@HOST:PORT/DATABASE") as caught:
        CampaignFolder.create(tmp_path / "c", "", database_url=url)
    assert SECRET not in str(caught.value)
    assert not (tmp_path / "c").exists()


def test_an_unreachable_server_is_named_and_nothing_is_left(tmp_path):
    port = closed_port()
    with pytest.raises(StoreError, match=rf"Check that PostgreSQL runs at 127\.0\.0\.1:{port}.*run the command again"):
        CampaignFolder.create(tmp_path / "c", "", database_url=f"postgresql://me@127.0.0.1:{port}/db")
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["lock"]


def test_a_server_that_never_answers_is_given_up(monkeypatch):
    assert databases.CONNECT_TIMEOUT_S <= 5
    monkeypatch.setattr(databases, "CONNECT_TIMEOUT_S", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        started_s = time.monotonic()
        with pytest.raises(StoreError, match=f"127.0.0.1:{port}"):
            EventStore(f"postgresql://me@127.0.0.1:{port}/db", read_only=True)
        assert time.monotonic() - started_s < 4


def test_a_missing_database_says_how_to_make_it(postgres_url):
    with pytest.raises(StoreError, match="createdb"):
        EventStore(f"{postgres_url}_not")


def test_a_missing_library_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(EngineMissingError, match=r"pip install 'mofa\[postgres\]'"):
        EventStore("postgresql://me@host/db")


def test_one_writer_wherever_it_runs(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder.root, copy)
    other = CampaignFolder.open(copy)
    assert not other.is_running()
    with folder.lock(), folder.events() as store:
        store.append(note(1))
        assert other.is_running()
        with other.lock(), pytest.raises(CampaignError, match=r"another process runs this campaign \(mofa, pid \d+ on"):
            other.events()
        assert store.append(note(2))
        assert load(copy).notes == ("mishap 1", "mishap 2")
    with other.lock(), other.events() as store:
        assert len(list(store.read())) == 2


def test_the_lock_dies_with_its_process(folder):
    code = (
        "import sys, time; from mofa.store.folder import CampaignFolder\n"
        "events = CampaignFolder.open(sys.argv[1]).events(); print('held', flush=True); time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(folder.root)], stdout=subprocess.PIPE)
    writer.stdout.readline()
    assert folder.is_running()
    writer.kill()
    writer.wait()
    writer.stdout.close()
    with folder.events() as store:
        assert store.append(note(1))


def test_a_lost_connection_says_so_and_the_campaign_goes_on(folder, postgres_url):
    with folder.events() as store:
        store.append_all([note(1), result(1)])
        run(postgres_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'mofa%'")
        for _ in range(2):
            with pytest.raises(StoreError, match=r"127\.0\.0\.1:\d+.*mofa resume"):
                store.append_all([note(2), result(2)])
    with folder.events() as store:
        assert store.append_all([note(1), result(2)]) == [False, True]
        assert [event.event_id for event in store.read()] == ["note-1", "result-1", "result-2"]


def test_a_group_is_written_in_full_or_not_at_all(folder):
    too_long = Event("x" * 300, 0.0, EventKind.NOTE, "", "", {})
    with folder.events() as store:
        with pytest.raises(StoreError, match="too long"):
            store.append_all([*map(note, range(2000)), too_long])
        assert list(store.read()) == []
        assert store.append(note(0))


def test_only_submissions_and_notes_do_not_wait_for_the_disk(folder):
    said = []
    with folder.events() as store:
        sa.event.listen(store._connection, "before_cursor_execute", lambda *args: said.append(args[2]))
        for events in ([note(1)], [note(2), result(1)], [note(3)]):
            store.append_all(events)
    assert [words.split()[0] for words in said] == ["SET", "INSERT", "INSERT", "SET", "INSERT"]
    assert said[0] == "SET LOCAL synchronous_commit = off"


def test_a_reader_cannot_change_anything(folder):
    with folder.events(read_only=True) as reader, pytest.raises(StoreError, match="read-only"):
        reader.append(note(1))


def test_an_older_format_is_upgraded_by_the_first_writer(folder, postgres_url):
    (schema,) = schemas(postgres_url)
    run(postgres_url, f"UPDATE {schema}.schema_version SET version = 1")
    assert load(folder.root).notes == ()
    assert run(postgres_url, f"SELECT version FROM {schema}.schema_version") == [(1,)]
    folder.events().close()
    assert run(postgres_url, f"SELECT version FROM {schema}.schema_version") == [(2,)]


def test_a_newer_format_is_refused_and_left_as_it_is(folder, postgres_url):
    (schema,) = schemas(postgres_url)
    with folder.events() as store:
        store.append(note(1))
    run(postgres_url, f"UPDATE {schema}.schema_version SET version = 99")
    tables = [f"SELECT *, xmin::text FROM {schema}.{name}" for name in ("events", "schema_version")]
    before = [run(postgres_url, table) for table in tables]
    for opening in (folder.events, lambda: CampaignFolder.open(folder.root)):
        with pytest.raises(CampaignError, match=r"newer MOFA.*pip install --upgrade"):
            opening()
    assert [run(postgres_url, table) for table in tables] == before


def test_a_creation_that_fails_at_the_end_leaves_no_schema(tmp_path, postgres_url, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", full)
        with pytest.raises(StoreError, match="Free disk space, then run the command again"):
            CampaignFolder.create(tmp_path / "c", "", database_url=postgres_url)
    assert schemas(postgres_url) == []
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["lock"]
    CampaignFolder.create(tmp_path / "c", "", database_url=postgres_url)


def test_a_dropped_schema_is_no_campaign(folder, postgres_url):
    run(postgres_url, f"DROP SCHEMA {schemas(postgres_url)[0]} CASCADE")
    with pytest.raises(CampaignError, match="holds no campaign"):
        CampaignFolder.open(folder.root)


def test_a_taken_folder_is_refused_whatever_holds_the_events(folder, tmp_path, postgres_url):
    for url in ("", postgres_url):
        with pytest.raises(CampaignError, match="already holds a campaign"):
            CampaignFolder.create(folder.root, "", database_url=url)
    embedded = CampaignFolder.create(tmp_path / "embedded", "")
    with pytest.raises(CampaignError, match="in its folder"):
        CampaignFolder.open(embedded.root, database_url=postgres_url)
    assert len(schemas(postgres_url)) == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"url": "x", "schema": "y"}'])
def test_a_damaged_address_says_what_belongs_there(folder, text):
    folder.address_path.write_text(text)
    with pytest.raises(StoreError, match=r"campaign\.database\.json.*Restore it"):
        CampaignFolder.open(folder.root)
