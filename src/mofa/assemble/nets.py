"""Nets by RCSR symbol, as quotient graphs: vertices of one cell and edges with the cell that they lead into."""

from __future__ import annotations

import numpy as np

from mofa.chemistry import Net, NetEdge
from mofa.errors import InputError

_NETS = {
    net.name: net
    for net in (
        # Primitive cubic: one six-connected vertex, an edge along each cell vector.
        Net(
            "pcu",
            np.zeros((1, 3)),
            np.eye(3),
            (NetEdge(0, 0, (1, 0, 0)), NetEdge(0, 0, (0, 1, 0)), NetEdge(0, 0, (0, 0, 1))),
            (0,),
        ),
    )
}


def nets() -> list[str]:
    """RCSR symbols of the nets that `assemble` knows."""
    return sorted(_NETS)


def load_net(name: str) -> Net:
    """The net of this RCSR symbol.

    Raises:
        InputError: there is no such net.
    """
    if name not in _NETS:
        raise InputError(f"no net is called {name!r}", where="net", action=f"Choose one of {', '.join(nets())}")
    return _NETS[name]
