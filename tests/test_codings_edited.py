"""What a coder changed of an export in another program comes in as they changed it; nothing else is altered."""

import json
import re
from dataclasses import replace

import pytest
from pympi.Elan import Eaf
from test_codings import BACK, medn
from test_export import EVENT, write_session

from realtime.codings import read_codings
from realtime.labels import LabelError, read_labels
from realtime.session import Coding, Status, open_session

CLASSES = {"negative": 0.9, "positive": 0.1, "surprise": 0.0}
FOUND = replace(EVENT, emotion=CLASSES, aus={"AU4": 0.9})
JUDGED = Coding(1.0, 1.3, 1.1, Status.REJECTED, "negative", ("AU4",), "a blink", judges_event=True)


@pytest.fixture
def exported(tmp_path):
    """`exported(format)`: the file of a session with one rejected event."""
    path, *_ = write_session(tmp_path / "s.medn", [(FOUND, (Status.REJECTED, "a blink"))])

    def export(name, ending):
        assert medn("export", path, "--to", name, "--out", tmp_path).exit_code == 0
        return tmp_path / f"s{ending}"

    return export


def test_an_event_whose_onset_was_moved_in_elan_keeps_its_review_class_units_apex_and_note(exported):
    file = exported("elan", ".eaf")
    assert read_codings(file) == [JUDGED]
    document = Eaf(str(file))
    [(_, _, text, *_)] = document.get_annotation_data_for_tier("face 0 events")
    document.remove_all_annotations_from_tier("face 0 events")
    document.add_annotation("face 0 events", 960, 1300, text)
    document.to_file(str(file))
    assert read_codings(file) == [replace(JUDGED, onset_s=0.96)]


def test_an_event_that_was_moved_away_from_its_other_labels_in_elan_is_refused_and_never_confirmed(exported):
    file = exported("elan", ".eaf")
    document = Eaf(str(file))
    [(_, _, text, *_)] = document.get_annotation_data_for_tier("face 0 events")
    document.remove_all_annotations_from_tier("face 0 events")
    document.add_annotation("face 0 events", 1400, 1700, text)
    document.to_file(str(file))
    with pytest.raises(LabelError, match=r"no status for event 1 at 1\.4 s in the tier face 0 status: .*move"):
        read_codings(file)
    document.add_annotation("face 0 events", 2000, 2200, "AU12")  # a movement that the coder added needs none
    document.add_annotation("face 0 status", 1400, 1700, "confirmed")
    document.to_file(str(file))
    assert read_codings(file) == [Coding(1.4, 1.7, judges_event=True), Coding(2.0, 2.2)]


@pytest.mark.parametrize(("name", "ending"), BACK.items())
def test_an_export_that_nobody_judged_is_refused_as_a_coder_and_as_the_truth(tmp_path, name, ending):
    path, *_ = write_session(tmp_path / "s.medn", [(FOUND, (Status.UNREVIEWED, ""))])
    assert medn("export", path, "--to", name, "--out", tmp_path).exit_code == 0
    (tmp_path / "v.mp4").touch()
    for arguments in ((path, "--as", "coder", "--coder", "Bo"), (tmp_path / "v.mp4", "--as", "truth")):
        refused = medn("import", arguments[0], tmp_path / f"s{ending}", *arguments[1:])
        assert refused.exit_code == 2
        assert "holds no judgement yet, only unreviewed events: confirm or reject them first." in refused.stderr
    assert not (tmp_path / "truth.csv").exists()


def test_a_status_that_is_misspelt_in_elan_is_refused_and_never_counts_as_confirmed(exported):
    file = exported("elan", ".eaf")
    file.write_text(file.read_text().replace(">rejected<", ">reject<"))
    with pytest.raises(LabelError, match="the status reject at 1 s is none of unreviewed, confirmed, rejected"):
        read_codings(file)


