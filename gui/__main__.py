"""The program: `medn`, and `python -m gui`. It loads the command line, and Ctrl-C may come meanwhile."""

import signal


def main() -> None:
    """Run the command line. Until a command begins, Ctrl-C ends the process at once: there is nothing to save yet."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not where Ctrl-C is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gui.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
