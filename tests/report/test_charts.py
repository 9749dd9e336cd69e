"""The linker chart shows every family, in colours that all readers can tell apart."""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from mofa.chemistry import Family
from mofa.report.charts import linker_chart
from mofa.store.records import load
from tests.report.synthetic import new_campaign

# Linear RGB as it is seen with normal sight and with protan, deutan and tritan deficiency, full severity: Machado,
# Oliveira and Fernandes, 10.1109/TVCG.2009.113.
SIGHTS = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = [0.95047, 1.0, 1.08883]
LEAST_DIFFERENCE = 15.0
"""Distance in CIELAB; about 2 can just be told apart side by side."""


def stylesheet() -> str:
    return files("mofa.report").joinpath("templates/style.css").read_text(encoding="utf-8")


def colours() -> dict[str, dict[Family, str]]:
    light, _, dark = stylesheet().partition("@media (prefers-color-scheme: dark)")
    return {
        name: {family: dict(re.findall(r"--(\w+): (#\w{6})", text))[family.lower()] for family in Family}
        for name, text in (("light", light), ("dark", dark))
    }


def lab(colour: str, sight: str) -> np.ndarray:
    values = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(SIGHTS[sight] @ linear, 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_every_family_has_its_bars_and_its_key(tmp_path: Path) -> None:
    writer = new_campaign(tmp_path / "c")
    for k, family in enumerate(Family):
        writer.linker(f"KEY{k}", "C", family.value, 20 + k)
    chart = linker_chart(load(tmp_path / "c"))
    assert chart is not None
    assert [key.label for key in chart.legend] == list(Family)
    assert sorted(bar.kind for bar in chart.bars) == sorted(family.lower() for family in Family)
    assert all(bar.title.startswith(f"{bar.kind.upper()}: 1, ") for bar in chart.bars)
    css = stylesheet()
    for key in chart.legend:
        assert f".chart .{key.kind} {{ fill: var(--{key.kind}); }}" in css
        assert f".swatch.{key.kind} {{ background: var(--{key.kind}); }}" in css


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_families_can_be_told_apart(scheme: str, sight: str) -> None:
    known = {family: lab(colour, sight) for family, colour in colours()[scheme].items()}
    differences = {pair: np.linalg.norm(known[pair[0]] - known[pair[1]]) for pair in combinations(Family, 2)}
    assert min(differences.values()) > LEAST_DIFFERENCE, min(differences, key=differences.__getitem__)
