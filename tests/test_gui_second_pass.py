"""The second pass in Review, driven offscreen as a person would: a click, progress, the column, cancel, why not."""

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

import medn.terminal
from gui.review.events_table import SECOND
from realtime.session import Status, open_session
from tests.gui_driver import until
from tests.traces import movements_of, restless_face, write_trace


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A session with 21 s of a trace."""
    trace = restless_face(21.0, seed=3)
    return write_trace(tmp_path_factory.mktemp("recorded") / "talk.medn", trace, movements_of(trace)).read_bytes()


@pytest.fixture
def opened(window, home, recorded):
    """Review, with that session open."""
    path = home / "sessions" / "talk.medn"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(recorded)
    window.resize(1366, 768)
    window.open_session(path)
    until(lambda: len(window.review.model.shown) == 2)
    return window.review


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_click_learns_the_open_session_with_progress_and_the_table_shows_the_scores_that_it_stored(window, opened):
    second, table, path = opened.second_pass, opened.table, opened.model.record.path
    assert table.view.isColumnHidden(SECOND)
    click(second._button)
    assert second._progress.isVisible()
    assert not second._button.isVisible()
    until(lambda: second._progress.value() > 0, 120)
    first = opened.model.shown[0]
    opened.model.choose(first.id)
    opened.model.review(Status.CONFIRMED)  # one goes on reviewing
    until(lambda: not table.view.isColumnHidden(SECOND), 240)
    assert "2 of them events: see the column Second." in window.banner.text
    assert second._button.isVisible()
    assert not second._progress.isVisible()
    with open_session(path) as here:
        assert len(here.second_scores()) == len(here.events()) + len(here.candidates())
        assert here.events()[0].status is Status.CONFIRMED
        shown = {stored.id: stored.second_score for stored in opened.model.shown}
        assert shown == {stored.id: stored.second_score for stored in here.events()}
        assert None not in shown.values()


def test_a_second_pass_that_is_cancelled_or_whose_session_is_closed_leaves_the_session_as_it_was(window, opened):
    second, path = opened.second_pass, opened.model.record.path
    for end in (lambda: click(second._cancel), opened.model.close):
        click(second._button)
        process = second._worker._process
        end()
        assert second._worker is None
        until(lambda process=process: not process.is_alive())
        assert not second._progress.isVisible()
    with open_session(path) as session:
        assert session.second_scores() == {}
        assert not session.damage


def test_it_is_said_in_a_sentence_that_a_session_holds_too_little_or_a_package_is_missing(
    window, home, opened, monkeypatch
):
    trace = restless_face(4.0, seed=3)
    window.open_session(write_trace(home / "sessions" / "short.medn", trace, []))
    click(opened.second_pass._button)
    until(lambda: "short.medn: it holds 4 s of a face, and 20 s are needed." in window.banner.text, 120)
    assert opened.second_pass._button.isVisible()
    monkeypatch.setattr(medn.terminal, "find_spec", lambda _module: None)
    click(opened.second_pass._button)
    assert window.banner.text == "A second pass needs the package sklearn: pip install 'medn[lab]'."
    assert opened.second_pass._button.isVisible()
