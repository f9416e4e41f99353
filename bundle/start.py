"""The bundle's program: the command line, also as the worker process of itself."""

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()
    if sys.argv[1:2] == ["-c"]:  # as Python would: `medn doctor` asks Qt for a window in a process of its own
        exec(sys.argv[2])  # noqa: S102  the words are its own
        sys.exit()
    from gui.__main__ import main

    main()
