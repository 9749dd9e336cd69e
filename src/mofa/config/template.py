"""Writing campaign files: every key with its value and what it means."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from mofa.config.base import Section
from mofa.config.sections import CampaignConfig, Stop


def template(config: CampaignConfig | None = None) -> str:
    """A campaign file with every key, its value and its description."""
    shown = config or CampaignConfig(stop=Stop(max_uptakes=10))
    lines = ["# A MOFA campaign. Every key is listed with its default; delete what you do not change."]
    for name, field in CampaignConfig.model_fields.items():
        section: Section = getattr(shown, name)
        about = (f"# {line}".rstrip() for line in cleandoc(type(section).__doc__ or "").splitlines())
        lines += ["", *about, f"[{field.alias or name}]"]
        tables: list[str] = []
        for key, option in type(section).model_fields.items():
            value = getattr(section, key)
            description = (option.description or "").replace("\n", " ")
            if isinstance(value, dict):
                tables += _tables(f"{field.alias or name}.{key}", description, value)
                continue
            assignment = f"{key} = {_toml(value)}" if value is not None else f"# {key} ="
            lines.append(f"{assignment:<35} # {description}")
        lines += tables
    return "\n".join(lines) + "\n"


_EXAMPLES = {
    "compute.pools": ("[compute.pools.md]", "slots = 1", 'kinds = ["validate"]', 'lends_to = ["process"]'),
    "adsorb.points": ("[adsorb.points.desorption]", "pressure_pa = 1000.0"),
}
"""Of the named tables of a section, where there are none."""


def _tables(name: str, description: str, sections: dict[str, Section]) -> list[str]:
    """Named sub-tables of a section."""
    if not sections:
        return [f"# {description} For example:", *(f"# {line}" for line in _EXAMPLES[name])]
    lines = [f"# {description}"]
    for key, section in sections.items():
        values = {option: getattr(section, option) for option in type(section).model_fields}
        given = (f"{option} = {_toml(value)}" for option, value in values.items() if value is not None)
        lines += ["", f"[{name}.{_key(key)}]", *given]
    return lines


def _key(text: str) -> str:
    """A key of TOML, quoted where it must be."""
    return text if text.isascii() and text.replace("-", "").replace("_", "").isalnum() else _toml(text)


def _toml(value: Any) -> str:
    """A scalar or a flat list as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value)
