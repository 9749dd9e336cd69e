"""Reading campaign files: every mistake named in the words of the file, all of them at once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from mofa.config.sections import CampaignConfig
from mofa.errors import ConfigError


def load_config(path: str | Path) -> CampaignConfig:
    """Read and check a campaign file. Files that it names by relative paths are looked for beside it.

    Raises:
        ConfigError: the file is missing, not TOML, or a key, type, unit or value is wrong; all problems at once.
    """
    where = Path(path)
    try:
        text = where.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot be read ({error.strerror or error})",
            where=where,
            action="Check the path, or write a new file with `mofa init`",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not a text file", where=where, action="Give a TOML file in UTF-8") from error
    return _with_paths_from(where.resolve().parent, parse_config(text, where=str(where)))


def _with_paths_from(folder: Path, config: CampaignConfig) -> CampaignConfig:
    """The configuration with the absolute paths of its files, so that it means the same everywhere."""
    section = config.assemble
    # A node is named, or it is a file; names have no suffix.
    files = {"node": section.node if Path(section.node).suffix else "", "net_file": section.net_file}
    absolute = {key: str(folder / Path(name).expanduser()) for key, name in files.items() if name}
    update: dict[str, Any] = {"assemble": section.model_copy(update=absolute)}
    for name in ("optimize", "charges"):
        electronic = getattr(config, name)
        if electronic.template:
            path = str(folder / Path(electronic.template).expanduser())
            update[name] = electronic.model_copy(update={"template": path})
    return config.model_copy(update=update)


def parse_config(text: str, *, where: str = "campaign file") -> CampaignConfig:
    """Check the text of a campaign file; see `load_config`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not valid TOML ({error})", where=where, action="Repair that line") from error
    try:
        return CampaignConfig.model_validate(table)
    except ValidationError as error:
        problems = "; ".join(_problem(item, table) for item in error.errors())
        raise ConfigError(problems, where=where, action="See `mofa init` for every key with its unit") from error


def _problem(item: Any, table: dict[str, Any]) -> str:
    """One validation problem in the words of the file: ``[adsorb] presure_pa: unknown key (did you mean ...)``."""
    location = [str(part) for part in item["loc"]]
    key = f"[{location[0]}] {'.'.join(location[1:])}".strip() if location else "file"
    if item["type"] != "extra_forbidden":
        shown = "" if isinstance(item["input"], dict) else f" (got {item['input']!r})"
        return f"{key}: {item['msg'].removeprefix('Value error, ')}{shown}"
    return f"{key}: unknown key{_suggestion(location)}"


def _suggestion(location: list[str]) -> str:
    """The known key that the unknown one most resembles."""
    from difflib import get_close_matches

    known = _known_keys(location[:-1])
    wanted = location[-1]
    stem = [name for name in known if name.rsplit("_", 1)[0] == wanted.rsplit("_", 1)[0]]
    close = stem or get_close_matches(wanted, known, n=1, cutoff=0.5)
    return f" (did you mean {close[0]}?)" if close else f" (known: {', '.join(known)})"


def _known_keys(location: list[str]) -> list[str]:
    """The keys of a table: of the file, of a section, or of one of its named tables."""
    fields = {field.alias or name: field for name, field in CampaignConfig.model_fields.items()}
    for name in location[:2]:
        kind: Any = fields[name].annotation
        # A section, or a mapping from names to tables.
        table = next((part for part in (kind, *get_args(kind)) if _is_section(part)), None)
        fields = table.model_fields if table is not None else {}
    return list(fields)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
