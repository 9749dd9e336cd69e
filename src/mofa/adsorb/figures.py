"""Figures of adsorption, as PNG: isotherms, heat against loading, charge methods, and where in the cell guests are.

The colours are those of Okabe and Ito, which people with any colour vision can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mofa.adsorb.density import DensityMap
from mofa.adsorb.isotherm import Isotherm
from mofa.adsorb.sensitivity import ranking_sensitivity
from mofa.chemistry import Uptake

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
INK = "#333333"
DOTS_PER_INCH = 200
_FIT_POINTS = 200
_RATIO_FOR_LOG = 50.0
"""Of the highest to the lowest pressure, from which both axes are logarithmic."""
_LEAST_HEAT_SPAN_KJ_PER_MOL = 10.0
"""Height of the heat axis, so that noise does not look like structure."""
_BRIGHTEST = 99.8
"""Percentile of the bins that gets the darkest colour: a few full bins do not fade all others."""


def isotherm_png(isotherms: Sequence[Isotherm], *, title: str = "") -> bytes:
    """Uptake against pressure with 95 % errors and the Langmuir fit, and isosteric heat against loading.

    Args:
        isotherms: of one framework; another gas or temperature each.
        title: above the figure.
    """
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for number, isotherm in enumerate(isotherms):
        color, label = COLORS[number % len(COLORS)], _label(isotherm.points[0])
        _isotherm(left, isotherm, color, label)
        _heat(right, isotherm.points, color, label)
    pressures = [point.pressure_pa for isotherm in isotherms for point in isotherm.points]
    if max(pressures) > _RATIO_FOR_LOG * min(pressures):
        left.set_xscale("log")
        left.set_yscale("log")
    else:
        left.set_xlim(left=0)
        left.set_ylim(bottom=0)
    left.set_xlabel("pressure (bar)", color=INK)
    left.set_ylabel("uptake (mol/kg)", color=INK)
    low, high = right.get_ylim()
    missing = max(0.0, _LEAST_HEAT_SPAN_KJ_PER_MOL - (high - low))
    right.set_ylim(low - missing / 2, high + missing / 2)
    right.set_xlim(left=min(0.0, right.get_xlim()[0]))
    right.set_xlabel("uptake (mol/kg)", color=INK)
    right.set_ylabel("isosteric heat (kJ/mol)", color=INK)
    for ax in (left, right):
        _bare(ax)
    if len(isotherms) > 1:
        left.legend(frameon=False, fontsize=9)
    figure.suptitle(title or _label(isotherms[0].points[0]), color=INK, fontsize=11)
    return _png(figure)


def density_png(density: DensityMap, *, title: str = "") -> bytes:
    """The density seen along the three vectors of the cell, its depth added up, with the framework's atoms as dots."""
    figure = Figure(figsize=(11.4, 4.2), layout="constrained")
    axes = figure.subplots(1, 3)
    projected = [_projection(density, axis) for axis in range(3)]
    highest = max(float(np.percentile(values, _BRIGHTEST)) for values, _ in projected) or 1.0
    mesh: Any = None
    for axis, (ax, (values, corners)) in enumerate(zip(axes, projected, strict=True)):
        mesh = ax.pcolormesh(*corners, values, cmap="Blues", vmin=0.0, vmax=highest, rasterized=True)
        _atoms(ax, density, axis)
        ax.set_aspect("equal")
        ax.set_title(f"along {'abc'[axis]}", fontsize=9, color=INK)
        ax.set_axis_off()
    _scale_bar(axes[0], density)
    unit = f"{density.uptake.gas} per Å² of projection (dots: atoms but H)"
    figure.colorbar(mesh, ax=list(axes), label=unit, shrink=0.8, pad=0.01)
    uptake = density.uptake
    conditions = f"{_label(uptake)}, {uptake.pressure_pa / 1e5:g} bar: {density.molecules:.3g} molecules in the cell"
    figure.suptitle(f"{title}: {conditions}" if title else conditions, color=INK, fontsize=11)
    return _png(figure)


