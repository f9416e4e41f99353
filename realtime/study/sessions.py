"""The sessions of a study: who is in them under which condition, how long was judged, and what each coder found."""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations
from pathlib import Path

from medn.errors import UserError
from realtime.evaluation.limits import GROUPS, group_of, limits_of
from realtime.labels import rows_of, whole_rows
from realtime.session import Annotation, Coding, SessionInfo, Status, StoredEvent, open_session
from realtime.session.frames import Frames
from realtime.session.judged import JudgedTime, judged_time
from realtime.session.rows import coding_of_event, place_of
from realtime.session.schema import SETTLED
from realtime.study import PROGRAM, REVIEW
from realtime.study.agreement import Agreement, agree, coders_of
from realtime.study.time_units import mark_agreements
from realtime.types import FACE_PARTS

NOT_JUDGED = GROUPS[0]
LIST = "study.csv"
LIST_COLUMNS = ("session", "participant", "condition", "reviewer")


class StudyError(UserError):
    """A study that cannot be made."""


@dataclass(frozen=True, slots=True)
class Place:
    """Who a session is of, under which condition, and who reviewed it; empty where nothing says so."""

    participant: str = ""
    condition: str = ""
    reviewer: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class StudySession:
    """One session of a study."""

    name: str
    """Its path below the study's folder, without its suffix."""
    place: Place
    info: SessionInfo
    judged: JudgedTime | None
    """None in a session from before limits of detection were stored."""
    judged_moments: Mapping[tuple[int | None, float], tuple[bool, bool]]
    """Whether the upper and the lower face were judged at each apex, by the face: None where it is not known."""
    length_s: float
    coders: Mapping[str, Sequence[Coding]]
    """What each coder found (not what they rejected), the program first."""
    unreviewed: Mapping[str, int]
    """Of each coder who judges the program's events, in the app or in an export of them, how many of them are left."""
    agreements: tuple[Agreement, ...]
    marks: tuple[Agreement, ...]
    """Of each two coders who marked: time units with any mark."""
    damage: str = ""

    def judged_at(self, one: Coding, half: str) -> bool:
        """Whether the upper, the lower or either part ("both") of the face was judged at a movement's apex."""
        upper, lower = self.judged_moments[one.face, _apex_s(one)]
        return {"upper": upper, "lower": lower}.get(half, upper or lower)

    @property
    def settings(self) -> str:
        """Eight digits that are the same for the same parameters, versions and weights."""
        made = [dict(self.info.parameters), dict(self.info.versions), self.info.weights_sha256]
        return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Study:
    """All sessions below a folder."""

    folder: Path
    sessions: tuple[StudySession, ...]
    problems: tuple[str, ...] = field(default=())
    """A sentence for each session that cannot be read, and for each line of the list without a session."""


def read_study(folder: Path) -> Study:
    """Read every session below a folder, in the order of their names.

    Participant, condition and reviewer come from `study.csv` in it, if that is there, else participant and condition
    from the BIDS entities sub- and task- of the session's path. A participant that somebody wrote in the app counts
    where the list gives none. Raises `StudyError` where there is no session, or for a list that cannot be read.
    """
    paths = sorted(path for path in folder.rglob("*.medn") if path.is_file())
    if not paths:
        raise StudyError(f"{folder} holds no session, NAME.medn, nor do the folders in it.")
    listed = _read_list(folder / LIST)
    found, problems = [], []
    for path in paths:
        name = path.relative_to(folder).with_suffix("").as_posix()
        try:
            found.append(_read(path, name, listed.pop(name, None)))
        except UserError as error:
            problems.append(str(error))
    problems += [f"{folder / LIST} lists {name}, which is not below {folder}." for name in listed]
    return Study(folder, tuple(found), tuple(problems))


