"""A campaign is made in full or not at all, by one process, and never over somebody's file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from mofa.errors import CampaignError, StoreError
from mofa.store.folder import CampaignFolder

STEPS = [
    "mofa.store.creation.write_durably",
    "mofa.store.events.EventStore._create",
    "mofa.store.events.EventStore.close",
    "pathlib.Path.rename",
]
"""What a creation does one after another, each broken in turn."""

KILLED = """
import os, sys
from mofa.store import creation, durable
from mofa.store.events import EventStore
from mofa.store.folder import CampaignFolder
from pathlib import Path
before, calls = int(sys.argv[2]), 0
def dying(real):
    def step(*args, **kwargs):
        global calls
        if calls == before:
            os._exit(9)
        calls += 1
        return real(*args, **kwargs)
    return step
creation.write_durably = dying(creation.write_durably)
EventStore._create = dying(EventStore._create)
EventStore.close = dying(EventStore.close)
Path.rename = dying(Path.rename)
creation._remove_leftovers = dying(creation._remove_leftovers)
CampaignFolder.create(sys.argv[1], "old")
"""

RACER = """
import sys
import mofa.store.events
from mofa.errors import CampaignError
from mofa.store.folder import CampaignFolder
print("ready", flush=True)
sys.stdin.readline()
try:
    CampaignFolder.create(sys.argv[1], sys.argv[2])
except CampaignError as error:
    print(error)
else:
    print("made")
"""


def files_in(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_the_users_campaign_file_is_never_replaced(tmp_path):
    own = tmp_path / "campaign.toml"
    own.write_text("# mine")
    with pytest.raises(CampaignError, match=r"has a campaign\.toml of its own.*--out"):
        CampaignFolder.create(tmp_path, "theirs")
    assert own.read_text() == "# mine"
    assert list(tmp_path.iterdir()) == [own]


def test_a_campaign_file_that_appears_while_waiting_for_the_lock_is_kept(tmp_path, monkeypatch):
    def seize(self, descriptor):
        (tmp_path / "campaign.toml").write_text("# mine")

    monkeypatch.setattr(CampaignFolder, "_seize", seize)
    with pytest.raises(CampaignError, match="of its own"):
        CampaignFolder.create(tmp_path, "theirs")
    assert (tmp_path / "campaign.toml").read_text() == "# mine"


@pytest.mark.parametrize("step", STEPS)
def test_a_failed_creation_leaves_nothing_and_may_be_tried_again(tmp_path, monkeypatch, step):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(step, full)
        with pytest.raises(StoreError, match="Free disk space, then run the command again"):
            CampaignFolder.create(tmp_path / "c", "old")
    assert files_in(tmp_path / "c") == ["lock"]
    assert [path for path in (tmp_path / "c").iterdir() if path.is_dir()] == []
    assert CampaignFolder.create(tmp_path / "c", "new").config_text() == "new"
    CampaignFolder.open(tmp_path / "c")


@pytest.mark.parametrize("before", range(1, 7))
def test_a_killed_creation_does_not_stand_in_the_way(tmp_path, before):
    """Killed before each step in turn; before the last one the campaign is already there."""
    target = tmp_path / "c"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(target), str(before)], check=False)
    assert killed.returncode == 9
    if (target / "campaign.db").exists():
        assert before == 6
        assert CampaignFolder.open(target).config_text() == "old"
    else:
        assert CampaignFolder.create(target, "new").config_text() == "new"
        assert files_in(target) == ["campaign.db", "campaign.toml", "lock"]


def test_a_file_that_the_user_wrote_after_a_killed_creation_is_kept(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), "3"], check=False)
    assert not (tmp_path / "campaign.db").exists()
    (tmp_path / "campaign.toml").write_text("# mine")
    with pytest.raises(CampaignError, match="of its own"):
        CampaignFolder.create(tmp_path, "new")
    assert (tmp_path / "campaign.toml").read_text() == "# mine"


@pytest.mark.parametrize("size", ["4k", "16k", "32k"])
def test_a_disk_too_small_for_a_campaign(small_disk, size):
    target = small_disk(size) / "c"
    with pytest.raises(StoreError) as caught:
        CampaignFolder.create(target, "[stop]\n")
    assert caught.value.action.endswith("then run the command again")
    assert "campaign.toml" not in os.listdir(target)
    subprocess.run(["mount", "-o", "remount,size=1m", str(target.parent)], check=True)
    assert CampaignFolder.create(target, "new").config_text() == "new"


def test_of_two_creators_one_wins_with_its_own_configuration(tmp_path):
    target = tmp_path / "c"
    racers = {
        name: subprocess.Popen(
            [sys.executable, "-c", RACER, str(target), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("first", "second", "third")
    }
    for racer in racers.values():
        racer.stdout.readline()
    for racer in racers.values():
        racer.stdin.write("\n")
        racer.stdin.flush()
    said = {name: racer.communicate()[0] for name, racer in racers.items()}
    (winner,) = [name for name, text in said.items() if text == "made\n"]
    assert CampaignFolder.open(target).config_text() == winner
    for name, text in said.items():
        assert name == winner or "already holds a campaign" in text or "another process runs" in text


def test_nobody_creates_while_another_holds_the_lock(tmp_path):
    folder = CampaignFolder(tmp_path)
    with folder.lock(), pytest.raises(CampaignError, match="another process runs this campaign"):
        CampaignFolder.create(tmp_path, "late")
    assert files_in(tmp_path) == ["lock"]


@pytest.mark.parametrize(
    ("line", "mode"),
    [
        ('redis_url = "redis://:secret@host:6379/0"', 0o600),
        ('database = "postgresql://user:sec:r/et@host/mofa"', 0o600),
        ('redis_url = "redis://host/0?password=secret"', 0o600),
        ('redis_url = "redis://user@host:6379/0"', 0o644),
        ('redis_url = "redis://localhost:6379/0"', 0o644),
    ],
)
def test_a_campaign_file_with_a_password_is_for_its_owner_alone(tmp_path, line, mode):
    mask = os.umask(0o022)
    try:
        folder = CampaignFolder.create(tmp_path / "c", f"[compute]\n{line}\n")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(folder.config_path.stat().st_mode) == mode
