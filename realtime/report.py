"""Results for other programs and for people: the JSON lines of the command line, and its tables."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from rich.table import Table

from realtime.drivers import Sink, Summary
from realtime.results import Event, action_units_of, emotion_of
from realtime.sources import Notice


def event_record(event: Event, source: str) -> dict[str, Any]:
    """One event as the command line's JSON object; times in s from the source's start, `score` 0–1."""
    return {
        "type": "event",
        "source": source,
        "face": event.face,
        "onset_s": round(event.onset_s, 4),
        "apex_s": round(event.apex_s, 4),
        "offset_s": round(event.offset_s, 4),
        "onset_frame": event.onset_frame,
        "apex_frame": event.apex_frame,
        "offset_frame": event.offset_frame,
        "score": round(event.score, 4),
        "emotion": _rounded(event.emotion),
        "aus": _rounded(event.aus),
        "regions_pct": _rounded(event.regions),
        "latency_ms": {"algorithmic": round(event.algorithmic_ms, 2), "compute": round(event.compute_ms, 2)},
    }


def summary_record(summary: Summary, runtime: str | None = None, weights: str | None = None) -> dict[str, Any]:
    """A run's accounts as the command line's JSON object; `runtime` and `weights` are null where no recognizer ran."""
    return {
        "type": "summary",
        "source": summary.source,
        "frames_offered": summary.frames_offered,
        "frames_processed": summary.frames_processed,
        "frames_dropped": dict(summary.frames_dropped),
        "duration_s": round(summary.duration_s, 3),
        "wall_s": round(summary.wall_s, 3),
        "fps": round(summary.fps, 2),
        "source_fps": round(summary.source_fps, 2),
        "events": summary.events,
        "stages_ms": {stage: _rounded(quantiles) for stage, quantiles in summary.stages_ms.items()},
        "runtime": runtime,
        "weights": weights,
    }


def print_line(record: Mapping[str, Any], out: TextIO | None = None) -> None:
    """Write one JSON object on a line of its own, at once."""
    print(json.dumps(record, ensure_ascii=False, allow_nan=False), file=out or sys.stdout, flush=True)


class EventLines(Sink):
    """Prints each event as soon as it is decided: as JSON on standard output, or in words on standard error."""

    def __init__(self, source: str, as_json: bool) -> None:
        self._source, self._as_json = source, as_json

    def on_events(self, events: Sequence[Event]) -> None:
        """Print them."""
        for event in events:
            if self._as_json:
                print_line(event_record(event, self._source))
            else:
                print(f"{_clock(event.apex_s)}  {_in_words(event)}", file=sys.stderr, flush=True)


class NoticeLines(Sink):
    """Prints what a source has to tell, on standard error."""

    def on_notice(self, notice: Notice) -> None:
        """Print it."""
        print(f"{_clock(notice.time_s)}  {notice.text}", file=sys.stderr, flush=True)


def events_table(events: Sequence[Event], title: str) -> Table:
    """The events as a table for a terminal."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for heading in ("face", "onset–apex–offset, s", "score", "class", "action units", "delay, ms"):
        table.add_column(heading, justify="left" if heading in ("class", "action units") else "right")
    for event in events:
        table.add_row(
            str(event.face),
            f"{event.onset_s:.2f}–{event.apex_s:.2f}–{event.offset_s:.2f}",
            f"{event.score:.2f}",
            _class(event),
            " ".join(action_units_of(event)) or "–",
            f"{event.algorithmic_ms:.0f} + {event.compute_ms:.0f}",
        )
    return table


def stages_table(summary: Summary) -> Table:
    """Where the time went, by stage."""
    table = Table(title="Time by stage, ms", title_justify="left", header_style="bold")
    table.add_column("stage")
    for heading in ("p50", "p90", "p99", "max"):
        table.add_column(heading, justify="right")
    for stage, quantiles in summary.stages_ms.items():
        table.add_row(stage, *(f"{quantiles[name]:.2f}" for name in ("p50", "p90", "p99", "max")))
    return table


def accounts_line(summary: Summary) -> str:
    """One sentence: frames, rate and drops by cause."""
    dropped = sum(summary.frames_dropped.values())
    causes = ", ".join(f"{cause} {count}" for cause, count in summary.frames_dropped.items())
    return (
        f"{summary.source}: {summary.duration_s:.1f} s at {summary.source_fps:.1f} frames a second, "
        f"{summary.frames_processed} of {summary.frames_offered} frames analysed in {summary.wall_s:.1f} s "
        f"({summary.fps:.0f} a second), {dropped} dropped{f' ({causes})' if causes else ''}."
    )


def _rounded(values: Mapping[str, float] | None) -> dict[str, float] | None:
    return None if values is None else {name: round(value, 4) for name, value in values.items()}


def _largest(event: Event, count: int) -> str:
    moved = sorted(event.regions.items(), key=lambda item: -item[1])[:count]
    return ", ".join(f"{name} {pct:.1f}" for name, pct in moved)


def _class(event: Event) -> str:
    name = emotion_of(event)
    return f"{name} {event.emotion[name]:.2f}" if event.emotion else "–"


def _in_words(event: Event) -> str:
    lasts_ms = 1000 * (event.offset_s - event.onset_s)
    units = " ".join(action_units_of(event))
    said = f"{_class(event)}, {units or 'no unit for certain'}, {_largest(event, 3)} % iod"
    return f"face {event.face}: {lasts_ms:.0f} ms, score {event.score:.2f}, {said}"


def _clock(time_s: float) -> str:
    return f"{int(time_s // 60):02d}:{time_s % 60:06.3f}"
