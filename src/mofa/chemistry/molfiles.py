"""Linkers in files: SMILES, SDF and XYZ in; SDF out, for raw and for processed linkers.

SDF files that MOFA writes carry a ``mofa_record`` field and come back as the value they were (coordinates to 1e-4 Å).
Anything else is read as a user's molecules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mofa.chemistry.anchors import anchor_groups, choose_anchors, detect_family, missing_anchors, neighbor_table
from mofa.chemistry.elements import covalent_radius_ang
from mofa.chemistry.linker import Anchor, AnchorKind, Bond, Family, Linker, RawLinker
from mofa.chemistry.organic import unknown_in_mdl, unknown_in_rows, unknown_in_smiles
from mofa.chemistry.rejected import Reason, Rejected, Stage
from mofa.errors import InputError
from mofa.textfiles import write_text

Entry = RawLinker | Linker | Rejected
"""What one record of a file turns out to be; a `Linker` only from SDF that MOFA wrote."""

_FORMATS = "SMILES (.smi), SDF (.sdf, .mol) and XYZ (.xyz)"
_BOND_TOLERANCE_ANG = 0.30
_MODEL_VERSION = "mofa_model_version"
"""Absent from files of earlier versions, which held linkers of the pre-trained model only."""


def read_linkers(path: str | Path, *, family: Family | None = None, seed: int = 0) -> Iterator[Entry]:
    """The linkers of a file, one entry per record, in order.

    SMILES (one a line, a name may follow) are embedded in 3-D. SDF records keep their coordinates, unless they are
    drawn flat, and their bonds. XYZ frames keep their coordinates; `process` perceives the bonds, and the hydrogens
    too when there are none. The family follows from the groups that can bind, see
    `mofa.chemistry.anchors.detect_family`. Records that make no sense come as `Rejected`.

    Args:
        path: ``.smi``, ``.smiles``, ``.sdf``, ``.mol`` or ``.xyz``.
        family: take this family instead of detecting it.
        seed: of the 3-D embedding of SMILES and flat drawings.

    Raises:
        InputError: no such file, another format, or not one readable record.
    """
    path = Path(path)
    readers: dict[str, Callable[[str], list[Callable[[], Entry] | None]]] = {
        ".smi": lambda text: _smiles_records(text, family, seed),
        ".smiles": lambda text: _smiles_records(text, family, seed),
        ".sdf": lambda text: _sdf_records(text, family, seed),
        ".mol": lambda text: _sdf_records(text, family, seed),
        ".xyz": lambda text: _xyz_records(text, family),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        kind = path.suffix or "such"
        raise InputError(f"linkers are not read from {kind} files", where=path, action=f"Use {_FORMATS}")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", where=path, action="Check the path and the format") from error
    if not text.strip():
        raise InputError("the file is empty", where=path, action=f"Give a file of {_FORMATS}")
    records = reader(text)
    if not any(records):
        raise InputError("holds no readable molecule", where=path, action=f"Check that it is {_FORMATS}")
    return (_entry(record, number) for number, record in enumerate(records, start=1))


def _entry(record: Callable[[], Entry] | None, number: int) -> Entry:
    if record is None:
        return Rejected(Stage.PROCESS, Reason.UNREADABLE, f"record {number} is not a molecule")
    return record()


def _refused(refusal: Rejected | None) -> Callable[[], Entry] | None:
    """A record that is refused for a reason known already; None where there is none."""
    return None if refusal is None else lambda: refusal


def _smiles_records(text: str, family: Family | None, seed: int) -> list[Callable[[], Entry] | None]:
    from rdkit import Chem, rdBase

    from mofa.chemistry.molecules import from_smiles

    def record(smiles: str) -> Callable[[], Entry] | None:
        with rdBase.BlockLogs():
            if Chem.MolFromSmiles(smiles) is None:
                return _refused(unknown_in_smiles(smiles))
        return lambda: from_smiles(smiles, family=family, seed=seed)

    lines = (line.split("#", 1)[0] if line.startswith("#") else line for line in text.splitlines())
    return [record(line.split()[0]) for line in lines if line.strip()]


def _sdf_records(text: str, family: Family | None, seed: int) -> list[Callable[[], Entry] | None]:
    from rdkit import Chem, rdBase

    def record(block: str) -> Callable[[], Entry] | None:
        supplier = Chem.SDMolSupplier()
        with rdBase.BlockLogs():
            supplier.SetData(block, sanitize=False, removeHs=False)
            molecule = next(iter(supplier), None) if len(supplier) else None
        if molecule is None or not molecule.GetNumAtoms():
            return _refused(unknown_in_mdl(block))
        return lambda: _sdf_entry(molecule, family, seed)

    blocks = re.split(r"^\$\$\$\$[^\n]*\n?", text, flags=re.MULTILINE)
    return [record(block + "$$$$\n") for block in blocks if block.strip()]


def _sdf_entry(molecule: Any, family: Family | None, seed: int) -> Entry:
    """One parsed, unsanitised SDF record."""
    from rdkit import Chem, rdBase

    from mofa.chemistry.molecules import embed, positions_of, raw_linker

    if molecule.HasProp("mofa_record"):
        try:
            return _own_record(molecule)
        except (KeyError, ValueError, IndexError) as error:
            return Rejected(Stage.PROCESS, Reason.UNREADABLE, f"damaged MOFA fields ({error})")
    try:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(molecule)
    except Chem.MolSanitizeException as error:
        return Rejected(Stage.PROCESS, Reason.VALENCE, str(error))
    if not molecule.GetConformer().Is3D() and not positions_of(molecule)[:, 2].any():
        molecule = embed(Chem.RemoveHs(molecule), seed=seed)
        if molecule is None:
            return Rejected(Stage.PROCESS, Reason.RELAXATION, "no relaxed MMFF94 conformer of the drawing was found")
    return raw_linker(molecule, family=family, source="user")


def _xyz_records(text: str, family: Family | None) -> list[Callable[[], Entry] | None]:
    lines = text.splitlines()
    records: list[Callable[[], Entry] | None] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        try:
            n_atoms = int(lines[at])
            rows = [line.split() for line in lines[at + 2 : at + 2 + n_atoms]]
            symbols = tuple(row[0] for row in rows)
            positions = np.array([[float(value) for value in row[1:4]] for row in rows]).reshape(-1, 3)
        except (ValueError, IndexError):
            return [*records, None]
        unknown = _refused(unknown_in_rows(rows, 0, at + 3))
        complete = 0 < n_atoms == len(rows)
        records.append(unknown or (_xyz_record(symbols, positions, family) if complete else None))
        at += 2 + n_atoms
    return records


def _xyz_record(symbols: tuple[str, ...], positions: np.ndarray, family: Family | None) -> Callable[[], Entry]:
    return lambda: _bare_linker(symbols, positions, family)


def _bare_linker(symbols: tuple[str, ...], positions: np.ndarray, family: Family | None) -> Entry:
    """A linker of which only atoms are known: anchors are found by connectivity, hydrogens stay as they are."""
    heavy = [k for k, symbol in enumerate(symbols) if symbol != "H"]
    names = [symbols[k] for k in heavy]
    x = positions[heavy]
    radius = np.array([covalent_radius_ang(name) for name in names])
    distance = np.linalg.norm(x[:, None] - x[None, :], axis=2)
    near = np.argwhere(np.triu(distance < radius[:, None] + radius[None, :] + _BOND_TOLERANCE_ANG, k=1))
    bonds = [Bond(int(i), int(j), 0.0) for i, j in near]
    hydrogens = _nearest_hydrogens(symbols, positions, heavy)
    chosen = family or detect_family(names, bonds, x, hydrogens)
    groups = anchor_groups(chosen, names, bonds, x, hydrogens) if chosen else []
    found = choose_anchors(chosen, groups, names, x) if chosen else None
    if chosen is None or found is None:
        return missing_anchors(family, names, bonds, x, hydrogens)
    anchors = tuple(tuple(heavy[k] for k in anchor) for anchor in found)
    return RawLinker(chosen, symbols, positions, anchors, "user")


def _nearest_hydrogens(symbols: tuple[str, ...], positions: np.ndarray, heavy: list[int]) -> tuple[int, ...] | None:
    """Hydrogens on each heavy atom, each with the nearest; None where the file has no hydrogens at all."""
    light = [k for k, symbol in enumerate(symbols) if symbol == "H"]
    if not light or not heavy:
        return None
    nearest = np.linalg.norm(positions[light][:, None] - positions[heavy][None, :], axis=2).argmin(axis=1)
    return tuple(np.bincount(nearest, minlength=len(heavy)).tolist())


def linkers_to_sdf(linkers: Iterable[RawLinker | Linker]) -> str:
    """SDF text of raw or processed linkers; `read_linkers` gives them back."""
    return "".join(_raw_block(k) if isinstance(k, RawLinker) else _linker_block(k) for k in linkers)


def write_sdf(linkers: Iterable[RawLinker | Linker], path: str | Path) -> int:
    """Write linkers to an SDF file; returns how many.

    Raises:
        OutputError: the file cannot be written; an older one is left as it was.
    """
    known = list(linkers)
    write_text(path, linkers_to_sdf(known))
    return len(known)


def _raw_block(raw: RawLinker) -> str:
    from mofa.chemistry.molecules import molecule_of

    known = raw.bonds is not None
    molecule = molecule_of(raw if known else replace(raw, bonds=()), sanitize=False)
    fields = {
        "mofa_record": "raw" if known else "raw, bonds unknown",
        "mofa_family": raw.family.value,
        "mofa_anchors": _nested_text(raw.anchors),
        "mofa_hydrogens": _list_text(raw.hydrogens),
        "mofa_source": raw.source,
        _MODEL_VERSION: str(raw.model_version),
    }
    return _block(molecule, fields)


def _linker_block(linker: Linker) -> str:
    from rdkit import Chem

    from mofa.chemistry.molecules import molecule_of

    raw = RawLinker(
        family=linker.family,
        symbols=linker.symbols,
        positions=linker.positions,
        anchors=(),
        source=linker.source,
        bonds=linker.bonds,
        formal_charges=_charges_of(linker),
    )
    molecule = molecule_of(raw, sanitize=False)
    for bond in molecule.GetBonds():
        if {bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol()} == {"N", "Fr"}:
            # A coordinate bond, so that other programs do not count four-valent nitrogens.
            bond.SetBondType(Chem.BondType.DATIVE)
    fields = {
        "mofa_record": "processed",
        "mofa_family": linker.family.value,
        "mofa_anchors": _nested_text(tuple((a.dummy, a.neighbor) for a in linker.anchors)),
        "mofa_kind": linker.anchors[0].kind.value,
        "mofa_smiles": linker.smiles,
        "mofa_inchikey": linker.inchikey,
        "mofa_conformer": linker.conformer,
        "mofa_source": linker.source,
        _MODEL_VERSION: str(linker.model_version),
    }
    return _block(molecule, fields)


def _charges_of(linker: Linker) -> tuple[int, ...]:
    """Formal charges: N+-O- where an oxygen has one single bond and no more, -1 on one nitrogen of an azolate."""
    charges = [0] * len(linker.symbols)
    if linker.anchors[0].kind is AnchorKind.AZOLATE:
        charges[linker.anchors[0].neighbor] = -1
    table = neighbor_table(len(linker.symbols), linker.bonds)
    for atom, neighbors in enumerate(table):
        if linker.symbols[atom] == "O" and list(neighbors.values()) == [1.0]:
            charges[atom] = -1
            charges[next(iter(neighbors))] = 1
    return tuple(charges)


def _block(molecule: Any, fields: dict[str, str]) -> str:
    """One SDF record, in Kekulé form unless the molecule has none."""
    from rdkit import Chem, rdBase

    sound = Chem.Mol(molecule)
    try:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(sound)
        text: str = Chem.MolToMolBlock(sound, kekulize=True)
    except Chem.MolSanitizeException:
        molecule.UpdatePropertyCache(strict=False)
        text = Chem.MolToMolBlock(molecule, kekulize=False)
    return text + "".join(f">  <{name}>\n{value}\n\n" for name, value in fields.items()) + "$$$$\n"


def _own_record(molecule: Any) -> RawLinker | Linker:
    """A record that MOFA wrote."""
    from rdkit import Chem

    from mofa.chemistry.molecules import bonds_of, positions_of

    kind = molecule.GetProp("mofa_record")
    family = Family(molecule.GetProp("mofa_family"))
    symbols = tuple(atom.GetSymbol() for atom in molecule.GetAtoms())
    positions = positions_of(molecule)
    anchors = tuple(_numbers(group) for group in molecule.GetProp("mofa_anchors").split(";") if group.strip())
    source = molecule.GetProp("mofa_source")
    model_version = int(molecule.GetProp(_MODEL_VERSION)) if molecule.HasProp(_MODEL_VERSION) else 0
    if kind == "processed":
        Chem.SanitizeMol(molecule)
        anchor_kind = AnchorKind(molecule.GetProp("mofa_kind"))
        return Linker(
            smiles=molecule.GetProp("mofa_smiles"),
            inchikey=molecule.GetProp("mofa_inchikey"),
            family=family,
            symbols=symbols,
            positions=positions,
            bonds=bonds_of(molecule),
            anchors=tuple(Anchor(anchor_kind, dummy, neighbor) for dummy, neighbor in anchors),
            source=source,
            conformer=molecule.GetProp("mofa_conformer"),
            model_version=model_version,
        )
    hydrogens = molecule.GetProp("mofa_hydrogens")
    known = kind == "raw"
    return RawLinker(
        family=family,
        symbols=symbols,
        positions=positions,
        anchors=anchors,
        source=source,
        bonds=bonds_of(molecule) if known else None,
        hydrogens=None if hydrogens == "unknown" else _numbers(hydrogens),
        formal_charges=tuple(atom.GetFormalCharge() for atom in molecule.GetAtoms()) if known else None,
        model_version=model_version,
    )


def _list_text(values: tuple[int, ...] | None) -> str:
    return "unknown" if values is None else " ".join(map(str, values))


def _nested_text(groups: tuple[tuple[int, ...], ...]) -> str:
    return "; ".join(" ".join(map(str, group)) for group in groups)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split())
