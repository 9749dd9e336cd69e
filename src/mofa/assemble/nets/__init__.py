"""Nets: those that come with MOFA and those of a user's `.cgd` file."""

from mofa.assemble.nets.catalogue import load_net, nets

__all__ = ["load_net", "nets"]
