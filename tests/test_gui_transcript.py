"""What was said, in Review: imported with a button, shown over the trace and at the event, searched, taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog, QInputDialog

from realtime.labels import Label, texts_at
from realtime.session import open_session
from realtime.viewing.transcript import Transcript
from tests.gui_driver import press, until, write_session

KEY = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
SAID = """start,end,speaker,text
0.4,0.9,Ada,I was
0.9,1.6,Ada,never there
2.0,3.1,Ben,Never again?
3.2,4.0,Ada,No never
"""


@pytest.fixture
def review(window, home, monkeypatch):
    """A session with events at 1, 3 and 4 s, and a file of what was said."""
    window.open_session(write_session(home / "sessions" / "interview.medn", 5.0, [1.0, 3.0, 4.3]))
    (home / "said.csv").write_text(SAID)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(home / "said.csv"), ""))
    until(lambda: window.review.model.record.readings is not None)
    return window.review


def import_all(review, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_: ("All tiers", True))
    review._import.click()
    until(lambda: review.timeline.said.isVisible())


def test_a_button_imports_it_and_undo_takes_it_back(review, monkeypatch):
    import_all(review, monkeypatch)
    with open_session(review.model.record.path) as stored:
        assert [label.text for label in stored.transcript()][:2] == ["I was", "never there"]
    assert "4 labels of said.csv" in review.window().banner.text
    press(review, KEY.Key_Z, CTRL)
    assert not review.timeline.said.isVisible()
    with open_session(review.model.record.path) as stored:
        assert stored.transcript() == []


def test_of_several_tiers_one_can_be_chosen_and_a_bad_file_is_refused_in_a_sentence(review, home, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_: ("Ben", True))
    review._import.click()
    assert [label.text for label in review.model.record.transcript.labels] == ["Never again?"]
    (home / "said.csv").write_text("nothing of this kind")
    review._import.click()
    assert "needs columns" in review.window().banner.text
    assert len(review.model.record.transcript.labels) == 1


def test_a_transcript_whose_times_lie_after_the_end_is_told(review, home, monkeypatch):
    (home / "said.csv").write_text("start,end,text\n0,1500,Hello\n1500,3000,you\n")
    review._import.click()
    assert "2 labels" in review.window().banner.text
    assert "1 of them begin after the end" in review.window().banner.text


def test_the_words_at_the_event_stand_in_the_inspector_and_the_filter_finds_them(review, monkeypatch):
    inspector = review.inspector
    assert not inspector._said.isVisible()
    import_all(review, monkeypatch)
    review.table.view.selectRow(0)
    assert inspector._said.text() == "“Ada: never there”"
    assert "Ben: Never again?" in inspector._around.text()
    review.table.view.selectRow(2)
    assert inspector._said.text() == "Nothing was said at that moment."
    review.table._text.setText("never again")
    assert [stored.event.onset_s for stored in review.model.shown] == [3.0]


def test_enter_goes_from_place_to_place_and_escape_ends_the_search(review, monkeypatch):
    press(review, KEY.Key_F, CTRL | SHIFT)
    assert "Ctrl+I" in review.window().banner.text
    import_all(review, monkeypatch)
    review.viewer.seek(0.0)
    press(review, KEY.Key_F, CTRL | SHIFT)
    words = review.said_search._words
    QTest.keyClicks(words, "never")
    assert review.said_search._count.text() == "3 found"
    at_s = []
    for _ in range(4):
        press(words, KEY.Key_Return)
        at_s.append(review.viewer.position_s)
    assert at_s == pytest.approx([0.9, 2.0, 3.2, 0.9])
    press(words, KEY.Key_Return, SHIFT)
    assert review.viewer.position_s == pytest.approx(3.2)
    assert review.said_search._count.text() == "3 of 3"
    assert len(review.timeline.said._found) == 3
    press(words, KEY.Key_Escape)
    assert not review.said_search.isVisible()
    assert not review.timeline.said._found


def test_a_click_on_a_word_goes_to_its_beginning(review, monkeypatch):
    import_all(review, monkeypatch)
    lane = review.timeline.said
    until(lambda: lane._edges[1] > 100)
    middle = QPoint(round(lane._x(2.6)), 25)  # the second speaker's row
    assert lane.label_at(middle.x(), middle.y()).text == "Never again?"
    QTest.mouseClick(lane, Qt.MouseButton.LeftButton, pos=middle)
    assert review.viewer.position_s == pytest.approx(2.0)


LABELS = st.lists(
    st.builds(
        lambda at, length, text, tier: Label(at / 10, (at + length) / 10, text, tier),
        st.integers(0, 100), st.integers(0, 30), st.sampled_from(["a", "b c", "Ab"]), st.sampled_from(["", "Ada"]),
    )
).map(lambda labels: sorted(labels, key=lambda label: (label.start_s, label.end_s)))  # fmt: skip


@given(LABELS, st.integers(0, 130), st.integers(0, 30))
def test_quick_look_ups_find_what_a_search_through_all_finds(labels, start, length):
    transcript, start_s, end_s = Transcript(labels), start / 10, (start + length) / 10
    assert transcript.at(start_s, end_s) == texts_at(labels, start_s, end_s)
    assert transcript.find("B") == [label for label in labels if "b" in label.text.lower()]


def test_words_are_found_across_labels_of_one_speaker_only():
    one = [Label(0, 1, "never", "Ada"), Label(0.5, 1, "again", "Ben"), Label(1, 2, "ever", "Ada")]
    assert Transcript(one).find("never  EVER") == [one[0]]
    assert Transcript(one).find("never again") == []
    assert Transcript(one).find(" ") == []
