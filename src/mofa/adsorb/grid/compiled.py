"""The compiled functions of this package: whether they are there, and that none is outdated.

Compiling all of them takes about half a minute; the results lie beside the modules, or in the user's cache folder where
these cannot be written.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mofa.compiled import compiled

__all__ = ["compiled", "is_compiled"]

_FOLDER = Path(__file__).parent


def is_compiled() -> bool:
    """Whether there are results beside the modules, so that the first call will not take half a minute."""
    return any(_FOLDER.glob("__pycache__/*run_cycles*.nbi"))


def _drop_outdated() -> None:
    """Remove all results if any source is newer: numba looks at a function's own file, not at those that it calls."""
    results = list(_FOLDER.glob("__pycache__/*.nb?"))
    sources = [path for path in _FOLDER.glob("*.py") if "@compiled" in path.read_text(encoding="utf-8")]
    newest_source = max(path.stat().st_mtime for path in sources)
    with suppress(OSError):  # another process may be doing the same
        if results and newest_source > min(path.stat().st_mtime for path in results):
            for path in results:
                path.unlink(missing_ok=True)


_drop_outdated()
