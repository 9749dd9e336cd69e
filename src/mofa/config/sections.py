"""The sections of a campaign file. A field's description is what users read of it."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from mofa.config.adsorption import Adsorb, Objective
from mofa.config.base import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Section, Strain
from mofa.config.electronic import Charges, Cp2kSection, Optimize

Kind = Literal["generate", "process", "assemble", "validate", "optimize", "charges", "adsorb", "train"]
FamilyName = Literal["BCA", "BZN", "PYR", "AMN", "TCA", "QCA", "IMD"]
LentKind = Literal["process", "assemble", "validate", "optimize", "charges", "adsorb"]
"""Kinds that have a queue, by whose length slots are lent."""


class Campaign(Section):
    """What the campaign is called and which random stream it follows."""

    name: str = "co2-zn-pcu"
    """Name shown in logs and reports."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Seed of every random choice; the same seed gives the same linkers and the same decisions."""


_CONDITIONS = {"core_atoms", "length_ang", "polar_atoms", "sp3_atoms", "max_bend_deg"}
_LEARNED = ("graph", "flow")


class Generate(Section):
    """Task 1: propose linkers."""

    generator: str = "flow"
    """Which generator proposes linkers: `flow` or `graph` (learned; BCA and BZN), or `library` (enumerated)."""
    batch_size: PositiveInt = 16
    """Linkers per streamed batch."""
    n: PositiveInt = 64
    """Linkers per generate task."""
    max_heavy_atoms: PositiveInt = 38
    """Largest linker, heavy atoms of the whole molecule; 24 or more for `graph` and `flow`. Small ones are cheap."""
    core_atoms: Annotated[tuple[PositiveInt, PositiveInt], Field(strict=False)] | None = None
    """Fewest and most heavy atoms between the two benzoic acids or benzonitriles, 6 to 20; not for `library`."""
    length_ang: Annotated[float, Field(ge=3, le=25)] | None = None
    """Distance that is asked for between the two anchor carbons, Å; not for `library`."""
    polar_atoms: Annotated[int, Field(ge=0, le=20)] | None = None
    """Nitrogen and oxygen atoms that are asked for between the ends (what holds on to CO2); not for `library`."""
    sp3_atoms: Annotated[int, Field(ge=0, le=20)] | None = None
    """Tetrahedral carbons that are asked for between the ends (what makes a linker floppy); not for `library`."""
    max_bend_deg: Annotated[float, Field(gt=0, le=180)] | None = None
    """Largest bend that is asked for, degrees; not for `library`. Without it `graph` and `flow` get [assemble]'s."""

    def conditions(self) -> dict[str, Any]:
        """What linkers are asked to be like, JSON-able; without what is not asked for."""
        return self.model_dump(mode="json", include=_CONDITIONS, exclude_none=True)


class Process(Section):
    """Task 2: hydrogens, bond orders, relaxation, dummy atoms."""

    perception: str = "likelihood"
    """What finds bonds and hydrogens of linkers that come without: `likelihood`, `exact` or `openbabel`."""
    max_sa_score: Annotated[float, Field(ge=1, le=10)] = 5.5
    """Linkers with a higher synthetic-accessibility score (1 easy, 10 hard) are refused; 10 refuses none."""
    time_limit_s: PositiveFloat = 5.0
    """Time limit per linker, s."""


class Assemble(Section):
    """Task 3: linkers and a node in a net."""

    linkers: Annotated[tuple[FamilyName, ...], Field(strict=False, min_length=1)] = ("BCA", "BCA", "BZN")
    """Families of the linkers of one MOF; those of a place may be of several, and one linker serves all of it."""
    node: str = "zn-paddlewheel-pillar"
    """Metal node; `mofa nodes` lists them. Or a node file, its path from this file."""
    net: str = "pcu"
    """RCSR symbol of the net; `mofa nets` lists them."""
    net_file: str = ""
    """File of nets (.cgd) that the net is in, its path from this file; empty for those of MOFA."""
    catenation: Annotated[int, Field(ge=0, le=3)] = 0
    """Further nets that interpenetrate the first."""
    max_bend_deg: Annotated[float, Field(gt=0, le=180)] = 15.0
    """Largest angle between a linker's exit and the line through both its ends, degrees."""
    torsion_step_deg: Annotated[float, Field(gt=0, le=360)] = 15.0
    """Step of the scan that turns a linker about its axis, degrees."""


