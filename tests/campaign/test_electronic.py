"""The paper's chain in a campaign: a cell optimised by CP2K, whose density gives DDEC6 charges for adsorption."""

from __future__ import annotations

from pathlib import Path

import pytest

from mofa.campaign.actions import Job
from mofa.campaign.configured import check_engines, plan_of
from mofa.campaign.electronic import FOLDER, forget
from mofa.campaign.tasks import Task, TaskKind
from mofa.campaign.work import perform
from mofa.campaign.workplace import Workplace
from mofa.config import load_config, parse_config
from mofa.errors import EngineError, EngineMissingError, InputError
from mofa.store.codec import get_framework, put_framework
from tests.cp2k.cases import needs_cp2k
from tests.structures import dry_ice

CHEAP = {"method": "cp2k", "basis_set": "SZV-MOLOPT-SR-GTH", "cutoff_ry": 200.0, "max_steps": 1}
EXAMPLE = Path(__file__).parents[2] / "examples" / "co2-zn-pcu-dft.toml"


def workplace_in(folder: Path, **optimize: object) -> Workplace:
    for name in ("files", "outbox"):
        (folder / name).mkdir(exist_ok=True)
    options = {TaskKind.OPTIMIZE: {**CHEAP, **optimize}, TaskKind.CHARGES: {"method": "ddec6"}}
    return Workplace(str(folder), options)


def run(kind: TaskKind, ref: str, workplace: Workplace) -> dict[str, object]:
    task = Task(f"{kind}-000000", kind, (ref,), {"seed": 1}, "mof")
    (item,) = perform(lambda report: False, task, workplace).result["items"]
    return item


@pytest.mark.engine
@needs_cp2k
def test_the_density_of_the_optimised_cell_gives_its_charges(tmp_path: Path) -> None:
    workplace = workplace_in(tmp_path)
    optimized = run(TaskKind.OPTIMIZE, put_framework(dry_ice(), workplace.files), workplace)
    density = tmp_path / FOLDER / "mof" / "optimize" / "valence_density.cube"
    assert optimized["value"]["steps"] == 1
    assert density.is_file()

    charged = run(TaskKind.CHARGES, optimized["ref"], workplace)
    assert charged["rejected"] is None
    mof = get_framework(charged["ref"], workplace.files)
    assert mof.charge_method == "ddec6"
    carbon = [q for q, symbol in zip(mof.charges, mof.symbols, strict=True) if symbol == "C"]
    assert min(carbon) > 0.3
    assert not list(tmp_path.glob(f"{FOLDER}/mof/charges/*.inp")), "the density was not computed again"
    assert density.is_file(), "a lost result can be made again"
    forget(Job(lambda report: False, Task("adsorb-000000", TaskKind.ADSORB, subject="mof"), workplace))
    assert not (tmp_path / FOLDER / "mof").exists(), "no longer needed"


@pytest.mark.engine
def test_a_run_that_cannot_be_gone_on_from_starts_in_a_folder_of_its_own(tmp_path: Path) -> None:
    workplace = workplace_in(tmp_path, method="xtb", basis_set="", cutoff_ry=0.0)
    damaged = tmp_path / FOLDER / "mof" / "optimize" / "relaxation.npz"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"nonsense")
    optimized = run(TaskKind.OPTIMIZE, put_framework(dry_ice(), workplace.files), workplace)
    assert optimized["rejected"] is None
    assert optimized["value"]["steps"] == 1
    assert damaged.read_bytes() == b"nonsense"


def test_charges_by_ddec6_are_computed_as_the_cell_where_its_density_is_gone() -> None:
    text = '[optimize]\nmethod = "cp2k"\ncommand = "srun cp2k.psmp"\ncutoff_ry = 400.0\n[charges]\nmethod = "ddec6"\n'
    options = parse_config(text + "cutoff_ry = 500.0\n[stop]\nmax_uptakes = 1\n").task_options()["charges"]
    assert (options["command"], options["cutoff_ry"]) == ("srun cp2k.psmp", 500.0)


def test_files_of_a_program_that_dies_stay(tmp_path: Path) -> None:
    program = tmp_path / "cp2k.sh"
    program.write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo ' CP2K version 2023.1' && exit 0\necho broken\nexit 3\n"
    )
    program.chmod(0o755)
    workplace = workplace_in(tmp_path, command=str(program))
    with pytest.raises(EngineError) as caught:
        run(TaskKind.OPTIMIZE, put_framework(dry_ice(), workplace.files), workplace)
    folder = tmp_path / FOLDER / "mof" / "optimize"
    assert str(folder) in str(caught.value)
    assert list(folder.glob("*.inp"))


