"""The root of the command line: `medn` opens the desktop app; every other command belongs to the layer below it."""

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

# spinning OpenMP threads slow each other on small machines; read when torch and OpenCV are first loaded
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import typer

import medn.commands
import realtime.cli
import realtime.evaluation.commands
import realtime.import_command
import realtime.live_command
import realtime.training.commands
from gui.display import display_problem
from medn.faults import report_faults
from medn.prerequisites import unmet
from medn.terminal import UNUSABLE, discard, needs, refusal, stderr

QT_NEEDS = "libegl1 libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon0 libpulse0"
"""What a bare Debian lacks of what Qt loads before it opens a window."""

app = typer.Typer(
    help="Live micro-expression recognition: every event is a moment for a person to look at. Without a command, the "
    "desktop app opens.",
    add_completion=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)
app.add_typer(realtime.live_command.app)
app.add_typer(realtime.cli.app)
app.add_typer(realtime.import_command.app)
app.add_typer(realtime.evaluation.commands.app)
app.add_typer(realtime.training.commands.app)
app.add_typer(medn.commands.app)


def main() -> None:
    """Run the command line. A fault ends it in one sentence, with exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without "–" and a name that is no text end no command
    if problem := unmet():
        stderr.print(f"medn: {problem}", style="red")
        sys.exit(UNUSABLE)
    report_faults(lambda sentence: stderr.print(f"medn: {sentence}", style="red"))
    command = typer.main.get_command(app)  # `app()` would put Typer's own report of faults in the place of this one
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # while this was loaded: see `gui.__main__`
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with _full_disk_said():
        command()


@contextmanager
def _full_disk_said() -> Iterator[None]:
    """End in one sentence where what standard output goes to, or another file, has no space left."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # what is left would be written at the interpreter's end, where nobody catches it
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        discard(sys.stdout)  # the interpreter flushes once more
        stderr.print("medn: The output could not be written: there is no space left on the disk.", style="red")
        raise SystemExit(UNUSABLE) from None


@app.callback()
def window(context: typer.Context) -> None:
    """Open the desktop app where no command is given."""
    context.obj = _open_window  # for `medn live`, which opens it unless it is to run without
    if context.invoked_subcommand is None:
        _open_window()


@app.command()
def review(session: Annotated[Path, typer.Argument(help="A session file, NAME.medn.")]) -> None:
    """Open a session in the app."""
    from realtime.session import SessionError, open_session

    try:
        open_session(session).close()
    except SessionError as error:
        raise refusal(str(error)) from None
    _open_window(session=session)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def bench(context: typer.Context) -> None:
    """Measure latency and throughput: `medn bench --help`."""
    from benchmarks.__main__ import bench as benchmarks  # loaded only here: it brings all that it measures

    typer.main.get_command(benchmarks)(context.args, prog_name="medn bench")


def _open_window(session: Path | None = None, source: str = "") -> NoReturn:
    """Open the app, and end with it. Exits with 2 where there is no display or no app."""
    if problem := display_problem():
        raise refusal(problem)
    needs("The window", "PyQt6", "pyqtgraph", "qtawesome")
    try:
        from gui.app import main as open_app
    except ImportError as error:
        if "PyQt6" not in (error.path or ""):
            raise
        raise refusal(f"Qt cannot be loaded: {error}. It needs libraries of the system (Debian: {QT_NEEDS}).") from None
    raise typer.Exit(open_app(session, source))
