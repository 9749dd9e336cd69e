"""Run the real command as a user does: a process, its streams, its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def json_lines(self) -> list[Any]:
        """One JSON object per line."""
        return [json.loads(line) for line in self.out.splitlines()]


def mofa(
    *arguments: str | Path,
    cwd: Path | None = None,
    timeout_s: float = 300,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run `mofa` with these arguments, and environment variables beside our own."""
    done = subprocess.run(
        [sys.executable, "-c", "from mofa.cli.main import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout_s,
        env={**os.environ, "COLUMNS": "160", **(environment or {})},
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)
