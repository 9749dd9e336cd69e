"""Slots, servers, Redis and PostgreSQL from the command line: what cannot be had is said in one line."""

from __future__ import annotations

import os
import socket
import time

import pytest

from mofa.campaign.configured import plan_of
from mofa.campaign.curriculum import CurriculumSettings
from mofa.campaign.tasks import TaskKind
from mofa.config import parse_config
from mofa.errors import ConfigError
from mofa.store.records import StrainLimits
from tests.cli.helpers import mofa

STOP = "[stop]\nmax_uptakes = 1\n"


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def refused(tmp_path, text, *words):
    """Run a campaign that cannot begin; it must say why, quickly, and leave nothing."""
    (tmp_path / "c.toml").write_text(text + STOP)
    started = time.monotonic()
    done = mofa("run", "c.toml", "--out", "c", cwd=tmp_path)
    assert time.monotonic() - started < 30
    assert done.code == 1
    assert "Traceback" not in done.err
    message = " ".join(done.err.replace("│", " ").split())
    for word in words:
        assert word in message, message
    assert not (tmp_path / "c" / "campaign.db").exists()
    assert not (tmp_path / "c" / "campaign.toml").exists()


def test_more_slots_than_cores_are_refused(tmp_path):
    refused(tmp_path, "[compute]\nworkers = 4000\n", "4000 worker slots", "oversubscribe")
    pool = '[compute.pools.all]\nslots = 4000\nkinds = ["validate"]\n'
    refused(tmp_path, pool, "4000 worker slots", "[compute] pools")


def test_a_kind_of_task_without_slots_is_refused(tmp_path):
    refused(tmp_path, '[compute.pools.md]\nslots = 1\nkinds = ["validate"]\n', "no worker pool serves adsorb")


def test_an_unknown_server_is_refused(tmp_path):
    refused(tmp_path, '[compute]\nserver = "condor"\n', "condor", "Choose one of colmena, inline, parsl, pool")
    refused(tmp_path, '[compute]\nserver = "simulated"\n', "mofa simulate")


@pytest.mark.parametrize("key", ['objects = "redis"', 'stream = "redis"', 'server = "colmena"'])
def test_a_redis_server_that_is_not_there_is_named(tmp_path, key):
    port = closed_port()
    refused(tmp_path, f'[compute]\n{key}\nredis_url = "redis://127.0.0.1:{port}/0"\n', f"127.0.0.1:{port}")


def test_a_postgresql_server_that_is_not_there_is_named_without_the_password(tmp_path):
    port = closed_port()
    text = f'[store]\ndatabase_url = "postgresql://me:secret@127.0.0.1:{port}/db"\n'
    refused(tmp_path, text, f"127.0.0.1:{port}")
    done = mofa("run", "c.toml", "--out", "c", cwd=tmp_path)
    assert "secret" not in done.err + done.out


def test_pools_of_the_file_become_slots():
    text = """
[compute]
oversubscribe = true
[compute.pools.md]
slots = 600
kinds = ["validate"]
lends_to = ["process"]
[compute.pools.rest]
slots = 3
kinds = ["train", "adsorb", "charges", "optimize", "assemble", "process", "generate"]
"""
    plan = plan_of(parse_config(text + STOP))
    assert plan.slots.pools["md"].eager
    assert plan.slots.pools["md"].lends_to == (TaskKind.PROCESS,)
    assert plan.server == "parsl"
    assert plan.policy.assembly_slots == 600 // 256
    assert plan.policy.mofs_per_assembly == 128
    assert plan.policy.max_waiting_mofs == 8 * 600
    assert plan.policy.linker_window == 50 * 3
    assert plan.hard_limits_s.keys() == set(TaskKind)


def test_the_defaults_of_the_file_are_those_of_the_paper():
    plan = plan_of(parse_config("[compute]\nworkers = 1\n" + STOP))
    # The paper retrains whenever the set has grown by one; where training shares a slot, it waits for a tenth.
    assert plan.policy.curriculum == CurriculumSettings(growth=0.1)
    assert plan.limits == StrainLimits()


def test_parsl_is_the_default_beyond_one_worker():
    workers = len(os.sched_getaffinity(0))
    one, many = (plan_of(parse_config(f"[compute]\nworkers = {n}\n" + STOP)) for n in (1, workers))
    assert one.server == "pool"
    assert many.server == ("parsl" if workers > 1 else "pool")


@pytest.mark.parametrize(
    "text",
    [
        "[compute]\nworkers = 1\n[compute.pools.a]\nslots = 1\nkinds = ['validate']\n",
        "[compute.pools.a]\nslots = 0\nkinds = ['validate']\n",
        "[compute.pools.a]\nslots = 1\nkinds = []\n",
        "[compute.pools.a]\nslots = 1\nkinds = ['dance']\n",
        "[policy]\nstable_strain = 0.3\nmax_strain = 0.2\n",
        "[policy]\nretrain_fraction = 0.0\n",
        "[policy]\nretrain_min_mofs = 100\nretrain_max_mofs = 10\n",
        "[compute.pools.a]\nslots = 1\nkinds = ['validate']\nlends_to = ['generate']\n",
    ],
)
def test_senseless_settings_are_refused(text):
    with pytest.raises(ConfigError):
        parse_config(text + STOP)
