"""The limit of detection in the app, driven offscreen: the band in the trace, the strip in Review, sentences."""

import sqlite3

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QImage
from PyQt6.QtTest import QTest

from gui.format import limit_text
from gui.widgets.trace import Trace
from realtime.session import open_session
from realtime.viewing.limits import Stretch
from tests.gui_driver import until, write_session


def without_limits(path):
    """The session as version 1 stored it."""
    with sqlite3.connect(path) as database:
        for part in ("upper", "lower"):
            database.execute(f"ALTER TABLE frames DROP COLUMN {part}_limit_pct")
        database.execute("PRAGMA user_version = 1")
    database.close()
    return path


@pytest.fixture
def review(window, home):
    def open_path(path):
        window.resize(1366, 768)
        window.open_session(path)
        until(lambda: window.review.model._readings_loaded and window.review.timeline._drawn)
        return window.review

    return open_path


def pixels(widget, area):
    image = widget.grab(area).toImage().convertToFormat(QImage.Format.Format_RGB888)
    bits = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    return bits.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()]


def test_the_strip_under_the_timeline_shows_what_could_have_been_seen_and_its_tip_names_the_size(review, home):
    shown = review(write_session(home / "sessions" / "a.medn", 20.0, [3.0]))
    strip = shown.timeline._limit_strip
    assert strip.isVisible()
    tip = strip.tip(4.0)
    assert "0:04.00: brows from 1.2 % · mouth not judged" in tip
    assert "brows from 1.2 % · mouth from 2.5 %" in strip.tip(12.0)
    rows = pixels(strip, strip.rect())
    upper, lower = rows[4], rows[14]
    third = 3 * (strip.width() // 3)
    assert len(np.unique(upper[: third // 3 * 3].reshape(-1, 3), axis=0)) == 1  # judged: one shade
    assert len(np.unique(lower[:third].reshape(-1, 3), axis=0)) > 1  # not judged: hatched


def test_the_sentence_over_the_events_and_the_tools_say_what_was_judged(review, home):
    shown = review(write_session(home / "sessions" / "a.medn", 20.0, [3.0]))
    text = shown.arrangement.summary.text()
    assert text.startswith("1 event. Upper face judged 96 % of the time, half of all movements found from 1.2 % of the")
    assert text.endswith("; lower face 50 %, from 2.5 %.")
    shown._seek(4.0)
    until(lambda: shown.arrangement.limits.text() == "brows from 1.2 % · mouth not judged")
    shown._seek(15.0)
    until(lambda: shown.arrangement.limits.text() == "brows from 1.2 % · mouth from 2.5 %")


def test_an_early_session_shows_no_limits_and_says_so_in_the_tip(review, home):
    path = without_limits(write_session(home / "sessions" / "old.medn", 10.0, [3.0]))
    with open_session(path) as stored:
        assert not stored.stores_limits
    shown = review(path)
    assert shown.model.limits is None
    assert "before limits of detection were stored" in shown.timeline._limit_strip.tip(4.0)
    assert shown.arrangement.summary.text() == "1 event."
    assert shown.arrangement.limits.text() == ""
    asked = []
    shown.timeline.asked.connect(asked.append)
    QTest.mouseClick(shown.timeline._limit_strip, Qt.MouseButton.LeftButton, pos=QPoint(50, 5))
    assert asked == []


def test_the_list_of_sessions_says_what_was_judged_where_the_summary_holds_it(window, home, interview):
    from realtime.batch import Job, analyse
    from realtime.pipeline import PipelineParameters

    outcome = analyse(Job(str(interview), home / "sessions", PipelineParameters()))
    window.show_workspace(2)
    [entry] = [entry for entry in window.review.library.entries if entry.path == outcome.session]
    assert entry.judged.startswith("Upper face judged ")
    with sqlite3.connect(outcome.session) as database:
        database.execute("""UPDATE session SET summary = '{"limit": {"upper": {"judged_share": "all"}}}'""")
    database.close()
    window.review.library._cache.clear()
    window.review.refresh()
    assert [entry.judged for entry in window.review.library.entries] == [""]


def test_the_trace_has_a_quiet_band_as_high_as_the_limit_and_a_hatch_where_nothing_is_judged(app):
    trace = Trace(smooth=False)
    trace.resize(800, 300)
    times_s = np.arange(0, 20, 1 / 30)
    motion, threshold = np.zeros((len(times_s), 6), np.float32), np.full((len(times_s), 6), 0.5, np.float32)
    trace.show_span(0, 20)

    def bands(*limits):
        stretches = [Stretch(0.0, 10.0, limits)]
        trace.show_trace(times_s, motion, threshold, stretches)
        [(_, _, heights)] = trace._limits._bands
        return heights

    small, large = bands(0.5, None), bands(2.0, None)
    for lane in (0, 1, 3):  # brows, eyes, cheeks
        assert small[lane] == pytest.approx(0.4)  # as high as the threshold, because it is as large
        assert large[lane] > small[lane]
    assert [large[lane] for lane in (2, 4, 5)] == [None] * 3
    trace.grab()  # paints without an error


def test_live_says_in_the_strip_from_what_size_on_movements_are_found(window, interview):
    window.live.picker.choose(str(interview))
    window.live.start()
    until(lambda: "brows" in window.strip._line.text())
    assert "brows not judged" in window.strip._line.text()  # while the face is being learned
    until(lambda: "brows from " in window.strip._line.text(), 60)
    assert window.live.trace._limits._bands


def test_limits_are_words_that_name_the_part_of_the_face():
    assert limit_text((1.24, None)) == "brows from 1.2 % · mouth not judged"
