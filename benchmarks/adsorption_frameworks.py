"""Frameworks with GFN1-xTB charges for the adsorption studies: weak and strong adsorbers, most in skewed cells.

    python -m benchmarks.adsorption_frameworks

They are assembled from node, net and SMILES and not relaxed, since what is compared is one program with another on the
same structure. Made once and kept as CIF files under ``build/adsorption``.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.published_frameworks import BDC, PUBLISHED
from mofa.adsorb import pore_geometry
from mofa.build import build
from mofa.charges import assign_charges
from mofa.chemistry import Framework, PoreGeometry, Rejected
from mofa.chemistry.cif import read_cif, write_cif

FOLDER = Path("build/adsorption")
PILLARED = "zn-paddlewheel-pillar"
LINKERS = {
    # Name: two acids and a pillar, as a campaign of MOFA assembles them.
    "pcu-amide": (BDC, "OC(=O)c1ccc(cc1)C(=O)Nc1ccc(cc1)C(=O)O", "N#Cc1ccc(cc1)-c1ccc(cc1)C#N"),
    "pcu-hydroxy": ("OC(=O)c1cc(O)c(cc1O)C(=O)O", BDC, "N#Cc1ccc(cc1)C#N"),
    "pcu-nitro": ("OC(=O)c1ccc(c([N+](=O)[O-])c1)C(=O)O", "OC(=O)c1cc(N)c(cc1)C(=O)O", "N#Cc1cc(O)c(cc1)C#N"),
    "pcu-azo": ("OC(=O)c1ccc(cc1)N=Nc1ccc(cc1)C(=O)O",) * 2 + ("N#Cc1ccc(cc1)C#N",),
}
PUBLISHED_NAMES = ("MOF-5", "DMOF-1", "MOF-505", "ZIF-8", "HKUST-1", "UiO-67", "UiO-66")


def frameworks(names: list[str] | None = None) -> list[Framework]:
    """The frameworks, all or some, with their charges; those that are refused are left out with a word."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = []
    for name in names or [*LINKERS, *PUBLISHED_NAMES]:
        path = FOLDER / f"{name}.cif"
        if not path.exists():
            made = _made(name)
            if isinstance(made, Rejected):
                print(f"{name}: {made}", flush=True)
                continue
            write_cif(made, path)
        found.append(read_cif(path))
    return found


def _made(name: str) -> Framework | Rejected:
    if name in PUBLISHED:
        entry = PUBLISHED[name]
        mof = build(entry.node, entry.net, entry.linkers)
    else:
        mof = build(PILLARED, "pcu", LINKERS[name], max_bend_deg=30.0)
    if isinstance(mof, Rejected):
        return mof
    charges = assign_charges(mof)
    if isinstance(charges, Rejected):
        return charges
    named = Framework(name, mof.symbols, mof.positions, mof.cell, mof.bonds, name=name)
    return named.with_charges(charges.values, charges.method)


def main() -> None:
    print(f"{'framework':12} {'atoms':>5} {'cell, Å and degrees':45} {'LCD':>6} {'PLD':>6}  charges")
    for mof in frameworks():
        pores = pore_geometry(mof)
        sizes = (
            f"{pores.largest_cavity_diameter_ang:6.2f} {pores.pore_limiting_diameter_ang:6.2f}"
            if isinstance(pores, PoreGeometry)
            else str(pores)
        )
        cell = " ".join(f"{x:.2f}" for x in mof.cell_parameters())
        print(f"{mof.name:12} {len(mof):5} {cell:45} {sizes}  {mof.charge_method}", flush=True)


if __name__ == "__main__":
    main()
