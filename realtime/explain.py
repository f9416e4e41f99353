"""Why something was or was not reported, in sentences: a candidate's reason, and what could be seen at a moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime.report import event_record
from realtime.session import Annotation, FrameRow, Session, SessionInfo
from realtime.session.rows import place_of
from realtime.spotting.limit import MAX_LIMIT_PCT, turned_away
from realtime.types import FACE_PARTS, LIMIT_DELAY_S, REGION_GROUPS, Event
from realtime.viewing.history import Trace
from realtime.viewing.unit_limits import UNIT_NAMES, UnitLimits, unit_limits

AROUND_S = 3.5
"""Readings this far around a moment are looked at, so that the level that a movement rises from is known."""
HERE_S = 0.3
"""Frames this near to a moment show it."""
NEAR_S = 1.0
"""Events and candidates this near to a moment are named."""
MOST_NEAR = 3
SIDES = {"both": "on both sides", "left": "on the person's left alone", "right": "on the person's right alone"}
NOTHING_OF_UNITS = (
    "Nothing is known of single action units at {:.2f} s: the session holds no trace of a face there, or the face was "
    "still being learned, or gone within a second."
)
THRESHOLD_MARK = "score threshold "
"""Begins the text of the mark that Live sets where the sensitivity was changed; the new threshold follows."""


def threshold_at(info: SessionInfo, marks: Sequence[Annotation], time_s: float) -> float | None:
    """The score that a candidate had to reach at a time: the session's, or that of the last change before."""
    threshold = info.score_threshold
    for mark in marks:
        if mark.time_s <= time_s and mark.text.startswith(THRESHOLD_MARK):
            try:
                threshold = float(mark.text.removeprefix(THRESHOLD_MARK))
            except ValueError:  # a person's own words
                continue
    return threshold


def why_rejected(candidate: Event, threshold: float | None) -> str:
    """One or two sentences for a rejected candidate: its score against the threshold, and what it looks like."""
    scored, _, cause = candidate.reason.partition(": ")
    if scored.startswith("score ") and cause:
        needed = "" if threshold is None else f"; {threshold:.2f} was needed"
        return f"Score {candidate.score:.2f}{needed}. It is {cause}."
    reason = candidate.reason or "no reason was stored"
    return f"{reason[0].upper()}{reason[1:]}."


@dataclass(frozen=True, slots=True)
class Explanation:
    """What could be seen at a moment of a session, what moved, and what became of it."""

    time_s: float
    sentences: tuple[str, ...]
    near: tuple[Event, ...]
    """Events and rejected candidates within `NEAR_S`, the nearest first, at most `MOST_NEAR`."""


def explain(session: Session, time_s: float) -> Explanation:
    """Explain why something or nothing was reported at a time; raises `SessionError`."""
    info, marks = session.info, session.annotations()
    around_s = time_s - AROUND_S, time_s + AROUND_S
    events = [stored.event for stored in session.events(around_s)]
    promoted = {place_of(event) for event in events if event.reason}
    rejected = [event for event in session.candidates(around_s) if place_of(event) not in promoted]
    near = sorted((event for event in (*events, *rejected) if _away_s(event, time_s) <= NEAR_S),
                  key=lambda event: _away_s(event, time_s))[:MOST_NEAR]  # fmt: skip
    rows = list(session.frames(around_s))
    sentences = [*_seen(rows, time_s, limits_stored=session.stores_limits)]
    for event in near:
        when = f"at {event.apex_s:.2f} s{_of_face(event.face, rows)}"
        if event.accepted and not event.reason:
            sentences.append(f"An event was reported {when}, score {event.score:.2f}.")
        else:
            by_coder = ", made an event by the coder" if event.accepted else ""
            why = why_rejected(event, threshold_at(info, marks, event.offset_s))
            sentences.append(f"A candidate {when} was rejected{by_coder}. {why}")
    if not near:
        sentences.append(f"No movement within {NEAR_S:.0f} s of it became a candidate.")
    return Explanation(time_s, tuple(sentences), tuple(near))


def explain_units(session: Session, time_s: float) -> tuple[str, ...]:
    """From what size on each action unit would have been found at a time, in sentences; raises `SessionError`."""
    here_s = time_s - HERE_S, time_s + HERE_S
    known = unit_limits(session, here_s)
    faces = sorted({row.face for row in session.frames(here_s) if row.face is not None}.union(known))
    if not faces:
        return (NOTHING_OF_UNITS.format(time_s),)
    sentences: list[str] = []
    for face in faces:
        if len(faces) > 1:
            sentences.append(f"Face {face}:")
        sentences += _units_of(known[face], time_s) if face in known else [NOTHING_OF_UNITS.format(time_s)]
    return tuple(sentences)


