"""Earlier sessions of a recording: a finished one is not made again, half-done ones make way for a whole one."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from medn.revision import __version__
from realtime.drivers import Summary
from realtime.pipeline import PipelineParameters
from realtime.report import accounts_line, findings_line, summary_record
from realtime.session import RecordedFile, SessionError, SessionInfo, Status, delete_session, open_session


@dataclass(frozen=True, slots=True)
class AnalysisKey:
    """What makes an analysis the same as an earlier one: the file, the parameters, the weights, MEDN's version."""

    video: Path
    file: RecordedFile
    parameters: PipelineParameters
    weights_sha256: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """Sessions of the same analysis."""

    finished: tuple[Path, ...] = ()
    half_done: tuple[Path, ...] = ()
    """Stopped, or cut off with their process."""


def sessions_by_name(folder: Path, *, below: bool = False) -> Mapping[str, list[Path]]:
    """Sessions in a folder, or also in the folders below it, by the names that their recordings may have."""
    named: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*.medn") if below else folder.glob("*.medn")):
        named[path.stem].append(path)
        if numbered := re.fullmatch(r"(.+)-\d+", path.stem):  # see `free_path`
            named[numbered[1]].append(path)
    return named


def earlier_sessions(named: Mapping[str, list[Path]], analysis: AnalysisKey) -> Earlier:
    """Return those of the sessions that are of this analysis; sessions that cannot be read are left alone.

    A recording that was moved since is recognised where its old place is empty: copies have sessions of their own.
    """
    finished, half_done = [], []
    for path in dict.fromkeys((*named.get(analysis.video.stem, ()), *named.get(analysis.video.name, ()))):
        try:
            with open_session(path) as session:
                info = session.info
        except SessionError:
            continue
        if not _same(info, analysis):
            continue
        if info.partial:
            half_done.append(path)
        elif stored_summary(info):
            finished.append(path)
    return Earlier(tuple(finished), tuple(half_done))


def stored_summary(info: SessionInfo) -> Summary | None:
    """Return the run's summary as it was stored; None where it is not one that can be reported."""
    stored = info.summary or {}
    try:
        summary = Summary(**{field.name: stored[field.name] for field in fields(Summary) if field.name in stored})
        summary_record(summary)
        accounts_line(summary)
        findings_line(summary)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    return summary


def settle(session: Path, earlier: Iterable[Path], *, complete: bool) -> Path:
    """Leave one session of those of one analysis, by the shortest of their names; return its path.

    A complete new session replaces the earlier ones; of incomplete ones the longest is kept. Earlier sessions that hold
    a person's work are left alone.
    """
    replaced = [path for path in earlier if path != session and is_untouched(path)]
    if not replaced:
        return session
    kept = session if complete else max((session, *replaced), key=lambda path: path.stat().st_size)
    for path in (session, *replaced):
        if path != kept:
            delete_session(path)
    return kept.replace(min((session, *replaced), key=lambda path: len(path.name)))


def is_untouched(path: Path) -> bool:
    """Whether a session holds no person's work: no judgement, note, participant, mark, transcript or coder."""
    try:
        with open_session(path) as session:
            described = session.info.note or session.info.participant
            events_untouched = all(
                stored.status is Status.UNREVIEWED and not stored.note and not stored.promoted
                for stored in session.events()
            )
            others = session.annotations_of_all() or session.transcript() or session.codings()
            return events_untouched and not others and not described
    except SessionError:
        return False


def _same(info: SessionInfo, analysis: AnalysisKey) -> bool:
    return (
        info.file == analysis.file
        and info.weights_sha256 == analysis.weights_sha256
        and info.versions.get("medn") == __version__
        and _deciding(info.parameters) == _deciding(json.loads(json.dumps(asdict(analysis.parameters))))
        and info.video is not None
        and (Path(info.video) == analysis.video.resolve() or not os.path.exists(info.video))
    )


def _deciding(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters without `fallback`, which says what to do about a fault and changes no result."""
    return {name: value for name, value in parameters.items() if name != "fallback"}
