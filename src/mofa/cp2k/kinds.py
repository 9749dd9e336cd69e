"""Valence electrons of CP2K's pseudopotentials: elements that have none, electrons that do not pair."""

from __future__ import annotations

from string import ascii_letters

from mofa.chemistry import Framework, Reason, Rejected, Stage
from mofa.chemistry.inspection import inspect
from mofa.cp2k.settings import Cp2kSettings

# Electrons that GTH-PBE leaves to the valence, of the elements with a MOLOPT-SR basis set for them (CP2K's files
# BASIS_MOLOPT and GTH_POTENTIALS).
_VALENCE = """
H1 He2 Li3 Be4 B3 C4 N5 O6 F7 Ne8 Na9 Mg10 Al3 Si4 P5 S6 Cl7 Ar8 K9 Ca10 Sc11 Ti12 V13 Cr14 Mn15 Fe16 Co17 Ni18 Cu11
Zn12 Ga13 Ge4 As5 Se6 Br7 Kr8 Rb9 Sr10 Y11 Zr12 Nb13 Mo14 Tc15 Ru16 Rh17 Pd18 Ag11 Cd12 In13 Sn4 Sb5 Te6 I7 Xe8 Cs9
Ba10 Hf12 Ta13 W14 Re15 Os16 Ir17 Pt18 Au11 Hg12 Tl13 Pb4 Bi5 Po6 At7 Rn8
"""
VALENCE_ELECTRONS = {word.rstrip("0123456789"): int(word.lstrip(ascii_letters)) for word in _VALENCE.split()}
"""Valence electrons of the GTH-PBE pseudopotential that MOFA names in its inputs, by element."""


def refuse(framework: Framework, settings: Cp2kSettings, stage: Stage) -> Rejected | None:
    """Why CP2K cannot treat the framework with this charge and multiplicity, or None.

    Args:
        framework: what is about to be given to CP2K.
        settings: their charge and multiplicity count.
        stage: the task that asks, named in the refusal.
    """
    refusal = inspect(framework, stage)
    if refusal is not None:
        return refusal
    unknown = tuple(k for k, symbol in enumerate(framework.symbols) if symbol not in VALENCE_ELECTRONS)
    if unknown:
        names = ", ".join(sorted({framework.symbols[k] for k in unknown}))
        detail = f"no GTH-PBE pseudopotential with a MOLOPT-SR basis set for {names}"
        return Rejected(stage, Reason.UNKNOWN_ELEMENT, detail, unknown)
    electrons = sum(VALENCE_ELECTRONS[symbol] for symbol in framework.symbols) - settings.charge_e
    unpaired = settings.multiplicity - 1
    if electrons < unpaired or (electrons - unpaired) % 2:
        detail = (
            f"{electrons} valence electrons in a cell of charge {settings.charge_e} cannot have {unpaired} unpaired"
            f" (multiplicity {settings.multiplicity}): an atom is missing, or it is a radical"
        )
        return Rejected(stage, Reason.ODD_ELECTRONS, detail)
    return None


def kind_sections(framework: Framework, basis_set: str) -> list[str]:
    """Lines of the input's ``&KIND`` sections, one for every element, by name."""
    lines = []
    for symbol in sorted(set(framework.symbols)):
        valence = f"q{VALENCE_ELECTRONS[symbol]}"
        lines += [
            f"&KIND {symbol}",
            f"  BASIS_SET {basis_set}-{valence}",
            f"  POTENTIAL GTH-PBE-{valence}",
            "&END KIND",
        ]
    return lines
