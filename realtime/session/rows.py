"""What is read of a session's tables, and how each row is checked and decoded."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from realtime.labels import Label
from realtime.session import check
from realtime.session.fingerprint import Fingerprint
from realtime.session.schema import EVENT_COLUMNS, JSON_COLUMNS, RecordedFile, Status
from realtime.sources import Cause, Notice, NoticeKind
from realtime.types import REGION_GROUPS, Event, action_units_of, emotion_of

T = TypeVar("T")
FRAME_COLUMNS = (
    *("frame", "time_s", "dropped", "face", *REGION_GROUPS, *(f"{region}_threshold" for region in REGION_GROUPS)),
    *("yaw_deg", "pitch_deg", "roll_deg", "eye_distance_px", "calibrated", *check.FRAME_COLUMNS_ADDED),
)
_REGIONS = len(REGION_GROUPS)


@dataclass(frozen=True, slots=True)
class FrameRow:
    """One face of one frame; without a face, a frame in which no face was found or that was dropped."""

    frame: int
    time_s: float
    dropped: Cause | None = None
    face: int | None = None
    motion: tuple[float, ...] = ()
    """By `REGION_GROUPS`, in % iod."""
    threshold: tuple[float, ...] = ()
    yaw_pitch_roll_deg: tuple[float, ...] = ()
    eye_distance_px: float = 0.0
    calibrated: bool = False
    limit_pct: tuple[float | None, float | None] = (None, None)
    """Limit of detection of the upper and the lower face at this frame, in % iod; None: not judged."""
    eyes_px: tuple[float, float] | None = None
    """Middle between the eyes, in px of the frame; None in early sessions."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its review status and note."""

    id: int
    event: Event
    status: Status
    note: str
    second_score: float | None = None
    """What the second pass made of it, 0–1; None where it was not run."""

    @property
    def promoted(self) -> bool:
        """Whether the program had rejected it and a person made it an event."""
        return bool(self.event.reason)


@dataclass(frozen=True, slots=True)
class Annotation:
    """A person's mark at `time_s`, or from `time_s` to `end_s`."""

    id: int
    time_s: float
    end_s: float | None
    text: str
    coder: str = ""
    """Whose it is; empty for everybody's: of the live run, imported, or of a person who gave no name."""


@dataclass(frozen=True, slots=True)
class Coding:
    """What another coder found in the recording, or judged of an event of the program."""

    onset_s: float
    offset_s: float
    apex_s: float | None = None
    """None where it was not coded; so are the class and the action units."""
    status: Status = Status.CONFIRMED
    emotion: str | None = None
    aus: tuple[str, ...] | None = None
    """Such as "AU12"."""
    text: str = ""
    face: int | None = None
    """Of the program's event, where that was judged in the app; None where the movement was coded elsewhere."""
    judges_event: bool = False
    """Whether it judges an event of the program's that was exported to be judged elsewhere."""

    @property
    def of_event(self) -> bool:
        """Whether it judges an event of the program's, in the app or elsewhere, and is no movement of its own."""
        return self.judges_event or self.face is not None


CODING_COLUMNS = (
    "coder", "onset_s", "apex_s", "offset_s", "status", "emotion", "aus", "text", "judged_face", "judges_event",
)  # fmt: skip


def frame_row(row: tuple[Any, ...]) -> FrameRow:
    """A row of `FRAME_COLUMNS`."""
    frame, time_s, dropped, face, *values = row
    check.count(frame, "frame")
    check.time_s(time_s, "time_s")
    if face is None:
        return FrameRow(frame, time_s, None if dropped is None else _member(Cause, dropped, "dropped"))
    check.count(face, "face")
    *measured, calibrated, upper_pct, lower_pct, x_px, y_px = values
    numbers = check.numbers_or_nan(measured, "a measurement")
    motion, threshold = numbers[:_REGIONS], numbers[_REGIONS : 2 * _REGIONS]
    *pose, eye_distance_px = numbers[2 * _REGIONS :]
    limit = tuple(None if math.isnan(pct) else pct for pct in check.numbers_or_nan((upper_pct, lower_pct), "a limit"))
    place = None if x_px is None or y_px is None else (check.finite(x_px, "eyes_x_px"), check.finite(y_px, "eyes_y_px"))
    return FrameRow(
        frame,
        time_s,
        None,
        face,
        motion,
        threshold,
        tuple(pose),
        eye_distance_px,
        bool(calibrated),
        (limit[0], limit[1]),
        place,
    )


