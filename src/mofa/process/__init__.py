"""Task 2, process linkers: from heavy atoms to a sound, relaxed `Linker` with dummy atoms, or a named refusal.

>>> from mofa.generate import generate
>>> from mofa.process import process
>>> linkers = [process(raw) for raw in next(generate("BZN", n=16, seed=1))]

In order: bonds and hydrogens (taken from the generator, or perceived from the geometry), one neutral closed-shell
molecule, the ends of its family, sane bond lengths and angles, nothing strained or hard to make, MMFF94 relaxation that
keeps the geometry, dummies At and Fr. Perception is an engine of its own, chosen by name: see
`mofa.process.perception`. Molecules come from files and SMILES through `mofa.chemistry.molfiles` and
`mofa.chemistry.molecules`.
"""

from mofa.process.perception import PERCEPTIONS, Perception
from mofa.process.task import process

__all__ = ["PERCEPTIONS", "Perception", "process"]
