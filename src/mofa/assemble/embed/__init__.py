"""Coordinates: blocks on the vertices of a net, turned, moved and joined."""
