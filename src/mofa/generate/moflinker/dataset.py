"""The pre-training set: built from seeds, in parallel, shard by shard, so that it goes on where it was stopped.

Shard k is a function of the seed and k alone. The set is the shards in order, each core once, cut off at the number
asked for: the same set whatever the number of workers and interruptions.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from mofa.chemistry import Family, Reason, Rejected, Stage
from mofa.chemistry.accessibility import sa_score
from mofa.errors import InputError
from mofa.generate.moflinker import examples
from mofa.generate.moflinker.conformers import featurize
from mofa.generate.moflinker.enumeration import MAX_SA_SCORE, capped, cores, fits, has_usual_rings
from mofa.generate.moflinker.examples import Example, Packed
from mofa.generate.moflinker.linkers import core_of
from mofa.isolate import die_with_parent

DRAWS_PER_SHARD = 200
HELD_OUT_SHARE = 0.05
ProgressCallback = Callable[[float, str], None]


@dataclass(frozen=True)
class Named:
    """A core that is ready for the set."""

    smiles: str
    example: Example
    held_out: bool


def build(
    n: int,
    *,
    seed: int,
    folder: Path,
    workers: int = 1,
    added: Sequence[Named] = (),
    on_progress: ProgressCallback | None = None,
) -> tuple[Packed, list[str]]:
    """The first `n` distinct cores of a seed, and their canonical SMILES; the added ones come first.

    Args:
        n: cores; each stands for one linker of each family.
        seed: of enumeration and conformers.
        folder: where shards are kept until the set is whole; those that are there are not built again.
        workers: processes.
        added: cores of the user's own, kept whatever they are; they count towards `n`.
        on_progress: gets the fraction done.
    """
    if n < 1:
        raise InputError(f"{n} linkers make no training set", where="data", action="Ask for 1 or more")
    folder.mkdir(parents=True, exist_ok=True)
    seen: dict[str, Named] = {named.smiles: named for named in added}
    for shard in _shards(seed, folder, workers):
        for named in shard:
            if len(seen) < n:
                seen.setdefault(named.smiles, named)
        if on_progress is not None:
            on_progress(len(seen) / n, f"{len(seen)} of {n} cores")
        if len(seen) >= n:
            break
    chosen = list(seen.values())
    packed = examples.pack((named.example for named in chosen), (named.held_out for named in chosen))
    return packed, [named.smiles for named in chosen]


def _shards(seed: int, folder: Path, workers: int) -> Iterator[list[Named]]:
    """Shards in order, built ahead by the workers."""
    if workers == 1:
        k = 0
        while True:
            yield _read(_make_shard(seed, k, folder))
            k += 1
    # Fresh processes: a fork of one that runs threads may hang.
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=die_with_parent, initargs=(os.getpid(),)
    ) as pool:
        ahead: dict[int, Any] = {}
        k = 0
        try:
            while True:
                for number in range(k, k + 2 * workers):
                    if number not in ahead:
                        ahead[number] = pool.submit(_make_shard, seed, number, folder)
                yield _read(ahead.pop(k).result())
                k += 1
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _make_shard(seed: int, k: int, folder: Path) -> Path:
    """Build shard k unless it is there already."""
    path = folder / f"seed-{seed}-shard-{k:05d}.npz"
    if path.exists():
        try:
            examples.load(path)
            return path
        except InputError:
            path.unlink()  # damaged: built again
    found: dict[str, Named] = {}
    for core in islice(cores(f"{seed}/{k}"), DRAWS_PER_SHARD):
        if core.smiles in found or not has_usual_rings(core.molecule) or sa_score(core.molecule) > MAX_SA_SCORE:
            continue
        example = featurize(core.molecule, seed=seed)
        if example is not None:
            found[core.smiles] = Named(core.smiles, example, is_held_out(core.molecule))
    packed = examples.pack((named.example for named in found.values()), (named.held_out for named in found.values()))
    examples.save(packed, path, list(found))
    return path


def _read(path: Path) -> list[Named]:
    packed, names = examples.load(path)
    return [Named(names[k], packed[k], bool(packed.held_out[k])) for k in range(len(packed))]


def is_held_out(molecule: Any) -> bool:
    """Whether a capped core is kept from training: decided by its scaffold, so that no scaffold is on both sides."""
    scaffold = MurckoScaffold.GetScaffoldForMol(molecule)  # type: ignore[no-untyped-call]
    Chem.RemoveStereochemistry(scaffold)
    return zlib.crc32(Chem.MolToSmiles(scaffold).encode()) % 1000 < 1000 * HELD_OUT_SHARE


def named_core(smiles: str, family: Family, *, seed: int) -> Named | Rejected:
    """The core of a user's linker, ready for the set, or why it does not fit.

    Args:
        smiles: the whole molecule.
        family: of the linker.
        seed: of the conformer search.
    """
    core = core_of(smiles, family)
    molecule = None if core is None else capped(core)
    if core is None or molecule is None or not fits(molecule):
        detail = f"{smiles} is no core of 6 to 20 atoms between two benzoic acids or benzonitriles joined in para"
        return Rejected(Stage.TRAIN, Reason.NOT_EXPRESSIBLE, detail)
    example = featurize(molecule, seed=seed)
    if example is None:
        return Rejected(Stage.TRAIN, Reason.RELAXATION, f"no relaxed MMFF94 conformer of {smiles} was found")
    return Named(core, example, is_held_out(molecule))