class Validate(Section):
    """Task 4: molecular dynamics of a supercell; how far does the cell go?"""

    engine: str = "lammps"
    """Force field: `lammps`, `lammps-command` (your own build, on GPUs for example), `ase` (dynamics), `ase-relax`."""
    command: str = ""
    """Of `lammps-command`: the command line without `-in`, for example `lmp -k on g 1 -sf kk`."""
    gpus: NonNegativeInt = 0
    """Of `lammps-command`: GPUs of a node that its runs share, two on each; 0: as the command says."""
    calculator: str = ""
    """Of `ase`, `ase-relax`: ASE calculator, `package.module:Class`, for example `mace.calculators:MACECalculator`."""
    calculator_options: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Of `ase`, `ase-relax`: its keyword arguments, for example `["model_paths=/data/mof.model", "device=cuda"]`."""
    steps: PositiveInt = 20_000
    """MD steps; the paper runs 1 000 000. See `prolong_to` in [policy] for longer runs of the best."""
    supercell: Annotated[tuple[PositiveInt, PositiveInt, PositiveInt], Field(strict=False)] = (2, 2, 2)
    """Unit cells along a, b and c."""
    min_width_ang: NonNegativeFloat = 0.0
    """More unit cells where the supercell would be narrower than this, Å; 25 is twice the cut-off."""
    temperature_k: PositiveFloat = 300.0
    """Temperature, K."""
    pressure_pa: PositiveFloat = 101_325.0
    """Pressure, Pa."""
    timestep_fs: PositiveFloat = 0.5
    """Time step, fs."""
    chunk_steps: PositiveInt = 500
    """Steps between two looks at the cell."""
    checkpoint_steps: PositiveInt = 5000
    """Steps between two restart files."""
    early_reject: bool = True
    """Whether a run that is lost is ended."""
    early_reject_strain: PositiveFloat = 0.45
    """A run is lost when its strain has stayed beyond this for `early_reject_window_steps`."""
    early_reject_window_steps: PositiveInt = 1500
    """Steps that this takes."""
    time_limit_s: PositiveFloat = 3600.0
    """Time limit per MOF, s."""


_NOT_OF_TRAIN = {"weighted", "processes", "acceptance_samples", "min_yield_ratio", "min_uniqueness", "max_copies"}


class Train(Section):
    """Task 7: retrain the generator on the best MOFs, always from its pre-trained weights."""

    prior_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Of `library`: least share of the pre-trained behaviour that stays, so that it never narrows down to the known."""
    steps: Annotated[int, Field(ge=60, le=400)] = 200
    """Of `graph` and `flow`: steps of a training, 60 to 400."""
    replay_share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Of `graph` and `flow`: share of pre-training data in every batch, so that nothing is forgotten."""
    weighted: bool = True
    """Whether better MOFs count more: their linkers weigh by rank, linearly, the best twice as much as the middle."""
    processes: NonNegativeInt = 0
    """Of `graph` and `flow`: processes that share a training; 0: as many as this machine has cores for each slot."""
    acceptance_samples: NonNegativeInt = 128
    """Fresh linkers by which a trained model is judged before it is used; 0 uses every model."""
    min_yield_ratio: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Least share of sound linkers among these, relative to the pre-trained model."""
    min_uniqueness: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Least share of different linkers among these."""
    max_copies: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Largest share of linkers among these that were examples."""
    time_limit_s: PositiveFloat = 300.0
    """Time limit of a training, s."""


