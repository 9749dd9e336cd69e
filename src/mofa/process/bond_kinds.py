"""How long a bond is, by what its two atoms are.

An atom is told by its element and by its multiplicity: how much the orders of its bonds exceed their number, 0 for
saturated atoms and lone-pair donors (ether O, amine N, thiophene S), 1 for sp2 carbon, 2 for sp. Two atoms of one flat
ring are a kind of their own, since the bonds of an aromatic ring are neither single nor double.
"""

from __future__ import annotations

from functools import lru_cache

from mofa.process.geometry import reference_length_ang

IN_FLAT_RING = 0
"""Takes the place of the order in the table below."""

# Usual lengths, Å: from (low, high) it costs nothing. Between the lower and upper quartiles of crystal structures
# (DOI 10.1039/P298700000S1) and those of MMFF94, which agree within 0.03 Å but for diynes.
_WINDOWS_ANG = {
    ("C", 0, "C", 0, 1): (1.51, 1.56),
    ("C", 0, "C", 1, 1): (1.48, 1.53),
    ("C", 0, "C", 2, 1): (1.44, 1.48),
    ("C", 1, "C", 1, 1): (1.43, 1.50),
    ("C", 1, "C", 1, 2): (1.32, 1.37),
    ("C", 1, "C", 2, 1): (1.41, 1.45),
    ("C", 1, "C", 2, 2): (1.29, 1.33),
    ("C", 2, "C", 2, 1): (1.36, 1.54),
    ("C", 2, "C", 2, 2): (1.25, 1.31),
    ("C", 2, "C", 2, 3): (1.18, 1.22),
    ("C", 0, "C", 0, IN_FLAT_RING): (1.51, 1.56),
    ("C", 0, "C", 1, IN_FLAT_RING): (1.49, 1.53),
    ("C", 1, "C", 1, IN_FLAT_RING): (1.38, 1.42),
    ("C", 0, "N", 0, 1): (1.44, 1.48),
    ("C", 0, "N", 1, 1): (1.44, 1.49),
    ("C", 1, "N", 0, 1): (1.34, 1.42),
    ("C", 1, "N", 1, 1): (1.38, 1.44),
    ("C", 1, "N", 1, 2): (1.27, 1.31),
    ("C", 2, "N", 0, 1): (1.32, 1.36),
    ("C", 2, "N", 1, 2): (1.17, 1.25),
    ("C", 2, "N", 2, 3): (1.14, 1.17),
    ("C", 0, "N", 0, IN_FLAT_RING): (1.44, 1.48),
    ("C", 1, "N", 0, IN_FLAT_RING): (1.35, 1.40),
    ("C", 1, "N", 1, IN_FLAT_RING): (1.32, 1.37),
    ("N", 0, "N", 0, 1): (1.38, 1.44),
    ("N", 0, "N", 1, 1): (1.33, 1.39),
    ("N", 1, "N", 1, 1): (1.37, 1.41),
    ("N", 1, "N", 1, 2): (1.23, 1.27),
    ("N", 0, "N", 0, IN_FLAT_RING): (1.38, 1.44),
    ("N", 0, "N", 1, IN_FLAT_RING): (1.32, 1.38),
    ("N", 1, "N", 1, IN_FLAT_RING): (1.31, 1.37),
    ("C", 0, "O", 0, 1): (1.40, 1.45),
    ("C", 1, "O", 0, 1): (1.33, 1.39),
    ("C", 1, "O", 1, 2): (1.20, 1.24),
    ("C", 2, "O", 1, 2): (1.15, 1.19),
    ("C", 1, "O", 0, IN_FLAT_RING): (1.35, 1.39),
    ("N", 0, "O", 0, 1): (1.38, 1.44),
    ("N", 1, "O", 0, 1): (1.22, 1.30),
    ("N", 1, "O", 1, 2): (1.20, 1.25),
    ("N", 1, "O", 0, IN_FLAT_RING): (1.37, 1.41),
    ("C", 0, "S", 0, 1): (1.79, 1.83),
    ("C", 1, "S", 0, 1): (1.74, 1.80),
    ("C", 1, "S", 1, 2): (1.60, 1.68),
    ("C", 0, "S", 2, 1): (1.75, 1.80),
    ("C", 1, "S", 2, 1): (1.75, 1.80),
    ("C", 1, "S", 0, IN_FLAT_RING): (1.70, 1.74),
    ("N", 0, "S", 0, 1): (1.66, 1.73),
    ("N", 0, "S", 2, 1): (1.60, 1.68),
    ("N", 0, "S", 0, IN_FLAT_RING): (1.66, 1.73),
    ("N", 1, "S", 0, IN_FLAT_RING): (1.61, 1.66),
    ("O", 1, "S", 1, 2): (1.47, 1.51),
    ("O", 1, "S", 2, 2): (1.42, 1.46),
}
_AROMATIC_SHORTENING = (0.07, 0.02)
_CONJUGATED_SHORTENING = (0.08, 0.02)


@lru_cache(maxsize=4096)
def length_window_of_kind_ang(
    a: str, multiplicity_a: int, b: str, multiplicity_b: int, order: int, in_flat_ring: bool
) -> tuple[float, float] | None:
    """Lowest and highest usual length of a bond, Å; None where the elements form no bond of that order.

    Kinds outside the table take the sum of covalent radii, with room for conjugation.
    """
    if (b, multiplicity_b) < (a, multiplicity_a):
        a, multiplicity_a, b, multiplicity_b = b, multiplicity_b, a, multiplicity_a
    if in_flat_ring:
        known = _WINDOWS_ANG.get((a, multiplicity_a, b, multiplicity_b, IN_FLAT_RING))
        if known is not None:
            return known
    known = _WINDOWS_ANG.get((a, multiplicity_a, b, multiplicity_b, order))
    reference = reference_length_ang(a, b, order)
    if known is not None or reference is None:
        return known
    shorter, longer = _CONJUGATED_SHORTENING if order == 1 and multiplicity_a + multiplicity_b else _PLAIN_SLACK
    return reference - shorter, reference + longer


_PLAIN_SLACK = (0.03, 0.03)
