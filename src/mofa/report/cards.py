"""What a MOF card shows beyond the ranking: cell, charges, drawn linkers, lineage, and the scene of the 3-D view."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from mofa.chemistry import Framework
from mofa.chemistry.depict import linker_svg
from mofa.chemistry.elements import is_metal
from mofa.chemistry.scene import Look, element_look
from mofa.errors import InputError
from mofa.report.charts import trace_chart, volume_chart
from mofa.report.figures import Chart
from mofa.report.ranking import RankedMof
from mofa.report.structure import scene
from mofa.store.codec import get_framework
from mofa.store.files import FileStore

LINKER_WIDTH_PX, LINKER_HEIGHT_PX = 200, 90
# RDKit's atom colours, to become the page's own, which differ in light and dark.
_INK = {
    "#000000": "currentColor",
    "#FF0000": "var(--atom-o)",
    "#0000FF": "var(--atom-n)",
    "#33CCCC": "var(--atom-f)",
    "#00CC00": "var(--atom-cl)",
    "#7F4C19": "var(--atom-br)",
    "#CCCC00": "var(--atom-s)",
}
_PATH = re.compile(r"<path[^>]*?\sd='(?P<d>[^']*)'[^>]*?(?:fill='(?P<fill>#\w+)'|stroke:(?P<stroke>#\w+))[^>]*/>")


@dataclass(frozen=True)
class LinkerDrawing:
    """A linker as it is drawn once on the page and referred to from the cards."""

    id: str
    smiles: str
    svg: str
    """Paths for an SVG symbol of `LINKER_WIDTH_PX` by `LINKER_HEIGHT_PX`; empty if it cannot be drawn."""


@dataclass(frozen=True)
class LinkerUse:
    """A linker of one MOF."""

    drawing: LinkerDrawing
    key: str
    source: str
    """Generator and model version."""
    count: int


@dataclass(frozen=True)
class MofCard:
    """One MOF of the ranking with everything that is shown of it."""

    ranked: RankedMof
    framework: Framework
    linkers: tuple[LinkerUse, ...]
    trace: Chart | None
    volume: Chart | None
    scene: dict[str, Any] | None
    """For the viewer; None for MOFs too far down the ranking to be embedded."""

    @property
    def stability(self) -> str:
        """`stable`, `trainable`, `unstable` or `unknown`."""
        return self.ranked.stability

    @property
    def elements(self) -> list[Look]:
        """Elements in the order of a formula: metals, C, H, then by name."""
        rank = {"C": "1", "H": "2"}
        symbols = sorted(set(self.framework.symbols), key=lambda s: "0" + s if is_metal(s) else rank.get(s, "3" + s))
        return [element_look(symbol) for symbol in symbols]

    @property
    def formula(self) -> list[tuple[str, int]]:
        """Elements and their numbers in the cell."""
        return [(e.name, self.framework.symbols.count(e.name)) for e in self.elements]

    @property
    def charge_range_e(self) -> tuple[float, float] | None:
        """Lowest and highest partial charge that the uptake was simulated with, e."""
        uptake = self.ranked.uptake
        if isfinite(uptake.charge_min_e) and isfinite(uptake.charge_max_e):
            return (uptake.charge_min_e, uptake.charge_max_e)
        charges = self.framework.charges
        return None if charges is None else (float(charges.min()), float(charges.max()))


def cards(ranked: Iterable[RankedMof], files: FileStore, *, max_scenes: int) -> list[MofCard]:
    """The cards of the ranked MOFs.

    Args:
        ranked: MOFs with an uptake.
        files: the campaign's files.
        max_scenes: how many of them get a 3-D view, about 20 kB of the page each.

    Raises:
        StoreError: a structure is missing or damaged.
    """
    drawings: dict[str, LinkerDrawing] = {}
    return [_card(mof, files, drawings, embed=mof.rank <= max_scenes) for mof in ranked]


def _card(mof: RankedMof, files: FileStore, drawings: dict[str, LinkerDrawing], *, embed: bool) -> MofCard:
    framework = get_framework(mof.mof.best_ref, files)
    stability = mof.mof.stability
    return MofCard(
        ranked=mof,
        framework=framework,
        linkers=_linkers(mof, drawings),
        trace=trace_chart(stability, mof.limits) if stability is not None else None,
        volume=volume_chart(stability) if stability is not None else None,
        scene=scene(framework) if embed else None,
    )


def _linkers(mof: RankedMof, drawings: dict[str, LinkerDrawing]) -> tuple[LinkerUse, ...]:
    """The MOF's linkers, equal ones together, drawn on first use."""
    lineage = mof.mof.lineage
    uses: dict[tuple[str, str, str], int] = {}
    for k, smiles in enumerate(lineage.linkers):
        key = lineage.linker_keys[k] if k < len(lineage.linker_keys) else ""
        source = lineage.sources[k] if k < len(lineage.sources) else ""
        uses[smiles, key, source] = uses.get((smiles, key, source), 0) + 1
    for smiles, _, _ in uses:
        if smiles not in drawings:
            drawings[smiles] = LinkerDrawing(f"linker-{len(drawings) + 1}", smiles, _paths(smiles))
    return tuple(LinkerUse(drawings[smiles], key, source, n) for (smiles, key, source), n in uses.items())


def _paths(smiles: str) -> str:
    """The drawing's paths in the page's colours, without RDKit's repeated styles; empty for what is not a SMILES."""
    try:
        svg = linker_svg(smiles, width_px=LINKER_WIDTH_PX, height_px=LINKER_HEIGHT_PX)
    except InputError:
        return ""
    paths = []
    for match in _PATH.finditer(svg):
        fill, stroke = match["fill"], match["stroke"]
        ink = _INK.get(fill or stroke, "currentColor")
        style = f"fill:{ink}" if fill else f"fill:none;stroke:{ink}"
        paths.append(f'<path d="{" ".join(match["d"].split())}" style="{style}"/>')
    return "".join(paths)
