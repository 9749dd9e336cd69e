"""The one typed configuration tree: a campaign as a TOML file.

Every field says what it means and in which unit; `mofa init` writes them all out, so these descriptions are the
reference manual. The sections `[generate]` to `[adsorb]` hold the keyword options of the task functions of the same
name. Unknown keys are errors, never ignored.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mofa.errors import ConfigError

PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A table of the TOML file: immutable, and a wrong key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Campaign(Section):
    """What the campaign is called and which random stream it follows."""

    name: str = "co2-zn-pcu"
    """Name shown in logs and reports."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Seed of every random choice; the same seed gives the same linkers and the same decisions."""


class Generate(Section):
    """Task 1: propose linkers."""

    generator: str = "library"
    """Which generator proposes linkers; `library` enumerates known chemistry."""
    batch_size: PositiveInt = 16
    """Linkers per streamed batch."""
    n: PositiveInt = 64
    """Linkers per generate task."""
    max_heavy_atoms: PositiveInt = 38
    """Largest linker, heavy atoms of the whole molecule. Small linkers make cheap simulations."""


class Process(Section):
    """Task 2: hydrogens, bond orders, relaxation, dummy atoms."""

    time_limit_s: PositiveFloat = 5.0
    """Time limit per linker, s."""


class Assemble(Section):
    """Task 3: linkers and a node in a net."""

    node: str = "zn-paddlewheel-pillar"
    """Metal node; `mofa nodes` lists them."""
    net: str = "pcu"
    """RCSR symbol of the net; `mofa nets` lists them."""
    max_bend_deg: Annotated[float, Field(gt=0, le=180)] = 15.0
    """Largest angle between a linker's exit and the line through both its ends, degrees."""
    torsion_step_deg: Annotated[float, Field(gt=0, le=360)] = 15.0
    """Step of the scan that turns a linker about its axis, degrees."""


class Validate(Section):
    """Task 4: molecular dynamics of a supercell; how far does the cell go?"""

    engine: str = "lammps"
    """Force-field engine."""
    steps: PositiveInt = 20_000
    """MD steps; the paper runs 1 000 000."""
    supercell: Annotated[tuple[PositiveInt, PositiveInt, PositiveInt], Field(strict=False)] = (2, 2, 2)
    """Unit cells along a, b and c."""
    temperature_k: PositiveFloat = 300.0
    """Temperature, K."""
    pressure_pa: PositiveFloat = 101_325.0
    """Pressure, Pa."""
    timestep_fs: PositiveFloat = 0.5
    """Time step, fs."""
    chunk_steps: PositiveInt = 500
    """Steps between two looks at the cell."""
    early_reject_strain: PositiveFloat = 0.40
    """A run whose strain stays beyond this is ended; a large number never ends one."""
    time_limit_s: PositiveFloat = 3600.0
    """Time limit per MOF, s."""


class Optimize(Section):
    """Task 5: relax cell and atoms."""

    method: str = "xtb"
    """Cell optimiser; `xtb` is GFN1-xTB."""
    max_steps: PositiveInt = 30
    """Cap on L-BFGS steps."""
    fmax_ev_per_ang: PositiveFloat = 0.05
    """Converged when no force (and no cell gradient) is larger, eV/Å."""
    time_limit_s: PositiveFloat = 1800.0
    """Time limit per MOF, s."""


class Charges(Section):
    """Task 6a: partial charges."""

    method: str = "xtb"
    """Charge model; `xtb` takes those of the GFN1-xTB optimisation."""
    time_limit_s: PositiveFloat = 1800.0
    """Time limit per MOF, s."""


class Adsorb(Section):
    """Task 6b: gas uptake by grand-canonical Monte Carlo."""

    engine: str = "raspa3"
    """Adsorption engine."""
    gas: str = "CO2"
    """Guest molecule."""
    pressure_pa: PositiveFloat = 1.0e4
    """Pressure, Pa (0.1 bar = 10 000 Pa)."""
    temperature_k: PositiveFloat = 300.0
    """Temperature, K."""
    initialization_cycles: Annotated[int, Field(ge=0)] = 2000
    """Monte Carlo cycles before sampling."""
    min_cycles: PositiveInt = 4000
    """Fewest production cycles."""
    max_cycles: PositiveInt = 20_000
    """Most production cycles, if the error target is not met before."""
    target_relative_error: PositiveFloat = 0.10
    """Sampling ends when the 95 % error is below this share of the uptake."""
    cutoff_ang: PositiveFloat = 12.8
    """Cut-off of the Lennard-Jones and real-space Coulomb terms, Å; the supercell is twice as wide."""
    max_atoms: PositiveInt = 10_000
    """Largest supercell, atoms."""
    min_pore_diameter_ang: Annotated[float, Field(ge=0)] = 2.4
    """A MOF whose pore is narrower than this everywhere is refused, Å."""
    time_limit_s: PositiveFloat = 1800.0
    """Time limit per MOF, s."""