def sensitivity_png(uptakes: Mapping[str, Mapping[str, Uptake]]) -> bytes:
    """Uptakes under several charge methods with 95 % errors, and with several MOFs their places in the ranking.

    Args:
        uptakes: by charge method, then by MOF.
    """
    methods = list(uptakes)
    mofs = list(dict.fromkeys(mof for found in uptakes.values() for mof in found))
    ranked = len(mofs) > 1
    figure = Figure(figsize=(10.4 if ranked else 6.0, 4.4), layout="constrained")
    panels = figure.subplots(1, 2 if ranked else 1, squeeze=False)[0]
    ranks = ranking_sensitivity(uptakes).ranks
    for number, mof in enumerate(mofs):
        look = {"color": COLORS[number % len(COLORS)], "marker": MARKERS[number // len(COLORS) % len(MARKERS)], "ms": 5}
        # Side by side, so that error bars do not hide one another.
        aside = 0.24 * ((number + 0.5) / len(mofs) - 0.5)
        found = [(k, uptakes[method][mof]) for k, method in enumerate(methods) if mof in uptakes[method]]
        x = [k + aside for k, _ in found]
        amounts, errors = zip(*((one.uptake_mol_per_kg, one.error_mol_per_kg) for _, one in found), strict=True)
        panels[0].errorbar(x, amounts, yerr=errors, lw=1, capsize=3, label=mof, **look)
        if ranked:
            panels[1].plot([k for k, _ in found], [ranks[methods[k]][mof] for k, _ in found], lw=2, **look)
    any_uptake = next(one for found in uptakes.values() for one in found.values())
    panels[0].set_ylabel(f"uptake of {any_uptake.gas} (mol/kg)", color=INK)
    panels[0].set_ylim(bottom=0)
    if ranked:
        panels[1].set_ylabel("place in the ranking", color=INK)
        panels[1].yaxis.get_major_locator().set_params(integer=True)
        panels[1].invert_yaxis()
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    for ax in panels:
        _bare(ax)
        ax.set_xticks(range(len(methods)), methods)
        ax.set_xlim(-0.4, len(methods) - 0.6)
        ax.set_xlabel("charges", color=INK)
    title = f"{_label(any_uptake)}, {any_uptake.pressure_pa / 1e5:g} bar"
    figure.suptitle(title if ranked else f"{mofs[0]}: {title}", color=INK, fontsize=11)
    return _png(figure)


def _isotherm(ax: Any, isotherm: Isotherm, color: str, label: str) -> None:
    bars = np.array([point.pressure_pa for point in isotherm.points]) / 1e5
    uptakes = [point.uptake_mol_per_kg for point in isotherm.points]
    errors = [point.error_mol_per_kg for point in isotherm.points]
    ax.errorbar(bars, uptakes, yerr=errors, fmt="o", ms=5, capsize=3, color=color, label=label)
    if isotherm.langmuir is not None:
        grid = np.geomspace(bars[0], bars[-1], _FIT_POINTS)
        fitted = [isotherm.langmuir.uptake_mol_per_kg(bar * 1e5) for bar in grid]
        ax.plot(grid, fitted, color=color, lw=1, alpha=0.6)


def _heat(ax: Any, points: Sequence[Uptake], color: str, label: str) -> None:
    known = [point for point in points if np.isfinite(point.heat_kj_per_mol)]
    ax.errorbar(
        [point.uptake_mol_per_kg for point in known],
        [point.heat_kj_per_mol for point in known],
        xerr=[point.error_mol_per_kg for point in known],
        yerr=[point.heat_error_kj_per_mol for point in known],
        fmt="o",
        ms=5,
        capsize=3,
        color=color,
        label=label,
    )


def _projection(density: DensityMap, axis: int) -> tuple[NDArray[np.float64], tuple[Any, Any]]:
    """Density added up along a vector of the cell, molecules per Å2 of the plane, and the corners of its bins, Å."""
    cell = np.array(density.framework.cell)
    u, v = _plane(cell, axis)
    area = abs(u[0] * v[1] - u[1] * v[0])
    thickness = density.framework.volume_ang3 / area / density.per_ang3.shape[axis]
    values = density.per_ang3.sum(axis=axis) * thickness
    m, n = values.shape
    s, t = np.meshgrid(np.arange(m + 1) / m, np.arange(n + 1) / n, indexing="ij")
    return values, (s * u[0] + t * v[0], s * u[1] + t * v[1])


def _plane(cell: NDArray[np.float64], axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The other two vectors of the cell as seen along one of them, Å; the first points to the right."""
    along = cell[axis] / np.linalg.norm(cell[axis])
    first, second = (vector - (vector @ along) * along for vector in np.delete(cell, axis, axis=0))
    right = first / np.linalg.norm(first)
    up = np.cross(along, right)
    return np.array([first @ right, first @ up]), np.array([second @ right, second @ up])


def _atoms(ax: Any, density: DensityMap, axis: int) -> None:
    """The framework's atoms without hydrogen, as dots."""
    framework = density.framework
    u, v = _plane(np.array(framework.cell), axis)
    heavy = np.array([symbol != "H" for symbol in framework.symbols])
    s, t = np.delete(framework.fractional[heavy] % 1.0, axis, axis=1).T
    ax.plot(s * u[0] + t * v[0], s * u[1] + t * v[1], ".", ms=3.0, color="#D55E00", alpha=0.8)


def _scale_bar(ax: Any, density: DensityMap) -> None:
    """Five ångströms, below the first projection."""
    _, v = _plane(np.array(density.framework.cell), 0)
    left, below = min(0.0, v[0]), -0.05 * abs(v[1])
    ax.plot([left, left + 5.0], [below, below], color=INK, lw=2)
    ax.text(left + 5.6, below, "5 Å", color=INK, fontsize=9, va="center")


def _label(uptake: Uptake) -> str:
    gas = uptake.gas
    if uptake.coadsorbed:
        gas = f"{gas} of {gas}/{'/'.join(other.gas for other in uptake.coadsorbed)} ({uptake.mole_fraction:g})"
    return f"{gas}, {uptake.temperature_k:g} K"


def _bare(ax: Any) -> None:
    """No frame but the two axes."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(labelsize=9, color=INK)
    ax.grid(alpha=0.2)


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return buffer.getvalue()
