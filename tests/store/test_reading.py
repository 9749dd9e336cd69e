"""Who only looks at a campaign needs neither disk space nor the right to write."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress

import pytest

from mofa.errors import StoreError
from mofa.store.events import EventStore, sqlite_url
from mofa.store.folder import CampaignFolder
from mofa.store.payloads import Event, EventKind
from mofa.store.records import load


def note(n):
    return Event(f"note-{n}", 0.0, EventKind.NOTE, "", "", {"text": f"mishap {n}"})


def fill(disk):
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 4096)


@pytest.fixture
def full_disk(small_disk):
    disk = small_disk("2m")
    folder = CampaignFolder.create(disk / "c", "")
    with folder.events() as store:
        store.append(note(1))
    fill(disk)
    return disk


def test_a_campaign_on_a_full_disk_is_read(full_disk):
    assert load(full_disk / "c").notes == ("mishap 1",)
    assert not CampaignFolder.open(full_disk / "c").is_running()


def test_a_campaign_on_a_read_only_disk_is_read(full_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(full_disk)], check=True)
    assert load(full_disk / "c").notes == ("mishap 1",)


def test_a_killed_campaign_on_a_read_only_disk_is_read_with_its_last_events(small_disk, tmp_path):
    folder = CampaignFolder.create(tmp_path / "c", "")
    disk = small_disk("2m")
    with folder.events() as store:
        store.append(note(1))
        shutil.copytree(folder.root, disk / "c")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert load(disk / "c").notes == ("mishap 1",)


def test_events_that_cannot_be_unfolded_are_not_left_out(small_disk, tmp_path):
    folder = CampaignFolder.create(tmp_path / "c", "")
    disk = small_disk("2m")
    with folder.events() as store:
        store.append(note(1))
        shutil.copytree(folder.root, disk / "c", ignore=shutil.ignore_patterns("*-shm"))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(StoreError) as caught:
        load(disk / "c")
    assert "resume" not in str(caught.value)


def test_a_running_campaign_is_read(tmp_path):
    folder = CampaignFolder.create(tmp_path / "c", "")
    with folder.lock(), folder.events() as writer:
        writer.append(note(1))
        assert load(folder.root).notes == ("mishap 1",)


@pytest.mark.parametrize("access", [{"read_only": True}, {"frozen": True}])
@pytest.mark.parametrize("name", ["plain", "with space", "what?100%#1"])
def test_a_reader_cannot_change_anything(tmp_path, access, name):
    folder = CampaignFolder.create(tmp_path / name, "")
    before = folder.database_path.read_bytes()
    with EventStore(sqlite_url(folder.database_path), **access) as reader, pytest.raises(StoreError) as caught:
        reader.append(note(1))
    assert "resume" not in str(caught.value)
    assert folder.database_path.read_bytes() == before


def test_reading_makes_no_database(tmp_path):
    with pytest.raises(StoreError, match="unable to open"):
        EventStore(sqlite_url(tmp_path / "none.db"), read_only=True)
    assert os.listdir(tmp_path) == []
