"""The parts that library linkers are made of: ring cores, spacers and substituents.

Cores and spacers are SMILES with two exits, ``[1*]`` and ``[2*]``; substituents hang on by their first atom. Weights
are relative. They follow what keeps pillared frameworks standing: straight, rigid, small linkers first. Kinked cores
(exits less than 160° apart) stay reachable with small weights, so that the funnel downstream is an honest one.
"""

from __future__ import annotations

from dataclasses import dataclass

from mofa.chemistry import Family


@dataclass(frozen=True)
class Core:
    """A ring system with two exits, or with one where the anchors are part of it."""

    smiles: str
    weight: float
    terminal: bool = True
    """Whether an anchor may sit on it; False for cages, which are only put between aryl rings."""
    open_donor: bool = False
    """Whether the places next to a ring nitrogen stay bare, because a metal comes to sit there."""


@dataclass(frozen=True)
class Spacer:
    """What joins two ring systems, its double bonds E; the empty string is a direct bond."""

    smiles: str
    weight: float


@dataclass(frozen=True)
class Substituent:
    """A group in the place of an aryl hydrogen."""

    smiles: str
    weight: float
    compact: bool = False
    """Whether it also goes on fused cores; the others only go on single rings."""
    is_nitrile: bool = False
    """Nitriles are left out of families that bind through a neutral nitrogen, where they would compete."""


STRAIGHT_RINGS = (
    Core("[1*]c1ccc([2*])cc1", 60.0),
    Core("[1*]c1ccc([2*])nc1", 9.0),
    Core("[1*]c1cnc([2*])nc1", 6.0),
    Core("[1*]c1cnc([2*])cn1", 6.0),
    Core("[1*]c1ccc([2*])nn1", 5.0),
    Core("[1*]c1nnc([2*])nn1", 2.0),
)
STRAIGHT_FUSED = (
    Core("[1*]c1ccc([2*])c2ccccc12", 7.0),
    Core("[1*]c1ccc2cc([2*])ccc2c1", 7.0),
    Core("[1*]c1c2ccccc2c([2*])c2ccccc12", 2.0),
    Core("[1*]c1ccc([2*])c2nsnc12", 4.0),
    Core("[1*]c1ccc([2*])c2nonc12", 2.0),
    Core("[1*]c1ccc([2*])c2n[nH]nc12", 1.5),
    Core("[1*]c1ccc([2*])c2[nH]cnc12", 1.5),
    Core("[1*]c1ccc([2*])c2nccnc12", 2.5),
    Core("[1*]c1ccc([2*])c2ncccc12", 2.5),
    Core("[1*]c1nnc([2*])c2ccccc12", 1.5),
    Core("[1*]c1ccc([2*])c2[nH]ccc12", 1.5),
    Core("[1*]c1ccc([2*])c2sccc12", 1.5),
    Core("[1*]c1ccc([2*])c2occc12", 1.5),
    Core("[1*]c1cc2ccc3cc([2*])cc4ccc(c1)c2c34", 2.0),
    Core("[1*]c1nc2cc3oc([2*])nc3cc2o1", 1.5),
    Core("[1*]c1nc2cc3sc([2*])nc3cc2s1", 1.5),
    Core("[1*]c1ccc2nc([2*])ccc2c1", 2.0),
    Core("[1*]c1ccc2nc([2*])ncc2c1", 1.5),
    Core("[1*]c1ccc2nc([2*])cnc2c1", 1.5),
    Core("[1*]c1ccc2nc([2*])ccc2n1", 1.5),
    Core("[1*]c1cc2sc([2*])cc2s1", 3.0),
    Core("[1*]c1ccc2cc3cc([2*])ccc3cc2c1", 1.0),
    Core("[1*]c1ccc2c(c1)-c1ccc([2*])cc1-2", 1.0),
    Core("[1*]c1cccc2c([2*])cccc12", 1.0),
)
CAGES = (Core("[1*]C12CCC([2*])(CC1)CC2", 2.0, terminal=False),)
KINKED_RINGS = (
    Core("[1*]c1ccc([2*])s1", 1.5),
    Core("[1*]c1cnc([2*])s1", 0.5),
    Core("[1*]c1nnc([2*])s1", 0.5),
    Core("[1*]c1ccc([2*])o1", 0.5),
    Core("[1*]c1nnc([2*])o1", 0.3),
    Core("[1*]c1ccc([2*])[nH]1", 0.3),
    Core("[1*]c1cccc([2*])c1", 0.6),
    Core("[1*]c1cncc([2*])c1", 0.2),
    Core("[1*]c1cccc([2*])n1", 0.2),
)
KINKED_FUSED = (
    Core("[1*]c1ccc2ccc([2*])cc2c1", 0.2),
    Core("[1*]c1ccc2c(c1)[nH]c1cc([2*])ccc12", 0.4),
    Core("[1*]c1ccc2c(c1)Cc1cc([2*])ccc1-2", 0.4),
    Core("[1*]c1ccc2c(c1)sc1cc([2*])ccc12", 0.4),
    Core("[1*]c1ccc2c(c1)oc1cc([2*])ccc12", 0.4),
    Core("[1*]c1ccc2oc([2*])nc2c1", 0.4),
    Core("[1*]c1ccc2[nH]c([2*])nc2c1", 0.4),
)
CORES = STRAIGHT_RINGS + STRAIGHT_FUSED + CAGES + KINKED_RINGS + KINKED_FUSED

