"""The steps of processing, in order; each either passes on or refuses with a named reason."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import inchi

from mofa.chemistry import AnchorKind, Linker, RawLinker, Reason, Rejected, Stage
from mofa.chemistry.anchors import AnchorAtoms, anchor_groups, choose_anchors, missing_anchors
from mofa.chemistry.linker import ENDS_OF_FAMILY
from mofa.chemistry.molecules import BOND_ORDERS, bonds_of, molecule_of, positions_of, smiles_pieces
from mofa.process.dummies import conformer_class, place_dummies
from mofa.process.geometry import check_angles, check_lengths, connected_pairs
from mofa.process.makeable import hard_to_make
from mofa.process.perception import load_perception
from mofa.process.relaxation import relax

# A generator's geometry may be rough, since relaxation follows; a relaxed one may not.
GENERATED_LENGTH_SLACK_ANG = 0.35
GENERATED_ANGLE_SLACK_DEG = 20.0
RELAXED_LENGTH_SLACK_ANG = 0.12


def make_linker(raw: RawLinker, *, perception: str, max_sa_score: float, deadline: float) -> Linker | Rejected:
    """Run all steps on a linker that has passed inspection.

    Args:
        raw: finite, of known elements, without overlaps.
        perception: engine for linkers without bonds, see `mofa.process.perception`.
        max_sa_score: highest synthetic-accessibility score that passes, see `mofa.process.makeable`.
        deadline: `time.monotonic()` value at which to give up, s.
    """
    known = _with_bonds(fold_hydrogens(raw), perception, deadline)
    if isinstance(known, Rejected):
        return known
    molecule = _sound_molecule(known)
    if isinstance(molecule, Rejected):
        return molecule
    known = replace(known, bonds=bonds_of(molecule))
    anchors = _anchors(known)
    if isinstance(anchors, Rejected):
        return anchors
    refusal = _check_geometry(molecule, GENERATED_LENGTH_SLACK_ANG, GENERATED_ANGLE_SLACK_DEG)
    refusal = refusal or hard_to_make(molecule, max_sa_score)
    if refusal is not None:
        return refusal
    whole = Chem.AddHs(molecule, addCoords=True)
    refusal = relax(whole, deadline=deadline) or _check_geometry(whole, RELAXED_LENGTH_SLACK_ANG, 0.0)
    refusal = refusal or _same_connectivity(whole)
    if refusal is not None:
        return refusal
    if time.monotonic() > deadline:
        return Rejected(Stage.PROCESS, Reason.TIME_LIMIT, "time ran out after relaxation")
    return _finished(whole, known, anchors)


def fold_hydrogens(raw: RawLinker) -> RawLinker:
    """Explicit hydrogens turned into counts on the nearest heavy atom; a linker without them as it is."""
    if "H" not in raw.symbols:
        return raw
    heavy = [k for k, symbol in enumerate(raw.symbols) if symbol != "H"]
    new_index = {old: new for new, old in enumerate(heavy)}
    counts = [0] * len(heavy) if raw.hydrogens is None else [raw.hydrogens[k] for k in heavy]
    for k, symbol in enumerate(raw.symbols):
        if symbol == "H":
            counts[int(np.argmin(np.linalg.norm(raw.positions[heavy] - raw.positions[k], axis=1)))] += 1
    bonds = raw.bonds
    if bonds is not None:
        kept = [bond for bond in bonds if bond.i in new_index and bond.j in new_index]
        bonds = tuple(replace(bond, i=new_index[bond.i], j=new_index[bond.j]) for bond in kept)
    charges = raw.formal_charges
    return replace(
        raw,
        symbols=tuple(raw.symbols[k] for k in heavy),
        positions=raw.positions[heavy],
        anchors=tuple(tuple(new_index[k] for k in anchor if k in new_index) for anchor in raw.anchors),
        bonds=bonds,
        hydrogens=tuple(counts),
        formal_charges=None if charges is None else tuple(charges[k] for k in heavy),
    )


def _with_bonds(raw: RawLinker, perception: str, deadline: float) -> RawLinker | Rejected:
    """The linker with bonds: its own, or perceived from the geometry."""
    return raw if raw.bonds is not None else load_perception(perception).perceive(raw, deadline=deadline)


def _sound_molecule(raw: RawLinker) -> Any | Rejected:
    """One neutral molecule without radicals and with possible valences."""
    odd = [bond for bond in raw.bonds or () if bond.order not in BOND_ORDERS]
    if odd:
        detail = f"bond order {odd[0].order:g} is none of a linker"
        return Rejected(Stage.PROCESS, Reason.VALENCE, detail, (odd[0].i, odd[0].j))
    try:
        molecule = molecule_of(raw)
    except Chem.MolSanitizeException as error:
        with rdBase.BlockLogs():
            problems = Chem.DetectChemistryProblems(molecule_of(raw, sanitize=False))
        atoms = tuple(p.GetAtomIdx() for p in problems if p.GetType() == "AtomValenceException")
        return Rejected(Stage.PROCESS, Reason.VALENCE, str(error), atoms)
    pieces = smiles_pieces(molecule)
    if pieces > 1:
        return Rejected(Stage.PROCESS, Reason.FRAGMENTED, f"{pieces} separate molecules")
    charge = Chem.GetFormalCharge(molecule)
    if charge:
        detail = f"the net charge is {charge:+d}; a linker is given as the neutral molecule"
        return Rejected(Stage.PROCESS, Reason.CHARGED, detail)
    radicals = tuple(atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetNumRadicalElectrons())
    if radicals:
        names = ", ".join(f"{raw.symbols[k]}{k + 1}" for k in radicals)
        return Rejected(Stage.PROCESS, Reason.RADICAL, f"unpaired electrons on {names}", radicals)
    return molecule


def _anchors(raw: RawLinker) -> tuple[AnchorAtoms, ...] | Rejected:
    """The linker's ends: those that the generator names, checked, or else those that span the linker."""
    bonds = raw.bonds or ()
    groups = anchor_groups(raw.family, raw.symbols, bonds, raw.positions, raw.hydrogens)
    ends = ENDS_OF_FAMILY[raw.family]
    if ends.kind is AnchorKind.CARBOXYLATE and raw.hydrogens is not None:
        counts = raw.hydrogens
        groups = [group for group in groups if sum(counts[k] for k in group[1:3]) == 1]
    if raw.anchors:
        named = {anchor[0] for anchor in raw.anchors if anchor}
        groups = [group for group in groups if group[0] in named]
    chosen = choose_anchors(raw.family, groups, raw.symbols, raw.positions)
    if chosen is None or (raw.anchors and len(groups) != ends.count):
        refusal = missing_anchors(raw.family, raw.symbols, bonds, raw.positions, raw.hydrogens)
        kept = ", ".join(f"{raw.symbols[group[0]]}{group[0] + 1}" for group in groups) or "none"
        return replace(refusal, detail=f"{refusal.detail} (neutral and among the anchors named: {kept})")
    return chosen


