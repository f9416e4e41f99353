"""`python -m gui` is the command line."""

from gui.cli import main

main()