END_CORES = {
    Family.PYR: (Core("[1*]c1ccncc1", 1.0, open_donor=True),),
    Family.QCA: (Core("[1*]c1cc(C(=O)O)cc(C(=O)O)c1", 1.0),),
}
"""Ends of chains that hold their anchors themselves: the 4-pyridyl group, and isophthalic acid, which has two."""

SPACERS = (
    Spacer("", 45.0),
    Spacer("[1*]C#C[2*]", 25.0),
    Spacer("[1*]C#CC#C[2*]", 5.0),
    Spacer("[1*]C=C[2*]", 7.0),
    Spacer("[1*]N=N[2*]", 8.0),
    Spacer("[1*]C=N[2*]", 5.0),
    Spacer("[1*]C=NN=C[2*]", 2.0),
    Spacer("[1*]C(=O)N[2*]", 3.0),
)

FLUORO = Substituent("F", 5.0, compact=True)
SUBSTITUENTS = (
    FLUORO,
    Substituent("Cl", 2.5, compact=True),
    Substituent("Br", 1.0),
    Substituent("O", 3.0, compact=True),
    Substituent("N", 4.0, compact=True),
    Substituent("[N+](=O)[O-]", 2.0),
    Substituent("C", 3.0, compact=True),
    Substituent("OC", 2.0),
    Substituent("C(F)(F)F", 1.0),
    Substituent("C#N", 1.0, is_nitrile=True),
    Substituent("S", 0.5),
    Substituent("SC", 0.3),
    Substituent("C=O", 0.5),
    Substituent("NC", 0.5),
    Substituent("CC", 0.4),
)

BARE_WEIGHT = 1.0
MONO_WEIGHT = 0.8
DI_WEIGHT = 0.5
PERFLUORO_WEIGHT = 0.08
RING_COUNT_WEIGHTS = {1: 0.40, 2: 0.45, 3: 0.15}
"""How often a chain of one, two or three ring systems is drawn: small linkers keep simulations short."""
LONG_RING_COUNT_WEIGHTS = {2: 0.55, 3: 0.45}
"""The same where the ends are ring systems of their own."""


@dataclass(frozen=True)
class Centre(Core):
    """What three or four equal arms hang on, all exits ``[1*]``; single atoms and bonds among them."""

    bears_rings_only: bool = False
    """Whether its arms must begin with a ring, right on it."""


