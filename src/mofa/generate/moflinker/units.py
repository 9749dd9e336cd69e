"""Ring units and spacers of the pre-training set: those of the library, and more that are kinked, flexible or rare.

The library draws what keeps frameworks standing; a model that is to be steered must have seen what does not, too.
"""

from __future__ import annotations

from mofa.generate.fragments import CORES, SPACERS, SUBSTITUENTS, Core, Spacer, Substituent

_MORE_RINGS = (
    Core("[1*]c1cc([2*])cs1", 1.0),
    Core("[1*]c1cnc([2*])o1", 1.0),
    Core("[1*]c1cnc([2*])[nH]1", 1.0),
    Core("[1*]c1nnc([2*])[nH]1", 1.0),
    Core("[1*]c1cc([2*])[nH]n1", 1.0),
    Core("[1*]c1cc([2*])on1", 0.8),
    Core("[1*]c1noc([2*])n1", 0.8),
    Core("[1*]c1ncnc([2*])n1", 1.0),
    Core("[1*]c1ccnc([2*])c1", 0.8),
    Core("[1*]c1cc([2*])ncn1", 0.8),
    Core("[1*]c1cc2cc3sc([2*])cc3cc2s1", 1.5),
    Core("[1*]c1ccc2c(ccc3cc([2*])ccc32)c1", 1.0),
    Core("[1*]c1ccc2nc3cc([2*])ccc3nc2c1", 1.0),
    Core("[1*]c1ccc2c(c1)C(=O)c1cc([2*])ccc1-2", 1.0),
    Core("[1*]c1ccc2cc([2*])sc2c1", 1.0),
    Core("[1*]c1ccc2cc([2*])oc2c1", 1.0),
    Core("[1*]c1ccc2[nH]c([2*])cc2c1", 1.0),
    Core("[1*]c1ccc2nc([2*])sc2c1", 1.0),
    Core("[1*]c1ccc2c([2*])n[nH]c2c1", 1.0),
    Core("[1*]c1cc2[nH]c([2*])cc2[nH]1", 0.6),
    Core("[1*]c1cc2ccc([2*])ccc2c1", 0.4),
    Core("[1*]C1=CC(=O)C([2*])=CC1=O", 0.8),
    Core("[1*]C1=C([2*])C(=O)NC1=O", 0.5),
    Core("[1*]C1=C2C(=O)NC([2*])=C2C(=O)N1", 0.6),
    Core("[1*]N1C(=O)c2cc3c(cc2C1=O)C(=O)N([2*])C3=O", 1.5),
    Core("[1*]N1C(=O)c2ccc3c4c(ccc(c24)C1=O)C(=O)N([2*])C3=O", 1.0),
    Core("[1*]N1C(=O)c2ccc([2*])cc2C1=O", 1.0),
    Core("[1*]C1CCC([2*])CC1", 1.2),
    Core("[1*]N1CCN([2*])CC1", 1.2),
    Core("[1*]N1CCC([2*])CC1", 0.8),
    Core("[1*]C1CCC2(CC1)CCC([2*])CC2", 0.3),
)
_MORE_SPACERS = (
    Spacer("[1*]C=CC=C[2*]", 1.5),
    Spacer("[1*]C(=O)[2*]", 2.0),
    Spacer("[1*]O[2*]", 2.0),
    Spacer("[1*]S[2*]", 1.5),
    Spacer("[1*]N[2*]", 1.5),
    Spacer("[1*]C[2*]", 1.5),
    Spacer("[1*]CC[2*]", 1.0),
    Spacer("[1*]OC[2*]", 1.0),
    Spacer("[1*]CCC[2*]", 0.4),
    Spacer("[1*]CN[2*]", 0.5),
    Spacer("[1*]OCCO[2*]", 0.4),
    Spacer("[1*]S(=O)(=O)[2*]", 0.8),
    Spacer("[1*]C(=O)O[2*]", 1.2),
    Spacer("[1*]C(=O)C(=O)[2*]", 0.5),
    Spacer("[1*]C(=O)NN[2*]", 0.3),
    Spacer("[1*]C=NNC(=O)[2*]", 0.4),
    Spacer("[1*]NC(=O)N[2*]", 0.6),
    Spacer("[1*]C(=O)NNC(=O)[2*]", 0.3),
    Spacer("[1*]C=CC(=O)[2*]", 0.5),
    Spacer("[1*]C(F)=C(F)[2*]", 0.5),
    Spacer("[1*]C(C#N)=C[2*]", 0.6),
    Spacer("[1*]C(C)(C)[2*]", 0.3),
    Spacer("[1*]C(C(F)(F)F)(C(F)(F)F)[2*]", 0.2),
)

RINGS: tuple[Core, ...] = CORES + _MORE_RINGS
JOINTS: tuple[Spacer, ...] = SPACERS + _MORE_SPACERS
GROUPS: tuple[Substituent, ...] = (*SUBSTITUENTS, Substituent("C(N)=O", 0.6), Substituent("C(=O)OC", 0.4))
RING_COUNTS = {1: 0.30, 2: 0.52, 3: 0.18}
"""Ring systems between the prompts."""
END_SPACER_SHARE = 0.5
"""How often a prompt is joined through a spacer rather than right onto a ring."""
GROUP_COUNTS = {0: 0.40, 1: 0.22, 2: 0.20, 3: 0.10, 4: 0.08}
"""Substituents on the ring units of one linker."""
