"""The panels of the report: what is plotted against what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mofa.chemistry import Family
from mofa.report.figures import (
    Bar,
    Chart,
    Guide,
    Key,
    Point,
    cumulative,
    histogram,
    ticks,
    x_axis,
    y_axis,
)
from mofa.report.ranking import RankedMof, amount_of, conditions, second_opinion, stability_class
from mofa.store.records import CampaignRecords, StabilityRecord, StrainLimits

STRAIN_SHOWN = 0.5
"""Right end of the strain axis, or twice the limit for going on where that is more; MOFs beyond it are lost."""


def strain_chart(records: CampaignRecords, n_simulated: int) -> Chart | None:
    """Cumulative distribution of the strain over all MOFs that went into dynamics; None without any.

    Args:
        records: of the campaign.
        n_simulated: MOFs that went into dynamics, those without a final strain (blown up, too slow) included.
    """
    strains = [mof.stability.strain for mof in records.mofs.values() if mof.stability is not None]
    if not strains:
        return None
    high = 100 * max(STRAIN_SHOWN, 2 * records.limits.trainable)
    shown = [100 * strain for strain in strains if 100 * strain <= high]
    n_all = max(n_simulated, len(strains))
    beyond = n_all - len(shown)
    tail = f" {beyond} lie beyond {high:.0f} % or broke off." if beyond else ""
    return Chart(
        title="Strain after molecular dynamics",
        caption=f"Share of the {n_all} simulated MOFs whose strain lies below the value.{tail}",
        x=x_axis("strain (%)", 0, high),
        y=y_axis("share of MOFs (%)", 0, 100),
        line=tuple((x, 100 * y) for x, y in cumulative(shown, n_all, high)),
        points=tuple(Point(x, 0, kind=stability_class(x / 100, records.limits)) for x in shown),
        x_guides=_strain_guides(records.limits),
    )


def uptake_chart(ranked: Sequence[RankedMof]) -> Chart | None:
    """Uptake against rank with error bars; None without any uptake."""
    if not ranked:
        return None
    ranked_by = ranked[0].ranked_by
    by = "" if ranked_by.is_uptake else f" Ranked by {ranked_by.expression}."
    judges = sorted({mof.judge for mof in ranked} - {""})
    return Chart(
        title="Uptake by rank",
        caption=f"{conditions(ranked[0].uptake)}; bars are 95 % confidence intervals.{by}",
        x=x_axis("rank", 0, max(5, len(ranked) + 1), whole=True),
        y=y_axis("uptake (mol/kg)", 0, _highest(ranked)),
        points=(*(_point(mof, mof.rank) for mof in ranked), *_second_opinions(ranked)),
        legend=(*_legend(ranked), *(Key("judge", f"by {name}") for name in judges)),
    )


def objective_chart(ranked: Sequence[RankedMof]) -> Chart | None:
    """What MOFs are ranked by against rank; None where that is the uptake, or none has a value."""
    valued = [(mof, mof.mof.objective) for mof in ranked if mof.mof.objective is not None]
    if not valued or ranked[0].ranked_by.is_uptake:
        return None
    ranked_by = ranked[0].ranked_by
    require = f", of MOFs with {ranked_by.require}" if ranked_by.require else ""
    low, high = min(0.0, *(value for _, value in valued)), max(0.0, *(value for _, value in valued))
    return Chart(
        title="Objective by rank",
        caption=f"{ranked_by.expression}{require}.",
        x=x_axis("rank", 0, max(5, len(valued) + 1), whole=True),
        y=y_axis(f"objective ({ranked_by.unit})" if ranked_by.unit else "objective", low, max(high, low + 1e-3)),
        points=tuple(replace(_point(mof, mof.rank), y=value, error=0.0) for mof, value in valued),
        legend=_legend([mof for mof, _ in valued]),
    )


def pore_chart(ranked: Sequence[RankedMof]) -> Chart | None:
    """Uptake against the pore-limiting diameter; None if no pores are known."""
    shown = [(mof, mof.uptake.pores.pore_limiting_diameter_ang) for mof in ranked if mof.uptake.pores is not None]
    if not shown:
        return None
    return Chart(
        title="Uptake and pore size",
        caption="Pore-limiting diameter: the largest ball that can pass through the MOF.",
        x=x_axis("pore-limiting diameter (Å)", 0, max(diameter for _, diameter in shown) + 0.5),
        y=y_axis("uptake (mol/kg)", 0, _highest(ranked)),
        points=tuple(_point(mof, diameter) for mof, diameter in shown),
        legend=_legend(ranked),
    )


def linker_chart(records: CampaignRecords) -> Chart | None:
    """Sizes of the accepted linkers, the families stacked; None without any."""
    sizes = {
        family: [linker.n_atoms for linker in records.linkers.values() if linker.family is family] for family in Family
    }
    every = [size for values in sizes.values() for size in values]
    if not every:
        return None
    edges = ticks(min(every), max(every) + 1, 12, whole=True)
    bars: list[Bar] = []
    below = dict.fromkeys(edges, 0.0)
    for family in Family:
        for bar in histogram(sizes[family], edges, family.value.lower()):
            what = f"{family}: {bar.height:.0f}, {bar.left:g} to {bar.right:g} atoms"
            bars.append(replace(bar, base=below[bar.left], title=what))
            below[bar.left] += bar.height
    return Chart(
        title="Linker size",
        caption=f"Atoms, hydrogens included, of the {len(every)} linkers that passed processing.",
        x=x_axis("atoms per linker", edges[0], edges[-1], whole=True),
        y=y_axis("linkers", 0, max(below.values()), about=6, whole=True),
        bars=tuple(bars),
        legend=tuple(Key(family.value.lower(), family.value) for family in Family if sizes[family]),
    )


TRACE_WIDTH_PX, TRACE_HEIGHT_PX = 340, 170


def trace_chart(stability: StabilityRecord, limits: StrainLimits) -> Chart | None:
    """Strain in the course of the dynamics; None without a trace."""
    trace = stability.strain_trace
    if not trace:
        return None
    line = _course(stability, [0.0, *(100 * strain for strain in trace)])
    high = max(100 * limits.stable * 1.2, *(strain for _, strain in line))
    return replace(
        _trace_panel("Strain during dynamics", "strain (%)", line, 0, high),
        y_guides=tuple(guide for guide in _strain_guides(limits) if guide.value <= high),
    )


def volume_chart(stability: StabilityRecord) -> Chart | None:
    """Volume in the course of the dynamics, as a change against the assembled MOF; None without a trace."""
    if not stability.volume_trace:
        return None
    line = _course(stability, [0.0, *(100 * (ratio - 1.0) for ratio in stability.volume_trace)])
    changes = [change for _, change in line]
    panel = _trace_panel("Volume during dynamics", "change (%)", line, min(-1.0, *changes), max(1.0, *changes))
    return replace(panel, y_guides=(Guide(0.0, "as assembled", "zero"),))


def _course(stability: StabilityRecord, values: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Times in ps with the value at the start and of every chunk."""
    ps_per_chunk = stability.steps_per_chunk * stability.timestep_fs / 1000
    return tuple((k * ps_per_chunk, value) for k, value in enumerate(values))