def test_options_of_another_method_are_refused_before_anything_runs() -> None:
    config = parse_config('[charges]\nmethod = "xtb"\ncutoff_ry = 300.0\n[stop]\nmax_uptakes = 1\n')
    with pytest.raises(InputError, match=r"\[charges\].*'xtb' has no option cutoff_ry"):
        check_engines(config)


STOP = "[stop]\nmax_uptakes = 1\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CP2K that only says its version, and whose data files know one basis set."""
    for name, text in (
        ("BASIS_MOLOPT", "H SZV-MOLOPT-SR-GTH SZV-MOLOPT-SR-GTH-q1\nC SZV-MOLOPT-SR-GTH SZV-MOLOPT-SR-GTH-q4\n"),
        ("GTH_POTENTIALS", "H GTH-PBE-q1 GTH-PBE\nC GTH-PBE-q4 GTH-PBE\n"),
    ):
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("CP2K_DATA_DIR", str(tmp_path))
    path = tmp_path / "cp2k.sh"
    path.write_text("#!/bin/sh\necho ' CP2K version 2023.1'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("section", ['[optimize]\nmethod = "cp2k"', '[charges]\nmethod = "ddec6"'])
@pytest.mark.parametrize(
    ("option", "error", "message"),
    [
        ('command = "nocp2k"', EngineMissingError, "no program 'nocp2k'"),
        ('command = "true"', EngineMissingError, "no working CP2K"),
        ('template = "nope.inp"', InputError, r"nope\.inp.*cannot be read"),
        ('basis_set = "NOPE"', InputError, "no basis set called NOPE"),
    ],
)
def test_a_cp2k_that_cannot_be_run_is_refused_before_anything_runs(
    section: str, option: str, error: type[Exception], message: str, program: Path
) -> None:
    command = "" if option.startswith("command") else f'command = "{program}"\n'
    with pytest.raises(error, match=message) as caught:
        check_engines(parse_config(f"{section}\n{command}{option}\n{STOP}"))
    assert "\n" not in str(caught.value)


def test_ddec6_beside_cp2k_needs_no_program_of_its_own(program: Path) -> None:
    chain = f'[optimize]\nmethod = "cp2k"\ncommand = "{program}"\nbasis_set = "SZV-MOLOPT-SR-GTH"\n'
    charges = '[charges]\nmethod = "ddec6"\n'
    check_engines(parse_config(chain + charges + STOP))
    with pytest.raises(InputError, match="no basis set called NOPE"):
        check_engines(parse_config(f'{chain}{charges}command = "{program}"\nbasis_set = "NOPE"\n{STOP}'))


def test_a_launcher_is_not_started_by_the_check(program: Path) -> None:
    """It may want an allocation, which the machine of the check does not have."""
    launcher = program.with_name("srun")
    launcher.write_text(f"#!/bin/sh\ntouch {program.parent}/started\nexit 1\n")
    launcher.chmod(0o755)
    section = f'[optimize]\nmethod = "cp2k"\ncommand = "{launcher} -n 64 cp2k.psmp"\n'
    check_engines(parse_config(f'{section}basis_set = "SZV-MOLOPT-SR-GTH"\n{STOP}'))
    with pytest.raises(InputError, match="no basis set called NOPE"):
        check_engines(parse_config(f'{section}basis_set = "NOPE"\n{STOP}'))
    assert not (program.parent / "started").exists()


def test_templates_are_looked_for_beside_the_campaign_file(tmp_path: Path) -> None:
    path = tmp_path / "campaign.toml"
    path.write_text('[optimize]\nmethod = "cp2k"\ntemplate = "site.inp"\n[stop]\nmax_uptakes = 1\n')
    assert load_config(path).optimize.template == str(tmp_path / "site.inp")


def test_the_example_gives_cp2k_and_ddec6_slots_of_their_own() -> None:
    plan = plan_of(load_config(EXAMPLE))
    kinds = {name: pool.kinds for name, pool in plan.slots.pools.items()}
    assert kinds["cp2k"] == (TaskKind.OPTIMIZE,)
    assert kinds["ddec6"] == (TaskKind.CHARGES,)
    assert plan.options[TaskKind.OPTIMIZE]["command"].endswith("cp2k.psmp")
