"""CIF in and out: P1, unique labels, charges, bonds and lineage, so that a framework survives the round trip.

Written with both the old (`_symmetry_*`) and the new (`_space_group_*`) tags because codes differ in which they
read; MOFA's own data stand under `_mofa_*`.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mofa.chemistry.bonds import BondGraph
from mofa.chemistry.elements import is_element
from mofa.chemistry.framework import Framework, Lineage
from mofa.errors import InputError
from mofa.textfiles import write_text

logger = logging.getLogger(__name__)

_ORDER_TO_CODE = {1.0: "S", 1.5: "A", 2.0: "D", 3.0: "T", 0.5: "M", 0.25: "Q", 0.0: "."}
OWN = "MOFA"
"""How our own files say that they are ours: only their bond lists are complete and directed as we expect."""
FROM_FILE = "from file"
"""Charge method of a CIF that does not name one."""
_CODE_TO_ORDER = {code: order for order, code in _ORDER_TO_CODE.items()}
_SPACE_GROUP_TAGS = ("_symmetry_space_group_name_H-M", "_space_group_name_H-M_alt")
_OPERATION_TAGS = ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
_LINEAGE_LISTS = {"linkers": "smiles", "linker_keys": "key", "sources": "source"}
_DUMMY_LABEL = "X"
_MODEL_VERSIONS = "_mofa_linker_model_version"


def labels(symbols: Iterable[str]) -> list[str]:
    """Unique atom labels: C1, C2, Zn1, ..."""
    counts: Counter[str] = Counter()
    result = []
    for symbol in symbols:
        counts[symbol] += 1
        result.append(f"{symbol}{counts[symbol]}")
    return result


def to_cif(framework: Framework) -> str:
    """The framework as CIF text (fractional coordinates to 1e-8, charges to 1e-8 e)."""
    a, b, c, alpha, beta, gamma = framework.cell_parameters()
    names = labels(framework.symbols)
    out = [
        f"data_{framework.id or 'framework'}",
        f"_audit_creation_method   {OWN}",
        "_symmetry_space_group_name_H-M   'P 1'",
        "_symmetry_Int_Tables_number   1",
        "_space_group_name_H-M_alt   'P 1'",
        "_space_group_IT_number   1",
        *(f"_cell_length_{n}   {v:.8f}" for n, v in zip("abc", (a, b, c), strict=True)),
        *(f"_cell_angle_{n}   {v:.8f}" for n, v in zip(("alpha", "beta", "gamma"), (alpha, beta, gamma), strict=True)),
        f"_cell_volume   {framework.volume_ang3:.6f}",
        *_own_tags(framework),
        "loop_",
        "_symmetry_equiv_pos_as_xyz",
        "'x, y, z'",
        "loop_",
        "_space_group_symop_operation_xyz",
        "'x, y, z'",
        "loop_",
        "_atom_site_label",
        "_atom_site_type_symbol",
        "_atom_site_fract_x",
        "_atom_site_fract_y",
        "_atom_site_fract_z",
        "_atom_site_occupancy",
    ]
    if framework.charges is not None:
        out.append("_atom_site_charge")
    for k, (name, symbol, (x, y, z)) in enumerate(
        zip(names, framework.symbols, framework.fractional.tolist(), strict=True)
    ):
        row = f"{name} {symbol} {x:.8f} {y:.8f} {z:.8f} 1.0"
        out.append(row if framework.charges is None else f"{row} {framework.charges[k]:.8f}")
    if framework.bonds is not None and len(framework.bonds):
        out += _bond_loop(framework, names)
    return "\n".join(out) + "\n"


def _own_tags(framework: Framework) -> list[str]:
    lineage = framework.lineage
    tags = []
    if framework.name:
        tags.append(f"_mofa_name   {_quoted(framework.name)}")
    if framework.charges is not None:
        tags.append(f"_mofa_charge_method   {_quoted(framework.charge_method or FROM_FILE)}")
    if lineage.node:
        tags += [
            f"_mofa_node   {_quoted(lineage.node)}",
            f"_mofa_net   {_quoted(lineage.net)}",
            f"_mofa_catenation   {lineage.catenation}",
        ]
    if lineage.linkers:
        names = [f"_mofa_linker_{tag}" for tag in _LINEAGE_LISTS.values()]
        columns = [map(_quoted, getattr(lineage, field)) for field in _LINEAGE_LISTS]
        if lineage.model_versions:
            names.append(_MODEL_VERSIONS)
            columns.append(map(str, lineage.model_versions))
        tags += ["loop_", *names, *map(" ".join, zip(*columns, strict=True))]
    return tags


def _quoted(text: str) -> str:
    """A CIF string value; SMILES hold no blank followed by a quote, so one kind of quote always serves."""
    return f"'{text}'" if "'" not in text else f'"{text}"'


def _bond_loop(framework: Framework, names: list[str]) -> list[str]:
    assert framework.bonds is not None
    graph = framework.bonds
    lengths = np.linalg.norm(graph.vectors(framework.positions, framework.cell), axis=1)
    out = [
        "loop_",
        "_geom_bond_atom_site_label_1",
        "_geom_bond_atom_site_label_2",
        "_geom_bond_distance",
        "_geom_bond_site_symmetry_2",
        "_ccdc_geom_bond_type",
    ]
    for i, j, (x, y, z), order, length in zip(
        graph.i.tolist(),
        graph.j.tolist(),
        graph.shift.tolist(),
        graph.order.tolist(),
        lengths.tolist(),
        strict=True,
    ):
        if max(abs(x), abs(y), abs(z)) > 4:
            raise ValueError("a bond spans more than four cells; wrap the atoms first")
        code = _ORDER_TO_CODE.get(order, ".")
        out.append(f"{names[i]} {names[j]} {length:.4f} 1_{x + 5}{y + 5}{z + 5} {code}")
    return out


def write_cif(framework: Framework, path: str | Path) -> Path:
    """Write the framework to `path` and return the path."""
    return write_text(path, to_cif(framework))


def read_cif(path: str | Path, *, dummies: bool = False) -> Framework:
    """The first structure of a CIF file, expanded to P1.

    Args:
        path: the file.
        dummies: let sites called X pass, which mark the connection points of a building block.

    Raises:
        InputError: the file is missing, empty, not CIF, has no cell, no atoms, partly occupied sites or labels
            that are not elements.
    """
    where = Path(path)
    try:
        text = where.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=where, action="Check the path") from error
    return parse_cif(text, where=str(where), dummies=dummies)


def parse_cif(text: str, *, where: str = "CIF", dummies: bool = False) -> Framework:
    """The first structure of CIF text, expanded to P1; see `read_cif`."""
    import gemmi

    if not text.strip():
        raise InputError("the file is empty", where=where, action="Give a CIF with a cell and atoms")
    try:
        document = gemmi.cif.read_string(text)
        blocks = [block for block in document if block.find_values("_atom_site_fract_x")]
        if not blocks:
            raise InputError(
                "there is no _atom_site_fract_x column",
                where=where,
                action="Give a CIF with a cell and fractional coordinates",
            )
        if len(blocks) > 1:
            logger.warning("%s: holds %d structures; the first, %s, is used", where, len(blocks), blocks[0].name)
        structure = gemmi.make_small_structure_from_block(blocks[0])
    except InputError:
        raise
    except (RuntimeError, ValueError, IndexError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(f"is not valid CIF ({reason})", where=where, action="Repair or re-export the file") from error
    return _from_small_structure(blocks[0], structure, where, dummies)


def _from_small_structure(block: Any, structure: Any, where: str, dummies: bool) -> Framework:
    """Build a framework from gemmi's block and small structure."""
    _check_symmetry(block, where)
    tag = block.find_value("_cell_length_a")
    if not tag or not structure.cell.is_crystal():
        raise InputError(
            "there is no unit cell: the structure is not periodic",
            where=where,
            action="Give a periodic structure",
        )
    cell = np.array(structure.cell.orth.mat.tolist()).T
    raw_lines = list(block.find_values("_atom_site_fract_x"))
    if any(value.lower().lstrip("+-").startswith(("nan", "inf")) for value in raw_lines):
        raise InputError("a coordinate is NaN or infinite", where=where, action="Repair the coordinates")
    simple = _is_p1(structure)
    sites = structure.sites if simple else structure.get_all_unit_cell_sites()
    if not len(sites):
        raise InputError("there are no atoms", where=where, action="Give a CIF with atoms")
    partial = [site.label for site in sites if site.occ < 0.999]
    if partial:
        raise InputError(
            f"{len(partial)} sites are partly occupied ({', '.join(partial[:3])}, ...)",
            where=where,
            action="Resolve the disorder first",
        )
    symbols = tuple("H" if site.element.name == "D" else site.element.name for site in sites)
    strange = sorted(
        {
            site.label
            for site, s in zip(sites, symbols, strict=True)
            if not is_element(s) and not (dummies and site.label.upper().startswith(_DUMMY_LABEL))
        }
    )
    if strange:
        raise InputError(
            f"no element is known for {', '.join(strange[:5])}",
            where=where,
            action="Give _atom_site_type_symbol",
        )
    fractional = np.array([[site.fract.x, site.fract.y, site.fract.z] for site in sites])
    charges = _read_charges(block, sites, where)
    return Framework(
        id=block.name or "framework",
        symbols=symbols,
        positions=fractional @ cell,
        cell=cell,
        bonds=_read_bonds(block, symbols) if _text(block, "_audit_creation_method") == OWN else None,
        charges=charges,
        charge_method=(_text(block, "_mofa_charge_method") or FROM_FILE) if charges is not None else "",
        name=_text(block, "_mofa_name"),
        lineage=_read_lineage(block),
    )


