"""Exports sessions: each file is written completely or not at all, and no file is overwritten."""

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from realtime.batch import Tick
from realtime.export.context import ExportContext, ExportError
from realtime.export.formats import FORMATS, Format
from realtime.export.made_by import write_made_by
from realtime.session import SessionError, Status, StoredEvent, open_session


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one session in one format: its files, or the error, one sentence."""

    session: Path
    format: str
    """The format's name in the table; empty if the session itself could not be read, or not all of it."""
    files: tuple[Path, ...] = ()
    error: str = ""


def export_sessions(
    sessions: Iterable[Path],
    formats: Mapping[str, Format],
    folder: Path | None = None,
    *,
    keep: Callable[[StoredEvent], bool] = lambda _: True,
    selection: str = "all",
    coder: str | None = None,
    tick: Callable[[Tick], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> Generator[Outcome, None, None]:
    """Write each session in each format, into a folder or beside the session; an error in one does not stop the others.

    `keep` selects events, and `selection` names this choice in what is written; frames and marks are always complete.
    Judgements and marks are those of a `coder`, by default of the first one.
    Slow formats report progress through `tick`, with the session's path in place of the video's. Once `stop` is set,
    the current file is abandoned and no further file is begun. Files are named after the session, with a number after
    the name if that is taken.
    """
    stop = stop or threading.Event()
    for path in sessions:
        if stop.is_set():
            return
        try:
            with open_session(path, coder) as session:
                target = (folder or path.parent).absolute()
                chosen = tuple(filter(keep, session.events()))
                said = tuple(session.transcript())
                progress = partial(_report, tick, str(path))
                context = ExportContext(
                    path.stem, target, session, session.info, chosen, said, progress, stop, selection
                )
                for name, export_format in formats.items():
                    if stop.is_set():
                        return
                    yield _outcome(path, name, export_format, context)
                if session.damage:
                    yield Outcome(path, "", error=session.damage)
        except SessionError as error:
            yield Outcome(path, "", error=str(error))


def formats_named(names: str) -> dict[str, Format]:
    """Return the formats in a list such as "csv,elan", each once; raises `ExportError` for an unknown one."""
    names_given = [name for part in names.split(",") if (name := part.strip().lower())]
    for name in names_given:
        if name not in FORMATS:
            raise ExportError(f"{name} is not an export format; use {', '.join(FORMATS)}.")
    if not names_given:
        raise ExportError(f"No format is named; use {', '.join(FORMATS)}.")
    return {name: FORMATS[name] for name in names_given}


def events_named(scope: str) -> Callable[[StoredEvent], bool]:
    """Return the filter for "all" or for a status such as "confirmed"; raises `ExportError` for another scope."""
    if scope == "all":
        return lambda _: True
    try:
        status = Status(scope)
    except ValueError:
        scopes = ", ".join(status.value for status in Status)
        raise ExportError(f"{scope} is not a selection of events; use all, {scopes}.") from None
    return lambda stored: stored.status is status


def _report(tick: Callable[[Tick], None], session: str, done_s: float, length_s: float | None) -> None:
    tick(Tick(session, done_s, length_s))


def _outcome(path: Path, name: str, export_format: Format, context: ExportContext) -> Outcome:
    try:
        return Outcome(path, name, _write(export_format, context))
    except ExportError as error:
        return Outcome(path, name, error=str(error))
    except OSError as error:
        reason = error.strerror or str(error)
        return Outcome(path, name, error=f"{path} cannot be exported to {context.folder}: {reason}.")


def _write(export_format: Format, context: ExportContext) -> tuple[Path, ...]:
    context.folder.mkdir(parents=True, exist_ok=True)
    # on the same disk, so that the finished files only need new names
    with TemporaryDirectory(prefix=".medn-export-", dir=context.folder) as unfinished:
        drafts = [Path(unfinished) / f"export{ending}" for ending in export_format.files]
        export_format.write(context, *drafts[: len(export_format.endings)])
        if export_format.settings:
            write_made_by(context, export_format.title, drafts[-1])
        paths = _reserve(context.folder, context.name, export_format.files)
        for draft, path in zip(drafts, paths, strict=True):
            draft.replace(path)
    return paths


def _reserve(folder: Path, name: str, endings: Iterable[str]) -> tuple[Path, ...]:
    """Create empty files under free names, so that no other process can take these names."""
    number = 1
    while True:
        stem = name if number == 1 else f"{name}-{number}"
        reserved: list[Path] = []
        try:
            for ending in endings:
                path = folder / f"{stem}{ending}"
                path.open("xb").close()
                reserved.append(path)
            return tuple(reserved)
        except OSError as error:
            for path in reserved:
                path.unlink()
            if not isinstance(error, FileExistsError):  # as where one of the names is too long
                raise
            number += 1
