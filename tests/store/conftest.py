"""A file system small enough to fill."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of some size (``"60k"``) where one can be mounted, and give its folder."""
    mount = tmp_path / "small"
    mount.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root to mount a small file system")

    def mounted(size):
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mount)]
        if subprocess.run(command, check=False, capture_output=True).returncode != 0:
            pytest.skip("cannot mount a small file system here")
        return mount

    yield mounted
    if os.path.ismount(mount):
        subprocess.run(["umount", "-l", str(mount)], check=True)
