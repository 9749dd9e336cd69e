"""The course of one run as a picture: how far the cell went, and its volume."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mofa.chemistry.results import STABLE_STRAIN, TRAINABLE_STRAIN
from mofa.errors import InputError
from mofa.textfiles import write_bytes

BLUE, VERMILION, GREEN, INK = "#0072B2", "#D55E00", "#009E73", "#333333"
DOTS_PER_INCH = 200
FORMATS = ("png", "svg", "pdf")


def picture_format(path: Path) -> str:
    """The kind of picture that a file's name asks for.

    Raises:
        InputError: another ending than .png, .svg or .pdf.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        action = "Name a .png, .svg or .pdf file"
        raise InputError(f"{path.suffix or 'no ending'} is no kind of picture", where=path, action=action)
    return kind


def write_strain_picture(
    path: Path,
    *,
    title: str,
    ps_per_chunk: float,
    strain_trace: Sequence[float],
    volume_trace: Sequence[float] = (),
    note: str = "",
) -> Path:
    """Plot the traces of a run.

    Args:
        path: PNG, SVG or PDF file, by its ending.
        title: above the plot.
        ps_per_chunk: time from entry to entry, ps.
        strain_trace: mean strain of every chunk.
        volume_trace: mean volume of every chunk over the initial one; may be empty.
        note: below the title: how the run ended.

    Raises:
        InputError: another ending.
        OutputError: the file cannot be written.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise InputError(
            f"{path.suffix or 'no ending'} is no kind of picture", where=path, action="Name a .png, .svg or .pdf"
        )
    figure = Figure(figsize=(6.4, 4.6 if volume_trace else 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2 if volume_trace else 1, 1, sharex=True, squeeze=False)[:, 0]
    times = ps_per_chunk * np.arange(1, len(strain_trace) + 1)
    strain = panels[0]
    strain.plot(np.append(0.0, times), 100 * np.append(0.0, strain_trace), color=BLUE, linewidth=1.4)
    high = max(100 * STABLE_STRAIN * 1.25, 110 * max(strain_trace))
    for limit, name, color in ((STABLE_STRAIN, "stable", GREEN), (TRAINABLE_STRAIN, "trainable", VERMILION)):
        if 100 * limit <= high:
            strain.axhline(100 * limit, color=color, linewidth=0.9, linestyle=(0, (4, 3)))
            strain.annotate(
                f"{name}: below {100 * limit:.0f} %", (1.0, 100 * limit), xycoords=("axes fraction", "data"),
                ha="right", va="bottom", fontsize=8, color=color,
            )  # fmt: skip
    strain.set_ylim(0.0, high)
    strain.set_ylabel("strain (%)")
    if volume_trace:
        volume = panels[1]
        volume.axhline(0.0, color=INK, linewidth=0.6)
        change = 100 * (np.append(1.0, volume_trace) - 1.0)
        volume.plot(np.append(0.0, times[: len(volume_trace)]), change, color=VERMILION, linewidth=1.4)
        volume.set_ylabel("volume change (%)")
    panels[-1].set_xlabel("time (ps)")
    panels[-1].set_xlim(0.0, times[-1])
    figure.suptitle(title if not note else f"{title}\n{note}", fontsize=10, color=INK)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    buffer = BytesIO()
    figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH)
    return write_bytes(path, buffer.getvalue())