def _check_symmetry(block: Any, where: str) -> None:
    """Refuse a space group that nobody knows, or that the listed operations contradict."""
    import gemmi

    name = next((n for tag in _SPACE_GROUP_TAGS if (n := _text(block, tag)) not in ("", "?", ".")), "")
    operations = [list(block.find_values(tag)) for tag in _OPERATION_TAGS]
    n_operations = max(len(found) for found in operations)
    group = gemmi.find_spacegroup_by_name(name) if name else None
    if name and group is None and not n_operations:
        raise InputError(
            f"the space group {name!r} is not known and no symmetry operations are listed",
            where=where,
            action="Give a Hermann-Mauguin symbol or the operations",
        )
    if group is not None and group.number != 1 and n_operations == 1:
        raise InputError(
            f"the space group is {name!r}, yet only the identity is listed",
            where=where,
            action="Name the group 'P 1' if every atom is listed, or give all operations",
        )


def _is_p1(structure: Any) -> bool:
    """Whether no symmetry operation but the identity is listed or implied by the space group."""
    group = structure.spacegroup
    return len(structure.symops) <= 1 and (group is None or group.number == 1)


def _read_charges(block: Any, sites: Any, where: str) -> np.ndarray | None:
    """Charges by label; symmetry copies carry the charge of their site."""
    import gemmi

    column = block.find(["_atom_site_label", "_atom_site_charge"])
    if not len(column):
        return None
    by_label: dict[str, float] = {}
    for label, text in column:
        charge = float(gemmi.cif.as_number(text))
        if not math.isfinite(charge):
            raise InputError(
                f"the _atom_site_charge of {label} is {text}, not a number",
                where=where,
                action="Repair or drop the column",
            )
        if by_label.setdefault(label, charge) != charge:
            raise InputError(
                f"two sites are called {label} and carry different charges",
                where=where,
                action="Give every site a label of its own",
            )
    values = np.array([by_label.get(site.label, math.nan) for site in sites])
    if not np.isfinite(values).all():
        raise InputError(
            "some _atom_site_charge values are missing or not numbers",
            where=where,
            action="Repair or drop the column",
        )
    return values


