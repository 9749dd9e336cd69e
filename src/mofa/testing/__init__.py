"""Conformance kits: what every engine behind a protocol must satisfy, as plain asserts on physics and contract.

Our own engines pass them in our tests; the author of a plug-in calls the same functions in his.
"""
