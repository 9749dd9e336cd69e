"""Figures of an evaluation, as PNG: refusals, distributions beside the data, and some of the linkers.

The colours are those of Okabe and Ito, which people with any colour vision can tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mofa.evaluate.drawings import molecules_png
from mofa.evaluate.evaluation import Evaluation
from mofa.evaluate.features import Features
from mofa.evaluate.outcomes import Sample
from mofa.evaluate.properties import QUANTITIES, Quantity, composition_shares
from mofa.textfiles import write_bytes

BLUE, VERMILION, INK, PALE = "#0072B2", "#D55E00", "#333333", "#9A9A9A"
DOTS_PER_INCH = 200
_SHOWN = (
    "core_atoms", "anchor_distance_ang", "exit_angle_deg", "sa_score", "sp3_fraction", "rotatable_bonds", "polar_atoms",
)  # fmt: skip
_BINS = 24
_MOST_ELEMENTS = 8


def write_figures(evaluation: Evaluation, sample: Sample, data: Sample, folder: Path) -> list[Path]:
    """Draw everything that there is something to draw of.

    Args:
        evaluation: of the sample.
        sample: what was measured.
        data: what it is compared with; may be empty.
        folder: must exist.

    Returns:
        The files: ``refusals.png``, ``distributions.png``, ``linkers.png``.

    Raises:
        OutputError: a file cannot be written.
    """
    contents = {"refusals.png": refusals_png(evaluation)}
    if sample.sound:
        contents["distributions.png"] = distributions_png(evaluation, sample.sound, data.sound)
        contents["linkers.png"] = molecules_png(sample.sound)
    return [write_bytes(folder / name, content) for name, content in contents.items()]


def refusals_png(evaluation: Evaluation) -> bytes:
    """How many linkers passed, and for which reasons the others were refused."""
    yields = evaluation.yields
    rows = [(str(one.reason).replace("_", " "), one.share) for one in yields.refusals]
    n_rows = max(len(rows), 2)
    figure = Figure(figsize=(7.2, 1.6 + 0.3 * n_rows), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(1.0, 0.8 * n_rows))
    passed = 100 * yields.gated.value
    upper.barh([0], [passed], color=BLUE, height=0.6)
    upper.barh([0], [100 - passed], left=[passed], color=VERMILION, height=0.6)
    low, high = (100 * end for end in yields.gated.interval)
    title = f"{evaluation.title}: {passed:.1f} % of {yields.gated.n} linkers pass the gate"
    title += f" (95 % interval {low:.1f} to {high:.1f} %)"
    if yields.gated_per_draw is not None:
        title += f"\nwith the draws that gave no linker: {100 * yields.gated_per_draw.value:.1f} %"
    upper.set_title(title, loc="left", fontsize=10, color=INK)
    upper.set_xlim(0, 100)
    upper.set_axis_off()
    for x, text, side in ((1, "passed", "left"), (99, "refused", "right")):
        if (passed if side == "left" else 100 - passed) > 12:
            upper.text(x, 0, text, color="white", va="center", ha=side, fontsize=9)
    _bare(lower)
    if not rows:
        lower.text(0, 0, "none was refused", color=INK, fontsize=9)
        lower.set_axis_off()
        return _png(figure)
    shares = [100 * share.value for _, share in rows]
    lower.barh(range(len(rows)), shares, color=VERMILION, height=0.62)
    lower.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=9)
    lower.set_ylim(n_rows - 0.5, -0.6)
    lower.set_xlim(0, 1.25 * max(shares))
    for k, (_, share) in enumerate(rows):
        text = f" {100 * share.value:.1f} %  ({share.count})"
        lower.text(100 * share.value, k, text, va="center", fontsize=8.5, color=INK)
    lower.set_xlabel("refused, % of all linkers (number)", fontsize=9, color=INK)
    lower.tick_params(axis="y", length=0)
    return _png(figure)


def distributions_png(evaluation: Evaluation, sound: Sequence[Features], data: Sequence[Features]) -> bytes:
    """What the linkers are like, beside the data."""
    figure = Figure(figsize=(11.2, 5.6), layout="constrained")
    axes = figure.subplots(2, 4).ravel()
    named = {quantity.name: quantity for quantity in QUANTITIES}
    _elements(axes[0], sound, data)
    for ax, name in zip(axes[1:], _SHOWN, strict=True):
        _histogram(ax, named[name], sound, data)
    for ax in axes[::4]:
        ax.set_ylabel("share (%)", fontsize=9, color=INK)
    handles = axes[1].get_legend_handles_labels()
    labels = [f"{evaluation.title} (n = {len(sound)})", f"{evaluation.reference} (n = {len(data)})"]
    figure.legend(handles[0], labels, loc="outside upper left", ncols=2, frameon=False, fontsize=10)
    return _png(figure)


def _histogram(ax: Any, quantity: Quantity, sound: Sequence[Features], data: Sequence[Features]) -> None:
    """Shares by value: filled for the sample, a line for the data."""
    sample, reference = quantity.values(sound), quantity.values(data)
    _bare(ax)
    unit = f" ({quantity.unit})" if quantity.unit in ("Å", "°") else ""
    ax.set_xlabel(quantity.label + unit, fontsize=9, color=INK)
    every = sample + reference
    if not every:
        return
    if len(sample) < len(sound):
        ax.set_title(f"{len(sample)} of {len(sound)} linkers have one", fontsize=8.5, color=INK)
    low, high = min(every), max(every)
    if quantity.whole:
        edges = np.arange(low - 0.5, high + 1.5)
    else:
        edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    for values, style in (
        (sample, {"histtype": "stepfilled", "color": BLUE, "alpha": 0.75}),
        (reference, {"histtype": "step", "color": INK, "linewidth": 1.4}),
    ):
        weights = [100 / len(values)] * len(values) if values else None
        ax.hist(values, bins=edges, weights=weights, label="shown", **style)
    if quantity.whole:
        ax.xaxis.get_major_locator().set_params(integer=True)


def _elements(ax: Any, sound: Sequence[Features], data: Sequence[Features]) -> None:
    """Shares of the elements other than carbon, which would dwarf them."""
    of_sample, of_data = (composition_shares([f.elements for f in some]) for some in (sound, data))
    kinds = sorted({*of_sample, *of_data} - {"C"}, key=lambda k: -of_data.get(k, 0.0) - of_sample.get(k, 0.0))
    kinds = kinds[:_MOST_ELEMENTS]
    _bare(ax)
    places = np.arange(len(kinds))
    ax.bar(places, [100 * of_sample.get(k, 0.0) for k in kinds], color=BLUE, alpha=0.75, width=0.8)
    if of_data:
        heights = [100 * of_data.get(k, 0.0) for k in kinds]
        ax.hlines(heights, places - 0.4, places + 0.4, color=INK, linewidth=1.8)
    ax.set_xticks(places, kinds)
    ax.set_xlabel("elements between the prompts, without C", fontsize=9, color=INK)


def _bare(ax: Any) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(PALE)
    ax.tick_params(colors=INK, labelsize=8.5, color=PALE)


def _png(figure: Figure) -> bytes:
    buffer = BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return buffer.getvalue()
