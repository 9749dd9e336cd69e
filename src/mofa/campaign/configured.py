"""From the configuration file to a campaign's plan."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.util import find_spec

from mofa.campaign.adsorption import writes_files
from mofa.campaign.curriculum import CurriculumSettings
from mofa.campaign.electronic import DENSITY
from mofa.campaign.recipes import check_recipe
from mofa.campaign.settings import CampaignPlan, PolicySettings, Pool, SlotPlan, StopRules
from mofa.campaign.tasks import TaskKind
from mofa.campaign.training import conditions_of
from mofa.chemistry import Family
from mofa.compute import SERVERS, ServerSettings
from mofa.config import CampaignConfig
from mofa.config import Policy as PolicySection
from mofa.errors import ConfigError, EngineMissingError
from mofa.store.records import ObjectiveRecord

# A task gets this much longer than its own time limit before its worker is killed, s.
HARD_LIMIT_MARGIN_S = 60.0
LIBRARIES = ("ase", "gemmi", "matscipy", "rdkit", "scipy", "jinja2")
"""What every campaign needs beside its engines; a missing one would show only in the middle of the work."""
LOCAL_SERVERS = frozenset({"parsl", "pool", "colmena"})
"""Servers whose slots are processes of this machine."""


def plan_of(config: CampaignConfig) -> CampaignPlan:
    """The plan that a configuration describes.

    Raises:
        ConfigError: more worker slots than the machine has cores, or a kind of task that no slot serves.
    """
    slots = slots_of(config)
    options = {TaskKind(name): values for name, values in config.task_options().items()}
    if conditions := config.conditions():
        options[TaskKind.GENERATE]["conditions"] = conditions
    if config.policy.prescreen_steps:
        options[TaskKind.ASSEMBLE]["prescreen_steps"] = config.policy.prescreen_steps
    options[TaskKind.ADSORB] |= {
        "points": config.adsorb.conditions(),
        "objective": {"expression": config.objective.expression, "require": config.objective.require},
        "keep_input_files": config.adsorb.keep_input_files,
    }
    options[TaskKind.TRAIN] |= {
        "processes": config.train.processes or max(1, _cores() // sum(pool.count for pool in slots.pools.values())),
        "weighted": config.train.weighted,
        "acceptance": config.acceptance(),
    }
    return CampaignPlan(
        seed=config.campaign.seed,
        options=options,
        policy=policy_of(config, slots),
        stop=StopRules(**config.stop.model_dump()),
        slots=slots,
        server=server_of(config, slots),
        server_settings=ServerSettings(
            objects=config.compute.objects,
            threshold_bytes=config.compute.threshold_bytes,
            stream=config.compute.stream,
            redis_url=config.compute.redis_url,
            address=config.compute.address,
            heartbeat_limit_s=config.compute.heartbeat_limit_s,
        ),
        database_url=config.store.database_url,
        objective=objective_of(config),
        stable_strain=config.policy.stable_strain,
        retries=config.compute.retries,
        hard_limits_s=_hard_limits(config),
    )


def slots_of(config: CampaignConfig) -> SlotPlan:
    """The worker slots that a configuration asks for: its pools, or workers that share all kinds of task.

    Raises:
        ConfigError: more slots than the machine has cores, or a kind of task that no slot serves.
    """
    compute = config.compute
    cores = _cores()
    asked = sum(pool.slots for pool in compute.pools.values()) or compute.workers
    local = compute.server == "auto" or compute.server in LOCAL_SERVERS
    if local and asked > cores and not compute.oversubscribe:
        raise ConfigError(
            f"{asked} worker slots were asked for, this machine has {cores} cores",
            where="[compute] pools" if compute.pools else "[compute] workers",
            action=f"Give {cores} or fewer, or set oversubscribe = true",
        )
    if not compute.pools:
        return SlotPlan.shared(1 if compute.server == "inline" else asked or cores)
    pools = {
        name: Pool(pool.slots, tuple(map(TaskKind, pool.kinds)), tuple(map(TaskKind, pool.lends_to)))
        for name, pool in compute.pools.items()
    }
    return SlotPlan(pools, lend_above=config.policy.lend_above)


def _cores() -> int:
    """Cores of this machine that may be used."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def recipe_of(config: CampaignConfig) -> tuple[Family, ...]:
    """Families of a MOF's linkers."""
    return tuple(map(Family, config.assemble.linkers))


