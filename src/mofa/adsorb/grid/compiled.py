"""How the functions of this package are compiled: once for each installation, kept on disk, without Python's lock.

Compiling all of them takes about half a minute; the results lie beside the modules, or in the user's cache folder where
these cannot be written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function when it is first called.

    Energies beyond any that counts are large finite numbers here, never infinite: the compiler may assume so. Division
    is the processor's own, not Python's, which would check every divisor.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "fastmath": True, "error_model": "numpy"}
    return cast(F, numba.njit(**options)(function))
