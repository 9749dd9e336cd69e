"""Making a campaign: in full or not at all, and never over somebody's file.

The order makes every interruption harmless. First a draft of the configuration, then the database under a temporary
name, then ``campaign.toml``, and last the database takes its name: from then on the folder is a campaign. A
``campaign.toml`` beside its own draft was left by a creation that was cut off; any other one is the user's.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mofa.errors import CampaignError, StoreError
from mofa.store.durable import TEMPORARY_SUFFIX, store_error, sync_folder, write_durably

if TYPE_CHECKING:
    from mofa.store.folder import CampaignFolder


def refuse_if_taken(folder: CampaignFolder) -> None:
    """Raise unless a campaign can be made here; call again under the lock for a lasting answer.

    Raises:
        CampaignError: there is a campaign, or a ``campaign.toml`` that no creation left.
    """
    # Judged first: a creation that ends meanwhile removes its draft after its database is in place.
    foreign = os.path.lexists(folder.config_path) and not _left_by_creation(folder)
    if folder.database_path.exists():
        raise CampaignError(
            "the folder already holds a campaign",
            where=folder.root,
            action=f"Continue it with `mofa resume {folder.root}`, or choose another folder",
        )
    if foreign:
        raise CampaignError(
            "the folder already has a campaign.toml of its own",
            where=folder.root,
            action="Choose another folder with --out; the campaign keeps its own copy there",
        )


def write_campaign(folder: CampaignFolder, config_text: str) -> None:
    """Fill a folder that is locked and not taken; on failure everything made here is removed again.

    Raises:
        StoreError: it cannot be written.
    """
    from mofa.store.events import EventStore, sqlite_url

    _remove_leftovers(folder)
    database = _temporary(folder.database_path)
    parts = (folder.files.root, folder.outbox.root, folder.logs_path)
    new = [part for part in parts if not part.exists()]
    try:
        try:
            for part in parts:
                part.mkdir(exist_ok=True)
            write_durably(_temporary(folder.config_path), config_text.encode())
            EventStore(sqlite_url(database), create=True).close()
            write_durably(folder.config_path, config_text.encode())
            database.rename(folder.database_path)
            sync_folder(folder.root)
        except StoreError:
            raise
        except OSError as error:
            raise store_error("made", folder.root, error) from error
    finally:
        made = folder.database_path.exists()
        _remove_leftovers(folder)
        if not made:
            for part in new:
                with suppress(OSError):
                    part.rmdir()


def _left_by_creation(folder: CampaignFolder) -> bool:
    """Whether ``campaign.toml`` is the copy that a creation wrote, by its draft."""
    try:
        return _temporary(folder.config_path).read_bytes() == folder.config_path.read_bytes()
    except OSError:
        return False


def _remove_leftovers(folder: CampaignFolder) -> None:
    """Delete what a creation left; the configuration stays where there is a campaign."""
    with suppress(OSError):
        if not folder.database_path.exists() and _left_by_creation(folder):
            folder.config_path.unlink()
        for name in (folder.config_path, folder.database_path):
            for leftover in folder.root.glob(f"{_temporary(name).name}*"):
                leftover.unlink()


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}{TEMPORARY_SUFFIX}")
