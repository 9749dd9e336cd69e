"""The command line: one thin command per verb, over functions that Python users call directly.

Conventions of every verb: results on stdout, progress and logs on stderr; `--json` prints JSON (one line per input
file); exit code 0 done, 1 refused or failed, 2 wrong usage.
"""
