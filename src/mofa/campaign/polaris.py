"""The machine of the paper's runs: how its nodes were shared out, and what was published of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mofa.campaign.configured import policy_settings
from mofa.campaign.settings import PolicySettings, Pool, SlotPlan
from mofa.campaign.tasks import TaskKind
from mofa.config import Policy
from mofa.errors import ConfigError

GPUS_PER_NODE = 4
VALIDATES_PER_GPU = 2
VALIDATES_PER_ASSEMBLY = 256
GENERATE_SHARE = 0.10
"""Of all nodes, for generating linkers; one of these trains."""
OPTIMIZE_SHARE = 0.25
"""Of the other nodes, in pairs, for optimisation."""
MIN_NODES = 21
"""Fewer leave no node to generate linkers on beside the one that trains."""
MOFS_PER_ASSEMBLY = 128
MOFS_PER_LINKER = 64
"""The paper has no such limit; 32 nodes used a linker about five times."""


PUBLISHED_STABLE_AFTER_S = 5400.0
"""When the published stable MOFs were counted, s."""


@dataclass(frozen=True)
class Published:
    """What was published of a run, per hour."""

    linkers: tuple[float, float]
    """Linkers generated and processed; lowest and highest published figure."""
    mofs: float
    """MOFs assembled."""
    simulated: float
    """MOFs simulated for stability."""
    uptakes: tuple[float, float] | None = None
    """Lowest and highest published figure."""
    stable_per_node_hour: float | None = None
    """Stable MOFs per node and hour in the first 90 minutes, with retraining."""


PUBLISHED: Mapping[int, Published] = {
    32: Published((60_000, 79_000), 31_500, 1_900, stable_per_node_hour=6.5),
    64: Published((180_000, 180_000), 30_000, 3_500, stable_per_node_hour=641 / 1.5 / 64),
    128: Published((406_000, 406_000), 60_300, 7_000),
    256: Published((879_000, 879_000), 152_000, 14_000, stable_per_node_hour=9.5),
    450: Published((1_650_000, 1_650_000), 280_000, 24_400, uptakes=(75, 114), stable_per_node_hour=9.7),
}
"""By number of nodes: figures 5 and 7 of the paper, section V, and the published analysis of its runs."""


def paper_layout(nodes: int) -> SlotPlan:
    """The slots of a run of the paper on a number of nodes.

    A tenth of the nodes generates linkers, one slot per GPU, but for one node that trains. A quarter of the pairs
    among the others optimises cells, one slot per pair. The rest validates, two slots per GPU; a core of each such
    slot that would be idle is a helper, which processes linkers and estimates charges and adsorption, and every 256
    of these slots share one that assembles.

    Raises:
        ConfigError: too few nodes for that.
    """
    if nodes < MIN_NODES:
        raise ConfigError(
            f"the paper's layout cannot be made of {nodes} nodes",
            action=f"Give {MIN_NODES} nodes or more, or a campaign file with slots of its own",
        )
    generating = int(GENERATE_SHARE * nodes)
    optimizing = max(1, int(OPTIMIZE_SHARE * ((nodes - generating) // 2)))
    validates = (nodes - generating - 2 * optimizing) * GPUS_PER_NODE * VALIDATES_PER_GPU
    return SlotPlan(
        {
            "generate": Pool((generating - 1) * GPUS_PER_NODE, (TaskKind.GENERATE,)),
            "validate": Pool(validates, (TaskKind.VALIDATE,)),
            "optimize": Pool(optimizing, (TaskKind.OPTIMIZE,)),
            "train": Pool(1, (TaskKind.TRAIN,)),
            "assemble": Pool(max(1, validates // VALIDATES_PER_ASSEMBLY), (TaskKind.ASSEMBLE,)),
            "helper": Pool(validates, (TaskKind.ADSORB, TaskKind.CHARGES, TaskKind.PROCESS)),
        }
    )


def paper_policy(slots: SlotPlan) -> PolicySettings:
    """The default policy as far as the paper has the same, its queues as long as the slots ask for."""
    section = Policy(
        max_mofs_per_linker=MOFS_PER_LINKER,
        mofs_per_assembly=MOFS_PER_ASSEMBLY,
        validate_slots_per_assembly=VALIDATES_PER_ASSEMBLY,
        restart_on_new_model=False,
        retrain_growth=0.0,
    )
    return policy_settings(section, slots)