def objective_of(config: CampaignConfig) -> ObjectiveRecord:
    """What MOFs are ranked by, for the records."""
    points = config.adsorb.points
    texts = {key: config.objective.parsed(key, points) for key in ("expression", "require")}
    return ObjectiveRecord(
        **{key: "" if text is None else text.text for key, text in texts.items()}, unit=config.objective.unit
    )


def policy_of(config: CampaignConfig, slots: SlotPlan) -> PolicySettings:
    """Thresholds of the policy, as a configuration asks for."""
    settings = policy_settings(config.policy, slots, recipe=recipe_of(config), first_steps=config.validate_.steps)
    priority = config.objective.parsed("priority", ()) or settings.priority
    return replace(settings, priority=priority, judge=judge_of(config), judge_top=config.objective.judge_top)


def judge_of(config: CampaignConfig) -> str:
    """The engine of the second opinion; empty where none is asked for, or the first one comes from the same engine."""
    objective = config.objective
    return objective.judge if objective.judge_top and objective.judge != config.adsorb.engine else ""


def policy_settings(
    section: PolicySection,
    slots: SlotPlan,
    *,
    recipe: tuple[Family, ...] = PolicySettings.recipe,
    first_steps: int = 0,
) -> PolicySettings:
    """Thresholds of the policy, those that were left open (0) as the slots ask for.

    Args:
        section: of the configuration.
        slots: of the campaign.
        recipe: families of a MOF's linkers.
        first_steps: length of the dynamics before any prolongation.
    """
    generate, validate = slots.slots_of(TaskKind.GENERATE), slots.slots_of(TaskKind.VALIDATE)
    return PolicySettings(
        recipe=recipe,
        min_linkers_per_family=section.min_linkers_per_family,
        linker_window=section.linker_window or max(64, 50 * generate),
        max_mofs_per_linker=section.max_mofs_per_linker,
        mofs_per_assembly=section.mofs_per_assembly or min(128, max(1, validate // 2)),
        assembly_slots=max(1, validate // section.validate_slots_per_assembly),
        max_waiting_batches=section.max_waiting_batches or 8 * generate,
        max_generated=section.max_generated,
        max_waiting_mofs=section.max_waiting_mofs or max(64, 8 * validate),
        dynamics_steps=(first_steps, *section.prolong_to) if section.prolong_to else (),
        prolong_share=section.prolong_share,
        retrain=section.retrain,
        restart_on_new_model=section.restart_on_new_model,
        curriculum=CurriculumSettings(
            strain_limit=section.max_strain,
            first_after=section.retrain_first_after,
            growth=section.retrain_growth,
            keep_fraction=section.retrain_fraction,
            uptakes_to_switch=section.retrain_by_uptake_from,
            min_examples=section.retrain_min_mofs,
            max_examples=section.retrain_max_mofs,
        ),
    )


def server_of(config: CampaignConfig, slots: SlotPlan) -> str:
    """Name of the task server: Parsl beyond one worker, unless another is named."""
    if config.compute.server != "auto":
        return config.compute.server
    return "parsl" if sum(pool.count for pool in slots.pools.values()) > 1 else "pool"


def check_engines(config: CampaignConfig) -> None:
    """Make sure that everything the configuration names exists, before anything runs.

    Raises:
        ConfigError: the server is the simulated one, or the families of linkers do not fit node, net or generator.
        EngineMissingError: an engine or a server is not known or not installed.
        EngineError: a Redis server that is named cannot be reached.
        InputError: a node, net, gas, template or basis set is not known, or the generator makes no linkers of the size
            or sort asked for.
    """
    from mofa.charges import CHARGE_MODELS
    from mofa.charges.model import takes_density
    from mofa.config.electronic import Cp2kSection
    from mofa.generate import GENERATORS, Generator, generate
    from mofa.optimize import OPTIMIZERS
    from mofa.process import PERCEPTIONS

    for library in LIBRARIES:
        if find_spec(library) is None:
            raise EngineMissingError(f"the library {library} is not installed", action=f"Run: pip install {library}")
    server = server_of(config, slots_of(config))
    if server == "simulated":
        raise ConfigError(
            "the simulated server runs no engines",
            where="[compute] server",
            action="Plan with `mofa simulate FILE.toml`, or choose parsl, pool, colmena or inline",
        )
    SERVERS.load(server)
    if server == "colmena" or "redis" in (config.compute.objects, config.compute.stream):
        from mofa.compute.redis import check_redis

        check_redis(config.compute.redis_url)
    generator: Generator = GENERATORS.load(config.generate.generator)()
    check_recipe(recipe_of(config), config.assemble, generator)
    conditions = conditions_of(config.conditions())
    for family in dict.fromkeys(recipe_of(config)):
        size = config.generate.max_heavy_atoms
        generate(family, n=1, generator=config.generate.generator, max_heavy_atoms=size, conditions=conditions)
    PERCEPTIONS.load(config.process.perception)
    _check_dynamics(config)
    for registry, section in ((OPTIMIZERS, config.optimize), (CHARGE_MODELS, config.charges)):
        particulars = section.model_dump(include=set(Cp2kSection.model_fields))
        if section is config.charges and config.optimize.method == "cp2k" and takes_density(section.method):
            particulars["density"] = DENSITY  # which the optimisation will leave
        registry.build(section.method, where=f"[{type(section).__name__.lower()}]", **particulars)
    _check_cp2k(config)
    _check_adsorption(config)


def _check_dynamics(config: CampaignConfig) -> None:
    """Make sure that the force field of [validate] exists; see `check_engines`."""
    from mofa.validate.engine import force_field

    dynamics = config.validate_
    force_field(
        dynamics.engine,
        command=dynamics.command,
        gpus=dynamics.gpus,
        calculator=dynamics.calculator,
        calculator_options=dynamics.calculator_options,
    )
    if config.policy.prescreen_steps:
        force_field("lammps")


def _check_cp2k(config: CampaignConfig) -> None:
    """Make sure that CP2K can be run as [optimize] and [charges] say; see `check_engines`.

    DDEC6 takes the density of a cell that CP2K optimised: what [charges] says of CP2K counts then if it says anything.
    """
    from mofa.config.electronic import Cp2kSection

    options = set(Cp2kSection.model_fields)
    optimize, charges = (section.model_dump(include=options) for section in (config.optimize, config.charges))
    asked = [optimize] if config.optimize.method == "cp2k" else []
    if config.charges.method == "ddec6" and (not asked or any(charges.values())):
        asked.append(charges)
    if asked:
        from mofa.cp2k import Cp2kSettings, check_settings

        for values in asked:
            check_settings(Cp2kSettings.of(**values))


def _check_adsorption(config: CampaignConfig) -> None:
    """Make sure that the engines of [adsorb] and of the judge, and all gases exist; see `check_engines`."""
    from mofa.adsorb.engine import engine_named
    from mofa.adsorb.mixture import parse_gas

    section, judge = config.adsorb, judge_of(config)
    engine_named(
        section.engine, grid_spacing_ang=section.grid_spacing_ang, chains=section.chains, command=section.command
    )
    if judge:
        engine_named(judge)
    if section.keep_input_files and not any(writes_files(name) for name in (section.engine, judge) if name):
        raise ConfigError(
            f"the engine {section.engine!r} works without input files",
            where="[adsorb] keep_input_files",
            action="Set it to false, or choose raspa2 or graspa",
        )
    gases = {"": section.gas, **{name: point["gas"] for name, point in section.conditions().items()}}
    pure = {name for name, gas in gases.items() if len(parse_gas(gas)) == 1}
    for key in ("expression", "require"):
        parsed = config.objective.parsed(key, section.points)
        for name in sorted(parsed.names if parsed is not None else ()):
            point, _, quantity = name.rpartition(".")
            if quantity == "selectivity" and point in pure:
                raise ConfigError(
                    f"{name} is that of a mixture, and {gases[point]} is one gas",
                    where=f"[objective] {key}",
                    action='Give [adsorb] or the point a mixture, like gas = "CO2:0.15,N2:0.85"',
                )


def _hard_limits(config: CampaignConfig) -> dict[TaskKind, float]:
    """When a task of each kind is killed, s: a minute after the limit that it keeps by itself, or as configured."""
    own = {
        TaskKind.VALIDATE: config.validate_.time_limit_s,
        TaskKind.OPTIMIZE: config.optimize.time_limit_s,
        TaskKind.CHARGES: config.charges.time_limit_s,
        TaskKind.ADSORB: config.adsorb.time_limit_s * (1 + len(config.adsorb.points)),
        TaskKind.TRAIN: config.train.time_limit_s,
    }
    return {kind: limit_s + HARD_LIMIT_MARGIN_S for kind, limit_s in own.items()} | {
        TaskKind.GENERATE: config.limits.generate_s,
        TaskKind.PROCESS: config.limits.process_s,
        TaskKind.ASSEMBLE: config.limits.assemble_s,
    }
