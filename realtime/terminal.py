"""Manners at the terminal: what goes where, how a run is stopped, what bad input gets, how progress shows.

Standard output holds results (with --json, one object a line and nothing else); all else goes to standard error.
Exit codes: 0 done, 2 wrong usage or unreadable input, 3 some of many inputs failed, 130 interrupted and saved.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from realtime.batch import Tick

UNUSABLE, SOME_FAILED, INTERRUPTED = 2, 3, 130

say = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
show = Console(highlight=False, markup=False)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output, and nothing else.")]


def refusal(sentence: str) -> typer.Exit:
    """Say in one sentence why not, and end with 2: `raise refusal(…)`."""
    say.print(f"medn: {sentence}", style="red")
    return typer.Exit(UNUSABLE)


def needs(what: str, extra: str, *packages: str) -> None:
    """End in one sentence, before any work, where a package of one of MEDN's extras is not installed."""
    for package in packages:
        if find_spec(package) is None:
            raise refusal(f"{what} needs the package {package}: pip install 'medn[{extra}]'.")


def needs_folder(file: Path | None) -> None:
    """End in one sentence, before any work, where the folder that a file is to be written into is not there."""
    if file and not file.absolute().parent.is_dir():
        raise refusal(f"{file} cannot be written: there is no folder {file.parent}.")


@contextmanager
def ctrl_c_stops() -> Iterator[threading.Event]:
    """Ctrl-C sets the event, so that the work at hand ends and is saved; then the exit code says so.

    A second Ctrl-C interrupts at once. Errors that are the input's end in one sentence.
    """
    from medn.runtime import RuntimeUnavailableError
    from realtime.judging import TruthError
    from realtime.session import SessionError
    from realtime.sources import SourceError

    stop = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say.print("Stopping; what was done is saved. Ctrl-C again to leave at once.")

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    except (SourceError, SessionError, TruthError, RuntimeUnavailableError) as error:
        raise refusal(str(error)) from None
    finally:
        signal.signal(signal.SIGINT, before)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)


@contextmanager
def input_errors() -> Iterator[None]:
    """What is wrong with a file, a folder or a name ends in one sentence, with exit code 2."""
    try:
        yield
    except KeyError as error:
        raise refusal(str(error.args[0])) from None
    except (OSError, ValueError) as error:
        raise refusal(str(error)) from None


class Bars:
    """A progress bar for each recording under way, with its speed and the time left."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[speed]:>5.1f} × real time"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=say,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def tick(self, tick: "Tick") -> None:
        """Show how far a recording has come."""
        if tick.video not in self._tasks:
            self._tasks[tick.video] = self._progress.add_task(Path(tick.video).name, total=tick.length_s, speed=0.0)
        task = self._tasks[tick.video]
        elapsed_s = self._progress.tasks[self._progress.task_ids.index(task)].elapsed or 0.0
        self._progress.update(task, completed=tick.done_s, speed=tick.done_s / elapsed_s if elapsed_s else 0.0)

    def end(self, video: str) -> None:
        """Take a recording's bar away."""
        if video in self._tasks:
            self._progress.remove_task(self._tasks.pop(video))

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class Count:
    """A progress bar that counts."""

    def __init__(self, what: str) -> None:
        self._bars = Progress(console=say)
        self._task = self._bars.add_task(what, total=None)

    def __call__(self, done: int, whole: int) -> None:
        """Show how many of all are done."""
        self._bars.update(self._task, completed=done, total=whole)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