def _units_of(limits: UnitLimits, time_s: float) -> Iterator[str]:
    """The limits of a face's action units at a time, in a sentence for each side."""
    here_pct = limits.limit_pct[np.abs(limits.times_s - time_s).argmin()]
    for side, where in SIDES.items():
        pcts = {name: pct for (name, of_side), pct in zip(UNIT_NAMES, here_pct, strict=True) if of_side == side}
        sizes = [f"{name} from {pct:.1f}" for name, pct in pcts.items() if not np.isnan(pct)]
        unseen = [name for name, pct in pcts.items() if np.isnan(pct)]
        parts = [", ".join(sizes)] * bool(sizes) + [f"not judged: {', '.join(unseen)}"] * bool(unseen)
        yield f"Action units {where}, in % of the eye distance: {'; '.join(parts)}."


def explanation_record(explanation: Explanation, session: str) -> dict[str, Any]:
    """The explanation as a JSON object of the command line."""
    return {
        "type": "explanation",
        "session": session,
        "time_s": round(explanation.time_s, 4),
        "sentences": list(explanation.sentences),
        "near": [
            event_record(event, session) | {"reported": event.accepted and not event.reason, "reason": event.reason}
            for event in explanation.near
        ],
    }


def _seen(rows: Sequence[FrameRow], time_s: float, *, limits_stored: bool) -> list[str]:
    """What the frames around a time show: of each face its limit of detection and what moved most."""
    here = [row for row in rows if abs(row.time_s - time_s) <= HERE_S]
    if not here:
        return [f"The session holds no frame at {time_s:.2f} s."]
    if causes := {row.dropped.value for row in here if row.dropped}:
        lost = f"Frames around {time_s:.2f} s are missing ({', '.join(sorted(causes))})."
        if all(row.dropped for row in here):
            return [lost]
    sentences = [lost] if causes else []
    faces = sorted({row.face for row in here if row.face is not None})
    if not faces:
        return [*sentences, f"No face was found at {time_s:.2f} s, so nothing could be judged."]
    for face in faces:
        own = [row for row in rows if row.face == face]
        nearest = min(own, key=lambda row: abs(row.time_s - time_s))
        if len(faces) > 1:
            sentences.append(f"Face {face}:")
        if limits_stored:
            sentences += [_part(part, nearest.limit_pct[place], own, nearest) for place, part in enumerate(FACE_PARTS)]
        else:
            sentences.append("What could have been seen is not known: early sessions store no limit of detection.")
        sentences.append(_moved_most(own, time_s))
    return sentences


def _part(part: str, limit_pct: float | None, own: Sequence[FrameRow], row: FrameRow) -> str:
    """How small a movement of a part of the face would have been found in a frame, or why it was not judged."""
    if limit_pct is not None:
        return (
            f"{part.capitalize()} face: half of all movements from {limit_pct:.1f} % of the eye distance on are found."
        )
    return f"{part.capitalize()} face: not judged, because {_why_not_judged(own, row)}."


def _why_not_judged(own: Sequence[FrameRow], row: FrameRow) -> str:
    """The reason, from a frame and the others of the same face within `AROUND_S`."""
    yaw_deg, pitch_deg, _ = row.yaw_pitch_roll_deg
    if turned_away(yaw_deg, pitch_deg):
        return f"the face is turned away by {abs(max((yaw_deg, pitch_deg), key=abs)):.0f}°"
    if not row.calibrated or own[0].time_s > row.time_s - AROUND_S + HERE_S:
        return "the face is still being learned, which takes three seconds"
    if own[-1].time_s < row.time_s + LIMIT_DELAY_S:
        return "the face, or the session, is gone too soon after it"
    return f"it moves so much that nothing up to {MAX_LIMIT_PCT:.1f} % of the eye distance stands out"


def _moved_most(rows: Sequence[FrameRow], time_s: float) -> str:
    """The region that moved most at a time, above the level around it, against what makes it a candidate."""
    trace = Trace(
        np.array([row.time_s for row in rows]),
        np.array([row.motion for row in rows], np.float32),
        np.array([row.threshold for row in rows], np.float32),
    ).brief()
    here = np.abs(trace.times_s - time_s) <= HERE_S
    ratio = np.nan_to_num(trace.motion[here] / np.maximum(trace.threshold[here], 1e-3))
    frame, region = np.unravel_index(int(ratio.argmax()), ratio.shape)
    moved, needed = float(trace.motion[here][frame, region]), float(trace.threshold[here][frame, region])
    name = REGION_GROUPS[region].capitalize()
    return (
        f"{name} moved most: {moved:.2f} % of the eye distance above the level around; {needed:.2f} % is the threshold."
    )


def _of_face(face: int, rows: Sequence[FrameRow]) -> str:
    """The face's number where there are several."""
    return f" of face {face}" if len({row.face for row in rows if row.face is not None}) > 1 else ""


def _away_s(event: Event, time_s: float) -> float:
    """How far a time lies before or after an event; 0 within it."""
    return max(event.onset_s - time_s, time_s - event.offset_s, 0.0)