def edit_boris(file, edit):
    """Replace the rows of the one observation: time, subject, behaviour, modifiers, comment, and others."""
    project = json.loads(file.read_text())
    [observation] = project["observations"].values()
    observation["events"] = edit(observation["events"])
    file.write_text(json.dumps(project))


def test_an_event_whose_onset_was_moved_in_boris_stays_one_event_with_all_that_is_known_of_it(exported):
    file = exported("boris", ".boris")
    assert read_codings(file) == [JUDGED]

    def moved(rows):
        first = next(row for row in rows if row[2] == "micro-expression")
        return [[0.95, *row[1:]] if row is first else row for row in rows]

    edit_boris(file, moved)
    assert read_codings(file) == [replace(JUDGED, onset_s=0.95)]


def test_another_class_and_another_unit_in_boris_take_the_place_of_the_programs(exported):
    file = exported("boris", ".boris")
    other = {"negative": "surprise", "AU4": "AU7"}
    edit_boris(file, lambda rows: [[*row[:2], other.get(row[2], row[2]), *row[3:]] for row in rows])
    assert read_codings(file) == [replace(JUDGED, emotion="surprise", aus=("AU7",))]


def test_what_was_taken_out_in_boris_does_not_come_back_from_the_programs_label(exported):
    file = exported("boris", ".boris")
    edit_boris(file, lambda rows: [row for row in rows if row[2] not in ("negative", "AU4")])
    assert read_codings(file) == [replace(JUDGED, emotion=None, aus=None)]


def test_a_mark_that_is_called_like_a_class_is_no_movement_in_boris(tmp_path):
    marks = [(10.0, "positive", 70.0), (80.0, "AU4", 81.0), (90.0, "negative", None)]
    path, *_ = write_session(tmp_path / "s.medn", [(FOUND, (Status.REJECTED, "a blink"))], marks)
    assert medn("export", path, "--to", "boris", "--out", tmp_path).exit_code == 0
    assert read_codings(tmp_path / "s.boris") == [JUDGED]


def test_a_movement_that_was_added_in_boris_without_a_subject_is_read_too(exported):
    file = exported("boris", ".boris")
    added = [[at_s, "", "micro-expression", "", "", 90] for at_s in (2.0, 2.4)]
    edit_boris(file, lambda rows: rows + added)
    assert read_codings(file) == [JUDGED, Coding(2.0, 2.4)]


def test_an_event_table_that_a_spreadsheet_saved_with_decimal_commas_comes_back_whole(tmp_path, exported):
    plain = exported("csv", "-events.csv").read_text()
    german = tmp_path / "german.csv"
    german.write_text("\ufeff" + plain.replace(",", ";").replace(".", ","), encoding="utf-8")
    assert read_codings(german) == [JUDGED]


def test_a_note_that_looks_like_a_formula_comes_back_without_the_apostrophe_that_guards_it(tmp_path):
    path, *_ = write_session(tmp_path / "s.medn", [(EVENT, (Status.CONFIRMED, "- unsure; +AU4?"))])
    assert medn("export", path, "--to", "csv", "--out", tmp_path).exit_code == 0
    assert "'- unsure; '+AU4?" in (tmp_path / "s-events.csv").read_text()
    assert read_codings(tmp_path / "s-events.csv")[0].text == "- unsure; +AU4?"


def test_a_mark_that_looks_like_a_formula_comes_back_without_the_apostrophe_that_guards_it(tmp_path):
    path, *_ = write_session(tmp_path / "s.medn", marked=[(0.5, "- unsure; =1", None)])
    assert medn("export", path, "--to", "csv", "--out", tmp_path).exit_code == 0
    assert "'- unsure; '=1" in (tmp_path / "s-marks.csv").read_text()
    assert [label.text for label in read_labels(tmp_path / "s-marks.csv")] == ["- unsure; =1"]