def _read_bonds(block: Any, symbols: tuple[str, ...]) -> BondGraph | None:
    names = {name: k for k, name in enumerate(block.find_values("_atom_site_label"))}
    table = block.find(
        [
            "_geom_bond_atom_site_label_1",
            "_geom_bond_atom_site_label_2",
            "_geom_bond_site_symmetry_2",
            "_ccdc_geom_bond_type",
        ]
    )
    if not len(table):
        return None
    rows = []
    for label_1, label_2, symmetry, code in table:
        digits = symmetry.rpartition("_")[2] if symmetry not in (".", "?") else "555"
        if label_1 not in names or label_2 not in names or len(digits) != 3 or code not in _CODE_TO_ORDER:
            return None
        rows.append((names[label_1], names[label_2], [int(d) - 5 for d in digits], _CODE_TO_ORDER[code]))
    i, j, shift, order = zip(*rows, strict=True)
    return BondGraph(len(symbols), np.array(i), np.array(j), np.array(shift), np.array(order))


def _text(block: Any, tag: str) -> str:
    import gemmi

    value = block.find_value(tag)
    return "" if value is None else str(gemmi.cif.as_string(value))


def _read_lineage(block: Any) -> Lineage:
    import gemmi

    lists = {
        field: tuple(gemmi.cif.as_string(v) for v in block.find_values(f"_mofa_linker_{tag}"))
        for field, tag in _LINEAGE_LISTS.items()
    }
    catenation = _text(block, "_mofa_catenation")
    versions = tuple(block.find_values(_MODEL_VERSIONS))
    return Lineage(
        node=_text(block, "_mofa_node"),
        net=_text(block, "_mofa_net"),
        catenation=int(catenation) if catenation.isdigit() else 0,
        **lists,
        model_versions=tuple(map(int, versions)) if all(map(str.isdecimal, versions)) else (),
    )
