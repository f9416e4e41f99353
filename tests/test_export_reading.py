"""Exports for statistics, data sets and colleagues: BIDS events, long CSV, report; what made each; their times."""

import base64
import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import html5lib
import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pympi.Elan import Eaf
from test_export import EVENT, any_session, contents, texts, write_session

from medn.contract import AU_NAMES, EMOTIONS
from realtime.export import FORMATS, export_sessions, formats_named
from realtime.export.context import one_line
from realtime.labels import read_labels
from realtime.motion.regions import REGION_NAMES
from realtime.session import SessionInfo, SessionWriter, Status, open_session
from realtime.sources import VideoFile
from realtime.types import Analysis, Frame
from tests.recordings import grey, write_video

JPEG = cv2.imencode(".jpg", grey(90, (16, 16)))[1].tobytes()
SHA = "0d6ff4ebb29a52a1" * 4


def exported(path, name, folder):
    [outcome] = export_sessions([path], formats_named(name), folder)
    assert outcome.error == ""
    return outcome.files


@any_session
@given(**contents)
def test_pandas_reads_bids_events_with_every_time_and_every_column_described(tmp_path_factory, found, marked):
    folder = tmp_path_factory.mktemp("bids")
    path, events, marks = write_session(folder / "sub-01_task-interview.medn", found, marked)
    table, description = exported(path, "bids", folder)
    assert (table.name, description.name) == ("sub-01_task-interview_events.tsv", "sub-01_task-interview_events.json")
    rows = pandas.read_csv(table, sep="\t", na_values=["n/a"], keep_default_na=False)
    assert list(rows.columns[:3]) == ["onset", "duration", "trial_type"]
    assert list(rows.columns) == [name for name in json.loads(description.read_text()) if name != "MEDN"]
    assert list(rows.onset) == sorted(rows.onset)
    read = rows[rows.trial_type == "micro-expression"].set_index("event")
    assert len(read) == len(events)
    for stored in events:
        event, row = stored.event, read.loc[stored.id]
        assert row.onset == pytest.approx(event.onset_s, abs=1e-6)
        assert row.apex == pytest.approx(event.apex_s, abs=1e-6)
        assert row.onset + row.duration == pytest.approx(event.offset_s, abs=2e-6)
        assert row.status == stored.status.value
        if event.emotion:
            assert row.emotion == max(event.emotion, key=event.emotion.get)
    assert sorted(rows[rows.trial_type == "mark"].onset) == pytest.approx([mark.time_s for mark in marks], abs=1e-6)


def test_a_note_that_begins_with_a_quotation_mark_hides_no_later_row_of_bids_events(tmp_path):
    later = replace(EVENT, onset_s=9.0, apex_s=9.1, offset_s=9.3)
    found = [(EVENT, (Status.CONFIRMED, '"no, said ""she')), (later, (Status.CONFIRMED, 'a "blink"'))]
    path, *_ = write_session(tmp_path / "s.medn", found)
    rows = pandas.read_csv(exported(path, "bids", tmp_path)[0], sep="\t")
    assert rows.text.to_list() == ['"no, said ""she', 'a "blink"']


@any_session
@given(found=contents["found"])
def test_the_long_csv_holds_each_value_of_each_event_once_and_na_where_there_is_none(tmp_path_factory, found):
    folder = tmp_path_factory.mktemp("long")
    path, events, _ = write_session(folder / "s.medn", found)
    rows = pandas.read_csv(exported(path, "long", folder)[0], na_values=["NA"], keep_default_na=False)
    assert not rows.duplicated(["event", "kind", "name"]).any()
    assert len(rows) == len(events) * (len(EMOTIONS) + len(AU_NAMES) + len(REGION_NAMES))
    values = rows.set_index(["event", "kind", "name"]).value
    for stored in events:
        for kind, names, there in (
            ("emotion", EMOTIONS, stored.event.emotion or {}),
            ("action unit", AU_NAMES, stored.event.aus or {}),
            ("region", REGION_NAMES, stored.event.regions),
        ):
            for name in names:
                read = values[stored.id, kind, name]
                assert pandas.isna(read) if name not in there else read == pytest.approx(there[name], abs=1e-6)


