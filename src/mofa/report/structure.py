"""A framework as a scene for the viewer: one closed unit cell of whole linkers and nodes, with bonds and cell edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework
from mofa.chemistry.scene import framework_scene


def scene(framework: Framework) -> dict[str, Any]:
    """The framework as the viewer's JSON; see `templates/viewer.js` and `mofa.chemistry.scene`."""
    drawn = framework_scene(framework)
    charges = framework.charges if framework.charges is not None else np.zeros(len(framework))
    return {
        "e": [{"symbol": look.name, "color": look.color, "radius": look.radius_ang} for look in drawn.looks],
        "a": drawn.look.tolist(),
        "x": _hundredths(drawn.positions),
        "b": drawn.bonds.ravel().tolist(),
        "c": _hundredths(drawn.edges),
        "q": np.rint(1000 * charges[drawn.atom]).astype(int).tolist(),
        "span": round(max(0.3, float(np.percentile(np.abs(charges), 98))), 3),
    }


def _hundredths(values: NDArray[np.float64]) -> list[int]:
    """Flat list in 0.01 Å."""
    return [int(v) for v in np.rint(100 * values).ravel()]