def _trace_panel(title: str, label: str, line: tuple[tuple[float, float], ...], low: float, high: float) -> Chart:
    return Chart(
        title=title,
        caption="",
        x=x_axis("time (ps)", 0, line[-1][0], width_px=TRACE_WIDTH_PX),
        y=y_axis(label, low, high, height_px=TRACE_HEIGHT_PX, about=3),
        width_px=TRACE_WIDTH_PX,
        height_px=TRACE_HEIGHT_PX,
        line=line,
    )


def _highest(ranked: Sequence[RankedMof]) -> float:
    """Upper end of the uptake axis, mol/kg."""
    uptakes = [mof.uptake for mof in ranked] + [mof.mof.judged for mof in ranked if mof.mof.judged is not None]
    return max([1e-3, *(uptake.uptake_mol_per_kg + uptake.error_mol_per_kg for uptake in uptakes)])


def _point(mof: RankedMof, x: float) -> Point:
    uptake = mof.uptake
    return Point(
        x,
        uptake.uptake_mol_per_kg,
        uptake.error_mol_per_kg,
        mof.stability,
        f"{mof.rank}. {mof.mof.name or mof.mof.id}: {amount_of(uptake)}",
        f"mof-{mof.rank}",
    )


def _second_opinions(ranked: Sequence[RankedMof]) -> Iterator[Point]:
    """What the judge found, beside what was found first."""
    for mof in ranked:
        judged = mof.mof.judged
        if judged is not None:
            title = f"{mof.rank}. {mof.mof.name or mof.mof.id}, {second_opinion(mof)}"
            x, target = mof.rank + 0.3, f"mof-{mof.rank}"
            yield Point(x, judged.uptake_mol_per_kg, judged.error_mol_per_kg, "judge", title, target)


def _legend(ranked: Sequence[RankedMof]) -> tuple[Key, ...]:
    seen = {mof.stability for mof in ranked}
    if len(seen) < 2:
        return ()
    stable, trainable = (f"{100 * limit:g}" for limit in (ranked[0].limits.stable, ranked[0].limits.trainable))
    keys = (
        Key("stable", f"strain < {stable} %"),
        Key("trainable", f"{stable} to {trainable} %"),
        Key("unstable", f"beyond {trainable} %"),
    )
    return tuple(key for key in keys if key.kind in seen)


def _strain_guides(limits: StrainLimits) -> tuple[Guide, ...]:
    return (
        Guide(100 * limits.stable, "stable", "stable"),
        Guide(100 * limits.trainable, "trainable", "trainable"),
    )
