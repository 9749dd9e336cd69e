"""`mofa adsorb --charges a,b,c`: the same simulation with several sets of charges, and what that does to a ranking."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

from mofa.cli.common import Answer, for_each, note, progress, refusal, show
from mofa.errors import InputError, MofaError
from mofa.textfiles import make_writable_folder, write_bytes
from mofa.units import format_measured

if TYPE_CHECKING:
    from mofa.adsorb.sensitivity import RankingSensitivity
    from mofa.chemistry import Framework, Rejected, Uptake

    Simulate: TypeAlias = Callable[[Framework, Path, str], Uptake | Rejected]
    Found: TypeAlias = Mapping[str, Uptake | Answer]

FROM_CIF, ZERO = "cif", "none"
_NO_VALUE = "–"


def charge_methods(text: str) -> list[str]:
    """The charge methods of the option `--charges`, each known.

    Raises:
        InputError: one is not known, named twice, or empty.
    """
    from mofa.charges import CHARGE_MODELS

    methods = [word.strip() for word in text.split(",")]
    known = [FROM_CIF, ZERO, *CHARGE_MODELS.names()]
    for method in methods:
        if method not in known:
            raise InputError(
                f"--charges names {method!r}, which is no charge method", action=f"Choose from {', '.join(known)}"
            )
    if len(set(methods)) < len(methods):
        raise InputError(f"--charges is {text!r}", action="Name every charge method once")
    return methods


@dataclass
class Comparison:
    """Files under several charge methods, one after the other.

    Args:
        methods: names from `charge_methods`; the first is what the others are compared with.
        simulate: the uptake of a framework with charges; receives the file and the name of the method as well.
        time_limit_s: of charges.
    """

    methods: Sequence[str]
    simulate: Simulate
    time_limit_s: float
    uptakes: dict[str, dict[str, Uptake]] = field(default_factory=dict)
    """What was found, by method and file."""
    failed: bool = False
    """Whether a method had no uptake for one of the files."""

    def run(self, files: Sequence[Path], *, picture: Path | None, as_json: bool) -> None:
        """Compare the methods for every file, then the rankings if there are several files.

        Raises:
            typer.Exit: code 1, if a method has no uptake for one of the files.
        """
        if picture is not None:
            make_writable_folder(picture.parent)
        self.uptakes = {method: {} for method in self.methods}
        ended: typer.Exit | None = None
        try:
            for_each(files, self.compare, as_json=as_json)
        except typer.Exit as error:
            ended = error
        if len(files) > 1 and any(self.uptakes.values()):
            show(self._ranking(files), as_json=as_json)
        if picture is not None and any(self.uptakes.values()):
            from mofa.adsorb.figures import sensitivity_png

            write_bytes(picture, sensitivity_png(_by_stem(self.uptakes)))
        if ended is not None or self.failed:
            raise typer.Exit(1)

    def compare(self, path: Path) -> Answer:
        """One file under every method; a method that fails is listed with its reason."""
        from mofa.chemistry.cif import read_cif

        framework = read_cif(path)
        found = {method: self._under(method, framework, path) for method in self.methods}
        for method, result in found.items():
            if isinstance(result, Answer):
                self.failed = True
            else:
                self.uptakes[method][str(path)] = result
        payload = {"file": str(path), "compared_with": self.methods[0], "by_method": _payload(found)}
        refused = all(isinstance(result, Answer) for result in found.values())
        return Answer(payload, "\n".join([f"{path}:", *_table(found)]), refused=refused)

    def _under(self, method: str, framework: Framework, path: Path) -> Uptake | Answer:
        from mofa.chemistry import Rejected

        try:
            charged = charged_by(framework, method, path, time_limit_s=self.time_limit_s)
            result = charged if isinstance(charged, Rejected) else self.simulate(charged, path, method)
        except MofaError as error:
            return Answer({"status": "failed", "error": str(error)}, f"failed: {error}", refused=True)
        if not isinstance(result, Rejected):
            return result
        payload = {name: value for name, value in refusal(result, str(path)).payload.items() if name != "file"}
        return Answer(payload, f"refused: {result.reason} ({result.detail})", refused=True)

    def _ranking(self, files: Sequence[Path]) -> Answer:
        from mofa.adsorb.sensitivity import ranking_sensitivity

        found = ranking_sensitivity(self.uptakes)
        payload = {"sensitivity": {"ranks": found.ranks, "agreements": found.agreements}}
        return Answer(payload, "\n".join(_ranking_lines(found, [str(path) for path in files])))


def charged_by(framework: Framework, method: str, path: Path, *, time_limit_s: float) -> Framework | Rejected:
    """The framework with the charges of a method; ``cif`` are the file's own, ``none`` are zero.

    Raises:
        InputError: the file's own are asked for, and it has none.
        MofaError: the charge model failed.
    """
    from mofa.charges import assign_charges
    from mofa.chemistry import Rejected

    if method == FROM_CIF:
        if framework.charges is None:
            raise InputError("carries no partial charges", where=path, action="Leave out the method cif")
        warn_of_charges(framework, path)
        return framework
    if method == ZERO:
        return framework.with_charges([0.0] * len(framework), ZERO)
    with progress(f"{method} charges of {path.name}") as on_progress:
        assigned = assign_charges(framework, method=method, time_limit_s=time_limit_s, on_progress=on_progress)
    return assigned if isinstance(assigned, Rejected) else framework.with_charges(assigned.values, assigned.method)


def warn_of_charges(framework: Framework, path: Path) -> None:
    """Say on stderr when the charges in a file are such as no charge model of MOFA may give."""
    from mofa.charges import pass_gate
    from mofa.chemistry import Rejected, Stage
    from mofa.chemistry.inspection import inspect

    if framework.charges is None or inspect(framework, Stage.CHARGES) is not None:
        return
    verdict = pass_gate(framework, framework.charges, method=framework.charge_method)
    if isinstance(verdict, Rejected):
        note(f"Warning: {path}: its charges are used, but would not pass the gate: {verdict.detail}")


def _by_stem(uptakes: Mapping[str, Mapping[str, Uptake]]) -> dict[str, dict[str, Uptake]]:
    """Files by their short names, where these tell them apart."""
    files = {file for found in uptakes.values() for file in found}
    short = {file: Path(file).stem for file in files}
    if len(set(short.values())) < len(files):
        short = {file: file for file in files}
    return {method: {short[file]: uptake for file, uptake in found.items()} for method, found in uptakes.items()}


def _ratio(found: Found, result: Uptake) -> tuple[float, float]:
    from mofa.adsorb.sensitivity import ratio_of

    reference = next(iter(found.values()))
    return (math.nan, math.nan) if isinstance(reference, Answer) else ratio_of(result, reference)


def _payload(found: Found) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    for method, result in found.items():
        if isinstance(result, Answer):
            payload[method] = result.payload
        else:
            ratio, error = _ratio(found, result)
            payload[method] = {**result.as_dict(), "ratio": ratio, "ratio_error": error}
    return payload


def _table(found: Found) -> list[str]:
    """Methods in lines."""
    lines = [f"  {'charges':<12}{'mol/kg':>18}{'ratio':>16}{'heat, kJ/mol':>16}   charges, e"]
    for number, (method, result) in enumerate(found.items()):
        if isinstance(result, Answer):
            lines.append(f"  {method:<12}{result.text}")
            continue
        amount = format_measured(result.uptake_mol_per_kg, result.error_mol_per_kg)
        ratio = "1" if number == 0 else _known(*_ratio(found, result))
        heat = _known(result.heat_kj_per_mol, result.heat_error_kj_per_mol)
        span = "0" if method == ZERO else f"{result.charge_min_e:+.2f} to {result.charge_max_e:+.2f}"
        if math.isfinite(result.charge_metal_min_e) and method != ZERO:
            span += f", metal at least {result.charge_metal_min_e:+.2f}"
        mark = "" if result.converged else "; error target not met"
        lines.append(f"  {method:<12}{amount:>18}{ratio:>16}{heat:>16}   {span}{mark}")
    return lines


def _known(value: float, error: float) -> str:
    return format_measured(value, error) if math.isfinite(value) else _NO_VALUE


def _ranking_lines(found: RankingSensitivity, files: Sequence[str]) -> list[str]:
    """Ranks by file and method, then the agreement of every two methods."""
    width = max(len(file) for file in files)
    lines = [f"{'rank':<{width + 2}}" + "".join(f"{method:>12}" for method in found.ranks)]
    for file in files:
        places = "".join(f"{ranks.get(file, _NO_VALUE):>12}" for ranks in found.ranks.values())
        lines.append(f"  {file:<{width}}{places}")
    for agreement in found.agreements:
        first, second = agreement.methods
        tau = _NO_VALUE if math.isnan(agreement.kendall_tau) else f"{agreement.kendall_tau:.2f}"
        swaps = "; ".join(f"{swap.first} and {swap.second}" for swap in agreement.exchanges) or "none"
        lines.append(
            f"{first} against {second}: Kendall's tau {tau} ({agreement.mofs} MOFs); places exchanged beyond the"
            f" errors: {swaps}; within the errors: {agreement.within_errors}"
        )
    return lines
