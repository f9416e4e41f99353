"""What the stream's commands share: options, Ctrl-C that saves, progress bars."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Self

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from medn.errors import UserError
from medn.terminal import INTERRUPTED, refusal, refused_path, stderr

if TYPE_CHECKING:
    from realtime.batch import Tick
    from realtime.recognition.decision import DecisionFile

Faces = Annotated[int, typer.Option(min=1, max=4, help="The most faces to follow.")]
Runtime = Annotated[str, typer.Option(help="What recognises: auto, or one that `medn doctor` names.")]
Rate = Annotated[float | None, typer.Option(min=1, help="Pictures a second, where the source is a folder of pictures.")]
Threshold = Annotated[float, typer.Option(min=0, max=1, help="Report candidates from this score on, 0 to 1.")]
SpotterFile = Annotated[
    Path | None, typer.Option("--spotter", help="A decision on peaks that `medn train-spotter` made, FILE.npz.")
]


def decision_named(path: Path | None) -> "DecisionFile | None":
    """The decision in a file that was named; ends in one sentence if it holds none."""
    if path is None:
        return None
    from realtime.recognition.decision import DecisionError, decision_file

    try:
        return decision_file(path)
    except DecisionError as error:
        raise refusal(str(error)) from None


@contextmanager
def ctrl_c_stops() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM set the event, so that the work at hand ends and is saved; then the exit code says so.

    A second Ctrl-C interrupts at once, a second SIGTERM ends the process. A `UserError`, and a path that the system
    refuses, end in one sentence.
    """
    stop = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        stderr.print("Stopping; what was done is saved. Ctrl-C again to leave at once.")

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    except UserError as error:
        raise refusal(str(error)) from None
    except OSError as error:
        sentence = refused_path(error)
        if not sentence:  # a fault
            raise
        raise refusal(sentence) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)


class Bars:
    """A progress bar for each recording under way, with its speed and the time left."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[speed]:>5.1f} × real time"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=stderr,
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
