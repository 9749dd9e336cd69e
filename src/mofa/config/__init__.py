"""The one typed configuration tree: a campaign as a TOML file.

Every field says what it means and in which unit; `mofa init` writes them all out, so these descriptions are the
reference manual. The sections `[generate]` to `[train]` hold the keyword options of the task functions of the same
name. Unknown keys are errors, never ignored.
"""

from mofa.config.adsorption import Objective
from mofa.config.reading import load_config, parse_config
from mofa.config.sections import CampaignConfig, Compute, Policy, Stop, WorkerPool
from mofa.config.template import template

__all__ = [
    "CampaignConfig",
    "Compute",
    "Objective",
    "Policy",
    "Stop",
    "WorkerPool",
    "load_config",
    "parse_config",
    "template",
]
