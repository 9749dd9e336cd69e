"""The MOFs that `benchmarks.charges_fit` is fitted to: GFN1-xTB and DDEC6 charges of the same geometries.

    python -m benchmarks.charges_dataset FOLDER                # folder with cifs/ and runs/ -> charges_dataset.json.gz

A folder has, for every MOF, ``cifs/NAME.cif`` (its GFN1-relaxed geometry with GFN1-xTB charges) and
``runs/NAME/ddec6.json`` (``{"values": [e, ...], "integration_error_e": e, "method": text}``, atoms in the order of the
CIF). Names of the fitted MOFs are t and two digits or more, of those held out (no fit sees them) h or g (generated
linkers) and digits; other files are not read. The table is JSON, gzipped: ``provenance`` and a list
``mofs``, each with ``name, node, net, linkers (SMILES), split (train or held-out), symbols, cell (Å, rows), positions
(Å, Cartesian), gfn1_e, ddec6_e, integration_error_e, method``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mofa.chemistry import Framework
from mofa.chemistry.bonds import perceive
from mofa.chemistry.cif import read_cif
from mofa.gfn1 import METHOD

DATA = Path(__file__).with_name("charges_dataset.json.gz")
NAMES = re.compile(r"[tgh]\d\d")
TRAIN, HELD_OUT = "train", "held-out"
PROVENANCE = (
    "Geometries relaxed with GFN1-xTB. DDEC6 by mofa.charges.ddec6 from valence densities of CP2K 2023.1: PBE-D3, "
    "DZVP-MOLOPT-SR-GTH, GTH pseudopotentials, 200 Ry (300 Ry for t01, t02, t03 and t16; MOF-5 differs by 0.003 e "
    "between both), Gamma point."
)


@dataclass(frozen=True, eq=False)
class ChargedMof:
    """One MOF with both charge sets."""

    name: str
    node: str
    net: str
    linkers: tuple[str, ...]
    split: str
    """`TRAIN` or `HELD_OUT`."""
    symbols: tuple[str, ...]
    cell: NDArray[np.float64]
    positions: NDArray[np.float64]
    gfn1_e: NDArray[np.float64]
    ddec6_e: NDArray[np.float64]
    integration_error_e: float
    """Electrons that DDEC6's grid lost or found."""
    method: str

    @property
    def framework(self) -> Framework:
        """The structure, with its bond graph."""
        bonds = perceive(self.symbols, self.positions, self.cell)
        return Framework(self.name, self.symbols, self.positions, self.cell, bonds, name=self.name)


def from_folder(folder: Path) -> tuple[list[ChargedMof], list[str]]:
    """The MOFs of a folder that are complete, and what is wrong with each of the others."""
    mofs, problems = [], []
    for path in sorted((folder / "cifs").glob("*.cif")):
        name = path.stem
        if not NAMES.match(name):
            continue
        found = _from_files(name, read_cif(path), folder / "runs" / name / "ddec6.json")
        if isinstance(found, str):
            problems.append(f"{name}: {found}")
        else:
            mofs.append(found)
    return mofs, problems


def _from_files(name: str, framework: Framework, path: Path) -> ChargedMof | str:
    if not path.exists():
        return "no DDEC6 charges yet"
    try:
        result = json.loads(path.read_text())
        ddec6 = np.array(result["values"], dtype=float)
    except (ValueError, KeyError, TypeError) as error:
        return f"{path} cannot be read ({type(error).__name__}: {error})"
    if ddec6.shape != (len(framework),):
        return f"{len(framework)} atoms, but {ddec6.size} DDEC6 charges"
    if not np.isfinite(ddec6).all() or abs(ddec6.sum()) > 0.05:
        return f"DDEC6 charges that add up to {ddec6.sum():+.3f} e"
    if framework.charges is None or framework.charge_method != METHOD:
        return f"its CIF has no {METHOD} charges"
    return ChargedMof(
        name=name,
        node=framework.lineage.node,
        net=framework.lineage.net,
        linkers=framework.lineage.linkers,
        split=TRAIN if name.startswith("t") else HELD_OUT,
        symbols=framework.symbols,
        cell=framework.cell.round(6),
        positions=framework.positions.round(5),
        gfn1_e=framework.charges.round(5),
        ddec6_e=ddec6.round(5),
        integration_error_e=float(result.get("integration_error_e", math.nan)),
        method=str(result.get("method", "")),
    )


def write_dataset(path: Path, mofs: list[ChargedMof], *, provenance: str = PROVENANCE) -> None:
    """Write the table; equal data give equal bytes."""
    content = json.dumps({"provenance": provenance, "mofs": [_row(mof) for mof in mofs]}, separators=(",", ":"))
    path.write_bytes(gzip.compress(content.encode(), mtime=0))


def read_dataset(path: Path = DATA) -> list[ChargedMof]:
    """The MOFs of a table."""
    arrays = ("cell", "positions", "gfn1_e", "ddec6_e")
    mofs = []
    for row in json.loads(gzip.decompress(path.read_bytes()))["mofs"]:
        lists = {name: tuple(row[name]) for name in ("linkers", "symbols")}
        if row["integration_error_e"] is None:
            row["integration_error_e"] = math.nan
        mofs.append(ChargedMof(**{**row, **lists, **{name: np.array(row[name], dtype=float) for name in arrays}}))
    return mofs


def _row(mof: ChargedMof) -> dict[str, Any]:
    row = {key: x.tolist() if isinstance(x, np.ndarray) else x for key, x in asdict(mof).items()}
    if math.isnan(mof.integration_error_e):
        row["integration_error_e"] = None
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description="Collect GFN1 and DDEC6 charges of MOFs in one table.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=DATA)
    options = parser.parse_args()
    mofs, problems = from_folder(options.folder)
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)
    write_dataset(options.out, mofs)
    print(f"{len(mofs)} MOFs, {sum(len(mof.symbols) for mof in mofs)} atoms -> {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
