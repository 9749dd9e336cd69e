"""How functions are compiled: once for each installation, kept on disk, without Python's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function when it is first called; the result lies beside its module, or in the user's cache folder.

    Numbers beyond any that count are large finite ones there, never infinite: the compiler may assume so. Division is
    the processor's own, not Python's, which would check every divisor.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "fastmath": True, "error_model": "numpy"}
    return cast(F, numba.njit(**options)(function))
