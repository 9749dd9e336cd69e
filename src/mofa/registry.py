"""Engines by name: what the config names is looked up here, and a missing one says how to install it.

Third parties add engines through the entry-point groups ``mofa.<kind>``, for example::

    [project.entry-points."mofa.adsorption"]
    my-gcmc = "my_package.engine:MyGCMC"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from inspect import signature
from typing import Any

from mofa.errors import EngineMissingError, InputError


@dataclass(frozen=True)
class EngineEntry:
    """One engine: where its class lives, and what to say when it cannot be imported."""

    target: str
    """``module:attribute``, imported only when the engine is asked for."""
    install: str
    """The command that installs what it needs."""
    requires: tuple[str, ...] = ()
    """Modules that must be installed; some engines import theirs only in a child process."""


@dataclass(frozen=True)
class Registry:
    """The engines of one kind (``force field``, ``adsorption``, ...)."""

    kind: str
    entries: Mapping[str, EngineEntry]

    def names(self) -> list[str]:
        """Names of the built-in engines and of installed plug-ins."""
        return sorted({*self.entries, *(point.name for point in self._plugins())})

    def build(self, name: str, *, where: str, **particulars: object) -> Any:
        """The engine of that name, made with those of its own options that are given.

        Args:
            name: see `names`.
            where: the task it is for, for errors.
            particulars: options of this engine; those that are empty count as not given.

        Raises:
            EngineMissingError: the engine is not known, or what it needs is not installed.
            InputError: it has no such option, lacks one, or cannot use it.
        """
        kind = self.load(name)
        given = {option: value for option, value in particulars.items() if value}
        parameters = signature(kind).parameters
        for option, parameter in parameters.items():
            if parameter.default is parameter.empty and option not in given:
                action = f"Give it, on the command line as --{option.replace('_', '-')}"
                raise InputError(f"the engine {name!r} needs {option}", where=where, action=action)
        unknown = [option for option in given if option not in parameters]
        if unknown:
            what = f"the engine {name!r} has no option {', '.join(unknown)}"
            raise InputError(what, where=where, action="Leave it away, or choose another engine")
        return kind(**given)

    def load(self, name: str) -> Any:
        """The class or function registered under `name`.

        Raises:
            EngineMissingError: no such name, or what it needs is not installed.
        """
        entry = self.entries.get(name)
        if entry is None:
            for point in self._plugins():
                if point.name == name:
                    return point.load()
            raise EngineMissingError(
                f"no {self.kind} engine is called {name!r}", action=f"Choose one of {', '.join(self.names())}"
            )
        absent = [name for name in entry.requires if find_spec(name) is None]
        if absent:
            raise EngineMissingError(
                f"the {self.kind} engine {name!r} needs {', '.join(absent)}, which is not installed",
                action=f"Run: {entry.install}",
            )
        module, _, attribute = entry.target.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except ImportError as error:
            raise EngineMissingError(
                f"the {self.kind} engine {name!r} is not installed ({error})", action=f"Run: {entry.install}"
            ) from error

    def _plugins(self) -> metadata.EntryPoints:
        return metadata.entry_points(group=f"mofa.{self.kind.replace(' ', '_')}")
