"""Two coders in Review: each blind to the other until they compare; a third settles differences; all of it undone."""

import re
import shlex
import sqlite3

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QDialog
from typer.testing import CliRunner

from gui.cli import app as command_line
from gui.review.coders import CoderDialog
from gui.review.export_dialog import ExportDialog
from realtime.session import Coding, Status, open_session
from realtime.study.compare import compare
from realtime.study.sessions import read_study
from tests.gui_driver import answer, press, until, write_session

KEY, CTRL = Qt.Key, Qt.KeyboardModifier.ControlModifier
YES, NO, OPEN = Status.CONFIRMED, Status.REJECTED, Status.UNREVIEWED


@pytest.fixture
def path(home):
    (home / "sessions").mkdir(exist_ok=True)
    return write_session(home / "sessions" / "talk.medn", 8.0, [1.0, 2.0, 3.0, 4.0], candidates=[(6.0, 0.4)])


def be(window, monkeypatch, name, *, mine=False):
    """Enter a name in the dialog that the key opens."""

    def fill(dialog):
        dialog.name.setText(name)
        dialog.mine.setChecked(mine)
        dialog._take()
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(CoderDialog, "exec", fill)
    press(window.review, KEY.Key_U, CTRL)


def judge(window, *keys):
    """Judge the events from the first on."""
    window.review.model.choose(window.review.model.record.events[0].id)
    for key in keys:
        press(window.review, key)


def statuses(path, coder=None):
    with open_session(path, coder) as session:
        return [stored.status for stored in session.events()]


def two_coders(window, path, monkeypatch):
    window.open_session(path)
    be(window, monkeypatch, "Ada")
    judge(window, KEY.Key_C, KEY.Key_C, KEY.Key_X, KEY.Key_X)
    be(window, monkeypatch, "Bo")
    judge(window, KEY.Key_C, KEY.Key_X, KEY.Key_C, KEY.Key_X)


