"""What a run has shown so far and the point from which it can go on: the content of a restart file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np

from mofa.chemistry.framework import Framework
from mofa.errors import InputError
from mofa.textfiles import write_bytes
from mofa.validate.engine import Checkpoint

Value = str | int | float | list[int]
Identity = Mapping[str, Value]
"""What a run is, by name: two runs with equal identities differ at most in their length."""
_DELETE = "Delete it, or name another restart file"


@dataclass
class History:
    """The course of a run, an entry a chunk, up to its last checkpoint or beyond."""

    strain: list[float] = field(default_factory=list)
    strain_inverted: list[float] = field(default_factory=list)
    volume_ratio: list[float] = field(default_factory=list)
    """Volume over that of the structure that came in."""
    checkpoint: Checkpoint | None = None


def identity(framework: Framework, **options: Value) -> dict[str, Value]:
    """The identity of a run: its options by name, and a fingerprint of the framework."""
    digest = blake2b(digest_size=16)
    digest.update(" ".join(framework.symbols).encode())
    for array in (framework.positions, framework.cell):
        digest.update(np.round(array, 6).tobytes())
    if framework.bonds is not None:
        digest.update(repr(sorted(framework.bonds.keys())).encode())
        digest.update(np.sort(framework.bonds.order).tobytes())
    return {"framework": digest.hexdigest(), **options}


def save(path: Path, history: History, run: Identity) -> None:
    """Write a restart file in one step: it is there in full, or as it was before.

    Raises:
        OutputError: full disk, no permission, missing folder.
    """
    point = history.checkpoint
    if point is None:
        return
    head = {"run": dict(run), "step": point.step, "cpu_s": point.cpu_s}
    traces = np.array([history.strain, history.strain_inverted, history.volume_ratio])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, head=json.dumps(head), traces=traces, state=np.frombuffer(point.state, dtype=np.uint8))
    write_bytes(path, buffer.getvalue())


def load(path: Path, run: Identity) -> History:
    """The history in a restart file; an empty one if there is no such file.

    Raises:
        InputError: it cannot be read, is damaged or no restart file, or belongs to another run.
    """
    if not path.exists():
        return History()
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as content:
            head = json.loads(str(content["head"]))
            strain, inverted, volume = content["traces"].tolist()
            state = content["state"].tobytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error})", where=path, action="Check its permissions") from error
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise InputError("is damaged, or no restart file", where=path, action=_DELETE) from error
    before = head["run"]
    differing = [name for name in run if before.get(name) != run[name]]
    if differing:
        named = [name if name == "framework" else f"{name} {before.get(name)}, not {run[name]}" for name in differing]
        raise InputError(f"belongs to another run ({'; '.join(named)})", where=path, action=_DELETE)
    return History(strain, inverted, volume, Checkpoint(head["step"], state, head["cpu_s"]))
