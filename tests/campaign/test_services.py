"""Campaigns with their events on PostgreSQL, their data on Redis, their tasks with Colmena."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mofa.campaign import StopReason, StopRules, resume, start
from mofa.compute import ServerSettings
from mofa.store.folder import CampaignFolder
from mofa.store.records import load
from tests.campaign.test_campaign import history, plan


def test_a_campaign_on_postgresql_takes_the_same_decisions_and_goes_on(tmp_path, postgres_url):
    start(tmp_path / "sqlite", plan())
    start(tmp_path / "postgres", plan(database_url=postgres_url))
    assert history(tmp_path / "sqlite") == history(tmp_path / "postgres")
    summary = resume(tmp_path / "postgres", plan(database_url=postgres_url, stop=StopRules(max_uptakes=8)))
    assert summary.funnel.uptakes >= 8
    assert load(tmp_path / "postgres").funnel == summary.funnel
    assert not (tmp_path / "postgres" / "campaign.db").exists()


@pytest.mark.engine
@pytest.mark.parametrize("server", ["parsl", "colmena"])
def test_a_campaign_with_data_and_streams_on_redis(server, tmp_path, redis_url):
    settings = ServerSettings(objects="redis", threshold_bytes=100, stream="redis", redis_url=redis_url)
    planned = plan(server, server_settings=settings, stop=StopRules(max_uptakes=3))
    summary = start(tmp_path / "c", planned)
    assert summary.stopped is StopReason.MAX_UPTAKES
    again = resume(tmp_path / "c", replace(planned, server="inline", stop=StopRules(max_uptakes=5)))
    assert again.stopped is StopReason.MAX_UPTAKES
    records = load(tmp_path / "c")
    assert [session.server for session in records.sessions] == [server, "inline"]
    assert CampaignFolder.open(tmp_path / "c").outbox.names() == []
    done = [task for task in records.tasks.values() if task.arrived_s is not None and task.bytes_out > 100]
    assert done
    assert all(task.submitted_s <= task.received_s <= task.started_s <= task.ended_s <= task.sent_s for task in done)
    assert all(task.pool == "cpu" for task in done)
