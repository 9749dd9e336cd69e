"""`python -m mofa` is the command `mofa`."""

from mofa.cli.main import main

main()
