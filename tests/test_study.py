"""A study: one table over sessions whose minutes and rates are right, agreement between coders, files that open."""

import csv
import json
import math
import re
import resource
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gui.cli import app
from realtime.session import Coding, SessionInfo, SessionWriter, Status, StoredEvent, open_session
from realtime.session.judged import judged_time
from realtime.sources import Cause, Dropped
from realtime.study.agreement import agree, coders_of, cohens_kappa, moments_of
from realtime.study.sessions import StudyError, read_study
from realtime.study.tables import rates_of
from realtime.types import LIMIT_DELAY_S, Analysis, Event, FaceReading, Frame

PICTURE = np.zeros((2, 2, 3), np.uint8)
ROOT = Path(__file__).parents[1]


def event(at_s, emotion="negative", unit="AU4", face=0):
    classes = {name: 0.8 if name == emotion else 0.1 for name in ("negative", "positive", "surprise")}
    frame = round(30 * at_s)
    return Event(
        face, at_s, at_s + 0.1, at_s + 0.3, frame, frame + 3, frame + 9, 0.9, {}, {}, 100.0, 0.4,
        emotion=classes, aus={unit: 0.9},
    )  # fmt: skip


def reading(limits, face=0):
    motion = np.full(6, 0.2, np.float32)
    return FaceReading(face, np.zeros((478, 3), np.float32), motion, motion, (0.0,) * 3, 80.0, True, limits)


def write(path, events=(), *, seconds=20.0, judged_from=(5.0, 10.0), parameters=(("score_threshold", 0.6),), gap=None):
    """A session of 30 frames a second whose upper and lower face are judged from certain times on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    info = SessionInfo("film.mp4", parameters=dict(parameters), versions={"medn": "0.1.0"}, weights_sha256="ab")
    with SessionWriter(path, info) as writer:
        for index in range(round(30 * seconds) + 1):
            time_s = index / 30
            if gap and gap[0] < time_s < gap[1]:
                writer.on_drop(Dropped(index, time_s, Cause.OVERRUN))
                continue
            limits = tuple(1.5 if time_s - LIMIT_DELAY_S >= begin else math.nan for begin in judged_from)
            writer.on_analysis(Analysis(index, time_s, (reading(limits),)), Frame(index, time_s, PICTURE))
        writer.on_analysis(Analysis(-1, 0.0, events=tuple(events)), None)
    return path


def medn(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two participants: one reviewed and coded by Bo, one partial."""
    base = tmp_path_factory.mktemp("study")
    first = write(base / "sub-01" / "sub-01_task-stress.medn", [event(at) for at in (1.0, 6.0, 12.0)])
    write(base / "sub-02" / "sub-02_task-rest.medn", [event(12.0, "positive", "AU12")])
    with open_session(first) as session:
        for number, status in ((1, Status.REJECTED), (2, Status.CONFIRMED), (3, Status.CONFIRMED)):
            session.review(number, status=status)
        found = Coding(6.0, 6.3, 6.1, emotion="negative", aus=("AU4",)), Coding(15.0, 15.4)
        session.replace_codings("Bo", found)
    with sqlite3.connect(base / "sub-02" / "sub-02_task-rest.medn") as database:
        database.execute("UPDATE session SET closed_utc = NULL")
    database.close()
    return base


def test_a_session_without_a_frame_stands_in_a_study_with_no_minutes(tmp_path):
    write(tmp_path / "a.medn", [event(12.0)])
    with SessionWriter(tmp_path / "b.medn", SessionInfo("camera that gave nothing")):
        pass
    done = medn("study", tmp_path, "--out", tmp_path / "tables")
    assert done.exit_code == 0, done.stderr
    first, second = read_study(tmp_path).sessions
    assert (first.length_s, second.length_s) == (pytest.approx(20, abs=0.01), 0)
    assert second.judged.either_s == 0


