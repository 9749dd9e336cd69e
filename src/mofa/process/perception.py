"""Engines that find bonds and hydrogens of a linker that comes as bare heavy atoms.

>>> from mofa.process.perception import load_perception
>>> seen = load_perception("likelihood").perceive(raw, deadline=time.monotonic() + 1.0)

Third parties add theirs through the entry-point group ``mofa.perception`` and check it with
`mofa.testing.process.check_perception`.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from mofa.chemistry import RawLinker, Rejected
from mofa.registry import EngineEntry, Registry

PERCEPTIONS = Registry(
    "perception",
    {
        "likelihood": EngineEntry("mofa.process.likelihood:LikelihoodPerception", "pip install rdkit", ("rdkit",)),
        "exact": EngineEntry("mofa.process.exact:ExactPerception", "pip install scipy", ("scipy",)),
        "openbabel": EngineEntry(
            "mofa.process.openbabel:OpenBabelPerception", "pip install 'mofa[openbabel]'", ("openbabel",)
        ),
    },
)


@runtime_checkable
class Perception(Protocol):
    """Finds the molecule that heavy atoms in space are meant to be."""

    name: str

    def perceive(self, raw: RawLinker, *, deadline: float) -> RawLinker | Rejected:
        """The same linker with `bonds`, `hydrogens` and `formal_charges` filled in.

        Symbols, coordinates and anchors stay as they are. The molecule need not be sound: `process` checks it.

        Args:
            raw: heavy atoms only; `hydrogens`, where given, are kept as they are by engines that can.
            deadline: `time.monotonic()` value at which to give up, s.
        """
        ...


def load_perception(name: str) -> Perception:
    """The perception of that name.

    Raises:
        EngineMissingError: no such name, or what it needs is not installed.
    """
    engine: Perception = PERCEPTIONS.load(name)()
    return engine
