"""BORIS (.boris): a project with one observation, its ethogram and its events, after BORIS's own files of format 7.0.

Subjects are faces. State events: "micro-expression" from onset to offset, and over the same interval the emotion and
each recognized action unit. Point events: "apex". The modifier is the event's number in the session, by which BORIS
pairs starts and stops even where events overlap. A person's marks are "mark" and "marked span", without a subject.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from medn.contract import AU_NAMES, EMOTIONS
from realtime.export.context import ExportContext, label_of, milliseconds, one_line, remarks
from realtime.export.made_by import made_by_line
from realtime.types import action_units_of, emotion_of
from realtime.viewing.sound import open_sound

FORMAT_VERSION = "7.0"
_NUMERIC = 2  # BORIS's number for modifiers of any numeric value

Row: TypeAlias = tuple[float, str, str, str, str, int | str]
"""Time in s, subject, behaviour, modifier, comment, frame (or BORIS's value for no frame)."""
_NO_FRAME = "NA"


def write_boris(context: ExportContext, path: Path) -> None:
    """Write a project; a camera session becomes a live observation, a recording's session a media observation."""
    created = context.info.created_utc[: len("2026-01-31T12:00:00")]
    faces = sorted({stored.event.face for stored in context.events})
    subjects = [{"key": "", "name": f"face {face}", "description": ""} for face in faces]
    project = {
        "time_format": "hh:mm:ss",
        "project_date": created,
        "project_name": context.name,
        "project_description": " ".join(
            [
                f"Written by MEDN from {context.info.source}.",
                *remarks(context.info),
                f"Made by: {made_by_line(context, 'BORIS')}",
            ]
        ),
        "project_format_version": FORMAT_VERSION,
        "subjects_conf": {str(number): subject for number, subject in enumerate(subjects)},
        "behaviors_conf": {str(number): behaviour for number, behaviour in enumerate(_ethogram())},
        "observations": {context.name.strip() or "session": _observation(context, created)},
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    path.write_text(json.dumps(project, indent=1, ensure_ascii=True), encoding="utf-8")


def _ethogram() -> Iterator[dict[str, Any]]:
    states = {"micro-expression": "A brief movement, from onset to offset"}
    states |= {name: f"Emotion: {name}" for name in EMOTIONS}
    states |= {name: f"Action unit {name.removeprefix('AU')}" for name in AU_NAMES}
    states |= {"marked span": "A person's mark"}
    points = {"apex": "The peak of a micro-expression", "mark": "A person's mark"}
    for kind, behaviours in (("State event", states), ("Point event", points)):
        for code, description in behaviours.items():
            number = {"name": "number in the session", "description": "", "type": _NUMERIC, "values": []}
            yield {
                "type": kind, "key": "", "code": code, "description": description, "color": "", "category": "",
                "modifiers": {"0": number}, "excluded": "", "coding map": "",
            }  # fmt: skip


def _observation(context: ExportContext, created: str) -> dict[str, Any]:
    blocks = [block.time_s.copy() for block in context.frame_blocks()]
    times_s = np.concatenate(blocks).tolist() if blocks else []
    has_media = context.info.video and len(times_s) > 1 and times_s[-1] > times_s[0]
    observation: dict[str, Any] = {
        "type": "MEDIA" if has_media else "LIVE",
        "date": created,
        "description": "",
        "time offset": 0.0,
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "scan_sampling_time": 0,
        "start_from_current_time": False,
        "start_from_current_epoch_time": False,
        "file": [],
        "media_info": {"offset": {}},
        "events": [list(row if has_media else row[:5]) for row in sorted(_rows(context), key=lambda row: row[0])],
    }
    if has_media:
        video = str(context.info.video)
        rate_hz = (len(set(times_s)) - 1) / (times_s[-1] - times_s[0])
        observation["file"] = {str(player): [video] if player == 1 else [] for player in range(1, 9)}
        observation["media_info"] = {
            "length": {video: times_s[-1]},
            "fps": {video: round(rate_hz, 3)},
            "hasVideo": {video: True},
            "hasAudio": {video: _has_sound(Path(video))},
            "offset": {"1": 0.0},
        }
    return observation


def _has_sound(video: Path) -> bool:
    """Whether the recording is there and has sound that can be decoded, as BORIS asks before it draws a waveform."""
    track = open_sound(video)
    if track is not None:
        track.close()
    return track is not None


def _rows(context: ExportContext) -> Iterator[Row]:
    for stored in context.events:
        event, subject, number = stored.event, f"face {stored.event.face}", str(stored.id)
        start_ms, end_ms = milliseconds(event.onset_s, event.offset_s)
        label = label_of(stored, context.said_at(event))
        yield start_ms / 1000, subject, "micro-expression", number, label, event.onset_frame
        yield end_ms / 1000, subject, "micro-expression", number, "", event.offset_frame
        yield round(event.apex_s, 3), subject, "apex", number, "", event.apex_frame
        for code in (emotion_of(event), *action_units_of(event)):
            if code:
                yield start_ms / 1000, subject, code, number, "", event.onset_frame
                yield end_ms / 1000, subject, code, number, "", event.offset_frame
    for mark in context.session.annotations():
        number, text = str(mark.id), one_line(mark.text)
        if mark.end_s is None:
            yield round(mark.time_s, 3), "", "mark", number, text, _NO_FRAME
        else:
            start_ms, end_ms = milliseconds(mark.time_s, mark.end_s)
            yield start_ms / 1000, "", "marked span", number, text, _NO_FRAME
            yield end_ms / 1000, "", "marked span", number, "", _NO_FRAME