def write_pictured(path, text):
    """A session of readings with an event whose pictures are stored; what people typed is `text`."""
    with SessionWriter(path, SessionInfo(source=text, video=f"/films/{text}")) as writer:
        writer.add_event(EVENT, {"onset": JPEG, "apex": JPEG})
        other = replace(EVENT, face=1, onset_s=2.0, apex_s=2.1, offset_s=2.2)
        writer.on_analysis(Analysis(-1, 0.0, events=(other,)), None)
    with open_session(path) as session:
        session.review(1, status=Status.CONFIRMED, note=text)
        session.annotate(0.5, text)
        session.annotate(1.5, text, 2.5)
    return path


hostile = texts | st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><b>", "&lt;", "]]>", "-->", "' onload='x"]
)


@settings(max_examples=15, deadline=None)
@given(text=hostile)
def test_a_report_is_valid_html_that_loads_and_runs_nothing_whatever_people_typed(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("report")
    [file] = exported(write_pictured(folder / "s.medn", text), "html", folder)
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(file.read_text(encoding="utf-8"))
    elements = list(document.iter())
    names = {str(element.tag).split("}")[-1] for element in elements}
    assert names <= {
        *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "h3", "p", "div"),
        *("table", "thead", "tbody", "tr", "th", "td", "figure", "img", "figcaption"),
        *("svg", "defs", "pattern", "path", "g", "line", "rect", "text", "polyline"),
    }
    for element in elements:
        assert not any(str(key).lower().startswith(("on", "href", "xlink")) for key in element.attrib)
        assert str(element.attrib.get("src", "data:")).startswith("data:image/jpeg;base64,"[:5])
    assert len(document.findall(".//style")) == 1
    ids = [element.attrib["id"] for element in elements if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    pictures = [element.attrib["src"] for element in document.iter("img")]
    assert [base64.b64decode(source.partition(",")[2]) for source in pictures] == [JPEG, JPEG]
    shown = ["".join(cell.itertext()) for cell in document.iter("td")]
    assert shown.count(one_line(text)) >= 2  # both marks
    assert any(one_line(text) in cell and cell.startswith("confirmed") for cell in shown)


def test_the_report_says_how_long_each_part_was_judged_and_draws_each_event_and_mark(tmp_path, film):
    from realtime.batch import Job, analyse
    from realtime.pipeline import PipelineParameters

    outcome = analyse(Job(str(film), tmp_path, PipelineParameters()))
    with open_session(outcome.session) as session:
        for candidate in session.candidates()[:2]:
            session.promote(candidate)
        session.annotate(1.0, "asked")
        events = session.events()
        duration_s = session.info.summary["duration_s"]
    [file] = exported(outcome.session, "html", tmp_path)
    document = html5lib.parse(file.read_text(encoding="utf-8"), namespaceHTMLElements=False)
    facts = {"".join(row[0].itertext()): "".join(row[1].itertext()) for row in document.iter("tr") if len(row) == 2}
    assert facts["Length"] == f"{duration_s:.1f} s"
    for part in ("Upper", "Lower"):
        judged, whole, share, rest = re.match(
            r"([\d.]+) s of ([\d.]+) s \((\d+) %\), ([\d.]+) s not judged", facts[f"{part} face judged"]
        ).groups()
        assert float(judged) + float(rest) == pytest.approx(float(whole), abs=0.11)
        assert int(share) == pytest.approx(100 * float(judged) / float(whole), abs=3)
    titles = ["".join(each.itertext()) for each in document.iter() if str(each.tag).endswith("title")]
    assert sum(title.startswith("Event ") for title in titles) >= len(events) >= 1
    assert any(title.endswith(": asked") for title in titles)
    assert facts["parameters.score_threshold"] == "0.6"
    assert facts["weights_sha256"] == outcome_weights(outcome.session)


def outcome_weights(path):
    with open_session(path) as session:
        return session.info.weights_sha256


@pytest.mark.parametrize("name", FORMATS)
def test_every_export_carries_the_parameters_versions_and_weights_that_made_it(name, tmp_path):
    video = write_video(tmp_path / "grey.mp4", [grey(100)] * 3, [0, 40, 80])
    info = SessionInfo("grey.mp4", str(video), {"score_threshold": 0.61728}, {"numpy": "9.8.7"}, SHA)
    with SessionWriter(tmp_path / "s.medn", info) as writer:
        writer.on_analysis(Analysis(-1, 0.0, events=(EVENT,)), None)
    files = exported(tmp_path / "s.medn", name, tmp_path / "out")
    if name == "video":
        with av.open(str(files[0])) as container:
            carried = container.metadata["comment"]
    else:
        carried = b" ".join(file.read_bytes() for file in files).decode("utf-8", "replace")
    assert all(value in carried for value in ("0.61728", "9.8.7", SHA, "events_written")), carried[:300]


STEP_30_MIN = 6000  # of 53,946 frames of 29.97 fps: every so-manieth is in the file, all at their own times


@st.composite
def frame_times(draw):
    """Times of frames as fractions of a second, and when the sound begins before the picture."""
    offset = draw(st.sampled_from([Fraction(0), Fraction(1001, 30000), Fraction(12, 25), Fraction(7)]))
    kind = draw(st.sampled_from(["29.97 for 30 minutes", "even", "varying"]))
    if kind == "29.97 for 30 minutes":
        return [offset + Fraction(1001 * n, 30000) for n in (*range(0, 53946, STEP_30_MIN), 53945)]
    steps_ms = [40] * 12 if kind == "even" else draw(st.lists(st.integers(4, 700), min_size=6, max_size=12))
    return [offset + Fraction(int(time_ms), 1000) for time_ms in np.cumsum([0, *steps_ms])]


@settings(max_examples=10, deadline=None)
@given(times=frame_times(), with_sound=st.booleans())
def test_exported_times_are_those_that_elan_and_vlc_show_for_the_file(tmp_path_factory, times, with_sound):
    folder = tmp_path_factory.mktemp("times")
    film = write_film(folder / "film.mkv", times, with_sound)
    with av.open(str(film)) as container:  # players count from the file's earliest picture or sound
        begin_s = min(stream.start_time * stream.time_base for stream in container.streams)
        shown = [float(packet.pts * packet.time_base - begin_s) for packet in container.demux(video=0) if packet.size]
    with VideoFile(film) as source:
        read = [item.time_s for item in source if isinstance(item, Frame)]
    assert read == pytest.approx(sorted(shown), abs=2e-3)  # Matroska counts in ms
    onset_s, apex_s, offset_s = read[-3:]
    event = replace(EVENT, onset_s=onset_s, apex_s=apex_s, offset_s=offset_s)
    path, *_ = write_session(folder / "s.medn", [(event, (Status.CONFIRMED, ""))], video=film)
    document = Eaf(str(exported(path, "elan", folder)[0]))
    [(begin_ms, end_ms, _)] = document.get_annotation_data_for_tier("face 0 events")
    exact = [float(time - (0 if with_sound else times[0])) for time in times[-3:]]
    assert (begin_ms, end_ms) == pytest.approx((1000 * exact[0], 1000 * exact[2]), abs=2.01)
    for name, precision_s in (("webvtt", 0.5e-3), ("textgrid", 0.5e-3), ("bids", 1e-6), ("csv", 1e-6)):
        times_read = spans_read(name, exported(path, name, folder / name))
        assert times_read[0] == pytest.approx((onset_s, offset_s), abs=precision_s + 1e-9), name


def spans_read(name, files):
    if name == "csv":
        rows = pandas.read_csv(files[0])
        return [(rows.onset_s[0], rows.offset_s[0])]
    if name == "bids":
        rows = pandas.read_csv(files[0], sep="\t")
        return [(rows.onset[0], rows.onset[0] + rows.duration[0])]
    labels = read_labels(files[0])
    return [(label.start_s, label.end_s) for label in labels if name == "webvtt" or label.tier.endswith("events")]


def write_film(path: Path, times, with_sound: bool) -> Path:
    """A film whose pictures have these times; with sound, which begins at 0."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.height = stream.width = 32
        stream.pix_fmt, base = "yuv420p", Fraction(1, 30000)
        stream.codec_context.time_base = base
        sound = container.add_stream("pcm_s16le", rate=8000) if with_sound else None
        if sound is not None:
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
            samples.sample_rate, samples.pts, samples.time_base = 8000, 0, Fraction(1, 8000)
            container.mux(sound.encode(samples))
        for time in times:
            frame = av.VideoFrame.from_ndarray(grey(100, (32, 32)), "bgr24")
            frame.pts, frame.time_base = round(time / base), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
