"""Where sessions are kept that are made on other machines: a folder that these share, or an object store (fsspec)."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from medn.errors import UserError
from realtime.batch.analyse import Job, Outcome, Tick, analyse
from realtime.batch.work_list import finished_outcome
from realtime.session.private import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from fsspec import AbstractFileSystem

    from realtime.drivers import StopSign


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, or the URL of one: s3://bucket/sessions."""

    address: str

    def bring(self, names: set[str], folder: Path) -> set[str]:
        """Copy the sessions of these names, also numbered ones, into a folder; return the names of their files."""
        files, place = _opened(self.address)
        files.invalidate_cache()
        try:
            found = {Path(each).name: each for each in files.ls(place, detail=False)}
        except FileNotFoundError:
            return set()
        wanted = re.compile(rf"({'|'.join(map(re.escape, sorted(names)))})(-\d+)?\.medn")
        brought = {name for name in found if wanted.fullmatch(name)}
        for name in brought:
            files.get_file(found[name], str(folder / name))
        return brought

    def keep(self, session: Path) -> None:
        """Copy a session here, whole or not at all; one of its name is replaced."""
        from fsspec.implementations.local import LocalFileSystem

        files, place = _opened(self.address)
        target = f"{place}/{session.name}"
        if not isinstance(files, LocalFileSystem):
            files.put_file(str(session), target)  # nobody sees an object before it is whole
            return
        make_private_folder(Path(place))
        part = Path(place) / f".{session.name}.part"
        part.touch(mode=0o600)
        files.put_file(str(session), str(part))
        part.replace(target)

    def drop(self, name: str) -> None:
        """Delete a session."""
        files, place = _opened(self.address)
        files.rm_file(f"{place}/{name}")


def analyse_into(place: Place, job: Job, progress: "Callable[[Tick], None]", stop: "StopSign") -> Outcome:
    """Analyse a recording in a temporary folder of this machine and keep its session in a place.

    The job's own folder is not used. A session that is finished there already is not made again. Where the place
    cannot be used, the outcome says so.
    """
    video = Path(job.video)
    try:
        with TemporaryDirectory(prefix="medn-", ignore_cleanup_errors=True) as folder:
            here = replace(job, folder=Path(folder))
            brought = place.bring({job.name or video.stem, video.stem, video.name}, here.folder)
            outcome = None if job.again else finished_outcome(here)
            outcome = outcome or analyse(here, progress=progress, stop=stop)
            if outcome.session is None:
                return outcome
            if not outcome.skipped:
                place.keep(outcome.session)
            for name in brought:
                if not (here.folder / name).exists():
                    place.drop(name)
            where = f"{place.address}/{outcome.session.name}"
            return (
                replace(outcome, session=Path(where))
                if is_folder(place.address)
                else replace(outcome, session=None, url=where)
            )
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001  stores raise what their own libraries raise; it costs this recording
        fault = f"{type(error).__name__}: {error}"
        return Outcome(job.video, error=f"The session of {job.video} could not be kept in {place.address} ({fault}).")


def is_folder(address: str) -> bool:
    """Whether an address is the path of a folder and no URL."""
    return "://" not in address


def usable(address: str) -> str:
    """Return an address without a slash at its end. Raises `UserError` where this machine cannot open it."""
    if address.startswith("memory://"):
        raise UserError(f"{address} is the memory of one process: nothing of it would be left.")
    try:
        _opened(address)
    except (ImportError, ValueError, OSError) as error:
        raise UserError(f"{address} cannot be used as a place of sessions: {error}") from error
    return address.rstrip("/")


def _opened(address: str) -> "tuple[AbstractFileSystem, str]":
    from fsspec.core import url_to_fs

    files, place = url_to_fs(address)
    return files, place.rstrip("/")
