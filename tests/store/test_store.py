"""Events, files and the outbox: append once, survive damage, say clearly what is wrong."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from mofa.errors import CampaignError, StoreError
from mofa.store import durable
from mofa.store.events import EventStore, sqlite_url
from mofa.store.files import FileStore
from mofa.store.folder import CampaignFolder
from mofa.store.outbox import DamagedResultError, Outbox, OutboxName
from mofa.store.payloads import Event, EventKind
from mofa.store.records import load
from mofa.testing.store import check_event_store


def event(n):
    return Event(f"note-{n}", 0.0, EventKind.NOTE, "", "", {"text": "x" * 2000})


def append_many(store):
    for n in range(1, 10_000):
        store.append(event(n))


@pytest.fixture
def folder(tmp_path):
    return CampaignFolder.create(tmp_path / "campaign", "[stop]\n")


def test_event_store_conforms(tmp_path):
    with EventStore(sqlite_url(tmp_path / "a.db"), create=True) as store:
        check_event_store(store)


def test_file_store_conforms(tmp_path):
    store = FileStore(tmp_path)
    for data in (b"", b"some bytes", bytes(range(256)) * 4096):
        ref = store.put(data, ".bin")
        assert store.get(ref) == data
        assert store.put(data, ".bin") == ref, "the same bytes have one reference"
    assert store.put(b"one", ".bin") != store.put(b"two", ".bin")


def test_events_outlive_the_store_and_are_read_while_it_is_open(folder):
    with folder.events() as writer, folder.events() as reader:
        writer.append(event(1))
        assert [found.event_id for found in reader.read()] == ["note-1"]
        writer.append(event(2))
    with folder.events() as again:
        assert len(list(again.read())) == 2


def test_results_are_forced_to_disk_and_submissions_are_not(folder):
    def synchronous(store):
        return store._connection.exec_driver_sql("PRAGMA synchronous").scalar_one()

    with folder.events() as store:
        for kind, expected in ((EventKind.SUBMITTED, 1), (EventKind.RESULT, 2), (EventKind.NOTE, 1)):
            store.append(Event(str(kind), 0.0, kind, "", "", {}))
            with store._connection.begin():
                assert synchronous(store) == expected


def test_a_group_with_a_result_is_forced_to_disk(folder):
    with folder.events() as store:
        store.append_all([event(1), Event("r", 0.0, EventKind.RESULT, "", "", {}), event(2)])
        with store._connection.begin():
            assert store._connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_a_group_is_written_in_full_or_not_at_all(folder):
    with folder.events() as store:
        store.append(event(0))
        with store._connection.begin():
            pages = store._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            store._connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 100}")
        with pytest.raises(StoreError, match="full"):
            store.append_all([event(n) for n in range(1, 3000)])
        assert [found.event_id for found in store.read()] == ["note-0"]
        assert store.append_all([event(n) for n in range(3)]) == [False, True, True]


def test_nan_in_an_event_is_refused_before_it_is_stored(folder):
    bad = Event("bad", 0.0, EventKind.NOTE, "", "", {"value": float("nan")})
    with folder.events() as store:
        with pytest.raises((ValueError, sa.exc.StatementError)):
            store.append(bad)
        assert list(store.read()) == []
        assert store.append(event(1))


def test_a_full_database_says_so_and_keeps_what_it_has(folder):
    with folder.events() as store:
        store.append(event(0))
        with store._connection.begin():
            pages = store._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            store._connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
        with pytest.raises(StoreError, match=r"full.*mofa resume"):
            append_many(store)
        kept = [found.event_id for found in store.read()]
        assert kept == [f"note-{n}" for n in range(len(kept))]
        assert len(kept) > 1


def test_a_locked_database_says_so(folder, monkeypatch):
    monkeypatch.setattr("mofa.store.databases.BUSY_TIMEOUT_S", 0.05)
    other = sqlite3.connect(folder.database_path, isolation_level=None)
    with folder.events() as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked.*Close other programs"):
            store.append(event(1))
        other.execute("ROLLBACK")
        assert store.append(event(1))
    other.close()


def test_a_damaged_database_says_so(folder):
    folder.database_path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreError, match=r"Restore campaign\.db"):
        CampaignFolder.open(folder.root)


def test_no_space_for_a_file_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(StoreError, match=r"No space left.*Free disk space"):
        FileStore(tmp_path).put(b"data", ".cif")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_damaged_file_is_found_out(tmp_path):
    store = FileStore(tmp_path)
    ref = store.put(b"data", ".cif")
    store.path(ref).write_bytes(b"dat")
    with pytest.raises(StoreError, match="damaged"):
        store.get(ref)


@pytest.mark.parametrize("ref", ["../../etc/passwd", "", "abc", "/etc/passwd", "g" * 32])
def test_only_references_lead_to_files(tmp_path, ref):
    with pytest.raises(StoreError, match="not a file reference"):
        FileStore(tmp_path).path(ref)


def test_outbox_lists_batches_before_the_result(tmp_path):
    box = Outbox(tmp_path)
    names = [
        OutboxName("generate-1", 0),
        OutboxName("generate-1", 10),
        OutboxName("generate-1"),
        OutboxName("process-1"),
    ]
    for name in reversed(names):
        box.write(name, {"name": str(name)})
    assert box.names() == names
    assert box.read(names[1]) == {"name": str(names[1])}
    for name in names:
        box.clear(name)
        box.clear(name)
    assert box.names() == []
    assert box.read(names[0]) is None


@pytest.mark.parametrize("damage", [lambda data: data[:-3], lambda data: b"", lambda data: data.replace(b"1", b"2")])
def test_a_damaged_result_is_set_aside_not_overwritten(tmp_path, damage):
    box, name = Outbox(tmp_path), OutboxName("validate-1")
    for n in range(2):
        box.write(name, {"value": 1})
        path = tmp_path / "validate-1.json"
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(DamagedResultError, match=r"damaged.*set aside"):
            box.read(name)
        assert box.read(name) is None
        assert len(list((tmp_path / "damaged").iterdir())) == n + 1


def test_create_refuses_a_folder_with_a_campaign(folder):
    with pytest.raises(CampaignError, match=r"already holds a campaign.*mofa resume"):
        CampaignFolder.create(folder.root, "")
    assert folder.config_text() == "[stop]\n"


def test_open_refuses_what_is_no_campaign(tmp_path):
    with pytest.raises(CampaignError, match="no such folder"):
        CampaignFolder.open(tmp_path / "nowhere")
    with pytest.raises(CampaignError, match=r"holds no campaign.*mofa run"):
        CampaignFolder.open(tmp_path)
    sqlite3.connect(tmp_path / "campaign.db").execute("CREATE TABLE other (x)").connection.close()
    with pytest.raises(CampaignError, match="holds no campaign"):
        CampaignFolder.open(tmp_path)


def format_of(folder):
    with sqlite3.connect(folder.database_path) as connection:
        return connection.execute("SELECT version FROM schema_version").fetchone()[0]


def write_format(folder, version):
    connection = sqlite3.connect(folder.database_path)
    connection.execute(f"UPDATE schema_version SET version = {version}")
    connection.commit()
    connection.close()


def test_an_older_format_is_upgraded_by_the_first_writer_and_not_by_readers(folder):
    with folder.events() as store:
        store.append(event(1))
    write_format(folder, 1)
    before = folder.database_path.read_bytes()
    assert load(folder.root).n_events == 1
    assert folder.database_path.read_bytes() == before
    folder.events().close()
    assert format_of(folder) == 2
    assert load(folder.root).n_events == 1


@pytest.mark.parametrize("opening", [CampaignFolder.events, lambda folder: CampaignFolder.open(folder.root)])
def test_a_newer_format_is_refused_and_left_byte_for_byte(folder, opening):
    write_format(folder, 99)
    before = folder.database_path.read_bytes()
    with pytest.raises(CampaignError, match=r"newer MOFA.*pip install --upgrade"):
        opening(folder)
    assert folder.database_path.read_bytes() == before


def test_a_killed_campaign_of_a_newer_format_keeps_its_write_ahead_log(folder, tmp_path):
    with folder.events() as store:
        with store._connection.begin():
            store._connection.exec_driver_sql("UPDATE schema_version SET version = 99")
        killed = CampaignFolder(Path(shutil.copytree(folder.root, tmp_path / "killed")))
    names = ("campaign.db", "campaign.db-wal")
    before = [(killed.root / name).read_bytes() for name in names]
    assert len(before[1]) > 0
    with pytest.raises(CampaignError, match="newer MOFA"):
        killed.events()
    assert [(killed.root / name).read_bytes() for name in names] == before


def test_one_process_runs_a_campaign_and_the_lock_dies_with_it(folder):
    code = (
        "import sys, time; from mofa.store.folder import CampaignFolder\n"
        "with CampaignFolder.open(sys.argv[1]).lock(): print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(folder.root)], stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    assert folder.is_running()
    with pytest.raises(CampaignError, match=rf"another process runs this campaign \(pid {other.pid} on"), folder.lock():
        pass
    other.kill()
    other.wait()
    other.stdout.close()
    with folder.lock():
        assert folder.is_running()
    assert not folder.is_running()


def test_a_folder_that_may_not_be_written(tmp_path):
    target = tmp_path / "file"
    target.write_text("")
    with pytest.raises(StoreError, match="could not be made"):
        CampaignFolder.create(target / "campaign", "")


def test_a_really_full_disk(small_disk):
    folder = CampaignFolder.create(small_disk("1m") / "campaign", "")
    with folder.events() as store:
        with pytest.raises(StoreError, match=r"Free disk space.*mofa resume"):
            append_many(store)
        with pytest.raises(StoreError, match=r"Free disk space.*mofa resume"):
            folder.files.put(os.urandom(1_000_000), ".bin")
    assert not list(folder.root.rglob("*.tmp"))
