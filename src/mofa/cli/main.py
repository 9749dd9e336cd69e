"""The `mofa` command: collects the verbs and turns errors into one clear line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from mofa import __version__
from mofa.cli import (
    adsorption,
    assembly,
    campaign,
    charges,
    data,
    evaluate,
    guests,
    linkers,
    nets,
    nodes,
    pictures,
    pretrain,
    setup,
    simulate,
    structures,
    trace,
)
from mofa.errors import MofaError

app = typer.Typer(
    name="mofa",
    help="Discover metal-organic frameworks for carbon capture. Run a whole campaign, or one task on your own files.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CAMPAIGN, TASKS, SETUP = "Campaigns", "Tasks on your own files", "Set-up"
for verb, function, panel in (
    ("run", campaign.run, CAMPAIGN),
    ("resume", campaign.resume, CAMPAIGN),
    ("status", campaign.status, CAMPAIGN),
    ("report", campaign.report, CAMPAIGN),
    ("trace", trace.trace, CAMPAIGN),
    ("simulate", simulate.simulate, CAMPAIGN),
    ("generate", linkers.generate, TASKS),
    ("process", linkers.process, TASKS),
    ("train", linkers.train, TASKS),
    ("pretrain", pretrain.pretrain, TASKS),
    ("evaluate-generator", evaluate.evaluate_generator, TASKS),
    ("assemble", assembly.assemble, TASKS),
    ("validate", structures.validate, TASKS),
    ("optimize", structures.optimize, TASKS),
    ("charges", charges.charges, TASKS),
    ("adsorb", adsorption.adsorb, TASKS),
    ("isotherm", adsorption.isotherm, TASKS),
    ("working-capacity", adsorption.working_capacity, TASKS),
    ("henry", guests.henry, TASKS),
    ("density", guests.density, TASKS),
    ("pores", guests.pores, TASKS),
    ("picture", pictures.picture, TASKS),
    ("init", setup.init, SETUP),
    ("doctor", setup.doctor, SETUP),
    ("nodes", nodes.nodes, SETUP),
    ("nets", nets.nets, SETUP),
):
    app.command(verb, rich_help_panel=panel)(function)
app.add_typer(data.app, name="data", rich_help_panel=TASKS)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"mofa {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the full traceback of an error.")] = False,
) -> None:
    """Options that go before or after any verb."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the process exits with 0 (done), 1 (refused or failed) or 2 (wrong usage)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    wants_json = "--json" in given
    # One thread per process, before any numerical library is loaded: campaigns run one process per core.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    try:
        app(args=[word for word in given if word != "--debug"], standalone_mode=True)
    except (MofaError, OSError) as error:
        if debug:
            raise
        _fail(str(error), wants_json)
    except ModuleNotFoundError as error:
        if debug:
            raise
        _fail(f"the Python package {error.name!r} is not installed. Run: pip install {error.name}.", wants_json)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)
    except Exception as error:  # the last line of defence: a user never sees a traceback unasked
        if debug:
            raise
        _fail(
            f"internal error: {type(error).__name__}: {error}. Run the command again with --debug and report what it "
            "prints.",
            wants_json,
        )


def _fail(message: str, wants_json: bool) -> None:
    if wants_json:
        sys.stdout.write(json.dumps({"status": "failed", "error": message}) + "\n")
    sys.stderr.write(f"Error: {message}\n")
    sys.exit(1)
