from __future__ import annotations

import pickle

import pytest

from mofa.errors import ConfigError, EngineMissingError, InputError, MofaError, StoreError
from mofa.registry import EngineEntry, Registry


@pytest.mark.parametrize("kind", [ConfigError, InputError, EngineMissingError, StoreError])
def test_errors_say_what_where_and_what_to_do_and_cross_processes(kind: type[MofaError]) -> None:
    error = pickle.loads(pickle.dumps(kind("it is empty", where="a.cif", action="Give another")))
    assert str(error) == "a.cif: it is empty. Give another."
    assert isinstance(error, MofaError)


def test_errors_are_also_the_builtins_that_callers_expect() -> None:
    assert issubclass(InputError, ValueError)
    assert issubclass(EngineMissingError, ImportError)
    assert issubclass(StoreError, OSError)


def test_a_registry_loads_by_name_and_names_the_choices() -> None:
    registry = Registry("adsorption", {"json": EngineEntry("json:loads", "pip install nothing")})
    assert registry.load("json")("1") == 1
    with pytest.raises(EngineMissingError, match="Choose one of json"):
        registry.load("xml")


def test_a_missing_engine_names_the_command_that_installs_it() -> None:
    registry = Registry("adsorption", {"far": EngineEntry("no_such_module_here:X", "pip install far")})
    with pytest.raises(EngineMissingError, match="Run: pip install far"):
        registry.load("far")


def test_an_engine_without_its_library_is_named_before_it_is_used() -> None:
    entry = EngineEntry("json:loads", "pip install far", requires=("no_such_module_here",))
    with pytest.raises(EngineMissingError, match=r"needs no_such_module_here.*Run: pip install far"):
        Registry("adsorption", {"far": entry}).load("far")
