"""The tables of a study: its sessions by coder, what each coder found, and agreement; written as CSV and Parquet."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from medn.contract import AU_NAMES, EMOTIONS
from medn.revision import __version__
from realtime.evaluation.truth import half_of
from realtime.export.tables import Cell, Table, write_csv_table, write_parquet_table
from realtime.session.judged import JudgedTime
from realtime.study import PROGRAM
from realtime.study.agreement import Agreement
from realtime.study.sessions import Study, StudySession
from realtime.types import FACE_PARTS

ALL = "all sessions"
_HEAD: dict[str, type] = {"session": str, "participant": str, "condition": str, "coder": str}
SESSION_COLUMNS: dict[str, type] = {
    **_HEAD, "source": str, "created_utc": str, "duration_min": float,
    "judged_min": float, "not_judged_min": float, "upper_judged_min": float, "lower_judged_min": float,
    "upper_limit_pct": float, "lower_limit_pct": float,
    "events": int, "unreviewed": int, "rates_over": str, "counted": int, "events_per_min": float,
    **{f"{name}_per_min": float for name in (*EMOTIONS, *AU_NAMES)},
    "note": str, "partial": str, "damage": str, "settings": str, "medn": str, "weights_sha256": str,
}  # fmt: skip
EVENT_COLUMNS: dict[str, type] = {
    **_HEAD, "onset_s": float, "apex_s": float, "offset_s": float, "emotion": str, "aus": str, "text": str,
}  # fmt: skip
AGREEMENT_COLUMNS: dict[str, type] = {
    "session": str, "participant": str, "condition": str, "coder_a": str, "coder_b": str, "moments": int,
    "both_yes": int, "only_a": int, "only_b": int, "both_no": int,
    "agreement": float, "positive_agreement": float, "kappa": float, "class_moments": int, "class_kappa": float,
    "mark_units": int, "mark_kappa": float,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a coder found something in a session, a minute of `over`: None where it is not known."""

    over: str
    """What the minutes are: "judged", of the part of the face that moves, or "recording"."""
    counted: int
    """Movements found in these minutes."""
    events: float | None
    classes: Mapping[str, float | None]
    units: Mapping[str, float | None]


def rates_of(session: StudySession, coder: str) -> Rates:
    """The program and who judges its events are counted over judged time, a coder of the whole recording over that.

    A movement of the upper (lower) face can only be found while that part is judged, so an action unit is counted while
    its part was judged, over those minutes; events and classes while either part was.
    """
    found = session.coders[coder]
    own = coder == PROGRAM or coder in session.unreviewed
    whole = JudgedTime(session.length_s, session.length_s, session.length_s, session.length_s)
    time = (session.judged or JudgedTime(0, 0, 0, 0)) if own else whole
    minutes = {"upper": time.upper_s / 60, "lower": time.lower_s / 60, "both": time.either_s / 60}
    counted = {half: [one for one in found if not own or session.judged_at(one, half)] for half in minutes}

    def unit_rate(name: str) -> float | None:
        half = half_of((name,))
        count = sum(name in (one.aus or ()) for one in counted[half])
        return _rate(count, minutes[half], _coded([one.aus for one in found]))

    classes = [one.emotion for one in counted["both"]]
    known = _coded([one.emotion for one in found])
    return Rates(
        "judged" if own else "recording",
        len(counted["both"]),
        _rate(len(counted["both"]), minutes["both"]),
        {name: _rate(classes.count(name), minutes["both"], known) for name in EMOTIONS},
        {name: unit_rate(name) for name in AU_NAMES},
    )


def study_tables(study: Study) -> dict[str, Table]:
    """Sessions by coder, what each coder found, and agreement by session and over all."""
    return {
        "sessions": Table(SESSION_COLUMNS, list(_session_rows(study))),
        "events": Table(EVENT_COLUMNS, list(_event_rows(study))),
        "agreement": Table(AGREEMENT_COLUMNS, list(_agreement_rows(study))),
    }


