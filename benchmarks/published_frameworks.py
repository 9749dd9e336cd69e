"""Published frameworks assembled from node, net and SMILES: cells and joins against experiment.

    python -m benchmarks.published_frameworks

Nothing is cut from the crystals: linkers come from SMILES by ETKDG and MMFF94, nodes from MOFA's own files. No
relaxation follows, so the deviations are those of assembly alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from mofa.build import build
from mofa.chemistry import Framework

BDC = "OC(=O)c1ccc(cc1)C(=O)O"
BPDC = "OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O"
TPDC = "OC(=O)c1ccc(cc1)-c1ccc(cc1)-c1ccc(cc1)C(=O)O"
NDC = "OC(=O)c1ccc2cc(ccc2c1)C(=O)O"
BTC = "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O"
BPTC = "OC(=O)c1cc(cc(c1)C(=O)O)-c1cc(cc(c1)C(=O)O)C(=O)O"
TBAPY = "OC(=O)c1ccc(cc1)-c1cc(-c2ccc(cc2)C(=O)O)c2ccc3c(-c4ccc(cc4)C(=O)O)cc(-c4ccc(cc4)C(=O)O)c4ccc1c2c34"
DABCO = "C1CN2CCN1CC2"
METHYLIMIDAZOLE = "Cc1ncc[nH]1"

# Edge of the cell that people know over that of the primitive one.
FACE_CENTRED, PRIMITIVE, BODY_CENTRED = 2**0.5, 1.0, 2.0 / 3**0.5


@dataclass(frozen=True)
class Published:
    """A framework of the literature."""

    node: str
    net: str
    linkers: tuple[str, ...]
    edges_ang: tuple[float, float, float]
    """Of the cell that experiment gives, Å."""
    ratio: float
    """Those edges over the edges of the primitive cell."""
    doi: str


PUBLISHED = {
    "MOF-5": Published("zn4o", "pcu", (BDC,), (25.832,) * 3, FACE_CENTRED, "10.1126/science.1067208"),
    "IRMOF-8": Published("zn4o", "pcu", (NDC,), (30.092,) * 3, FACE_CENTRED, "10.1126/science.1067208"),
    "IRMOF-10": Published("zn4o", "pcu", (BPDC,), (34.281,) * 3, FACE_CENTRED, "10.1126/science.1067208"),
    "IRMOF-16": Published("zn4o", "pcu", (TPDC,), (42.981,) * 3, FACE_CENTRED, "10.1126/science.1067208"),
    "UiO-66": Published("zr6", "fcu", (BDC,), (20.700,) * 3, FACE_CENTRED, "10.1021/ja8057953"),
    "UiO-67": Published("zr6", "fcu", (BPDC,), (26.881,) * 3, FACE_CENTRED, "10.1002/chem.201101015"),
    "UiO-68": Published("zr6", "fcu", (TPDC,), (32.777,) * 3, FACE_CENTRED, "10.1002/chem.201101015"),
    "HKUST-1": Published("cu-paddlewheel", "tbo", (BTC,), (26.343,) * 3, FACE_CENTRED, "10.1126/science.283.5405.1148"),
    "MOF-505": Published("cu-paddlewheel", "nbo-b", (BPTC,), (13.49,) * 3, PRIMITIVE, "10.1002/anie.200462787"),
    "ZIF-8": Published("zn-azolate", "sod", (METHYLIMIDAZOLE,), (16.991,) * 3, BODY_CENTRED, "10.1073/pnas.0602439103"),
    "NU-1000": Published("zr6-8c", "csq", (TBAPY,), (39.388, 39.388, 16.484), PRIMITIVE, "10.1021/ja4050828"),
    "DMOF-1": Published(
        "zn-paddlewheel-pillar", "pcu", (BDC, DABCO), (10.929, 10.929, 9.608), PRIMITIVE, "10.1002/anie.200460712"
    ),
}


def joins(framework: Framework) -> list[tuple[float, float]]:
    """For each carboxylate its C-C length, Å, and its torsion against the ring behind it, degrees.

    The torsion is the mean of the two O-C-C-C angles nearest to planar, so that a bend out of the plane does not count.
    """
    x, cell, found = framework.positions, framework.cell, []
    for carbon, row in enumerate(framework.bonds.neighbors):
        oxygens = [x[k] + np.array(s) @ cell for k, s, _ in row if framework.symbols[k] == "O"]
        if framework.symbols[carbon] != "C" or len(oxygens) != 2:
            continue
        ipso, shift = next((k, np.array(s)) for k, s, _ in row if framework.symbols[k] == "C")
        there = x[ipso] + shift @ cell
        ring = [x[k] + (np.array(s) + shift) @ cell for k, s, _ in framework.bonds.neighbors[ipso] if k != carbon]
        angles = [_torsion_deg(o, x[carbon], there, r) for o in oxygens for r in ring]
        nearest = sorted(angles, key=abs)[:2]
        found.append((float(np.linalg.norm(there - x[carbon])), abs(sum(nearest)) / 2.0))
    return found


def _torsion_deg(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> float:
    u, v, w = b - a, c - b, d - c
    n, m = np.cross(u, v), np.cross(v, w)
    return float(np.degrees(np.arctan2(np.cross(n, m) @ v / np.linalg.norm(v), n @ m)))


def main() -> None:
    row = "{:10} {:22} {:6} {:>24} {:>20} {:>14} {:>8} {:>6}"
    print(row.format("framework", "node", "net", "edges, Å", "off, %", "C-C, Å", "torsion", "ms"))
    for name, known in PUBLISHED.items():
        start = time.process_time()
        mof = build(known.node, known.net, known.linkers)
        spent = (time.process_time() - start) * 1e3
        if not isinstance(mof, Framework):
            print(f"{name:10} {known.node:22} {known.net:6} {mof}")
            continue
        edges = np.array(mof.cell_parameters()[:3]) * known.ratio
        off = " ".join(f"{100.0 * (a / b - 1.0):+6.2f}" for a, b in zip(edges, known.edges_ang, strict=True))
        lengths, torsions = zip(*(joins(mof) or [(float("nan"), float("nan"))]), strict=True)
        cell = " ".join(f"{edge:7.3f}" for edge in edges)
        window = f"{min(lengths):.3f}-{max(lengths):.3f}"
        print(row.format(name, known.node, known.net, cell, off, window, f"{max(torsions):.1f}", f"{spent:.0f}"))


if __name__ == "__main__":
    main()
