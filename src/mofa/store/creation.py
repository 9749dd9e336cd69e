"""Making a campaign: in full or not at all, and never over somebody's file.

The order makes every interruption harmless. First a draft of the configuration, then the database under a temporary
name, then ``campaign.toml``, and last the database takes its name: from then on the folder is a campaign. A
``campaign.toml`` beside its own draft was left by a creation that was cut off; any other one is the user's.

With PostgreSQL the file that names the schema stands for the database. The schema is made in one transaction; a
creation that is killed in the moment after it leaves an empty schema on the server, which nobody uses.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mofa.errors import CampaignError, MofaError, StoreError
from mofa.store.durable import TEMPORARY_SUFFIX, store_error, sync_folder, write_durably

if TYPE_CHECKING:
    from mofa.store.address import Address
    from mofa.store.folder import CampaignFolder

_PASSWORD = re.compile(r"://[^\s/@]*:\S+@|[?&]password=")
"""A URL with a password, or what looks like one."""


def refuse_if_taken(folder: CampaignFolder) -> None:
    """Raise unless a campaign can be made here; call again under the lock for a lasting answer.

    Raises:
        CampaignError: there is a campaign, or a ``campaign.toml`` that no creation left.
    """
    # Judged first: a creation that ends meanwhile removes its draft after its database is in place.
    foreign = os.path.lexists(folder.config_path) and not _left_by_creation(folder)
    if folder.holds_campaign:
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


def new_address(database_url: str) -> Address | None:
    """The place for a new campaign's events on a PostgreSQL server; None without a URL.

    Raises:
        ConfigError: this is not the URL of a PostgreSQL database.
    """
    if not database_url:
        return None
    from mofa.store.address import Address

    return Address.new(database_url)


def write_campaign(folder: CampaignFolder, config_text: str, address: Address | None) -> None:
    """Fill a folder that is locked and not taken; on failure everything made here is removed again.

    Args:
        folder: the folder.
        config_text: its campaign file; where a URL in it has a password it is made readable for its owner alone.
        address: for the events; None to have them in the folder.

    Raises:
        StoreError: it cannot be written, or the database server cannot be reached.
    """
    _remove_leftovers(folder)
    private = (address is not None and address.has_password) or _PASSWORD.search(config_text) is not None
    parts = (folder.files.root, folder.outbox.root, folder.logs_path)
    new = [part for part in parts if not part.exists()]
    with ExitStack() as undo:
        undo.callback(_remove_leftovers, folder)
        for part in new:
            undo.callback(_remove_empty, part)
        try:
            for part in parts:
                part.mkdir(exist_ok=True)
            write_durably(_temporary(folder.config_path), config_text.encode(), private=private)
            draft, name = _draft_events(folder, address)
            if address is not None:
                undo.callback(_drop, address)
            write_durably(folder.config_path, config_text.encode(), private=private)
            draft.rename(name)
            undo.pop_all()
            sync_folder(folder.root)
        except StoreError:
            raise
        except OSError as error:
            raise store_error("made", folder.root, error) from error
    _remove_leftovers(folder)


def _draft_events(folder: CampaignFolder, address: Address | None) -> tuple[Path, Path]:
    """Make the database, without events; the file that is it or tells where it is, and the name for that file."""
    from mofa.store.events import EventStore, sqlite_url

    if address is None:
        draft = _temporary(folder.database_path)
        EventStore(sqlite_url(draft), create=True).close()
        return draft, folder.database_path
    draft = _temporary(folder.address_path)
    write_durably(draft, address.to_json())
    EventStore(address.url, schema=address.schema, create=True).close()
    return draft, folder.address_path


def _drop(address: Address) -> None:
    """Remove a schema that was made here and is not needed after all."""
    from mofa.store.events import EventStore

    with suppress(MofaError), EventStore(address.url, schema=address.schema) as events:
        events.drop()


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _left_by_creation(folder: CampaignFolder) -> bool:
    """Whether ``campaign.toml`` is the copy that a creation wrote, by its draft."""
    try:
        return _temporary(folder.config_path).read_bytes() == folder.config_path.read_bytes()
    except OSError:
        return False


def _remove_leftovers(folder: CampaignFolder) -> None:
    """Delete what a creation left; the configuration stays where there is a campaign."""
    with suppress(OSError):
        if not folder.holds_campaign and _left_by_creation(folder):
            folder.config_path.unlink()
        for name in (folder.config_path, folder.database_path, folder.address_path):
            for leftover in folder.root.glob(f"{_temporary(name).name}*"):
                leftover.unlink()


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}{TEMPORARY_SUFFIX}")
