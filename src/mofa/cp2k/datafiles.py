"""CP2K's own data files: whether they hold what an input asks for, before CP2K is started."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.errors import InputError

_ENTRY = re.compile(r"\s*([A-Z][A-Za-z]?)\s+([A-Za-z]\S*(?:\s+[A-Za-z]\S*)*)\s*$")
"""Head of a basis set or pseudopotential: element and names; the numbers come in the lines after it."""
_KIND = re.compile(r"&KIND\s+(\S+)(.*?)&END\s+KIND", re.DOTALL | re.IGNORECASE)
_WHAT = (("BASIS_SET", "basis set"), ("POTENTIAL", "pseudopotential"))


def refuse_missing(
    framework: Framework, text: str, *, folder: Path | None, data: Path | None, stage: Stage
) -> Rejected | None:
    """Refuse when the data files that an input names lack a basis set or pseudopotential that it uses.

    A file that is not found is left to CP2K, which may look elsewhere.

    Args:
        framework: its atoms of the element are named.
        text: the input.
        folder: where CP2K will run, since it looks there first; None: in a new one.
        data: CP2K's data folder, where it is known.
        stage: the task that asks, named in the refusal.

    Raises:
        InputError: no element at all has such a basis set or pseudopotential.
    """
    for keyword, what in _WHAT:
        files = re.findall(rf"^\s*{keyword}_FILE_NAME\s+(\S+)", text, re.MULTILINE | re.IGNORECASE)
        paths = [_find(name, folder, data) for name in files]
        found = [path for path in paths if path is not None]
        if not found or len(found) < len(paths):
            continue
        entries = {entry for path in found for entry in _entries(path, path.stat().st_mtime_ns)}
        for element, name in _asked(text, keyword):
            if (element.upper(), name.upper()) in entries:
                continue
            stem = re.sub(r"-Q\d+$", "", name.upper())
            if not any(re.sub(r"-Q\d+$", "", other) == stem for _, other in entries):
                action = f"Choose one of CP2K's, or give a template that names another file than {', '.join(files)}"
                raise InputError(f"CP2K has no {what} called {name}", where=", ".join(files), action=action)
            atoms = tuple(k for k, symbol in enumerate(framework.symbols) if symbol == element)
            detail = f"CP2K has no {what} {name} for {element} in {', '.join(files)}"
            return Rejected(stage, Reason.UNKNOWN_ELEMENT, detail, atoms)
    return None


def _find(name: str, folder: Path | None, data: Path | None) -> Path | None:
    return next((path for root in (folder, data) if root and (path := root / name).is_file()), None)


def data_folder(version_text: str) -> Path | None:
    """CP2K's data folder: the environment's, or the one that was compiled in, as far as ``--version`` tells."""
    named = os.environ.get("CP2K_DATA_DIR")
    if named:
        return Path(named)
    found = re.search(r'__DATA_DIR="([^"]+)"', re.sub(r"\n\s*", "", version_text))
    return Path(found[1]) if found and Path(found[1]).is_dir() else None


def _asked(text: str, keyword: str) -> Iterator[tuple[str, str]]:
    for kind, body in _KIND.findall(text):
        element = re.search(r"^\s*ELEMENT\s+(\S+)", body, re.MULTILINE | re.IGNORECASE)
        for values in re.findall(rf"^\s*{keyword}\s+([^\n!#]+)", body, re.MULTILINE | re.IGNORECASE):
            yield (element[1] if element else kind), values.split()[-1]


@lru_cache(maxsize=16)
def _entries(path: Path, modified_ns: int) -> frozenset[tuple[str, str]]:
    """Element and name, in capitals, of everything in a file; its time of change makes the cache notice an edit."""
    del modified_ns
    pairs = set()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        head = _ENTRY.match(line)
        if head:
            pairs |= {(head[1].upper(), name.upper()) for name in head[2].split()}
    return frozenset(pairs)
