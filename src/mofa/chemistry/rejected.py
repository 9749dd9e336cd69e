"""Refusals are values: which stage refused, for which named reason, and what exactly it saw."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """The task that looked at the linker or MOF."""

    GENERATE = "generate"
    PROCESS = "process"
    ASSEMBLE = "assemble"
    VALIDATE = "validate"
    OPTIMIZE = "optimize"
    CHARGES = "charges"
    ADSORB = "adsorb"
    TRAIN = "train"


class Reason(StrEnum):
    """Every reason for which MOFA refuses something. Reports and funnels count by these."""

    # any structure
    NOT_FINITE = "not_finite"
    """A coordinate, cell entry or charge is NaN or infinite."""
    NOT_PERIODIC = "not_periodic"
    """No cell, a cell without volume, or a bond graph that does not extend in three directions."""
    OVERLAP = "overlap"
    """Two atoms are closer than any chemistry allows."""
    UNKNOWN_ELEMENT = "unknown_element"
    """An element without parameters in the method that was asked for."""
    # linkers
    UNREADABLE = "unreadable"
    """No molecule could be made of the input."""
    FRAGMENTED = "fragmented"
    """More than one molecule."""
    CHARGED = "charged"
    """The net charge is not zero."""
    VALENCE = "valence"
    """An atom with an impossible valence, or a radical."""
    RADICAL = "radical"
    """An atom with an unpaired electron."""
    NO_ANCHORS = "no_anchors"
    """Not the number of ends that the family has (carboxylic acids, nitriles, pyridyls, ...)."""
    STRAINED_RING = "strained_ring"
    """A small ring that is too strained to be made: bridged bonds, alkynes or allenes in it, fused three-rings."""
    RING_SIZE = "ring_size"
    """A ring smaller or larger than those of the linkers that a generator is asked for."""
    CUMULENE = "cumulene"
    """Neighbouring double bonds in a chain."""
    HARD_TO_MAKE = "hard_to_make"
    """The synthetic-accessibility score is beyond the limit."""
    BOND_LENGTH = "bond_length"
    """A bond too short or too long for its elements."""
    BOND_ANGLE = "bond_angle"
    """An angle too sharp, or an anchor that cannot span the net's edge."""
    RELAXATION = "relaxation"
    """The force field could not relax it, or relaxing changed the molecule."""
    DUPLICATE = "duplicate"
    """Already known under the same identity."""
    # frameworks
    ANCHOR_MISMATCH = "anchor_mismatch"
    """A linker whose anchors do not fit the node's connection points."""
    CONNECTIVITY = "connectivity"
    """Nodes and linkers do not have the numbers of ends that the net's vertices need."""
    ANGLE_MISFIT = "angle_misfit"
    """Nodes and linkers cannot point along the net's edges without bending a join too far."""
    WRONG_NET = "wrong_net"
    """The bonds make another net than the one asked for."""
    CHARGE_IMBALANCE = "charge_imbalance"
    """Oxidation states and ligand charges do not add up to zero."""
    BENT_LINKER = "bent_linker"
    """The linker's two exits are too far from collinear for this net."""
    CLASH = "clash"
    """Non-bonded atoms of an assembled MOF in contact."""
    BONDING = "bonding"
    """The bond graph found in the geometry is not the one that was built, or changed on relaxation."""
    DISCONNECTED = "disconnected"
    """The number of connected nets is not the one asked for."""
    COORDINATION = "coordination"
    """An atom with more or fewer neighbours than its element allows."""
    ODD_ELECTRONS = "odd_electrons"
    """An odd number of electrons in the cell."""
    # training
    NOT_EXPRESSIBLE = "not_expressible"
    """The generator can make none of the examples, so it cannot learn from them."""
    TRAINING_FAILED = "training_failed"
    """The training broke down: its loss is no longer a number, or one of its processes died."""
    NOT_ACCEPTED = "not_accepted"
    """The trained model makes fewer sound linkers than the pre-trained one, repeats itself, or copies its examples."""
    # simulations
    UNTYPED = "untyped"
    """No force-field type fits an atom."""
    UNSTABLE = "unstable"
    """The strain went beyond the limit."""
    BLEW_UP = "blew_up"
    """The dynamics lost atoms or produced non-finite numbers."""
    NOT_CONVERGED = "not_converged"
    """A self-consistent field or relaxation did not converge."""
    UNPHYSICAL_CHARGES = "unphysical_charges"
    """A charge set that failed the gate (sum, bounds, sign of the metal)."""
    CELL_TOO_SMALL = "cell_too_small"
    """No supercell within the atom limit is wide enough for the cut-off."""
    PORE_TOO_NARROW = "pore_too_narrow"
    """The guest cannot enter the pore."""
    TIME_LIMIT = "time_limit"
    """The time limit of the task ran out."""
    CRASHED = "crashed"
    """The engine's process died."""


@dataclass(frozen=True)
class Rejected:
    """A refusal. `detail` is one sentence with the numbers; `atoms` are zero-based indices it concerns."""

    stage: Stage
    reason: Reason
    detail: str
    atoms: tuple[int, ...] = ()
    strain_trace: tuple[float, ...] = ()
    """Mean strain of every chunk, where dynamics had begun."""
    volume_trace: tuple[float, ...] = ()
    """Mean volume of every chunk over that of the structure that came in."""

    def __str__(self) -> str:
        return f"{self.stage}: {self.reason} ({self.detail})"
