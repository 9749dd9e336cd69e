"""The verb that assigns partial charges, from structures or from electron densities."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mofa.cli.common import Answer, JsonOption, SeedOption, for_each, output_paths, progress, refusal
from mofa.cli.dft_options import BasisOption, CutoffOption, TemplateOption, ThreadsOption, folders_of
from mofa.errors import InputError

if TYPE_CHECKING:
    from mofa.chemistry import Charges, Framework

CUBE_SUFFIXES = (".cube", ".cube.gz")


def charges(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE.cif|FILE.cube...",
            help="Structures, or electron densities with their structures.",
            show_default=False,
        ),
    ],
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="Charge model: corrected, xtb, eqeq, ddec6 or chargemol.",
            show_default="corrected; ddec6 for a cube file",
        ),
    ] = "",
    density: Annotated[
        Path | None,
        typer.Option("--density", help="For ddec6 and chargemol: cube file with the density of the one CIF."),
    ] = None,
    multiplicity: Annotated[
        int, typer.Option("--multiplicity", min=0, help="For ddec6 by CP2K: spin multiplicity of the cell; 0: 1.")
    ] = 0,
    command: Annotated[
        str, typer.Option("--command", help="CP2K's command line ('mpirun -n 8 cp2k.psmp'), or Chargemol's.")
    ] = "",
    threads: ThreadsOption = 0,
    template: TemplateOption = "",
    cutoff_ry: CutoffOption = 0.0,
    basis_set: BasisOption = "",
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Where the files of CP2K or Chargemol stay; one each for many files."),
    ] = None,
    time_limit_s: Annotated[float, typer.Option("--time-limit-s", min=1, help="Time limit per file, s.")] = 1800.0,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Output CIF, or a folder when many files are given.", show_default=False),
    ] = None,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Assign partial charges and check them; writes the CIF with charges. No randomness: the seed changes nothing."""
    from mofa.charges import assign_charges
    from mofa.charges.model import takes_density
    from mofa.chemistry import Rejected
    from mofa.chemistry.cif import write_cif

    if density is not None and len(files) > 1:
        raise InputError("one density for many structures", where="--density", action="Run them one by one")
    targets = output_paths(out, files, "-charged.cif")
    folders = folders_of(folder, files)

    def work(path: Path) -> Answer:
        framework, cube = _read(path, density)
        model = method or ("corrected" if cube is None or cube == density else "ddec6")
        if cube is not None and cube != density and not takes_density(model):
            cube = None
        with progress(f"charges of {path.name}") as on_progress:
            result = assign_charges(
                framework,
                method=model,
                density=cube or "",
                multiplicity=multiplicity,
                command=command,
                threads=threads,
                template=template,
                cutoff_ry=cutoff_ry,
                basis_set=basis_set,
                folder=folders[path],
                time_limit_s=time_limit_s,
                on_progress=on_progress,
            )
        if isinstance(result, Rejected):
            return refusal(result, str(path))
        target = write_cif(framework.with_charges(result.values, result.method), targets[path])
        return _charged(path, framework, result, target)

    for_each(files, work, as_json=json_output)


def _read(path: Path, density: Path | None) -> tuple[Framework, Path | None]:
    """The structure of a file, and the density that goes with it.

    Raises:
        InputError: a density beside a cube file, or a file that cannot be read.
    """
    if not path.name.endswith(CUBE_SUFFIXES):
        from mofa.chemistry.cif import read_cif

        return read_cif(path), density
    if density is not None:
        raise InputError("a cube file is a density by itself", where="--density", action="Leave it away, or give a CIF")
    from mofa.charges.ddec6.cube import read_header

    return read_header(path).framework(), path


def _charged(path: Path, framework: Framework, result: Charges, target: Path) -> Answer:
    """What there is to say about charges."""
    from mofa.chemistry.cif import labels

    gate = result.gate
    payload = {
        "file": str(path),
        "method": result.method,
        "charges": result.values.tolist(),
        "labels": labels(framework.symbols),
        "sum_e": gate.sum_e,
        "gate": gate,
        "converged": result.converged,
        "integration_error_e": result.integration_error_e,
        "cpu_s": result.cpu_s,
        "cif": str(target),
    }
    grid = ""
    if math.isfinite(result.integration_error_e):
        grid = f", the grid's electrons off by {result.integration_error_e:+.4f}"
    lines = [
        f"{path}: {result.method} charges from {gate.min_e:+.3f} to {gate.max_e:+.3f} e,"
        f" sum {gate.sum_e:+.1e} e{grid}, gate passed -> {target}"
    ]
    for symbol in sorted(set(framework.symbols), key=framework.symbols.index):
        mine = [
            value for value, other in zip(result.values.tolist(), framework.symbols, strict=True) if other == symbol
        ]
        mean = sum(mine) / len(mine)
        lines.append(f"  {symbol:2} {len(mine):4} atoms {mean:+.3f} e ({min(mine):+.3f} to {max(mine):+.3f})")
    return Answer(payload, "\n".join(lines))
