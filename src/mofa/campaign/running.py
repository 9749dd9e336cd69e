"""Start, resume and run a campaign: from a folder and a plan to a finished session."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mofa.campaign.crashes import clear_scratch
from mofa.campaign.policy import Policy
from mofa.campaign.progress import Listener, RunSummary, Silent
from mofa.campaign.settings import CampaignPlan
from mofa.campaign.thinker import Thinker
from mofa.campaign.workplace import Workplace
from mofa.compute import SERVERS, TaskServer
from mofa.store.durable import RESUME, store_error
from mofa.store.folder import CampaignFolder


def start(
    path: str | Path, plan: CampaignPlan, config_text: str = "", *, listener: Listener | None = None
) -> RunSummary:
    """Make a new campaign folder and run the campaign until a stop rule, exhaustion, Ctrl-C or SIGTERM ends it.

    Args:
        path: folder to make.
        plan: the campaign.
        config_text: the campaign file, kept in the folder.
        listener: is told of every event.

    Raises:
        CampaignError: the folder already holds a campaign or another ``campaign.toml``, or another process makes a
            campaign there now.
        StoreError: the disk is full or the folder cannot be written.
        EngineMissingError: an engine that the plan names is not installed.
        EngineError: tasks of one kind crash one after another.
    """
    folder = CampaignFolder.create(path, config_text, database_url=plan.database_url)
    return run(folder, plan, listener=listener)


def resume(path: str | Path, plan: CampaignPlan, *, listener: Listener | None = None) -> RunSummary:
    """Go on with a campaign: finished tasks stay finished, those that were cut off run again.

    Slots, server, stop rules and options may differ from those it was started with.

    Args:
        path: folder of the campaign.
        plan: the campaign, usually from the ``campaign.toml`` in the folder.
        listener: is told of every event.

    Raises:
        CampaignError: there is no campaign, a newer MOFA wrote it, or another process runs it.
        StoreError: see `start`.
        EngineMissingError: see `start`.
        EngineError: see `start`.
    """
    return run(CampaignFolder.open(path, database_url=plan.database_url), plan, listener=listener)


def run(folder: CampaignFolder, plan: CampaignPlan, *, listener: Listener | None = None) -> RunSummary:
    """Run the campaign in an existing folder until it ends; see `start` and `resume`."""
    with folder.lock(), _log_to(folder.logs_path / "campaign.log"), folder.events() as events:
        workplace = Workplace(str(folder.root), plan.options, plan.functions)
        with make_server(plan, folder) as server:
            policy = Policy(plan.policy, seed=plan.seed)
            thinker = Thinker(policy, server, folder, events, workplace, plan, listener or Silent())
            summary = thinker.run()
        clear_scratch(folder)
        return summary


def make_server(plan: CampaignPlan, folder: CampaignFolder) -> TaskServer:
    """The task server that a plan names, with its pools.

    Raises:
        EngineMissingError: there is no such server, or what it needs is not installed.
    """
    counts = {name: pool.count for name, pool in plan.slots.pools.items()}
    settings = replace(plan.server_settings, log_dir=folder.logs_path, run_dir=folder.root / "run")
    server: TaskServer = SERVERS.load(plan.server)(counts, settings)
    return server


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Write MOFA's log messages to a file while a campaign runs."""
    logger = logging.getLogger("mofa")
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise store_error("written", path, error, then=RESUME) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        handler.close()