def test_minutes_and_rates_are_those_of_the_judged_time_of_each_part(folder):
    first, second = read_study(folder).sessions
    assert (first.place.participant, first.place.condition) == ("01", "stress")
    assert first.length_s == pytest.approx(20, abs=0.01)
    # the last moments are never judged: their limit would come with later frames
    assert first.judged.upper_s == pytest.approx(15 - LIMIT_DELAY_S, abs=0.1)
    assert first.judged.lower_s == pytest.approx(10 - LIMIT_DELAY_S, abs=0.1)
    assert first.judged.either_s == pytest.approx(first.judged.upper_s)
    rates = rates_of(first, "MEDN")
    assert (rates.over, rates.counted) == ("judged", 2)  # the event at 1 s was not in judged time
    assert rates.events == pytest.approx(2 / (first.judged.either_s / 60))
    assert rates.units["AU4"] == pytest.approx(2 / (first.judged.upper_s / 60))
    assert rates.units["AU12"] == 0
    assert rates_of(second, "MEDN").units["AU12"] == pytest.approx(1 / (second.judged.lower_s / 60))
    assert rates_of(first, "review").events == pytest.approx(2 / (first.judged.either_s / 60))
    assert rates_of(first, "Bo").events == pytest.approx(2 / (first.length_s / 60))
    assert "cut off" in second.info.partial