def test_each_coder_sees_only_their_own_judgements_notes_marks_and_additions(window, path, monkeypatch):
    window.open_session(path)
    be(window, monkeypatch, "Ada")
    review = window.review
    judge(window, KEY.Key_C, KEY.Key_X)
    review.model.write_note(review.model.record.events[0].id, "sure")
    review.model.mark(2.5)
    review.model.choose(-1)
    press(review, KEY.Key_C)  # a candidate becomes Ada's event
    assert len(review.model.record.events) == 5
    be(window, monkeypatch, "Bo")
    record = review.model.record
    assert [stored.status for stored in record.events] == [OPEN] * 4
    assert all(not stored.note for stored in record.events)
    assert (record.marks, len(record.candidates)) == ([], 1)
    assert "reviewed" not in review.library.entries[0].detail
    judge(window, KEY.Key_X)
    review.model.write_note(record.events[0].id, "a blink")
    press(review, KEY.Key_Z, CTRL)
    press(review, KEY.Key_Z, CTRL)
    assert statuses(path, "Bo") == [OPEN] * 4
    press(review, KEY.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert statuses(path, "Bo") == [NO, OPEN, OPEN, OPEN]
    review.model.choose(-1)
    press(review, KEY.Key_C)
    press(review, KEY.Key_Z, CTRL)  # Ada's stays
    assert statuses(path) == statuses(path, "Ada") == [YES, NO, OPEN, OPEN, YES]
    be(window, monkeypatch, "Ada")
    assert [stored.note for stored in review.model.record.events][:2] == ["sure", ""]
    assert len(review.model.record.marks) == 1
    assert window.settings.coder == "Ada"


def test_what_was_judged_before_names_stays_hidden_unless_it_is_ones_own(window, path, monkeypatch):
    window.open_session(path)
    judge(window, KEY.Key_C)
    be(window, monkeypatch, "Bo")
    assert statuses(path, "Bo") == [OPEN] * 4
    assert "without a name" in window.banner.text
    judge(window, KEY.Key_X)
    be(window, monkeypatch, "Ada", mine=True)
    assert window.review.model.record.events[0].status is YES
    assert statuses(path, "Bo")[0] is NO
    with open_session(path) as session:
        assert session.reviewer == "Ada"


def test_a_copied_export_of_a_coder_who_judged_nothing_yet_says_that_the_command_line_has_none(
    window, path, tmp_path, monkeypatch
):
    two_coders(window, path, monkeypatch)
    said, codes = [], []
    for coder in ("Bo", "Cy"):
        be(window, monkeypatch, coder)
        dialog = ExportDialog(window.review.model.record, [], window)
        dialog._folder.setText(str(tmp_path / coder))
        dialog._copy_command()
        said.append(dialog._result.text())
        codes.append(CliRunner().invoke(command_line, shlex.split(dialog.command)[1:]).exit_code)
        dialog.close()
    assert codes == [0, 2]
    assert said == ["Copied.", "Copied. The command line exports what you judged or marked once there is some of it."]


def test_two_coders_are_compared_and_a_third_settles_their_differences(window, path, monkeypatch):
    two_coders(window, path, monkeypatch)
    be(window, monkeypatch, "Cy")
    review, panel = window.review, window.review.coders.panel
    asked = answer(monkeypatch, "", "Compare")
    press(review, KEY.Key_D, CTRL)
    assert panel.isHidden()  # Enter keeps Cy blind
    press(review, KEY.Key_D, CTRL)
    assert "4 events" in asked[0]
    panel.coders[0].setCurrentText("Ada")
    panel.coders[1].setCurrentText("Bo")
    assert "κ 0.00, over 4 moments" in panel.agreed.text()
    assert "50 %; 50 % would agree by chance" in panel.agreed.text()
    assert [panel.differences.item(line, 1).text() for line in range(2)] == ["✓ yes", "✗ no"]
    panel.differences.selectRow(0)
    assert review.model.chosen.event.onset_s == 2.0
    panel.verdicts[0].click()
    panel.verdicts[1].click()
    assert "0 OPEN" in panel._heading.text()
    with open_session(path) as session:
        codings = session.codings()
        settled = {coded.onset_s: coded.status for coded in codings["settled by Cy"]}
    assert settled == {1.0: YES, 2.0: YES, 3.0: NO, 4.0: NO}
    assert statuses(path, "settled by Cy") == [YES, YES, NO, NO]
    assert (statuses(path, "Ada"), statuses(path, "Bo")) == ([YES, YES, NO, NO], [YES, NO, YES, NO])
    press(review, KEY.Key_Z, CTRL)
    assert "1 OPEN" in panel._heading.text()
    press(review, KEY.Key_Z, CTRL)
    with open_session(path) as session:
        assert "settled by Cy" not in session.codings()
    press(review, KEY.Key_D, CTRL)
    assert panel.isHidden()
    assert review.inspector.isVisible()


def test_a_settled_difference_is_open_again_once_a_coder_judges_otherwise(window, path, monkeypatch):
    two_coders(window, path, monkeypatch)
    press(window.review, KEY.Key_D, CTRL)
    panel, review = window.review.coders.panel, window.review
    panel.differences.selectRow(0)
    panel.verdicts[0].click()
    judge(window, KEY.Key_X)  # Bo: yes, no, yes, no before; what both agreed on differs now
    assert panel._heading.text() == "3 DIFFERENCES, 2 OPEN"
    assert panel.comparison.agreement == compare(review.model.record.judgements(), "Bo", "Ada").agreement
    review.model.choose(review.model.record.events[1].id)
    press(review, KEY.Key_C)  # Bo agrees with Ada about what was settled
    assert panel._heading.text() == "2 DIFFERENCES, 2 OPEN"
    press(review, KEY.Key_Z, CTRL)
    assert panel._heading.text() == "3 DIFFERENCES, 2 OPEN"
    be(window, monkeypatch, "Ada")
    review.model.choose(review.model.record.events[1].id)
    press(review, KEY.Key_X)
    be(window, monkeypatch, "Bo")
    review.model.choose(review.model.record.events[1].id)
    press(review, KEY.Key_C)  # they have changed places
    press(review, KEY.Key_D, CTRL)
    assert panel._heading.text() == "3 DIFFERENCES, 3 OPEN"
    assert "before a judgement changed" in panel.differences.item(1, 3).text()
    panel.differences.selectRow(2)
    panel.verdicts[1].click()
    with open_session(path) as session:
        settled = {coded.onset_s: (coded.status, coded.text) for coded in session.codings()["settled by Bo"]}
    assert settled == {2.0: (YES, "Bo: no; Ada: yes"), 3.0: (NO, "Bo: yes; Ada: no"), 4.0: (NO, "agreed")}


def test_differences_about_two_people_who_move_at_the_same_time_are_settled_each_for_itself(window, home, monkeypatch):
    path = write_session(home / "sessions" / "two.medn", 5.0, [1.0, 1.0, 3.0, 3.0], faces=2)
    window.open_session(path)
    be(window, monkeypatch, "Ada")
    judge(window, KEY.Key_C, KEY.Key_C, KEY.Key_C, KEY.Key_C)
    be(window, monkeypatch, "Bo")
    judge(window, KEY.Key_X, KEY.Key_X, KEY.Key_X, KEY.Key_C)  # they agree about the second person at 3 s
    press(window.review, KEY.Key_D, CTRL)
    panel = window.review.coders.panel
    for line, (verdict, heading) in enumerate([(0, "2 OPEN"), (1, "1 OPEN"), (1, "0 OPEN")]):
        panel.differences.selectRow(line)
        panel.verdicts[verdict].click()
        assert panel._heading.text() == f"3 DIFFERENCES, {heading}"
    with open_session(path) as session:
        settled = {(coded.onset_s, coded.face): coded.status for coded in session.codings()["settled by Bo"]}
    assert settled == {(1.0, 0): YES, (1.0, 1): NO, (3.0, 0): NO, (3.0, 1): YES}


def test_a_movement_that_an_imported_coder_found_beside_the_events_is_a_difference_to_jump_to(
    window, path, monkeypatch
):
    with open_session(path) as session:
        session.replace_codings("Di", [Coding(1.0, 1.3), Coding(5.0, 5.4, text="a twitch")])
    window.open_session(path)
    be(window, monkeypatch, "Ada")
    judge(window, KEY.Key_C, KEY.Key_X, KEY.Key_X, KEY.Key_X)
    press(window.review, KEY.Key_D, CTRL)
    panel = window.review.coders.panel
    assert panel.differences.rowCount() == 1
    panel.differences.selectRow(0)
    assert window.review.viewer.position_s == pytest.approx(5.0)
    panel.verdicts[0].click()
    with open_session(path) as session:
        assert Coding(5.0, 5.4, status=YES, text="Ada: no; Di: yes") in session.codings()["settled by Ada"]


def test_a_study_counts_the_same_coders_and_leaves_settled_judgements_out_of_agreement(window, path, monkeypatch):
    two_coders(window, path, monkeypatch)
    with open_session(path) as session:
        session.replace_codings("settled by Cy", [Coding(1.0, 1.3, 1.1, YES, face=0)])
    [study] = read_study(path.parent).sessions
    assert list(study.coders) == ["MEDN", "Ada", "Bo", "settled by Cy"]
    [one] = study.agreements
    assert (one.coder_a, one.coder_b, one.both_yes, one.only_a, one.only_b, one.both_no) == ("Ada", "Bo", 1, 1, 1, 1)
    assert study.unreviewed == {"Ada": 0, "Bo": 0, "settled by Cy": 0}
    assert [coded.emotion for coded in study.coders["Bo"]] == ["negative", None]  # as the program classified them


def test_a_session_from_before_coders_opens_is_judged_and_compared(window, path, monkeypatch):
    database = sqlite3.connect(path)
    for table, column in (
        *(("session", "reviewer"), ("annotations", "marked_by")),
        *(("codings", "judges_event"), ("codings", "judged_face")),
    ):
        [sql] = database.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        without = re.sub(r",( *(--.*)?\n\))", r"\1", re.sub(rf" *{column} .*\n", "", sql))
        assert column not in without
        rows = database.execute(f"SELECT * FROM {table}").fetchall()
        database.execute(f"DROP TABLE {table}")
        database.execute(without)
        for row in rows:
            database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * (len(row) - 1))})", row[:-1])
    database.execute("INSERT INTO codings VALUES ('Di', 1.0, NULL, 1.3, 'confirmed', NULL, NULL, '')")
    database.execute("UPDATE events SET status = 'confirmed' WHERE id = 2")
    database.commit()
    database.close()
    window.open_session(path)
    assert [stored.status for stored in window.review.model.record.events] == [OPEN, YES, OPEN, OPEN]
    be(window, monkeypatch, "Bo")
    judge(window, KEY.Key_X)
    window.review.model.mark(1.5)
    assert statuses(path, "Bo") == [NO, OPEN, OPEN, OPEN]
    assert statuses(path) == [OPEN, YES, OPEN, OPEN]
    with open_session(path) as session:
        assert set(session.codings()) == {"Bo", "Di"}
        assert session.annotations() == []
        assert session.damage == ""
    until(lambda: window.review.model.record.readings is not None)
    be(window, monkeypatch, "Cy")
    judge(window, KEY.Key_C)
    answer(monkeypatch, "Compare")
    press(window.review, KEY.Key_D, CTRL)
    panel = window.review.coders.panel
    panel.coders[0].setCurrentText("Bo")
    panel.coders[1].setCurrentText("Cy")
    panel.differences.selectRow(0)
    panel.verdicts[0].click()
    assert panel._heading.text() == "1 DIFFERENCE, 0 OPEN"