class Policy(Section):
    """What runs next. 0 where it is allowed means: as the number of slots asks for."""

    min_linkers_per_family: PositiveInt = 4
    """Linkers of each family that must be there before MOFs are assembled."""
    linker_window: NonNegativeInt = 0
    """MOFs are assembled from this many newest linkers of each family; 0: 50 per generate slot, 64 at least."""
    max_mofs_per_linker: PositiveInt = 4
    """MOFs that one linker may be part of."""
    mofs_per_assembly: NonNegativeInt = 0
    """MOFs built in one assemble task; 0: half as many as there are validate slots, 1 to 128."""
    validate_slots_per_assembly: PositiveInt = 256
    """One assemble task at a time for every so many validate slots, one at least."""
    max_waiting_batches: NonNegativeInt = 0
    """Generation pauses while this many batches of linkers wait to be processed; 0: 8 per generate slot."""
    max_generated: PositiveInt | None = None
    """Generation ends after this many raw linkers."""
    max_waiting_mofs: NonNegativeInt = 0
    """Length of the last-in-first-out queue of assembled MOFs, the oldest are dropped; 0: 8 per slot, 64 at least."""
    prescreen_steps: NonNegativeInt = 0
    """MD steps of one cell (4000: a second) by which the MOFs of one assemble task are put in order; 0: none."""
    prolong_to: Annotated[tuple[PositiveInt, ...], Field(strict=False)] = ()
    """MD steps to which the best runs are prolonged, ascending: `[100_000, 1_000_000]`; the last must be passed."""
    prolong_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the survivors of each length that go on to the next while there are new MOFs to be looked at."""
    stable_strain: Strain = 0.10
    """MOFs with a smaller strain after dynamics are counted as stable."""
    max_strain: Strain = 0.25
    """MOFs with a smaller strain after dynamics go on to optimisation and may be trained on."""
    retrain: bool = True
    """Whether the generator is retrained while the campaign runs."""
    restart_on_new_model: bool = True
    """Whether running generate tasks end with their next batch when there is a newer model, to start again on it."""
    retrain_first_after: PositiveInt = 64
    """MOFs below `max_strain` before the first retraining; then again whenever the set has grown."""
    retrain_growth: NonNegativeFloat = 0.1
    """Share by which that set must have grown since the last retraining; 0, the paper's: by a single MOF."""
    retrain_fraction: Annotated[float, Field(gt=0, le=1)] = 0.5
    """The better part of the MOFs that is learnt from: by strain at first, then by the objective."""
    retrain_by_uptake_from: PositiveInt = 64
    """From this many values of the objective on, of the uptake if nothing else is asked for, it says which are best."""
    retrain_min_mofs: PositiveInt = 32
    """Fewest MOFs to learn from."""
    retrain_max_mofs: PositiveInt = 8192
    """Most MOFs to learn from."""
    lend_above: NonNegativeFloat = 1.0
    """An idle slot is lent to a kind that has more than this many tasks waiting for each slot of its own."""


class WorkerPool(Section):
    """Worker slots of one sort."""

    slots: PositiveInt
    """Tasks that it runs at the same time."""
    kinds: Annotated[tuple[Kind, ...], Field(strict=False, min_length=1)]
    """What it does, in the order in which it looks for work."""
    lends_to: Annotated[tuple[LentKind, ...], Field(strict=False)] = ()
    """Kinds that it helps out with when it has nothing of its own to do."""


class Compute(Section):
    """Where tasks run."""

    server: str = "auto"
    """`parsl`, `pool`, `colmena` or `inline` (no processes, for debugging); `auto`: parsl beyond one worker."""
    workers: NonNegativeInt = 0
    """Worker processes that share all kinds of task; 0 takes one per CPU core. Not with `pools`."""
    pools: dict[str, WorkerPool] = Field(default_factory=dict)
    """Worker slots by kind of task, `[compute.pools.NAME]` with `slots`, `kinds` and `lends_to`."""
    oversubscribe: bool = False
    """Whether there may be more slots than the machine has cores."""
    retries: NonNegativeInt = 1
    """How often a task whose worker died is tried again before it is refused as crashed."""
    objects: Literal["none", "file", "redis"] = "file"
    """What carries bulky arguments and results, apart from the control messages (ProxyStore)."""
    threshold_bytes: PositiveInt = 100_000
    """Size from which on data are bulky, bytes."""
    stream: Literal["zmq", "redis"] = "zmq"
    """What carries batches and progress of running tasks; `zmq` needs no server."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """Redis server, where one is used."""
    address: str = "127.0.0.1"
    """Under which workers on other nodes reach this machine."""
    heartbeat_limit_s: PositiveFloat = 10.0
    """Silence after which a node or a helper process counts as dead, s."""


class Limits(Section):
    """When a hung task is killed, s. A kind with a time limit of its own gets that and one minute more."""

    generate_s: PositiveFloat = 3600.0
    """Generate task, s."""
    process_s: PositiveFloat = 900.0
    """Process task, one batch of linkers, s."""
    assemble_s: PositiveFloat = 900.0
    """Assemble task, s."""


class Store(Section):
    """Where the campaign remembers what happened."""

    database_url: str = ""
    """PostgreSQL database, `postgresql://user@host/database`; empty for a file in the campaign's folder."""


