"""What a check of a framework says when something is wrong."""

from __future__ import annotations

from mofa.chemistry import Reason

Finding = tuple[Reason, str, tuple[int, ...]]
"""A reason, a sentence with the numbers, the atoms concerned."""
