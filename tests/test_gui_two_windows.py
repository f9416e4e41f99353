"""One session in two windows, or made anew while it is open: neither undoes the other's work; what fails is said."""

import pytest

from realtime.session import Status, open_session
from tests.gui_driver import write_session

TAKEN_BACK = "Not saved: it was taken back in another window. Open the session again."


@pytest.fixture
def path(home):
    (home / "sessions").mkdir(exist_ok=True)
    return write_session(home / "sessions" / "talk.medn", 8.0, [1.0, 2.0, 3.0], candidates=[(6.0, 0.4)])


@pytest.fixture
def windows(window, new_window, path):
    """Two windows that show the session."""
    other = new_window()
    for each in (window, other):
        each.show()
        each.open_session(path)
    return window, other


def stored(path):
    with open_session(path) as session:
        return [(event.status, event.note) for event in session.events()]


def test_undo_takes_back_what_was_done_in_its_window_only(windows, path):
    here, there = (each.review.model for each in windows)
    first = here.record.events[0].id
    here.write_note(first, "a blink")
    there.choose(first)
    there.review(Status.CONFIRMED)
    here.undo.undo()
    assert stored(path)[0] == (Status.CONFIRMED, "")
    there.choose(first)
    there.review(Status.REJECTED)
    here.undo.redo()
    there.undo.undo()
    assert stored(path)[0] == (Status.CONFIRMED, "a blink")


def test_an_event_that_the_other_window_took_back_cannot_be_judged_and_it_is_said_why(windows, path):
    here, there = (each.review.model for each in windows)
    here.choose(-1)
    here.review(Status.CONFIRMED)
    windows[1].open_session(path)
    made = here.chosen_id
    here.undo.undo()
    there.choose(made)
    there.review(Status.REJECTED)
    assert windows[1].banner.text == TAKEN_BACK
    assert not there.undo.canUndo()
    windows[1].open_session(path)
    there.choose(there.record.events[0].id)
    there.review(Status.CONFIRMED)
    assert [status for status, _ in stored(path)] == [Status.CONFIRMED, Status.UNREVIEWED, Status.UNREVIEWED]


@pytest.mark.parametrize("change", ["remove_mark", "set_mark_text"])
def test_a_mark_that_the_other_window_removed_cannot_be_changed_and_it_is_said_why(windows, path, change):
    here, there = (each.review.model for each in windows)
    here.mark(2.0)
    [mark] = here.record.marks
    windows[1].open_session(path)
    there.remove_mark(there.record.marks[0])
    getattr(here, change)(mark if change == "remove_mark" else "a smile")
    assert windows[0].banner.text == TAKEN_BACK
    with open_session(path) as session:
        assert session.annotations() == []


def test_a_session_that_was_made_anew_while_it_is_reviewed_is_named_as_such_and_can_be_opened(window, path, tmp_path):
    window.open_session(path)
    model = window.review.model
    write_session(tmp_path / "again.medn", 8.0, [1.0]).replace(path)
    model.review(Status.CONFIRMED)
    assert window.banner.text.startswith("Not saved: the recording was analysed again")
    window.open_session(path)
    model.review(Status.CONFIRMED)
    assert stored(path) == [(Status.CONFIRMED, "")]