def _check_geometry(molecule: Any, length_slack_ang: float, angle_slack_deg: float) -> Rejected | None:
    """Bond lengths and angles of all atoms that the molecule holds explicitly."""
    symbols = [atom.GetSymbol() for atom in molecule.GetAtoms()]
    positions = positions_of(molecule)
    bonds = bonds_of(molecule)
    rings = [tuple(ring) for ring in molecule.GetRingInfo().AtomRings()]
    return check_lengths(symbols, positions, bonds, length_slack_ang) or check_angles(
        symbols, positions, bonds, rings, angle_slack_deg
    )


def _same_connectivity(molecule: Any) -> Rejected | None:
    """Refuse when the relaxed distances tell another bond graph than the molecule's."""
    symbols = [atom.GetSymbol() for atom in molecule.GetAtoms()]
    meant = {(min(b.i, b.j), max(b.i, b.j)) for b in bonds_of(molecule)}
    changed = sorted(meant ^ set(connected_pairs(symbols, positions_of(molecule))))
    if not changed:
        return None
    i, j = changed[0]
    detail = f"relaxing changed the bond graph at {symbols[i]}{i + 1}-{symbols[j]}{j + 1}"
    return Rejected(Stage.PROCESS, Reason.RELAXATION, detail, (i, j))


def _finished(whole: Any, raw: RawLinker, ends: tuple[AnchorAtoms, ...]) -> Linker:
    """The `Linker` of a relaxed molecule: identity from the whole neutral molecule, dummies in place."""
    bare = Chem.RemoveHs(whole)
    Chem.AssignStereochemistryFrom3D(bare)
    with rdBase.BlockLogs():
        inchikey = inchi.MolToInchiKey(bare)  # type: ignore[no-untyped-call]
    symbols = tuple(atom.GetSymbol() for atom in whole.GetAtoms())
    symbols, positions, bonds, anchors = place_dummies(raw.family, symbols, positions_of(whole), bonds_of(whole), ends)
    return Linker(
        smiles=Chem.MolToSmiles(bare),
        inchikey=inchikey,
        family=raw.family,
        symbols=symbols,
        positions=positions,
        bonds=bonds,
        anchors=anchors,
        source=raw.source,
        conformer=conformer_class(positions, anchors),
        model_version=raw.model_version,
    )
