"""The course of a cell optimisation as a picture: energy and pressure, step by step."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mofa.chemistry import Optimized
from mofa.report.strain_picture import BLUE, DOTS_PER_INCH, INK, VERMILION, picture_format
from mofa.textfiles import write_bytes


def write_relaxation_picture(path: Path, *, title: str, result: Optimized) -> Path:
    """Plot the traces of a relaxation: energy per atom above that of the last step, and pressure.

    Args:
        path: PNG, SVG or PDF file, by its ending.
        title: above the plot.
        result: with traces of one entry at least.

    Raises:
        InputError: another ending.
        OutputError: the file cannot be written.
    """
    kind = picture_format(path)
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True)
    energies = 1000.0 * (np.array(result.energy_trace_ev) - result.energy_ev) / len(result.framework)
    steps = np.arange(len(energies))
    upper.plot(steps, energies, color=BLUE, linewidth=1.4, marker=".")
    upper.set_ylabel("energy (meV per atom)")
    lower.axhline(0.0, color=INK, linewidth=0.6)
    lower.plot(steps[: len(result.pressure_trace_gpa)], result.pressure_trace_gpa, color=VERMILION, marker=".")
    lower.set_ylabel("pressure (GPa)")
    lower.set_xlabel("step")
    lower.xaxis.get_major_locator().set_params(integer=True)
    state = "converged" if result.converged else "not converged"
    note = f"{state}, largest force {result.max_force_ev_per_ang:.3f} eV/Å; {result.method}"
    figure.suptitle(f"{title}\n{note}", fontsize=10, color=INK)
    for panel in (upper, lower):
        if result.resumed_at_step:
            panel.axvline(result.resumed_at_step, color=INK, linewidth=0.6, linestyle=(0, (4, 3)))
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    buffer = BytesIO()
    figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH)
    return write_bytes(path, buffer.getvalue())
