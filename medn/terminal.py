"""What every command of the command line shares: where output goes, exit codes, errors in one sentence, progress.

Standard output holds results (with --json, one object a line and nothing else); all else goes to standard error.
Exit codes: 0 done, 1 a fault of the program, 2 wrong usage or unreadable input, 3 some of many inputs failed,
130 interrupted and saved.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Annotated, Self

import typer
from rich.console import Console
from rich.progress import Progress

from medn.extras import EXTRAS, way_to

UNUSABLE, SOME_FAILED, INTERRUPTED = 2, 3, 130


def discard(stream: IO[str]) -> None:
    """Have what is still written to a stream that cannot take it, or that nobody reads any more, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Console(Console):
    """Where its reader has gone (`… 2>&1 | head`), the work goes on without messages."""

    def on_broken_pipe(self) -> None:
        """Drop what cannot be printed."""
        discard(self.file)


stderr = _Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
stdout = _Console(highlight=False, markup=False)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output, and nothing else.")]


def refusal(sentence: str) -> typer.Exit:
    """Say in one sentence why not, and end with 2: `raise refusal(…)`."""
    stderr.print(f"medn: {sentence}", style="red")
    return typer.Exit(UNUSABLE)


def needs(what: str, *modules: str) -> None:
    """End in one sentence, before any work, where a module of one of MEDN's extras (`EXTRAS`) is not installed."""
    if sentence := what_is_missing(what, *modules):
        raise refusal(sentence)


def what_is_missing(what: str, *modules: str) -> str:
    """What cannot be done without one of these modules, and how to get it; empty if all are installed."""
    return next((missing_sentence(what, module) for module in modules if find_spec(module) is None), "")


def missing_sentence(what: str, module: str) -> str:
    """What cannot be done without a module of one of MEDN's extras, and how to get it."""
    return f"{what} needs the package {module}: {way_to(EXTRAS[module])}."


def needs_folder(file: Path | None) -> None:
    """End in one sentence, before any work, where the folder that a file is to be written into is not there."""
    if file and not file.absolute().parent.is_dir():
        raise refusal(f"{file} cannot be written: there is no folder {file.parent}.")


@contextmanager
def input_errors() -> Iterator[None]:
    """What is wrong with a file, a folder or a name ends in one sentence, with exit code 2."""
    try:
        yield
    except KeyError as error:
        raise refusal(str(error.args[0])) from None
    except OSError as error:
        raise refusal(refused_path(error) or str(error)) from None
    except ValueError as error:
        raise refusal(str(error)) from None


def refused_path(error: OSError) -> str:
    """One sentence about a path that the system refuses; empty where the error is about none."""
    return "" if error.filename is None else f"{error.filename} cannot be used: {error.strerror}."


class Count:
    """A progress bar that counts."""

    def __init__(self, what: str) -> None:
        self._bars = Progress(console=stderr)
        self._task = self._bars.add_task(what, total=None)

    def __call__(self, done: int, whole: int) -> None:
        """Show how many of all are done."""
        self._bars.update(self._task, completed=done, total=whole)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