def write_study(study: Study, folder: Path) -> list[Path]:
    """Write the tables as CSV, as Parquet where pyarrow is installed, what made them, and views for DuckDB.

    Files of an earlier study in the folder are replaced once all are written. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = json.dumps(_made_by(study), indent=1, ensure_ascii=False)
    # on the same disk, so that the finished files only need new names
    with TemporaryDirectory(prefix=".medn-study-", dir=folder) as unfinished:
        drafts = []
        for name, table in study_tables(study).items():
            drafts.append(Path(unfinished) / f"{name}.csv")
            write_csv_table(table, drafts[-1])
            if find_spec("pyarrow"):
                drafts.append(Path(unfinished) / f"{name}.parquet")
                write_parquet_table(table, drafts[-1], made)
        drafts += [Path(unfinished) / "study.json", Path(unfinished) / "study.sql"]
        drafts[-2].write_text(made + "\n", encoding="utf-8")
        drafts[-1].write_text(_views("parquet" if find_spec("pyarrow") else "csv"), encoding="utf-8")
        return [draft.replace(folder / draft.name) for draft in drafts]


def pooled_agreement(study: Study) -> list[Agreement]:
    """Agreement of each two coders over all sessions that both coded."""
    return _pooled(one for session in study.sessions for one in session.agreements)


def _pooled(agreements: Iterable[Agreement]) -> list[Agreement]:
    by_pair: dict[tuple[str, str], list[Agreement]] = {}
    for one in agreements:
        by_pair.setdefault((one.coder_a, one.coder_b), []).append(one)
    return [reduce(Agreement.plus, some) for _, some in sorted(by_pair.items())]


def _session_rows(study: Study) -> Iterator[tuple[Cell, ...]]:
    for session in study.sessions:
        info, judged = session.info, session.judged
        minutes: list[float | None] = [None] * 4
        if judged:
            rest_s = max(session.length_s - judged.either_s, 0.0)
            minutes = [seconds / 60 for seconds in (judged.either_s, rest_s, judged.upper_s, judged.lower_s)]
        limits = [info.limit[part]["median_pct"] if info.limit else None for part in FACE_PARTS]
        for coder, found in session.coders.items():
            rates = rates_of(session, coder)
            yield (
                *_head(session, coder), info.source, info.created_utc, session.length_s / 60, *minutes, *limits,
                len(found), session.unreviewed.get(coder),
                rates.over, rates.counted, rates.events, *rates.classes.values(), *rates.units.values(),
                info.note or None, info.partial, session.damage,
                session.settings, info.versions.get("medn"), info.weights_sha256,
            )  # fmt: skip


def _event_rows(study: Study) -> Iterator[tuple[Cell, ...]]:
    for session in study.sessions:
        for coder, found in session.coders.items():
            for one in sorted(found, key=lambda coded: coded.onset_s):
                yield (
                    *_head(session, coder), one.onset_s, one.apex_s, one.offset_s, one.emotion,
                    None if one.aus is None else "+".join(one.aus), one.text,
                )  # fmt: skip


def _agreement_rows(study: Study) -> Iterator[tuple[Cell, ...]]:
    for session in study.sessions:
        for cells in _pairs(session.agreements, session.marks):
            yield (session.name, session.place.participant, session.place.condition, *cells)
    marks = _pooled(one for session in study.sessions for one in session.marks)
    for cells in _pairs(pooled_agreement(study), marks):
        yield (ALL, None, None, *cells)


def _pairs(events: Iterable[Agreement], marks: Iterable[Agreement]) -> Iterator[tuple[Cell, ...]]:
    """A row for each two coders: their agreement by event, then that of their marks by time unit."""
    by_event = {(one.coder_a, one.coder_b): one for one in events}
    by_unit = {(one.coder_a, one.coder_b): one for one in marks}
    for pair in sorted(by_event | by_unit):
        units = by_unit.get(pair)
        marked = (units.moments, _or_none(units.kappa)) if units else (None, None)
        yield (*_agreement(by_event.get(pair) or Agreement(*pair, 0, 0, 0, 0)), *marked)


def _agreement(one: Agreement) -> tuple[Cell, ...]:
    shares = (one.agreement, one.positive_agreement, one.kappa)
    return (
        one.coder_a, one.coder_b, one.moments, one.both_yes, one.only_a, one.only_b, one.both_no,
        *(_or_none(share) for share in shares), len(one.classes), _or_none(one.class_kappa),
    )  # fmt: skip


def _head(session: StudySession, coder: str) -> tuple[str, str | None, str | None, str]:
    return session.name, session.place.participant or None, session.place.condition or None, coder


def _coded(values: Sequence[object]) -> bool:
    """Whether anything was coded; of nothing found, nothing is missing."""
    return not values or any(value is not None for value in values)


def _rate(count: int, minutes: float, known: bool = True) -> float | None:
    return count / minutes if known and minutes > 0 else None


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _made_by(study: Study) -> dict[str, object]:
    settings = {
        session.settings: {
            "parameters": dict(session.info.parameters),
            "versions": dict(session.info.versions),
            "weights_sha256": session.info.weights_sha256,
        }
        for session in study.sessions
    }
    return {
        "folder": str(study.folder),
        "sessions": len(study.sessions),
        "settings": settings,
        "problems": list(study.problems),
        "medn": __version__,
        "made_utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _views(suffix: str) -> str:
    """Views of the tables for DuckDB, started in their folder."""
    lines = [
        "-- duckdb -init study.sql, started in this folder",
        *(f"CREATE OR REPLACE VIEW {name} AS FROM '{name}.{suffix}';" for name in ("sessions", "events", "agreement")),
        "CREATE OR REPLACE VIEW rates AS",
        "UNPIVOT (SELECT session, participant, condition, coder, rates_over, COLUMNS('_per_min$') FROM sessions)",
        "ON COLUMNS('_per_min$') INTO NAME name VALUE per_min;",
    ]
    return "\n".join(lines) + "\n"
