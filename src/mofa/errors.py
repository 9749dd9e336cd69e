"""Errors that say what is wrong, where, and what to do next.

Expected chemical failures are not errors: they are `mofa.chemistry.Rejected` values. What is raised here stops a
command: bad input, a missing engine, an engine that broke, a store that cannot be written.
"""

from __future__ import annotations

from pathlib import Path


class MofaError(Exception):
    """Root of every error that MOFA raises on purpose.

    Args:
        what: what is wrong, one clause without a full stop.
        where: the file, config key or engine it concerns.
        action: what the user can do about it, one imperative clause.
    """

    def __init__(self, what: str, *, where: str | Path | None = None, action: str = "") -> None:
        self.what = what
        self.where = None if where is None else str(where)
        self.action = action
        super().__init__(str(self))

    def __str__(self) -> str:
        text = self.what if self.where is None else f"{self.where}: {self.what}"
        return f"{text}. {self.action}." if self.action else f"{text}."

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.action))


def _rebuild(kind: type[MofaError], what: str, where: str | None, action: str) -> MofaError:
    """Rebuild an error on the other side of a process boundary."""
    return kind(what, where=where, action=action)


class ConfigError(MofaError, ValueError):
    """A campaign file with a wrong key, type, unit or value."""


class InputError(MofaError, ValueError):
    """A user's file that cannot be read or does not hold what the command needs."""


class EngineMissingError(MofaError, ImportError):
    """An engine that was asked for by name is not installed here, or does not exist."""


class EngineError(MofaError, RuntimeError):
    """An engine that is installed, was given valid input, and still broke."""


class OutputError(MofaError, OSError):
    """A result file that cannot be written (full or read-only disk, missing folder)."""

    def __str__(self) -> str:
        return MofaError.__str__(self)


class CampaignError(MofaError, RuntimeError):
    """A campaign folder that cannot be used as asked (already in use, not a campaign, other version)."""


class StoreError(MofaError, OSError):
    """The campaign store could not be read or written (full disk, no permission, damaged file)."""

    def __str__(self) -> str:
        return MofaError.__str__(self)
