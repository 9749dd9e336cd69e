"""Which net do the bonds of a framework make? Read off the bond graph alone, whatever built it."""

from mofa.assemble.topology.check import check_net, identify_net, same_net, underlying_net

__all__ = ["check_net", "identify_net", "same_net", "underlying_net"]