def _read(path: Path, name: str, listed: Place | None) -> StudySession:
    with open_session(path) as session:
        info, events, codings = session.info, session.events(), session.codings()
        place = _place(name, listed, info.participant)
        frames = Frames.joined(session.frame_blocks())
        time = judged_time([frames])
        first = session.reviewer
        reviewer = place.reviewer or first or REVIEW
        if taken := {PROGRAM, reviewer} & set(codings):
            raise StudyError(f"{path} has an imported coder {min(taken)}, who is also the program or the reviewer.")
        people = coders_of(events, codings, reviewer)
        own: dict[tuple[int | None, float, float | None, float], Coding]
        own = {
            place_of(stored.event): replace(coding_of_event(stored, Status.CONFIRMED), face=stored.event.face)
            for stored in events
        }
        program = [own[place_of(stored.event)] for stored in events if not stored.promoted]
        found = {coder: [one for one in some if one.status is Status.CONFIRMED] for coder, some in people.items()}
        # who judges the program's events says nothing of their classes and units: they have the program's
        for coder in codings.keys() & found.keys():
            places = [(one, (one.face, one.onset_s, one.apex_s, one.offset_s)) for one in found[coder]]
            found[coder] = [replace(own[place], text=one.text) if place in own else one for one, place in places]
        if reviewer in found:
            confirmed = [one for one in events if one.status is Status.CONFIRMED]
            found[reviewer] = [replace(own[place_of(one.event)], text=one.note) for one in confirmed]
        left = {coder: some for coder, some in codings.items() if any(one.of_event for one in some)}
        return StudySession(
            name,
            place,
            info,
            time if session.stores_limits else None,
            _judged_moments(frames, chain(program, *found.values())),
            time.duration_s,
            {PROGRAM: program, **found},
            {reviewer: _unreviewed(events), **{coder: _unreviewed(some) for coder, some in left.items()}},
            tuple(agree(events, people, a, b) for a, b in combinations(sorted(_judging(people)), 2)),
            tuple(_marked(session.annotations_of_all(), {first: reviewer} if first else {}, time.duration_s)),
            session.damage,
        )


def _judged_moments(frames: Frames, codings: Iterable[Coding]) -> dict[tuple[int | None, float], tuple[bool, bool]]:
    moments = {(one.face, _apex_s(one)) for one in codings}
    limits = {None: limits_of(frames)} | {face: limits_of(own) for face, own in frames.by_face().items()}
    judged = {}
    for face, apex_s in moments:
        of_face = limits.get(face)  # which face moved is known of the events only
        halves = [of_face is not None and group_of(of_face, apex_s, half, 1.0) != NOT_JUDGED for half in FACE_PARTS]
        judged[face, apex_s] = halves[0], halves[1]
    return judged


def _apex_s(one: Coding) -> float:
    return (one.onset_s + one.offset_s) / 2 if one.apex_s is None else one.apex_s


def _unreviewed(judged: Sequence[StoredEvent | Coding]) -> int:
    return sum(one.status is Status.UNREVIEWED for one in judged)


def _judging(people: Iterable[str]) -> list[str]:
    """Without those who settled others' differences: they agree with one of the two each time."""
    return [coder for coder in people if not coder.startswith(SETTLED)]


def _marked(marks: Sequence[Annotation], called: Mapping[str, str], length_s: float) -> Iterator[Agreement]:
    """On how many time units each two coders who marked agree that something is marked."""
    names = sorted((called.get(coder, coder), coder) for coder in {mark.coder for mark in marks if mark.coder})
    for (name_a, a), (name_b, b) in combinations(names, 2):
        yield mark_agreements(marks, a, b, (name_a, name_b), length_s)[0].units


def _place(name: str, listed: Place | None, written: str) -> Place:
    """By the list, by the participant written in the app, or by BIDS entities: sub-01/sub-01_task-interview."""
    if listed:
        return replace(listed, participant=listed.participant or written)
    entities = dict(re.findall(r"(?:^|[/_])(sub|task)-([A-Za-z0-9]+)", name))
    return Place(written or entities.get("sub", ""), entities.get("task", ""))


def _read_list(path: Path) -> dict[str, Place]:
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return dict(_listed(path, rows_of(file)))
    except UnicodeError:
        raise StudyError(f"{path} is no UTF-8 text; save it as UTF-8.") from None
    except (OSError, csv.Error) as error:
        raise StudyError(f"{path} cannot be read: {error}.") from error


def _listed(path: Path, rows: "csv.DictReader[str]") -> Iterator[tuple[str, Place]]:
    columns = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
    if "session" not in columns:
        raise StudyError(f"{path} needs a column session; it may have {', '.join(LIST_COLUMNS[1:])}.")
    seen = set()
    for row in whole_rows(path, rows):
        cells = {name: (row.get(columns.get(name, ""), "") or "").strip() for name in LIST_COLUMNS}
        name = cells["session"].removesuffix(".medn").replace("\\", "/")
        if name in seen:
            raise StudyError(f"{path} lists {name} twice.")
        seen.add(name)
        if name:
            yield name, Place(cells["participant"], cells["condition"], cells["reviewer"])
