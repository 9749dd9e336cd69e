from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from mofa.config import CampaignConfig, Stop, load_config, parse_config, template
from mofa.errors import ConfigError

TASKS = {
    "generate": "mofa.generate:generate",
    "process": "mofa.process:process",
    "assemble": "mofa.assemble:assemble",
    "validate": "mofa.validate:validate",
    "optimize": "mofa.optimize:optimize",
    "charges": "mofa.charges:assign_charges",
    "adsorb": "mofa.adsorb:adsorb",
    "train": "mofa.generate:train",
}


def test_the_written_template_is_a_valid_campaign() -> None:
    assert parse_config(template()) == CampaignConfig(stop=Stop(max_uptakes=10))


def test_points_and_objective_are_written_and_read_again() -> None:
    text = """
        [adsorb]
        pressure_pa = 6.5e6
        gas = "CH4"
        [adsorb.points.desorption]
        pressure_pa = 5.8e5
        [objective]
        expression = "uptake - desorption.uptake"
        [stop]
        max_uptakes = 1
    """
    config = parse_config(text)
    assert parse_config(template(config)) == config
    assert config.adsorb.conditions() == {
        "desorption": {"gas": "CH4", "pressure_pa": 5.8e5, "temperature_k": 300.0},
    }
    assert "# [adsorb.points.desorption]" in template(), "with an example where there are none"
    assert "# Names: strain, n_atoms" in template()


@pytest.mark.parametrize("task", TASKS)
def test_every_option_is_a_keyword_of_its_task_function_with_the_same_default(task: str) -> None:
    module, _, name = TASKS[task].partition(":")
    parameters = inspect.signature(getattr(import_module(module), name)).parameters
    for option, value in CampaignConfig(stop=Stop(max_uptakes=1)).task_options()[task].items():
        assert option in parameters
        default = parameters[option].default
        if default is not inspect.Parameter.empty:
            assert value == (list(default) if isinstance(default, tuple) else default), option


@pytest.mark.parametrize("task", TASKS)
def test_no_option_of_a_task_function_is_missing(task: str) -> None:
    module, _, name = TASKS[task].partition(":")
    parameters = inspect.signature(getattr(import_module(module), name)).parameters.values()
    options = {parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
    set_by_the_campaign = {
        "seed",
        "on_progress",
        "start_batch",
        "weights",
        "conditions",
        "example_weights",
        "processes",
        "restart",
        "input_files",
        "folder",
        "density",
    }
    assert options - set_by_the_campaign == set(CampaignConfig(stop=Stop(max_uptakes=1)).task_options()[task])


def test_every_key_is_described() -> None:
    for field in CampaignConfig.model_fields.values():
        for name, option in field.annotation.model_fields.items():
            assert option.description, name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[adsorb]\npresure_pa = 1e4\n[stop]\nmax_uptakes = 1", "unknown key (did you mean pressure_pa?)"),
        ("[adsorb]\npressure_bar = 0.1\n[stop]\nmax_uptakes = 1", "did you mean pressure_pa?"),
        ("[adsorb]\npressure_pa = '0.1 bar'\n[stop]\nmax_uptakes = 1", "[adsorb] pressure_pa"),
        ("[adsorb]\npressure_pa = nan\n[stop]\nmax_uptakes = 1", "finite"),
        ("[validate]\nsteps = -5\n[stop]\nmax_uptakes = 1", "[validate] steps"),
        ('[validate]\nsteps = "400"\n[stop]\nmax_uptakes = 1', "[validate] steps"),
        ("[stop]\nmax_uptakes = true", "[stop] max_uptakes"),
        ("[stopp]\nmax_uptakes = 1", "did you mean stop?"),
        ("seed = 3", "unknown key"),
        ("[stop]\nmax_uptakes = ", "not valid TOML"),
        ("", "[stop] needs at least one of"),
        ("[adsorb.points.Des]\npressure_pa = 1.0\n[stop]\nmax_uptakes = 1", "the name 'Des' is not of lower-case"),
        ("[adsorb.points.heat]\npressure_pa = 1.0\n[stop]\nmax_uptakes = 1", "'heat' has a meaning of its own"),
        ("[adsorb.points.for]\npressure_pa = 1.0\n[stop]\nmax_uptakes = 1", "'for' is a word of Python"),
        ("[adsorb.points.des]\n[stop]\nmax_uptakes = 1", "des gives none of gas, pressure_pa, temperature_k"),
        ("[adsorb.points.des]\npresure_pa = 1.0\n[stop]\nmax_uptakes = 1", "points.des.presure_pa: unknown key (did"),
        ("[compute.pools.md]\nslot = 1\n[stop]\nmax_uptakes = 1", "did you mean slots?"),
        ("[objective]\nexpresion = 'uptake'\n[stop]\nmax_uptakes = 1", "did you mean expression?"),
        (
            "[objective]\nexpression = 'uptke'\n[stop]\nmax_uptakes = 1",
            "expression: 'uptke' is not known (did you mean",
        ),
        (
            "[objective]\nrequire = 'strain'\n[stop]\nmax_uptakes = 1",
            "[objective] require: 'strain' is not a condition",
        ),
        ("[objective]\npriority = '-heat'\n[stop]\nmax_uptakes = 1", "'heat' is not known (known: strain, n_atoms, d"),
        ("[objective]\njudge_top = -1\n[stop]\nmax_uptakes = 1", "[objective] judge_top"),
    ],
)
def test_mistakes_are_named_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config("[adsorb]\ngass = 'CO2'\n[validate]\nsteps = 'many'\n[stop]\nmax_uptakes = 1")
    assert "gass" in str(caught.value)
    assert "steps" in str(caught.value)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mofa init"):
        load_config(tmp_path / "none.toml")


def test_a_binary_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ConfigError, match="not a text file"):
        load_config(path)
