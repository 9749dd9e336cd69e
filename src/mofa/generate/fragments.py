"""The parts that library linkers are made of: ring cores, spacers and substituents.

Cores and spacers are SMILES with two exits, ``[1*]`` and ``[2*]``; substituents hang on by their first atom. Weights
are relative. They follow what keeps pillared frameworks standing: straight, rigid, small linkers first. Kinked cores
(exits less than 160° apart) stay reachable with small weights, so that the funnel downstream is an honest one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    """A ring system with two exits."""

    smiles: str
    weight: float
    terminal: bool = True
    """Whether an anchor may sit on it; False for cages, which are only put between aryl rings."""


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
    """Nitriles are left out of the BZN family, where they would be a third anchor."""


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