class Policy(Section):
    """What runs next."""

    min_linkers_per_family: PositiveInt = 4
    """Linkers of each family that must be there before MOFs are assembled."""
    linker_window: PositiveInt = 64
    """MOFs are assembled from this many newest linkers of each family."""
    max_mofs_per_linker: PositiveInt = 4
    """MOFs that one linker may be part of."""
    mofs_per_assembly: PositiveInt = 1
    """MOFs built in one assemble task."""
    max_waiting_batches: PositiveInt = 8
    """Generation pauses while this many batches of linkers wait to be processed."""
    max_generated: PositiveInt | None = None
    """Generation ends after this many raw linkers."""
    max_waiting_mofs: PositiveInt = 64
    """Length of the last-in-first-out queue of assembled MOFs; the oldest are dropped."""


class Compute(Section):
    """Where tasks run."""

    server: Literal["inline", "pool"] = "pool"
    """`pool` uses worker processes, `inline` runs everything in this process (for debugging)."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Worker processes; 0 takes one per CPU core."""
    retries: Annotated[int, Field(ge=0)] = 1
    """How often a task whose worker died is tried again before it is refused as crashed."""


class Stop(Section):
    """When the campaign ends; whichever comes first."""

    max_uptakes: PositiveInt | None = None
    """Stop after this many MOFs with an uptake."""
    max_validated: PositiveInt | None = None
    """Stop after this many MOFs simulated for stability."""
    max_minutes: PositiveFloat | None = None
    """Stop after this many minutes of wall-clock time, min; running tasks get `grace_s` to finish."""
    grace_s: Annotated[float, Field(ge=0)] = 20.0
    """How long running tasks may go on after the end, s."""


class CampaignConfig(Section):
    """A whole campaign."""

    campaign: Campaign = Campaign()
    generate: Generate = Generate()
    process: Process = Process()
    assemble: Assemble = Assemble()
    validate_: Validate = Field(default=Validate(), alias="validate")
    optimize: Optimize = Optimize()
    charges: Charges = Charges()
    adsorb: Adsorb = Adsorb()
    policy: Policy = Policy()
    compute: Compute = Compute()
    stop: Stop = Stop()

    @model_validator(mode="after")
    def _ends_somewhere(self) -> CampaignConfig:
        if (self.stop.max_uptakes, self.stop.max_validated, self.stop.max_minutes) == (None, None, None):
            raise ValueError("[stop] needs at least one of max_uptakes, max_validated, max_minutes")
        return self

    def task_options(self) -> dict[str, dict[str, Any]]:
        """Keyword options of every task function, JSON-able, by task name."""
        names = ("generate", "process", "assemble", "validate", "optimize", "charges", "adsorb")
        dumped = self.model_dump(mode="json", by_alias=True)
        return {name: dumped[name] for name in names}


def load_config(path: str | Path) -> CampaignConfig:
    """Read and check a campaign file.

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
    return parse_config(text, where=str(where))


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

    sections = {field.alias or name: field for name, field in CampaignConfig.model_fields.items()}
    if len(location) == 1:
        known = list(sections)
    else:
        kind = sections[location[0]].annotation
        known = list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []
    wanted = location[-1]
    stem = [name for name in known if name.rsplit("_", 1)[0] == wanted.rsplit("_", 1)[0]]
    close = stem or get_close_matches(wanted, known, n=1, cutoff=0.5)
    return f" (did you mean {close[0]}?)" if close else f" (known: {', '.join(known)})"


def template(config: CampaignConfig | None = None) -> str:
    """A campaign file with every key, its value and its description."""
    shown = config or CampaignConfig(stop=Stop(max_uptakes=10))
    lines = ["# A MOFA campaign. Every key is listed with its default; delete what you do not change."]
    for name, field in CampaignConfig.model_fields.items():
        section: Section = getattr(shown, name)
        lines += ["", f"# {(type(section).__doc__ or '').splitlines()[0]}", f"[{field.alias or name}]"]
        for key, option in type(section).model_fields.items():
            value = getattr(section, key)
            assignment = f"{key} = {_toml(value)}" if value is not None else f"# {key} ="
            lines.append(f"{assignment:<36}# {(option.description or '').replace(chr(10), ' ')}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A scalar or a flat list as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value)
