"""Results for other programs and for people: the JSON lines of the command line, and its tables."""

import json
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from rich.table import Table

from medn.terminal import discard, stderr
from realtime.drivers import Summary
from realtime.sink import Sink
from realtime.sources import Notice
from realtime.types import FACE_PARTS, Analysis, Event, Frame, action_units_of, emotion_of, is_uncertain


def clock(time_s: float) -> str:
    """Format a time in a recording: 0:12.48, 1:02:03.50."""
    sign, time_s = ("−", -time_s) if time_s < 0 else ("", time_s)
    hours, rest = divmod(round(time_s * 100), 360_000)
    minutes, hundredths = divmod(rest, 6000)
    seconds = f"{hundredths // 100:02d}.{hundredths % 100:02d}"
    return f"{sign}{hours}:{minutes:02d}:{seconds}" if hours else f"{sign}{minutes}:{seconds}"


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
        "frames_with_face": summary.frames_with_face,
        "first_frame_utc": summary.first_frame_utc,
        "duration_s": round(summary.duration_s, 3),
        "wall_s": round(summary.wall_s, 3),
        "fps": round(summary.fps, 2),
        "source_fps": round(summary.source_fps, 2),
        "events": summary.events,
        "candidates": summary.candidates,
        "strongest_candidate": None if summary.strongest_candidate is None else round(summary.strongest_candidate, 4),
        "candidates_failed": summary.candidates_failed,
        "stages_ms": {stage: _rounded(quantiles) for stage, quantiles in summary.stages_ms.items()},
        "hindered_s": dict(summary.hindered_s),
        "limit": {part: _rounded(limit) for part, limit in summary.limit.items()},
        "runtime": runtime,
        "weights": weights,
    }


def print_line(record: Mapping[str, Any], out: TextIO | None = None) -> None:
    """Write one JSON object on a line of its own, at once; where only ASCII can be written, in JSON's own escapes."""
    out = out or sys.stdout
    escaped = (out.encoding or "utf-8").lower().replace("-", "") != "utf8"
    print(json.dumps(record, ensure_ascii=escaped, allow_nan=False), file=out, flush=True)


def print_or_stop(record: Mapping[str, Any], stop: threading.Event) -> None:
    """Write one JSON object on standard output; where nobody reads that any more, ask the work at hand to end."""
    try:
        print_line(record)
    except BrokenPipeError:
        discard(sys.stdout)
        stop.set()
        stderr.print("Nobody reads the output any more: the run ends, and what was done is saved.")


class EventLines(Sink):
    """Prints each event as soon as it is decided: as JSON on standard output, or in words on standard error.

    `stop` is set where nobody reads standard output any more.
    """

    def __init__(self, source: str, as_json: bool, stop: threading.Event) -> None:
        self._source, self._as_json, self._stop = source, as_json, stop

    def on_analysis(self, analysis: Analysis, frame: Frame | None) -> None:
        """Print the events."""
        del frame
        for event in analysis.events:
            if self._as_json:
                print_or_stop(event_record(event, self._source), self._stop)
            else:
                stderr.print(f"{_clock(event.apex_s)}  {_in_words(event)}")


class NoticeLines(Sink):
    """Prints the notices of a source on standard error."""

    def on_notice(self, notice: Notice) -> None:
        """Print it."""
        stderr.print(f"{_clock(notice.time_s)}  {notice.text}")


EVENTS_CAPTION = (
    "score: how likely it is a micro-expression, 0 to 1; class: the most probable one and its probability, "
    "? below 0.67; delay: from the apex until enough was seen, and the computing"
)


def events_table(events: Sequence[Event], title: str) -> Table:
    """The events as a table for a terminal."""
    table = Table(title=title, title_justify="left", header_style="bold")
    table.caption, table.caption_justify = EVENTS_CAPTION if events else None, "left"
    for heading in ("face", "onset–apex–offset\nin s", "score", "class", "action units", "delay, ms"):
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


def found_line(summary: Summary) -> str:
    """One phrase: "0 events, 487 candidates, strongest 0.23"; candidates are what was rejected."""
    parts = [counted(summary.events, "event"), counted(summary.candidates, "candidate")]
    if summary.strongest_candidate is not None:
        parts.append(f"strongest {summary.strongest_candidate:.2f}")
    return ", ".join(parts)


def findings_line(summary: Summary) -> str:
    """Sentences: what was found, from what size on it would have been, and what hindered the analysis."""
    return f"{found_line(summary)}. {limit_line(summary.limit)} {hindered_line(summary.hindered_s)}".rstrip()


def counted(number: int, name: str) -> str:
    """A number of things, such as "1 event" and "2 events"."""
    return f"{number} {name}{'s' * (number != 1)}"


def hindered_line(hindered_s: Mapping[str, float]) -> str:
    """One sentence: what kept small movements from being found, and for how long; empty where nothing did."""
    if not hindered_s:
        return ""
    longest = sorted(hindered_s.items(), key=lambda item: -item[1])
    return f"Hindered: {', '.join(f'{name} for {_seconds(seconds)}' for name, seconds in longest)}."


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def limit_line(limit: Mapping[str, Mapping[str, float | None]]) -> str:
    """One sentence for a summary's `limit`: how much of the time each part of the face was judged, from which size."""
    explained = False
    clauses: list[str] = []
    for part in FACE_PARTS:
        share, median_pct = limit[part]["judged_share"] or 0.0, limit[part]["median_pct"]
        clause = f"{part} face {'' if clauses else 'judged '}{100 * share:.0f} %{'' if clauses else ' of the time'}"
        if median_pct is not None:
            size = f"from {median_pct:.1f} %"
            clause += f", {size}" if explained else f", half of all movements found {size} of the eye distance"
            explained = True
        clauses.append(clause)
    return f"{'; '.join(clauses).capitalize()}."


def _rounded(values: Mapping[str, float | None] | None) -> dict[str, float | None] | None:
    if values is None:
        return None
    return {name: None if value is None else round(value, 4) for name, value in values.items()}


def _largest(event: Event, count: int) -> str:
    moved = sorted(event.regions.items(), key=lambda item: -item[1])[:count]
    return ", ".join(f"{name} {pct:.1f}" for name, pct in moved)


def _class(event: Event) -> str:
    name = emotion_of(event)
    return f"{name}{'?' if is_uncertain(event) else ''} {event.emotion[name]:.2f}" if event.emotion else "–"


def _in_words(event: Event) -> str:
    lasts_ms = 1000 * (event.offset_s - event.onset_s)
    units = " ".join(action_units_of(event))
    text = f"{_class(event)}, {units or 'no unit for certain'}, {_largest(event, 3)} % iod"
    return f"face {event.face}: {lasts_ms:.0f} ms, score {event.score:.2f}, {text}"


def _clock(time_s: float) -> str:
    minutes, ms = divmod(round(1000 * time_s), 60_000)
    return f"{minutes:02d}:{ms / 1000:06.3f}"
