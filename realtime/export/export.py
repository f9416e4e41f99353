"""Writes sessions in formats: every file whole or not at all, and none over another."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from realtime.batch import Tick
from realtime.export.formats import FORMATS, Format
from realtime.export.material import ExportError, Material
from realtime.session import SessionError, Status, StoredEvent, open_session


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one session in one format: its files, or the one sentence that says why there are none."""

    session: Path
    format: str
    """Its name in the table; empty if the session itself could not be read."""
    files: tuple[Path, ...] = ()
    error: str = ""


def export_sessions(
    sessions: Iterable[Path],
    formats: Mapping[str, Format],
    folder: Path | None = None,
    *,
    keep: Callable[[StoredEvent], bool] = lambda _: True,
    tick: Callable[[Tick], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> Iterator[Outcome]:
    """Write each session in each format, into a folder or beside the session; a fault in one does not stop the others.

    `keep` chooses events; frames and marks are always whole. What takes long tells `tick` how far it is, with the
    session's path in the place of a video's. Once `stop` is set, the file at hand is given up and no more are begun.
    Files are named after the session, with a number behind the name where that is taken.
    """
    stop = stop or threading.Event()
    for path in sessions:
        if stop.is_set():
            return
        try:
            with open_session(path) as session:
                target = (folder or path.parent).absolute()
                chosen = tuple(filter(keep, session.events()))
                tell = partial(_tell, tick, str(path))
                material = Material(path.stem, target, session, session.info, chosen, tell, stop)
                for name, chosen_format in formats.items():
                    if stop.is_set():
                        return
                    yield _outcome(path, name, chosen_format, material)
        except SessionError as error:
            yield Outcome(path, "", error=str(error))


def formats_named(names: str) -> dict[str, Format]:
    """The formats of a list such as "csv,elan", each once; raises `ExportError` for one that is not known."""
    asked = [name for part in names.split(",") if (name := part.strip().lower())]
    for name in asked:
        if name not in FORMATS:
            raise ExportError(f"{name} is no format to export to; use {', '.join(FORMATS)}.")
    if not asked:
        raise ExportError(f"No format is named; use {', '.join(FORMATS)}.")
    return {name: FORMATS[name] for name in asked}


def events_named(scope: str) -> Callable[[StoredEvent], bool]:
    """What keeps events of a scope, "all" or a status such as "confirmed"; raises `ExportError` for another."""
    if scope == "all":
        return lambda _: True
    try:
        status = Status(scope)
    except ValueError:
        known = ", ".join(status.value for status in Status)
        raise ExportError(f"{scope} is no scope of events; use all, {known}.") from None
    return lambda stored: stored.status is status


def _tell(tick: Callable[[Tick], None], session: str, done_s: float, length_s: float | None) -> None:
    tick(Tick(session, done_s, length_s))


def _outcome(path: Path, name: str, chosen: Format, material: Material) -> Outcome:
    try:
        return Outcome(path, name, _write(chosen, material))
    except ExportError as error:
        return Outcome(path, name, error=str(error))
    except OSError as error:
        reason = error.strerror or str(error)
        return Outcome(path, name, error=f"{path} cannot be exported to {material.folder}: {reason}.")


def _write(chosen: Format, material: Material) -> tuple[Path, ...]:
    material.folder.mkdir(parents=True, exist_ok=True)
    # on the same disk, so that the finished files only need new names
    with TemporaryDirectory(prefix=".medn-export-", dir=material.folder) as unfinished:
        drafts = [Path(unfinished) / f"export{ending}" for ending in chosen.endings]
        chosen.write(material, *drafts)
        paths = _reserve(material.folder, material.name, chosen.endings)
        for draft, path in zip(drafts, paths, strict=True):
            draft.replace(path)
    return paths


def _reserve(folder: Path, name: str, endings: Iterable[str]) -> tuple[Path, ...]:
    """New, still empty files that no one else can take any more."""
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
        except FileExistsError:
            for path in reserved:
                path.unlink()
            number += 1