def test_of_a_table_with_several_speakers_only_those_who_are_named_are_read(tmp_path):
    file = tmp_path / "two.csv"
    file.write_text("start,end,text,speaker\n1.0,1.3,AU4,Ada\n2.0,2.3,AU12,Bo\n")
    assert read_codings(file, ["Bo"]) == [Coding(2.0, 2.3, aus=("AU12",))]
    with pytest.raises(LabelError, match="Ada, Bo"):
        read_codings(file, ["Nobody"])


@pytest.mark.parametrize(
    "rows",
    [
        "start,end,text\n1.0,1.3,AU4\n1.0,1.3,AU7\n1.0,1.3,surprise\n1.0,1.3,brief\n",
        "start,end,text,note\n1.0,1.3,AU4; AU7; surprise,brief\n",
    ],
)
def test_what_a_table_says_of_one_span_is_one_movement(tmp_path, rows):
    file = tmp_path / "a.csv"
    file.write_text(rows)
    assert read_codings(file) == [Coding(1.0, 1.3, emotion="surprise", aus=("AU4", "AU7"), text="brief")]


def test_a_note_beside_a_label_is_kept_as_it_is_and_is_no_judgement(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("start,end,text,note\n1.0,1.3,AU4,rejected\n2.0,2.3,AU4,surprise; or not\n")
    assert read_codings(file) == [
        Coding(1.0, 1.3, aus=("AU4",), text="rejected"),
        Coding(2.0, 2.3, aus=("AU4",), text="surprise; or not"),
    ]


def test_units_and_classes_in_tiers_of_their_own_are_one_movement(tmp_path):
    document = Eaf()
    for tier, text in (("AU", "4+7"), ("Emotion", "surprise")):
        document.add_tier(tier)
        document.add_annotation(tier, 200, 500, "AU4+AU7" if tier == "AU" else text)
    document.to_file(str(tmp_path / "a.eaf"))
    expected = [Coding(0.2, 0.5, emotion="surprise", aus=("AU4", "AU7"))]
    assert read_codings(tmp_path / "a.eaf", ["AU", "Emotion"]) == expected


def test_a_time_code_with_frames_is_refused_and_not_read_as_hours(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("onset,offset\n00:00:01:05,00:00:01:15\n")
    with pytest.raises(LabelError, match="00:00:01:05 is no time"):
        read_codings(file)


def test_parts_of_an_annotation_that_elan_gave_no_times_are_spread_evenly(tmp_path):
    document = Eaf()
    document.add_tier("ME")
    document.add_annotation("ME", 1000, 1900, "AU4")
    document.to_file(str(tmp_path / "a.eaf"))
    text = (tmp_path / "a.eaf").read_text()
    first, last = re.findall(r'TIME_SLOT_REF.="(\w+)"', text)
    parts = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="p{n}" TIME_SLOT_REF1="{begin}" TIME_SLOT_REF2="{end}">'
        f"<ANNOTATION_VALUE>{n}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
        for n, (begin, end) in enumerate([(first, "x1"), ("x1", "x2"), ("x2", last)])
    )
    tier = f'<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="parts">{parts}</TIER>'
    slots = '<TIME_SLOT TIME_SLOT_ID="x1"/><TIME_SLOT TIME_SLOT_ID="x2"/></TIME_ORDER>'
    text = text.replace("</TIME_ORDER>", slots).replace("<LINGUISTIC_TYPE", f"{tier}<LINGUISTIC_TYPE", 1)
    (tmp_path / "a.eaf").write_text(text)
    parts = [(label.start_s, label.end_s) for label in read_labels(tmp_path / "a.eaf") if label.tier == "parts"]
    assert parts == [(1.0, 1.3), (1.3, 1.6), (1.6, 1.9)]
    assert read_codings(tmp_path / "a.eaf", ["ME"]) == [Coding(1.0, 1.9, aus=("AU4",))]


@pytest.fixture
def judged_by_two(tmp_path):
    """A session whose event Ada confirmed and Bo rejected."""
    path, *_ = write_session(tmp_path / "two.medn", [(FOUND, (Status.UNREVIEWED, ""))])
    for coder, status in (("Ada", Status.CONFIRMED), ("Bo", Status.REJECTED)):
        with open_session(path, coder) as session:
            session.review(1, status=status, note=f"by {coder}")
    return path


def test_of_a_session_that_two_judged_each_is_read_by_name(tmp_path, judged_by_two):
    mine, *_ = write_session(tmp_path / "mine.medn")
    for coder in ("Ada", "Bo"):
        assert medn("import", mine, judged_by_two, "--as", "coder", "--coder", coder).exit_code == 0
    with open_session(mine) as session:
        read = {coder: (one.status, one.text) for coder, [one] in session.codings().items()}
    assert read == {"Ada": (Status.CONFIRMED, "by Ada"), "Bo": (Status.REJECTED, "by Bo")}
    refused = medn("import", mine, judged_by_two, "--as", "coder", "--coder", "Cy")
    assert (refused.exit_code, "was judged by Ada, Bo" in refused.stderr) == (2, True)


def test_of_a_session_that_nobody_judged_but_an_imported_coder_their_movements_are_read(tmp_path):
    path, *_ = write_session(tmp_path / "s.medn", [(FOUND, (Status.UNREVIEWED, ""))])
    with open_session(path) as session:
        session.replace_codings("Ada", [Coding(5.0, 5.3)])
    assert read_codings(path) == read_codings(path, coder="Bo") == [Coding(5.0, 5.3)]
    with open_session(path) as session:
        session.review(1, status=Status.REJECTED)  # without a name
    assert read_codings(path) == [replace(JUDGED, text="")]


@pytest.mark.parametrize("coder", ["Ada", "Bo"])
def test_judgements_made_in_the_app_are_not_replaced_by_an_import(tmp_path, judged_by_two, coder):
    other, *_ = write_session(tmp_path / "other.medn")
    refused = medn("import", judged_by_two, other, "--as", "coder", "--coder", coder)
    assert (refused.exit_code, f"{coder} judged the events" in refused.stderr) == (2, True)
    with open_session(judged_by_two, coder) as session:
        assert session.events()[0].note == f"by {coder}"


def test_an_export_of_a_coder_who_judged_nothing_there_is_refused(tmp_path, judged_by_two):
    refused = medn("export", judged_by_two, "--to", "csv", "--out", tmp_path / "out", "--coder", "Boo")
    assert (refused.exit_code, "has no coder Boo; it has Ada, Bo." in refused.stderr) == (2, True)
    assert not (tmp_path / "out").exists()
    assert medn("export", judged_by_two, "--to", "csv", "--out", tmp_path / "out", "--coder", "Bo").exit_code == 0
    assert "by Bo" in (tmp_path / "out" / "two-events.csv").read_text()


@pytest.mark.parametrize(("named", "coder"), [((), "Ada"), (("--coder", "Bo"), "Bo")])
def test_an_export_says_whose_judgements_it_holds(tmp_path, judged_by_two, named, coder):
    assert medn("export", judged_by_two, "--to", "csv", "--out", tmp_path / "out", *named).exit_code == 0
    assert json.loads((tmp_path / "out" / "two-csv.json").read_text())["export"]["judged_by"] == coder


def test_one_movement_and_one_label_are_told_in_the_singular(tmp_path):
    path, *_ = write_session(tmp_path / "s.medn")
    (tmp_path / "a.csv").write_text("onset,offset,text\n1,2,AU4\n")
    done = medn("import", path, tmp_path / "a.csv", "--as", "coder", "--coder", "Bo")
    assert "1 movement of a.csv by Bo." in done.stderr
    assert "1 label of a.csv as marks." in medn("import", path, tmp_path / "a.csv", "--as", "marks").stderr