def test_a_name_that_studies_use_is_refused(app):
    dialog = CoderDialog("", None, nameless=False)
    for name in ("MEDN", "review", "settled by me"):
        dialog.name.setText(name)
        dialog._take()
        assert dialog.result() != QDialog.DialogCode.Accepted
        assert name in dialog._problem.text()


def test_yes_settles_the_chosen_difference_also_after_others_came_or_went_above_it(window, path, monkeypatch):
    two_coders(window, path, monkeypatch)
    press(window.review, KEY.Key_D, CTRL)
    panel, review = window.review.coders.panel, window.review
    panel.differences.selectRow(1)
    assert panel.chosen.onset_s == 3.0
    judge(window, KEY.Key_X)  # another difference, at 1 s
    assert (panel.differences.rowCount(), panel.chosen.onset_s) == (3, 3.0)
    press(review, KEY.Key_Z, CTRL)
    assert (panel.differences.rowCount(), panel.chosen.onset_s) == (2, 3.0)
    review.model.choose(review.model.record.events[2].id)
    press(review, KEY.Key_X)  # Bo agrees with Ada about it
    assert panel.chosen is None
    panel.verdicts[0].click()
    with open_session(path) as session:
        assert "settled by Bo" not in session.codings()
    panel.differences.selectRow(0)
    judge(window, KEY.Key_X)
    panel.verdicts[0].click()
    with open_session(path) as session:
        settled = {coded.onset_s: coded.status for coded in session.codings()["settled by Bo"]}
    assert settled[2.0] is YES
    assert 1.0 not in settled


def test_a_study_keeps_what_each_coder_wrote_and_what_a_settled_difference_rests_on(window, path, monkeypatch):
    two_coders(window, path, monkeypatch)
    review = window.review
    review.model.write_note(review.model.record.events[0].id, "by Bo")
    with open_session(path, "Ada") as session:
        session.review(session.events()[0].id, note="by Ada")
    press(review, KEY.Key_D, CTRL)
    review.coders.panel.differences.selectRow(0)
    review.coders.panel.verdicts[0].click()
    [study] = read_study(path.parent).sessions
    texts = {coder: [one.text for one in found] for coder, found in study.coders.items()}
    assert texts == {
        "MEDN": [""] * 4, "Ada": ["by Ada", ""], "Bo": ["by Bo", ""], "settled by Bo": ["agreed", "Bo: no; Ada: yes"],
    }  # fmt: skip