def test_the_command_writes_one_table_names_partial_sessions_and_tells_agreement(folder, tmp_path):
    done = medn("study", folder, "--out", tmp_path, "--plots")
    assert done.exit_code == 0, done.output
    assert "sub-02/sub-02_task-rest is partial" in done.stderr.replace("\n", " ")
    rows = pandas.read_csv(tmp_path / "sessions.csv")
    assert list(rows.coder) == ["MEDN", "review", "Bo", "MEDN"]
    assert (rows.judged_min + rows.not_judged_min).to_list() == pytest.approx(rows.duration_min.to_list(), abs=1e-5)
    same = pandas.read_parquet(tmp_path / "sessions.parquet")
    assert list(same.columns) == list(rows.columns)
    assert same.events_per_min.to_list() == pytest.approx(rows.events_per_min.to_list(), abs=1e-6)
    assert rows.partial.notna().to_list() == [False, False, False, True]
    agreement = pandas.read_csv(tmp_path / "agreement.csv")
    assert list(agreement.session) == ["sub-01/sub-01_task-stress", "all sessions"]
    counts = agreement[["moments", "both_yes", "only_a", "only_b", "both_no"]].to_numpy().tolist()
    assert counts == [[4, 1, 1, 1, 1]] * 2
    made = json.loads((tmp_path / "study.json").read_text())
    assert [setting["parameters"] for setting in made["settings"].values()] == [{"score_threshold": 0.6}]
    for name in ("judged", "rates", "units", "agreement"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert medn("study", folder, "--out", tmp_path).exit_code == 0  # a second time


def test_tables_of_an_earlier_study_stay_whole_where_the_disk_is_full(folder, tmp_path):
    out = tmp_path / "out"
    assert medn("study", folder, "--out", out).exit_code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        full = medn("study", folder, "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert full.exit_code == 2, full.output
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_the_documented_queries_run_in_duckdb(folder, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    assert medn("study", folder, "--out", tmp_path).exit_code == 0
    views = (tmp_path / "study.sql").read_text()
    for name in ("sessions", "events", "agreement"):  # DuckDB is started in the folder
        views = views.replace(f"'{name}.parquet'", f"'{tmp_path / name}.parquet'")
    database = duckdb.connect()
    database.execute(views)
    [sql] = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "study.md").read_text(), re.DOTALL)
    pooled, differences, missed = (database.execute(query).fetchall() for query in sql.split(";") if query.strip())
    assert [row[:3] for row in pooled] == [("rest", "MEDN", 1), ("stress", "MEDN", 1), ("stress", "review", 1)]
    assert len(differences) == 12
    assert [row[1] for row in missed] == [1.0, 12.0, 12.0]


def test_json_lines_hold_the_rows(folder, tmp_path):
    done = medn("study", folder, "--out", tmp_path, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["study_sessions"] * 4 + ["study_agreement"] * 2


def test_the_list_gives_names_and_a_session_that_is_missing_or_unreadable_is_named(tmp_path):
    write(tmp_path / "a.medn", [event(12.0)], parameters=(("score_threshold", 0.5),))
    write(tmp_path / "b.medn")
    (tmp_path / "c.medn").write_text("text")
    rows = [("Session", "Participant", "Condition"), ("a.medn", "Ähre", "x"), ("gone", "P9", "y")]
    with (tmp_path / "study.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    done = medn("study", tmp_path)
    assert done.exit_code == 3
    told = done.stderr.replace("\n", " ")
    assert "c.medn is not a MEDN session" in told
    assert "lists gone" in told
    assert "2 different settings" in told
    [first, second] = pandas.read_csv(tmp_path / "study" / "sessions.csv").to_dict("records")
    assert (first["participant"], first["condition"]) == ("Ähre", "x")
    assert pandas.isna(second["participant"])


def test_one_session_is_a_study_of_one_session(tmp_path):
    write(tmp_path / "a.medn", seconds=1)
    assert "1 session, 0.0 min;" in medn("study", tmp_path).output


def test_a_participant_written_in_the_app_counts_where_the_list_gives_none_and_before_the_path(tmp_path):
    paths = {name: write(tmp_path / f"{name}.medn", seconds=1) for name in ("a", "b", "sub-07_task-rest", "sub-08")}
    for name in ("a", "b", "sub-07_task-rest"):
        with open_session(paths[name]) as session:
            session.describe(participant=f"written {name}", note="glasses")
    (tmp_path / "study.csv").write_text("session,participant,condition\na,P1,stress\nb,,rest\n")
    found = {one.name: (one.place.participant, one.place.condition) for one in read_study(tmp_path).sessions}
    assert found == {
        "a": ("P1", "stress"),
        "b": ("written b", "rest"),
        "sub-07_task-rest": ("written sub-07_task-rest", "rest"),
        "sub-08": ("08", ""),
    }
    assert medn("study", tmp_path).exit_code == 0
    notes = pandas.read_csv(tmp_path / "study" / "sessions.csv").set_index("session")["note"]
    assert notes["a"] == "glasses"
    assert pandas.isna(notes["sub-08"])


def test_a_folder_without_sessions_and_a_bad_list_give_one_sentence(tmp_path):
    assert medn("study", tmp_path).exit_code == 2
    write(tmp_path / "a.medn", seconds=1)
    for text, sentence in (
        ("name\nx\n", "needs a column session"),
        ("session\na\na\n", "lists a twice"),
        ("session,participant,condition\na,Doe, Jane,stress\n", "more cells than columns in line 2"),
        ('session,participant\na,"Doe\nb,Roe\n', "mark in the row of line 2 that is not closed"),
    ):
        (tmp_path / "study.csv").write_text(text)
        refused = medn("study", tmp_path)
        assert refused.exit_code == 2
        assert sentence in refused.stderr
        assert refused.stderr.count("\n") == 1
    (tmp_path / "study.csv").write_text("session,reviewer\na,Bo\n")
    with open_session(tmp_path / "a.medn") as session:
        session.replace_codings("Bo", [Coding(0.1, 0.3)])
    assert "Bo, who is also" in read_study(tmp_path).problems[0]
    with pytest.raises(StudyError):
        read_study(tmp_path / "nowhere")


def test_a_folder_that_a_study_cannot_be_written_into_is_named_in_a_sentence(tmp_path):
    write(tmp_path / "a.medn", seconds=1)
    (tmp_path / "file").write_text("")
    refused = medn("study", tmp_path, "--out", tmp_path / "file")
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1] == f"medn: {tmp_path / 'file'} cannot be used: File exists."


def test_time_that_was_not_looked_at_is_not_judged(tmp_path):
    whole = write(tmp_path / "a.medn", judged_from=(0.0, 0.0))
    broken = write(tmp_path / "b.medn", judged_from=(0.0, 0.0), gap=(8.0, 14.0))
    with open_session(whole) as a, open_session(broken) as b:
        lost_s = judged_time(a.frame_blocks()).upper_s - judged_time(b.frame_blocks()).upper_s
    assert 5.0 - 0.1 <= lost_s <= 6.5


def test_a_frame_that_came_twice_takes_no_time_from_what_was_judged(tmp_path):
    with SessionWriter(tmp_path / "a.medn", SessionInfo("film.mp4")) as writer:
        for index in range(0, 600, 2):
            time_s = index / 60
            writer.on_analysis(Analysis(index, time_s, (reading((1.5, 1.5)),)), Frame(index, time_s, PICTURE))
            writer.on_drop(Dropped(index + 1, time_s, Cause.CLOCK))  # the same time stamp again
    with open_session(tmp_path / "a.medn") as session:
        assert judged_time(session.frame_blocks()).either_s == pytest.approx(299 / 30 - LIMIT_DELAY_S, abs=0.1)


@pytest.mark.parametrize("away", [0, 1])
def test_of_two_people_each_ones_events_count_while_that_person_was_judged(away, tmp_path):
    judged = [(math.nan, math.nan) if face == away else (1.5, 1.5) for face in range(2)]
    events = [event(at_s, face=face) for at_s in (3.0, 6.0, 9.0) for face in range(2)]
    with SessionWriter(tmp_path / "a.medn", SessionInfo("film.mp4")) as writer:
        for index in range(600):
            # who is not judged comes a second later and goes before the end
            faces = [face for face in range(2) if face != away or 30 < index < 450]
            readings = tuple(reading(judged[face], face) for face in faces)
            writer.on_analysis(Analysis(index, index / 30, readings), Frame(index, index / 30, PICTURE))
        writer.on_analysis(Analysis(-1, 0.0, events=tuple(events)), None)
    with open_session(tmp_path / "a.medn") as session:
        for stored in session.events():
            session.review(stored.id, status=Status.CONFIRMED)
        session.replace_codings("Bo", [Coding(6.05, 6.4)])
    [session] = read_study(tmp_path).sessions
    for coder in ("MEDN", "review"):
        rates = rates_of(session, coder)
        assert (len(session.coders[coder]), rates.counted) == (6, 3)
        assert rates.units["AU4"] == pytest.approx(3 / (session.judged.upper_s / 60))
    [beside] = session.coders["Bo"]  # a coder's own finding does not say whose face it is
    assert session.judged_at(beside, "both")


def test_two_people_who_move_at_the_same_time_are_judged_each_for_themselves():
    events = [StoredEvent(face + 1, event(1.0, face=face), Status.CONFIRMED, "") for face in range(2)]
    said = {0: Status.REJECTED, 1: Status.CONFIRMED}
    for order in ((0, 1), (1, 0)):
        bo = [Coding(1.0, 1.3, 1.1, said[face], face=face) for face in order]
        [first, second] = moments_of(events, coders_of(events, {"Bo": bo}), "review", "Bo")
        assert (first.second.status, second.second.status) == (Status.REJECTED, Status.CONFIRMED)


@given(
    moments=st.lists(st.tuples(st.sampled_from(Status), st.sampled_from(Status)), max_size=8),
    extra=st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)),
)
@settings(max_examples=60, deadline=None)
def test_kappa_by_event_counts_what_each_of_two_coders_said_of_each_moment(moments, extra):
    events = [StoredEvent(i + 1, event(10.0 * i), mine, "") for i, (mine, _) in enumerate(moments)]
    theirs = [Coding(10.0 * i + 0.02, 10.0 * i + 0.31, status=other) for i, (_, other) in enumerate(moments)]
    third = [replace(one, status=Status.CONFIRMED) for one in theirs]
    shared, only_bo, only_cy = extra
    beside = [Coding(1000 + 10.0 * i, 1000.4 + 10.0 * i) for i in range(sum(extra))]
    bo, cy = theirs + beside[: shared + only_bo], third + beside[:shared] + beside[shared + only_bo :]
    coders = coders_of(events, {"Bo": bo, "Cy": cy})
    assert ("Bo" in coders) == any(one.status is not Status.UNREVIEWED for one in bo)
    assume({"Bo", "Cy"} <= coders.keys())
    both = agree(events, coders, "Bo", "Cy")
    said = [other is Status.CONFIRMED for _, other in moments if other is not Status.UNREVIEWED]
    assert (both.both_yes, both.both_no) == (said.count(True) + shared, 0)
    assert (both.only_a, both.only_b) == (only_bo, said.count(False) + only_cy)
    if any(mine is not Status.UNREVIEWED for mine, _ in moments):
        review = agree(events, coders, "review", "Bo")
        pairs = [pair for pair in moments if Status.UNREVIEWED not in pair]
        yes = [tuple(status is Status.CONFIRMED for status in pair) for pair in pairs]
        assert review.both_yes == yes.count((True, True))
        assert review.both_no == yes.count((False, False))
        assert review.only_b == yes.count((False, True)) + shared + only_bo
    mirrored = agree(events, coders, "Cy", "Bo")
    assert mirrored.kappa == pytest.approx(both.kappa, nan_ok=True)


