"""The list of sessions in Review: found, shown in order, renamed, deleted."""

import errno
import os
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QFile, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QLineEdit, QPushButton

from gui.review.sessions_table import COLUMNS
from gui.settings import load, save
from realtime.session import SessionInfo, SessionWriter, open_session
from realtime.types import Analysis, Frame
from realtime.viewing import kept
from tests.gui_driver import an_event, answer, live_for, press, until, write_session

KEY = Qt.Key


@pytest.fixture
def bin_folder(tmp_path, monkeypatch):
    """The system's bin, as a folder."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def move(path):
        Path(path).rename(folder / Path(path).name)
        return True, ""

    monkeypatch.setattr(QFile, "moveToTrash", move)
    return folder


def test_enter_keeps_a_session_and_the_named_button_moves_it_to_the_bin_with_its_own_film_only(
    window, session, home, monkeypatch, bin_folder
):
    analysed = session.with_suffix(".mp4")
    analysed.write_bytes(b"somebody's only copy")
    recorded = write_session(home / "sessions" / "rec.medn", 1.0, [], home / "sessions" / "rec.mp4")
    recorded.with_suffix(".mp4").write_bytes(b"film")
    with sqlite3.connect(session) as database:
        database.execute("UPDATE session SET consent = NULL, video = ?", (str(analysed),))
    database.close()
    window.open_session(session)
    answer(monkeypatch, "")
    window.review.delete(session)
    assert session.exists()
    assert window.review.model.record.path == session
    asked = answer(monkeypatch, "Move to bin", "Move to bin")
    window.review.delete(session)
    window.review.delete(recorded)
    assert {file.name for file in bin_folder.iterdir()} == {"interview.medn", "rec.medn", "rec.mp4"}
    assert analysed.exists()
    assert "rec.mp4" in asked[1]
    assert "interview.mp4" not in asked[0]


def test_without_a_bin_a_second_question_comes_before_deleting_permanently(window, session, monkeypatch):
    monkeypatch.setattr(QFile, "moveToTrash", lambda _: (False, ""))
    answer(monkeypatch, "Move to bin", "")
    window.review.delete(session)
    assert session.exists()
    answer(monkeypatch, "Move to bin", "Delete permanently")
    window.review.delete(session)
    assert not session.exists()


def test_sessions_are_found_by_a_search_and_deleted(window, session, home, monkeypatch, bin_folder):
    answer(monkeypatch, "Move to bin")
    write_session(home / "sessions" / "other.medn", 1.0, [])
    window.show_workspace(2)
    library = window.review.library
    library._search.setText("interv")
    assert [entry.path.name for entry in library.entries] == ["interview.medn"]
    library._search.clear()
    window.open_session(session)
    window.review.delete(session)
    assert not session.exists()
    assert window.review.model.record is None
    assert [entry.path.name for entry in library.entries] == ["other.medn"]


def titles(window):
    return [entry.title for entry in window.review.library.entries]


def test_the_list_shows_date_length_and_people_and_keeps_its_order_while_sessions_are_judged(window, home):
    for number, name in enumerate(("first", "second", "third")):
        path = write_session(home / "sessions" / f"{name}.medn", 65.0, [1.0], faces=1 + number)
        with sqlite3.connect(path) as database:
            database.execute("UPDATE session SET created_utc = ?", (f"2026-11-2{number}T12:00:00+00:00",))
        database.close()
    window.show_workspace(2)
    assert titles(window) == ["third", "second", "first"]
    about = [entry.about for entry in window.review.library.entries]
    assert [text[:10] for text in about] == ["2026-11-22", "2026-11-21", "2026-11-20"]
    assert [text[16:] for text in about] == [" · 1:04"] * 3
    people = [entry.detail.partition(" · 1 event")[0] for entry in window.review.library.entries]
    assert people == ["Ada · 3 faces", "Ada · 2 faces", "Ada"]
    window.open_session(home / "sessions" / "first.medn")
    press(window.review, KEY.Key_C)
    window.show_workspace(0)
    window.show_workspace(2)
    assert titles(window) == ["third", "second", "first"]
    assert window.review.library.entries[2].detail == "Ada · 1 event, 1 reviewed · camera 0"


def test_a_partial_session_says_so_first_in_the_list_above_the_video_and_in_the_inspector(window, home):
    path = home / "sessions" / "killed.medn"
    SessionWriter(path, SessionInfo(source="talk.mp4")).close(failed=True)  # as a killed process leaves it
    window.open_session(path)
    [entry] = window.review.library.entries
    assert entry.detail == "PARTIAL, still being written, or cut off · no face · 0 events · talk.mp4"
    assert window.review.arrangement.about.text().startswith("PARTIAL: still being written, or cut off")
    assert window.review.inspector._empty.text().startswith("PARTIAL: still being written, or cut off")


@pytest.mark.parametrize(
    "change",
    [
        "created_utc = '0001-01-01T00:00:00+00:00'",
        "created_utc = '9999-12-31T23:59:59-23:00'",
        "created_utc = 'yesterday'",
        f"consent = '{'Ada ' * 10_000}'",
        "consent = char(10, 7, 8238)",
    ],
)
def test_the_list_shows_a_session_whatever_its_description_holds(window, home, change):
    path = write_session(home / "sessions" / "odd.medn", 1.0, [])
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE session SET {change}")
    database.close()
    window.show_workspace(2)
    [entry] = window.review.library.entries
    assert re.match(r"\d{1,4}-\d\d-\d\d \d\d:\d\d · 0:00", entry.about)
    window.review.library.grab()


def type_name(window, row, name):
    """F2 on a session of the list, a name, Enter."""
    listed = window.review.library._list
    listed.setFocus()
    listed.setCurrentRow(row)
    press(listed, KEY.Key_F2)
    editor = listed.findChild(QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, name)
    press(editor, KEY.Key_Return)


def test_a_session_is_renamed_in_the_list_with_its_film_and_stays_open(window, interview, home):
    film = home / "sessions" / "rec.mp4"
    film.write_bytes(interview.read_bytes())
    recorded = write_session(home / "sessions" / "rec.medn", 1.0, [0.5], film)
    write_session(home / "sessions" / "other.medn", 1.0, [])
    window.open_session(recorded)
    type_name(window, titles(window).index("rec"), "Ada, first cut")  # letters that are keys of Review elsewhere
    until(lambda: "Ada, first cut" in titles(window))
    assert sorted(file.name for file in film.parent.iterdir()) == [
        "Ada, first cut.medn",
        "Ada, first cut.mp4",
        "other.medn",
    ]
    assert window.review.model.record.path.name == "Ada, first cut.medn"
    assert window.review.model.record.info.video == str(home / "sessions" / "Ada, first cut.mp4")
    until(lambda: window.review.viewer.image is not None)
    type_name(window, titles(window).index("other"), "Ada, first cut")
    until(lambda: "exists already" in window.banner._text.text())
    assert sorted(titles(window)) == ["Ada, first cut", "other"]
    type_name(window, titles(window).index("other"), "../out")
    until(lambda: "is no name for a session" in window.banner._text.text())
    assert sorted(titles(window)) == ["Ada, first cut", "other"]


def test_a_session_that_is_being_recorded_is_neither_renamed_nor_deleted(window, home, monkeypatch, bin_folder):
    path = home / "sessions" / "now.medn"
    with SessionWriter(path, SessionInfo(source="camera 0", consent="Ada agreed to be recorded.")):
        window.show_workspace(2)
        type_name(window, 0, "later")
        until(lambda: "still in use, by a recording" in window.banner._text.text())
        answer(monkeypatch, "Move to bin")
        window.banner.clear(window.review)
        window.open_session(path)
        window.review.delete(path)
        assert "still in use, by a recording" in window.banner._text.text()
        assert window.review.model.record.path == path
        window.review.model.close()
    assert [file.name for file in path.parent.iterdir()] == ["now.medn"]


def test_without_a_session_review_explains_how_to_get_one_and_after_a_deletion_too(
    window, session, monkeypatch, bin_folder
):
    answer(monkeypatch, "Move to bin")
    window.show_workspace(2)
    review = window.review
    assert "Open a session" in review.viewer._message.text()
    assert not review._tools.isEnabled()
    assert not review.viewer._locate.isVisible()
    window.open_session(session)
    assert review._tools.isEnabled()
    review.delete(session)
    assert "Open a session" in review.viewer._message.text()
    assert review.model.shown_ids == []
    assert review.arrangement.title.text() == ""


def test_participants_and_notes_are_columns_written_in_place_and_the_last_opened_session_stands_first(window, home):
    folder = home / "sessions"
    for name in ("b", "a", "c"):
        write_session(folder / f"{name}.medn", 2.0, [1.0])
    elsewhere = write_session(home / "elsewhere.medn", 2.0, [])
    for path in (folder / "a.medn", elsewhere, folder / "b.medn"):
        window.open_session(path)
    table = window.review.sessions_table()
    table.show()

    def column(name):
        cells = (table.table.item(line, COLUMNS.index(name)) for line in range(table.table.rowCount()))
        return [cell.text() for cell in cells]

    def write(line, name, text):
        table.table.editItem(table.table.item(line, COLUMNS.index(name)))
        editor = table.table.findChild(QLineEdit)
        editor.setText(text)
        press(editor, KEY.Key_Return)
        until(lambda: table.table.findChild(QLineEdit) is None)

    assert column("Session") == ["b", "elsewhere", "a", "c"]
    assert column("Participant") == ["Ada"] * 4  # of the consent
    write(0, "Participant", "Bea")
    write(2, "Note", long := "the light failed at 16:02; " * 20 + "leave it out")
    with open_session(folder / "a.medn") as session:
        assert session.info.note == long
    write(2, "Note", "second take")
    write(3, "Session", "b")  # that is taken
    assert "exists already" in table.problem.text()
    write(0, "Session", "b renamed")
    assert window.review.model.record.path.stem == "b renamed"
    assert column("Session") == ["b renamed", "elsewhere", "a", "c"]
    with open_session(folder / "b renamed.medn") as session:
        assert (session.info.person, session.info.consent) == ("Bea", "Ada agreed to be recorded.")
    table.search.setText("second TAKE")
    assert [line for line in range(4) if not table.table.isRowHidden(line)] == [2]
    table.table.selectRow(2)
    next(each for each in table.findChildren(QPushButton) if each.text() == "Open").click()
    assert window.review.model.record.path.stem == "a"
    save(window.settings)
    assert list(load().opened) == [str(path) for path in (elsewhere, folder / "b renamed.medn", folder / "a.medn")]
    assert [entry.note for entry in window.review.library.entries if entry.note] == ["second take"]


def test_after_tab_a_note_goes_to_the_participants_own_session_also_where_that_moves_in_the_table(window, home):
    folder = home / "sessions"
    for name, participant in (("one", "Ben"), ("two", "Mia"), ("three", "Zoe")):
        with open_session(write_session(folder / f"{name}.medn", 1.0, [])) as session:
            session.describe(participant=participant)
    window.show_workspace(2)
    table = window.review.sessions_table()
    table.show()
    table.activateWindow()
    until(table.isActiveWindow)
    place = COLUMNS.index("Participant")
    table.table.sortItems(place, Qt.SortOrder.AscendingOrder)
    table.table.setFocus()
    table.table.setCurrentCell(0, place)
    press(table.table, KEY.Key_F2)
    QTest.keyClicks(QApplication.focusWidget(), "Xaver")  # is sorted behind Mia
    press(QApplication.focusWidget(), KEY.Key_Tab)
    live_for(0.1)
    QTest.keyClicks(QApplication.focusWidget(), "left early")
    press(QApplication.focusWidget(), KEY.Key_Return)
    live_for(0.1)
    table.table.setCurrentCell(0, COLUMNS.index("Session"))
    press(table.table, KEY.Key_F2)
    QTest.keyClicks(QApplication.focusWidget(), "second")
    press(QApplication.focusWidget(), KEY.Key_Tab)
    live_for(0.1)
    QTest.keyClicks(QApplication.focusWidget(), "Ada")
    press(QApplication.focusWidget(), KEY.Key_Return)
    live_for(0.1)
    stored = {}
    for path in folder.glob("*.medn"):
        with open_session(path) as session:
            stored[path.stem] = session.info.person, session.info.note
    assert stored == {"one": ("Xaver", "left early"), "second": ("Ada", ""), "three": ("Zoe", "")}
    assert [table.path_of(line).stem for line in range(3)] == ["second", "one", "three"]


def test_a_recording_that_was_opened_while_it_was_made_is_whole_in_the_list_once_it_has_ended(window, home):
    path = home / "sessions" / "now.medn"
    writer = SessionWriter(path, SessionInfo(source="camera 0", consent="Ada agreed to be recorded."))
    writer.on_analysis(Analysis(0, 0.0, ()), Frame(0, 0.0, np.zeros((2, 2, 3), np.uint8)))
    window.open_session(path)
    assert window.review.library.entries[0].detail.startswith("PARTIAL")
    writer.add_event(an_event(0, 0.0, 0), {})
    writer.close(None)
    window.show_workspace(0)
    window.show_workspace(2)
    assert window.review.library.entries[0].detail == "Ada · 1 event · camera 0"


@pytest.fixture
def closed(home, monkeypatch):
    """A folder of which this user may not read anything."""
    folder, stat = home / "closed", os.stat
    folder.mkdir()

    def refuse(path, *args, **kwargs):
        if isinstance(path, (str, Path)) and folder in Path(path).parents:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", refuse)
    return folder


def test_sessions_that_cannot_be_reached_now_hide_no_others(window, session, home, closed):
    (home / "sessions" / "away.medn").symlink_to(home / "disk" / "away.medn")
    window.settings.opened[str(closed / "other.medn")] = "2026-11-28T14:00:00.000+00:00"
    window.show_workspace(2)
    assert titles(window) == ["interview"]
    window.open_session(session)
    assert window.review.model.record.path == session


def test_a_session_whose_video_lies_in_a_closed_folder_is_shown_and_its_video_can_be_located(window, home, closed):
    path = write_session(home / "sessions" / "a.medn", 2.0, [1.0])
    with sqlite3.connect(path) as database:
        database.execute("UPDATE session SET video = ?", (str(closed / "a.mp4"),))
    database.close()
    window.open_session(path)
    assert "a.mp4" in window.review.viewer._message.text()
    assert window.review.viewer._locate.isVisible()
    window.review.analyse_again()
    assert "Without its video" in window.banner.text


def test_nothing_is_kept_of_a_film_that_was_renamed_and_deleted(window, home, monkeypatch, bin_folder):
    path = write_session(home / "sessions" / "rec.medn", 1.0, [], home / "sessions" / "rec.mp4")
    path.with_suffix(".mp4").write_bytes(b"film")
    for name in ("rec", "other"):
        window.review.rename(path, name)
        path = path.with_stem(name)
        kept.keep(path.with_suffix(".mp4"), "waveform", {"peaks": np.zeros(3)})
    answer(monkeypatch, "Move to bin")
    window.review.delete(path)
    assert not path.exists()
    assert list(kept.kept_folder().iterdir()) == []
