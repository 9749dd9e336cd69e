"""Verbs on linkers: generate them, make them sound, put them into a MOF."""

from __future__ import annotations