def test_kappa_is_that_of_a_worked_example():
    # Cohen 1960's form of a 2 × 2 table: 20 both yes, 5 and 10 differ, 15 both no
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohens_kappa(pairs) == pytest.approx(0.4)
    assert math.isnan(cohens_kappa([("y", "y")] * 3))
    assert math.isnan(cohens_kappa([]))


@pytest.mark.parametrize("ending", [".medn", "-events.csv", ".eaf", ".boris", ".vtt", ".TextGrid", "_events.tsv"])
def test_who_judged_the_programs_events_elsewhere_has_rates_over_the_minutes_that_were_judged(tmp_path, ending):
    mine = write(tmp_path / "mine" / "s.medn", [event(at) for at in (1.0, 6.0, 12.0)])
    theirs = write(tmp_path / "theirs" / "s.medn", [event(at) for at in (1.0, 6.0, 12.0)])
    with open_session(theirs, "Bo") as session:
        for number, status in ((1, Status.CONFIRMED), (2, Status.CONFIRMED)):
            session.review(number, status=status)
    assert medn("export", theirs, "--to", "csv,elan,boris,webvtt,textgrid,bids").exit_code == 0
    file = theirs.parent / f"s{ending}"
    assert medn("import", mine, file, "--as", "coder", "--coder", "Bo").exit_code == 0
    assert medn("import", mine, file, "--as", "coder", "--coder", "Bo").exit_code == 0  # in place of the first
    [session] = read_study(mine.parent).sessions
    rates = rates_of(session, "Bo")
    assert (rates.over, rates.counted, session.unreviewed["Bo"]) == ("judged", 1, 1)  # at 1 s nothing was judged
    assert rates.events == pytest.approx(60 / session.judged.either_s)
    with open_session(mine) as session:
        session.replace_codings("Cy", [Coding(6.0, 6.3)])
    [session] = read_study(mine.parent).sessions
    assert (rates_of(session, "Cy").over, "Cy" in session.unreviewed) == ("recording", False)


def test_who_judged_nothing_yet_is_no_coder_who_found_nothing(tmp_path):
    path = write(tmp_path / "s.medn", [event(6.0)])
    for coder in ("Ada", "Bo"):
        with open_session(path, coder) as session:
            session.review(1, note="look again", **({"status": Status.CONFIRMED} if coder == "Ada" else {}))
    [session] = read_study(tmp_path).sessions
    assert list(session.coders) == ["MEDN", "Ada"]