def stored_event(row: tuple[Any, ...]) -> StoredEvent:
    """Id, status and note, then `EVENT_COLUMNS`."""
    number, status, note, *values = row
    event = event_of(tuple(values))
    return StoredEvent(check.count(number, "id"), event, _member(Status, status, "status"), check.text(note, "note"))


def placed_event(row: tuple[Any, ...]) -> StoredEvent:
    """Id, status and note, then face, onset, apex and offset: what else belongs to the event is not read."""
    number, status, note, face, *times = row
    onset_s, apex_s, offset_s = (check.time_s(time, "a time") for time in times)
    place = check.count(face, "face"), onset_s, apex_s, offset_s
    number, status, note = judgement((number, status, note))
    return StoredEvent(number, Event(*place, 0, 0, 0, 0.0, {}, {}, 0.0, 0.0), status, note)


def judgement(row: tuple[Any, ...]) -> tuple[int, Status, str]:
    """Id, status and note of an event."""
    number, status, note = row
    return check.count(number, "id"), _member(Status, status, "status"), check.text(note, "note")


_EVENT_CHECKS: dict[str, Callable[[object, str], Any]] = {
    "face": check.count,
    **dict.fromkeys(("onset_s", "apex_s", "offset_s"), check.time_s),
    **dict.fromkeys(("onset_frame", "apex_frame", "offset_frame"), check.count),
    **dict.fromkeys(("score", "algorithmic_ms", "compute_ms"), check.finite),
    **dict.fromkeys(("regions", "evidence"), check.measurements),
    "reason": check.text,
    "emotion": check.emotions,
    "aus": check.action_units,
}


SEPARATORS = frozenset(" -")
"""What feature names contain in sessions of the first releases, where there are underscores now."""


def event_of(row: tuple[Any, ...], *, accepted: bool = True) -> Event:
    """A row of `EVENT_COLUMNS`."""
    read = {name: _EVENT_CHECKS[name](value, name) for name, value in zip(EVENT_COLUMNS, row, strict=True)}
    if not SEPARATORS.isdisjoint("".join(read["evidence"])):  # sessions of the first releases
        read["evidence"] = {name.replace(" ", "_").replace("-", "_"): value for name, value in read["evidence"].items()}
    return Event(**read, accepted=accepted)


def event_row(event: Event) -> tuple[Any, ...]:
    """The values of `EVENT_COLUMNS` as they are stored; the reverse of `event_of`."""
    values = ((name, getattr(event, name)) for name in EVENT_COLUMNS)
    return tuple(
        json.dumps(dict(value)) if name in JSON_COLUMNS and value is not None else value for name, value in values
    )


def place_of(event: Event) -> tuple[int, float, float, float]:
    """Face, onset, apex and offset: what identifies a movement in a session."""
    return event.face, event.onset_s, event.apex_s, event.offset_s


def second_score(row: tuple[Any, ...]) -> tuple[tuple[int, float, float, float], float]:
    """Face, onset, apex, offset and score, as `place_of` and the score."""
    face, *times, score = row
    onset_s, apex_s, offset_s = (check.time_s(time, "a time") for time in times)
    return (check.count(face, "face"), onset_s, apex_s, offset_s), check.finite(score, "score")


