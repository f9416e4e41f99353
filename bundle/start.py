"""The bundle's program: the command line, also as the worker process of itself."""

import multiprocessing

if __name__ == "__main__":
    multiprocessing.freeze_support()
    from gui.cli import main

    main()
