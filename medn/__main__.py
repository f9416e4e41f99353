"""`python -m medn` is the command line."""

from medn.cli import main

main()
