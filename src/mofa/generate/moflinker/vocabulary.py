"""What MOFLinker knows: elements, bond classes, charges, hydrogen counts, sizes and families."""

from __future__ import annotations

from mofa.chemistry import Family

ELEMENTS = ("C", "O", "N", "F", "S", "Cl", "Br")
N_ELEMENTS = len(ELEMENTS)
BOND_ORDERS = (0.0, 1.0, 2.0, 3.0, 1.5)
"""Order of each bond class; class 0 is no bond, class 4 aromatic."""
N_BOND_CLASSES = len(BOND_ORDERS)
CHARGES = (-1, 0, 1)
MAX_HYDROGENS = 3
MIN_CORE_ATOMS = 6
MAX_CORE_ATOMS = 20
"""Heavy atoms between the two prompts, the paper's range."""
RING_SIZES = (5, 6, 7)
"""Rings of other sizes are not meant."""
N_ANCHORS = 2
N_CONTEXT = 6
"""Prompt atoms that the model sees: for each end the anchor carbon and the two carbons beside it in its ring."""
FAMILIES = (Family.BCA, Family.BZN)
PROMPT_HEAVY_ATOMS = {Family.BCA: 9, Family.BZN: 8}
"""Of one prompt: benzoic acid, benzonitrile."""
