"""Is this a sound MOF? Checks of geometry, chemistry and periodicity, each with a named reason."""

from mofa.assemble.checks.framework import check_framework
from mofa.assemble.checks.pore import check_pore

__all__ = ["check_framework", "check_pore"]
