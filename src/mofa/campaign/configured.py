"""From the configuration file to a campaign's plan."""

from __future__ import annotations

import os

from mofa.campaign.settings import CampaignPlan, PolicySettings, SlotPlan, StopRules
from mofa.campaign.tasks import TaskKind
from mofa.config import CampaignConfig
from mofa.errors import ConfigError

# A task gets this much longer than its own time limit before its worker is killed, s.
HARD_LIMIT_MARGIN_S = 60.0


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
