"""An evaluation as a table for people."""

from __future__ import annotations

from mofa.evaluate.costs import CpuTimes
from mofa.evaluate.evaluation import Evaluation
from mofa.evaluate.properties import Composition, Property
from mofa.evaluate.shares import Share, Spread


def table(evaluation: Evaluation) -> str:
    """All measures, one a line; shares with their 95 % intervals, properties as median and 5 to 95 % range."""
    return "\n".join([
        f"{evaluation.title}: {evaluation.n_linkers} linkers, compared with {evaluation.reference}"
        f" ({evaluation.n_reference})",
        "",
        *_yield_lines(evaluation),
        "",
        *_diversity_lines(evaluation),
        "",
        f"  {'of the linkers that passed':<40} {'median (5 to 95 %)':<28} {'data':<28} distance (by chance)",
        *map(_property_line, evaluation.properties),
        *map(_composition_line, evaluation.compositions),
        "",
        *_cost_lines(evaluation),
    ])  # fmt: skip


def _yield_lines(evaluation: Evaluation) -> list[str]:
    yields = evaluation.yields
    lines = [_row("passed the gate", yields.gated)]
    if yields.gated_per_draw is not None:
        lines.append(_row("  with the draws that gave no linker", yields.gated_per_draw))
    lines.append(_row("sound molecules", yields.sound_molecule))
    lines += [_row(f"  refused: {str(one.reason).replace('_', ' ')}", one.share) for one in yields.refusals]
    return lines


def _diversity_lines(evaluation: Evaluation) -> list[str]:
    diversity = evaluation.diversity
    lines = [_row("different linkers", diversity.unique)]
    if diversity.unique_draws is not None:
        lines.append(_row("  among the draws", diversity.unique_draws))
    if diversity.novel is not None:
        lines.append(_row(f"not among {evaluation.n_training} training linkers", diversity.novel))
    if diversity.familiar is not None:
        lines.append(_row("only ring systems of the training set", diversity.familiar))
    lines.append(_row("different scaffolds", diversity.scaffolds))
    if diversity.internal is not None:
        lines.append(f"  {'internal diversity (1 - Tanimoto)':<40} {diversity.internal:.3f}")
    return lines


def _cost_lines(evaluation: Evaluation) -> list[str]:
    costs = evaluation.costs
    lines = [_cost_line("CPU time to generate", costs.generate), _cost_line("CPU time to process", costs.process)]
    if costs.sound_per_core_hour is not None:
        lines.append(f"  {'sound linkers per core-hour':<40} {costs.sound_per_core_hour:.0f}")
    return [line for line in lines if line]


def _row(name: str, share: Share) -> str:
    return f"  {name:<40} {share}"


def _property_line(one: Property) -> str:
    name = one.name.removesuffix("_ang").removesuffix("_deg").replace("_", " ")
    unit = f" ({one.unit})" if one.unit in ("Å", "°") else ""
    distance = "" if one.wasserstein is None else _distance(one.wasserstein, one.wasserstein_of_data_halves)
    return f"  {name + unit:<40} {_spread(one.sample):<28} {_spread(one.data):<28} {distance}".rstrip()


def _composition_line(one: Composition) -> str:
    distance = "" if one.total_variation is None else _distance(one.total_variation, one.total_variation_of_data_halves)
    most, of_data = (
        ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in list(shares.items())[:3])
        for shares in (one.sample, one.data)
    )
    return f"  {one.name.replace('_', ' '):<40} {most:<28} {of_data:<28} {distance}".rstrip()


def _distance(value: float, by_chance: float | None) -> str:
    return f"{value:.3g}" if by_chance is None else f"{value:.3g} ({by_chance:.3g})"


def _spread(spread: Spread | None) -> str:
    return "none" if spread is None else f"{spread.p50:.3g} ({spread.p05:.3g} to {spread.p95:.3g})"


def _cost_line(name: str, times: CpuTimes | None) -> str:
    if times is None:
        return ""
    mean, p50, p99, most = (1000 * seconds for seconds in (times.mean_s, times.p50_s, times.p99_s, times.max_s))
    return f"  {name:<40} mean {mean:.1f} ms, median {p50:.1f}, 99 % below {p99:.1f}, longest {most:.1f}"