def spoken(row: tuple[Any, ...]) -> Label:
    """Start and end in s, the text, and the speaker."""
    start, end, text, speaker = row
    start_s, end_s = check.time_s(start, "start_s"), check.time_s(end, "end_s")
    return Label(start_s, end_s, check.text(text, "text"), check.text(speaker, "speaker"))


def coding_of_event(stored: StoredEvent, status: Status, text: str = "") -> Coding:
    """An event as a coder's: with the program's class and action units."""
    event = stored.event
    aus = None if event.aus is None else tuple(action_units_of(event))
    times_s = event.onset_s, event.offset_s, event.apex_s
    return Coding(*times_s, status, emotion_of(event) or None, aus, text, judges_event=True)


def coding(row: tuple[Any, ...]) -> tuple[str, Coding]:
    """The coder, and a row of `CODING_COLUMNS`."""
    coder, onset, apex, offset, status, emotion, aus, text, face, judges = row
    onset_s, offset_s = check.time_s(onset, "onset_s"), check.time_s(offset, "offset_s")
    if offset_s < onset_s:
        raise check.DamagedRowError("offset_s is before onset_s")
    return check.text(coder, "coder"), Coding(
        onset_s,
        offset_s,
        None if apex is None else check.time_s(apex, "apex_s"),
        _member(Status, status, "status"),
        check.emotion(emotion, "emotion"),
        check.unit_names(aus, "aus"),
        check.text(text, "text"),
        None if face is None else check.count(face, "judged_face"),
        judges is not None and check.count(judges, "judges_event") > 0,
    )


def coding_row(coder: str, coded: Coding) -> tuple[Any, ...]:
    """The values of `CODING_COLUMNS`; the reverse of `coding`."""
    aus = None if coded.aus is None else "+".join(coded.aus)
    times = (coded.onset_s, coded.apex_s, coded.offset_s)
    return coder, *times, coded.status.value, coded.emotion, aus, coded.text, coded.face, int(coded.judges_event)


def picture(row: tuple[Any, ...]) -> tuple[int, str, bytes]:
    """The event's id, onset or apex, and the JPEG."""
    event, moment, jpeg = row
    if moment not in ("onset", "apex"):
        raise check.DamagedRowError("what should be a picture is none")
    return check.count(event, "event"), moment, check.picture(jpeg, "jpeg")


def fingerprint(row: tuple[Any, ...]) -> Fingerprint:
    """Time, width, height and hash."""
    time_s, width, height, bits = row
    if not re.fullmatch("[0-9a-f]{16}", check.text(bits, "hash")):
        raise check.DamagedRowError("hash is no hash")
    size = check.count(width, "width"), check.count(height, "height")
    return Fingerprint(check.time_s(time_s, "time_s"), *size, int(bits, 16))


def notice(row: tuple[Any, ...]) -> Notice:
    """Time, kind and text."""
    time_s, kind, text = row
    return Notice(check.time_s(time_s, "time_s"), _member(NoticeKind, kind, "kind"), check.text(text, "text"))


def recorded_file(row: tuple[Any, ...]) -> RecordedFile:
    """Size, time and hash of the recording."""
    size_bytes, modified_ns, quick_sha256 = row
    return RecordedFile(
        check.count(size_bytes, "size_bytes"),
        check.count(modified_ns, "modified_ns"),
        check.text(quick_sha256, "quick_sha256"),
    )


def annotation(row: tuple[Any, ...]) -> Annotation:
    """Id, start, end, text and whose it is."""
    number, time_s, end_s, text, coder = row
    end_s = None if end_s is None else check.time_s(end_s, "end_s")
    whose = "" if coder is None else check.text(coder, "marked_by")
    mark = check.count(number, "id"), check.time_s(time_s, "time_s"), end_s, check.text(text, "text")
    return Annotation(*mark, whose)


def _member(kind: Callable[[object], T], value: object, name: str) -> T:
    """The member of an `Enum` for its stored value."""
    try:
        return kind(value)
    except ValueError:
        raise check.DamagedRowError(f"{name} is {check.printable(value)}") from None
