"""A MOF in one line: linkers from SMILES or files are made sound and assembled.

    from mofa.build import build

    mof = build("zr6", "fcu", ["OC(=O)c1ccc(cc1)C(=O)O"])   # Framework | Rejected: UiO-66

`mofa assemble` is this function on the command line. Importing it costs nothing; RDKit is loaded by the first SMILES.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mofa.errors import InputError

if TYPE_CHECKING:
    from mofa.chemistry import Family, Framework, Linker, RawLinker, Rejected

    Source: TypeAlias = str | Path | RawLinker | Linker

_FILE_SUFFIXES = frozenset({".sdf", ".mol", ".xyz", ".smi", ".smiles", ".txt"})


def build(
    node: str | Path,
    net: str,
    linkers: Sequence[Source],
    *,
    net_file: str | Path = "",
    catenation: int = 0,
    max_bend_deg: float = 15.0,
    torsion_step_deg: float = 15.0,
    seed: int = 1,
) -> Framework | Rejected:
    """Make linkers sound, put them and a metal node into a net, and check the MOF.

    Args:
        node: name of the metal node (`mofa.assemble.blocks.nodes` lists them), or the path of a node file.
        net: RCSR symbol of the net (`mofa.assemble.nets.catalogue` lists them), or its name in `net_file`.
        linkers: SMILES of whole molecules (acids, nitriles, ...), paths of SDF, SMILES or XYZ files (the first linker
            of each is taken), linkers of a generator, or sound ones. They find their places by the number and kind of
            their ends, in any order.
        net_file: a file of nets (.cgd); empty for those of MOFA.
        catenation: number of further nets that interpenetrate the first, 0 to 3.
        max_bend_deg: largest angle between an exit of a linker and the line through both its ends, degrees.
        torsion_step_deg: step of the scan that turns each linker about its axis, degrees.
        seed: of the 3-D embedding of SMILES.

    Returns:
        The framework in P1 with its bond graph, identity and lineage, or why a linker or the MOF was refused.

    Raises:
        InputError: an unknown node or net, a file that cannot be read, or an option out of range.
    """
    from mofa.assemble import assemble
    from mofa.chemistry import Rejected

    sound: list[Linker] = []
    for source in linkers:
        linker = first_linker(source, seed=seed)
        if isinstance(linker, Rejected):
            return linker
        sound.append(linker)
    return assemble(
        sound,
        node=str(node),
        net=net,
        net_file=str(net_file),
        catenation=catenation,
        max_bend_deg=max_bend_deg,
        torsion_step_deg=torsion_step_deg,
    )


def first_linker(source: Source, *, seed: int = 1) -> Linker | Rejected:
    """The first linker of `sound_linkers`.

    Raises:
        InputError: the source holds no linker, or cannot be read.
    """
    for linker in sound_linkers(source, seed=seed):
        return linker
    raise InputError("there is no linker in it", where=str(source), action="Give a file with one linker or a SMILES")


def sound_linkers(source: Source, *, seed: int = 1) -> Iterator[Linker | Rejected]:
    """The linkers of a SMILES, a file or a generator, ready for assembly; one after the other, as they are asked for.

    Raises:
        InputError: neither a file nor a SMILES, or a file that cannot be read.
    """
    from mofa.chemistry import RawLinker
    from mofa.process import process

    entries = linkers_of(source, seed) if isinstance(source, str | Path) else iter((source,))
    for entry in entries:
        yield process(entry) if isinstance(entry, RawLinker) else entry


def linkers_of(source: str | Path, seed: int, family: Family | None = None) -> Iterator[RawLinker | Linker | Rejected]:
    """Linkers of a file, or the one that a SMILES describes; a file of processed linkers gives them as they are.

    Args:
        source: SMILES, or the path of an SDF, SMILES or XYZ file.
        seed: of the 3-D embedding of SMILES.
        family: take this family instead of detecting it.

    Raises:
        InputError: neither a file nor a SMILES, or a file that cannot be read.
    """
    from mofa.chemistry import Reason, Rejected
    from mofa.chemistry.molecules import from_smiles
    from mofa.chemistry.molfiles import read_linkers

    # `Path.exists` raises for a SMILES that is longer than file names may be.
    if Path(source).suffix.lower() in _FILE_SUFFIXES or os.path.exists(source):
        yield from read_linkers(source, family=family, seed=seed)
        return
    raw = from_smiles(str(source), family=family, seed=seed)
    if isinstance(raw, Rejected) and raw.reason is Reason.UNREADABLE:
        raise InputError(
            "is neither a file nor a valid SMILES", where=str(source), action="Check the path or the SMILES"
        )
    yield raw
