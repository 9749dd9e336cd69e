"""From the configuration file to a campaign's plan."""

from __future__ import annotations

import os
from importlib.util import find_spec

from mofa.campaign.settings import CampaignPlan, PolicySettings, SlotPlan, StopRules
from mofa.campaign.tasks import TaskKind
from mofa.config import CampaignConfig
from mofa.errors import ConfigError, EngineMissingError

# A task gets this much longer than its own time limit before its worker is killed, s.
HARD_LIMIT_MARGIN_S = 60.0
LIBRARIES = ("ase", "gemmi", "matscipy", "rdkit", "scipy", "jinja2")
"""What every campaign needs beside its engines; a missing one would show only in the middle of the work."""


def plan_of(config: CampaignConfig) -> CampaignPlan:
    """The plan that a configuration describes.

    Raises:
        ConfigError: more worker processes than the machine has cores.
    """
    options = {TaskKind(name): values for name, values in config.task_options().items()}
    per_item = {TaskKind.PROCESS}
    return CampaignPlan(
        seed=config.campaign.seed,
        options=options,
        policy=PolicySettings(**config.policy.model_dump()),
        stop=StopRules(**config.stop.model_dump()),
        slots=SlotPlan.shared(_workers(config)),
        server=config.compute.server,
        retries=config.compute.retries,
        hard_limits_s={
            kind: values["time_limit_s"] + HARD_LIMIT_MARGIN_S
            for kind, values in options.items()
            if "time_limit_s" in values and kind not in per_item
        },
    )


def check_engines(config: CampaignConfig) -> None:
    """Make sure that everything the configuration names exists, before anything runs.

    Raises:
        EngineMissingError: an engine is not known or not installed.
        InputError: a node, net or gas is not known.
    """
    from mofa.adsorb import ENGINES as ADSORPTION
    from mofa.adsorb import guest
    from mofa.assemble import load_net, load_node
    from mofa.charges import CHARGE_MODELS
    from mofa.generate import GENERATORS
    from mofa.optimize import OPTIMIZERS
    from mofa.validate import ENGINES as FORCE_FIELDS

    for library in LIBRARIES:
        if find_spec(library) is None:
            raise EngineMissingError(f"the library {library} is not installed", action=f"Run: pip install {library}")
    GENERATORS.load(config.generate.generator)
    load_node(config.assemble.node)
    load_net(config.assemble.net)
    FORCE_FIELDS.load(config.validate_.engine)
    OPTIMIZERS.load(config.optimize.method)
    CHARGE_MODELS.load(config.charges.method)
    ADSORPTION.load(config.adsorb.engine)
    guest(config.adsorb.gas)


def _workers(config: CampaignConfig) -> int:
    """Worker processes: as asked for, or one a core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = config.compute.workers
    if asked > cores:
        raise ConfigError(
            f"{asked} workers were asked for, this machine has {cores} cores",
            where="[compute] workers",
            action=f"Give {cores} or fewer; 0 takes one per core",
        )
    return 1 if config.compute.server == "inline" else asked or cores
