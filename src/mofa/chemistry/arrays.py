"""Arrays inside frozen dataclasses: one dtype, a checked shape, not writeable."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def frozen_floats(values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A read-only float64 copy of `values`.

    Raises:
        ValueError: the shape is another one.
    """
    return _frozen(values, np.float64, shape)


def frozen_ints(values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """A read-only int64 copy of `values`.

    Raises:
        ValueError: the shape is another one.
    """
    return _frozen(values, np.int64, shape)


def _frozen(values: ArrayLike, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    array: NDArray[Any] = np.array(values, dtype=dtype)
    if array.size == 0:
        array = array.reshape(shape)
    if array.shape != shape:
        raise ValueError(f"expected an array of shape {shape}, got {array.shape}")
    array.setflags(write=False)
    return array
