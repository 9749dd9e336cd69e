"""Core sizes that a stream may have: what is asked for, within what the models were trained on."""

from __future__ import annotations

from mofa.errors import InputError
from mofa.generate.moflinker.vocabulary import MAX_CORE_ATOMS, MIN_CORE_ATOMS, N_ANCHORS, PROMPT_HEAVY_ATOMS
from mofa.generate.protocol import StreamRequest


def core_sizes(request: StreamRequest) -> range:
    """Core atoms that a stream may have.

    Raises:
        InputError: a size beyond what the models were trained on, or a limit that leaves no size.
    """
    asked = request.conditions.core_atoms
    least, most = asked or (MIN_CORE_ATOMS, MAX_CORE_ATOMS)
    trained = f"{MIN_CORE_ATOMS} to {MAX_CORE_ATOMS}"
    if least < MIN_CORE_ATOMS or most > MAX_CORE_ATOMS:
        raise InputError(
            f"core_atoms is {asked}; the generator was trained on {trained}",
            where="generate",
            action=f"Ask for sizes within {trained} core atoms; the generator 'library' makes smaller linkers",
        )
    ends = N_ANCHORS * PROMPT_HEAVY_ATOMS[request.family]
    largest = request.max_heavy_atoms - ends
    if largest < least:
        raise InputError(
            f"max_heavy_atoms is {request.max_heavy_atoms}, which leaves {max(largest, 0)} core atoms between the"
            f" prompts of {request.family}; {least} are the fewest",
            where="generate",
            action=f"Allow {least + ends} heavy atoms or more, or choose the generator 'library'",
        )
    return range(least, min(most, largest) + 1)