CENTRES = {
    Family.TCA: (
        Centre("[1*]c1cc([1*])cc([1*])c1", 50.0),
        Centre("[1*]c1nc([1*])nc([1*])n1", 20.0, bears_rings_only=True),
        Centre("[1*]N([1*])[1*]", 10.0, bears_rings_only=True),
        Centre("[1*]c1cc([1*])nc([1*])c1", 4.0),
        Centre("[1*]c1nc2nc([1*])nc3nc([1*])nc(n1)n23", 2.0, bears_rings_only=True),
        Centre("[1*]c1ccc2c(c1)c1cc([1*])ccc1c1cc([1*])ccc21", 4.0),
        Centre("[1*]c1cc2c(s1)c1cc([1*])sc1c1cc([1*])sc21", 3.0),
    ),
    Family.QCA: (
        Centre("[1*]c1cc([1*])c([1*])cc1[1*]", 20.0),
        Centre("[1*]c1nc([1*])c([1*])nc1[1*]", 6.0, bears_rings_only=True),
        Centre("[1*]C([1*])=C([1*])[1*]", 15.0, bears_rings_only=True),
        Centre("[1*]c1cc([1*])c2ccc3c([1*])cc([1*])c4ccc1c2c34", 12.0),
        Centre("[1*]C1=C([1*])SC(S1)=C1SC([1*])=C([1*])S1", 4.0, bears_rings_only=True),
        Centre("[1*]c1c2ccc(n2)c([1*])c2ccc([nH]2)c([1*])c2ccc(n2)c([1*])c2ccc1[nH]2", 8.0, bears_rings_only=True),
        Centre("[1*]C([1*])([1*])[1*]", 5.0, bears_rings_only=True),
        Centre("[1*]C12CC3([1*])CC([1*])(C1)CC([1*])(C2)C3", 3.0),
    ),
}
"""The last two of QCA are tetrahedral; the others are flat, or flat once their aryl arms are turned."""
ARM_RING_WEIGHTS = {0: 0.25, 1: 0.60, 2: 0.15}
"""How often an arm of a star has no, one or two ring systems."""
STAR_SHARE = 0.5
"""How often a linker with four acids is a star; the others are chains between two isophthalic acids."""


@dataclass(frozen=True)
class AzoleFrame:
    """An azole with exits ``[1*]``, ``[2*]``, ... on its carbons, the one between the nitrogens first."""

    smiles: str
    n_exits: int
    n_heavy: int
    weight: float
    mirror: tuple[int, ...]
    """The exits in the order in which they come when the frame is read from its other nitrogen."""
    most_groups: int


AZOLE_FRAMES = (
    AzoleFrame("[1*]c1nc([2*])c([3*])[nH]1", 3, 5, 10.0, (1, 3, 2), 3),
    AzoleFrame("[1*]c1nc2c([2*])c([3*])c([4*])c([5*])c2[nH]1", 5, 9, 4.0, (1, 5, 4, 3, 2), 2),
    AzoleFrame("[1*]c1nc2c([2*])nc([3*])nc2[nH]1", 3, 9, 1.5, (1, 2, 3), 2),
    AzoleFrame("[1*]c1nc2c([2*])c([3*])c([4*])nc2[nH]1", 4, 9, 1.0, (1, 2, 3, 4), 2),
    AzoleFrame("[1*]c1nc2c([2*])nc([3*])c([4*])c2[nH]1", 4, 9, 1.0, (1, 2, 3, 4), 2),
)
"""Imidazole, benzimidazole, purine, and imidazole fused with pyridine in both ways."""


@dataclass(frozen=True)
class AzoleSubstituent:
    """A group on an azole's carbon; its weight is relative to hydrogen's 1."""

    smiles: str
    n_heavy: int
    weight: float


AZOLE_SUBSTITUENTS = (
    AzoleSubstituent("C", 1, 0.5),
    AzoleSubstituent("CC", 2, 0.2),
    AzoleSubstituent("Cl", 1, 0.3),
    AzoleSubstituent("Br", 1, 0.15),
    AzoleSubstituent("[N+](=O)[O-]", 3, 0.2),
    AzoleSubstituent("C=O", 2, 0.2),
)