class Stop(Section):
    """When the campaign ends; whichever comes first."""

    max_uptakes: PositiveInt | None = None
    """Stop after this many MOFs with an uptake; the judge of [objective] still ends what is due."""
    max_validated: PositiveInt | None = None
    """Stop after this many MOFs simulated for stability."""
    max_minutes: PositiveFloat | None = None
    """Stop after this many minutes of wall-clock time, min; running tasks get `grace_s` to finish."""
    grace_s: NonNegativeFloat = 20.0
    """How long running tasks may go on after the end, Ctrl-C or SIGTERM, s; then they are killed."""
    max_crashes_in_a_row: PositiveInt = 10
    """Give up when this many tasks of one kind crash without one that works in between."""


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
    objective: Objective = Objective()
    train: Train = Train()
    policy: Policy = Policy()
    compute: Compute = Compute()
    limits: Limits = Limits()
    store: Store = Store()
    stop: Stop = Stop()

    @model_validator(mode="after")
    def _ends_somewhere(self) -> CampaignConfig:
        if (self.stop.max_uptakes, self.stop.max_validated, self.stop.max_minutes) == (None, None, None):
            raise ValueError("[stop] needs at least one of max_uptakes, max_validated, max_minutes")
        if self.generate.core_atoms is not None and self.generate.core_atoms[0] > self.generate.core_atoms[1]:
            raise ValueError("[generate] core_atoms gives the fewest first, then the most")
        if self.compute.pools and self.compute.workers:
            raise ValueError("[compute] takes either workers or pools")
        if self.policy.stable_strain > self.policy.max_strain:
            raise ValueError("[policy] stable_strain is above max_strain")
        if any(after <= before for before, after in pairwise((self.validate_.steps, *self.policy.prolong_to))):
            raise ValueError("[policy] prolong_to must ascend, from more than [validate] steps on")
        if self.policy.retrain_min_mofs > self.policy.retrain_max_mofs:
            raise ValueError("[policy] retrain_min_mofs is above retrain_max_mofs")
        if problems := list(self.objective.problems(self.adsorb.points)):
            raise ValueError("; ".join(problems))
        return self

    def task_options(self) -> dict[str, dict[str, Any]]:
        """Keyword options of every task function, JSON-able, by task name."""
        dumped = self.model_dump(mode="json", by_alias=True)
        options: dict[str, dict[str, Any]] = {name: dumped[name] for name in get_args(Kind)}
        # What the policy draws from is no option: `assemble` gets the linkers themselves.
        del options["assemble"]["linkers"]
        options["adsorb"] = self.adsorb.task_options()
        if self.charges.method == "ddec6" and self.optimize.method == "cp2k":
            # Where the optimisation left no density, it is computed in the same way.
            same = {name: options["optimize"][name] for name in Cp2kSection.model_fields}
            options["charges"] |= {name: value for name, value in same.items() if not options["charges"][name]}
        options["train"] |= {name: options["generate"][name] for name in ("generator", "max_heavy_atoms")}
        # Some are asked for as `conditions`, others are the campaign's own business.
        for task, hidden in (("generate", _CONDITIONS), ("train", _NOT_OF_TRAIN)):
            options[task] = {name: value for name, value in options[task].items() if name not in hidden}
        return options

    def conditions(self) -> dict[str, Any]:
        """What linkers are asked to be like, JSON-able: learned generators make none that are too bent to be built."""
        asked = self.generate.conditions()
        if self.generate.generator in _LEARNED:
            asked.setdefault("max_bend_deg", self.assemble.max_bend_deg)
        return asked

    def acceptance(self) -> dict[str, Any] | None:
        """How a trained model is judged, JSON-able, as `mofa.evaluate.acceptance.accept` takes it; None for not."""
        if not self.train.acceptance_samples:
            return None
        thresholds = {name: getattr(self.train, name) for name in ("min_yield_ratio", "min_uniqueness", "max_copies")}
        generate = self.generate
        return {
            "n": self.train.acceptance_samples,
            "generator": generate.generator,
            "max_heavy_atoms": generate.max_heavy_atoms,
            "conditions": self.conditions(),
            **thresholds,
        }
