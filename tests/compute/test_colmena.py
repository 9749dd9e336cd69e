"""The Colmena task server, with a real Redis server and real workers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from mofa.compute import SERVERS, Cause, Completed, Lost, ServerSettings
from mofa.compute.colmena import ColmenaServer
from mofa.errors import EngineError
from mofa.testing.compute import check_task_server, collect, echo, sleep
from tests.services import redis_server

pytestmark = pytest.mark.engine


@pytest.fixture
def settings(redis_url, tmp_path):
    return ServerSettings(log_dir=tmp_path, redis_url=redis_url)


def test_conforms(settings):
    assert SERVERS.load("colmena") is ColmenaServer
    check_task_server(lambda: ColmenaServer({"cpu": 2}, settings), pool="cpu", isolated=True)
