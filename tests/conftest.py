"""Settings that hold for every test."""

from __future__ import annotations

import os

from tests.services import postgres_server, postgres_url, redis_url  # noqa: F401  fixtures for all tests

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
