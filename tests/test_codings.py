"""Other coders: what MEDN exported comes back whole; ELAN, Praat, BORIS and tables are read as they stand."""

import json
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.textgrid import Textgrid
from pympi.Elan import Eaf
from test_export import EVENT, an_event, write_session
from typer.testing import CliRunner

from gui.cli import app
from medn.contract import AU_CLAIMED_AT
from realtime.codings import coding_of, read_codings
from realtime.export import export_sessions, formats_named
from realtime.labels import Label, LabelError, read_labels
from realtime.session import Coding, Status, open_session

BACK = {
    "csv": "-events.csv", "long": "-long.csv", "bids": "_events.tsv", "elan": ".eaf", "textgrid": ".TextGrid",
    "boris": ".boris", "webvtt": ".vtt",
}  # fmt: skip
notes = st.sampled_from(["", "raised twice", "4+7?", "negative", "confirmed by Bo; see 12", "ä“”", "<b>", '"so, what'])
# of classes that tables round to the same probability none is the most probable
told_apart = an_event().filter(lambda event: len({round(p, 6) for p in (event.emotion or {}).values()}) in (0, 3))
apart = st.lists(st.tuples(told_apart, st.tuples(st.sampled_from(Status), notes)), min_size=1, max_size=5).filter(
    lambda found: (
        len({round(1000 * event.onset_s) for event, _ in found}) == len(found)
        and any(status is not Status.UNREVIEWED for _, (status, _) in found)
    )
)


def medn(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@settings(max_examples=6, deadline=None, phases=[Phase.generate])
@given(found=apart)
def test_one_session_through_every_export_comes_back_through_every_import(tmp_path_factory, found):
    folder = tmp_path_factory.mktemp("round")
    path, events, marks = write_session(folder / "s.medn", found, [(0.5, "asked", None), (61.0, "answer", 65.0)])
    done = medn("export", path, "--to", ",".join(BACK), "--out", folder / "out")
    assert done.exit_code == 0, done.output
    expected = sorted((stored.event.onset_s, stored) for stored in events)
    for name, ending in BACK.items():
        done = medn("import", path, folder / "out" / f"s{ending}", "--as", "coder", "--coder", name)
        assert done.exit_code == 0, (name, done.output)
        with open_session(path) as session:
            read = session.codings()[name]
        assert len(read) == len(events), name
        for coded, (_, stored) in zip(read, expected, strict=True):
            event = stored.event
            assert (coded.onset_s, coded.offset_s) == pytest.approx((event.onset_s, event.offset_s), abs=6e-4), name
            assert coded.emotion == (max(event.emotion, key=event.emotion.get) if event.emotion else None), name
            units = {unit for unit, p in (event.aus or {}).items() if p >= AU_CLAIMED_AT}
            assert set(coded.aus or ()) == units, name
            assert coded.status is stored.status, name
            if name not in ("long",) and "<" not in stored.note:  # which is read as markup
                assert coded.text == stored.note, name
            if name not in ("webvtt",):
                assert coded.apex_s == pytest.approx(event.apex_s, abs=6e-4), name
    for name, ending in (("elan", ".eaf"), ("textgrid", ".TextGrid"), ("boris", ".boris"), ("csv", "-marks.csv")):
        labels = [label for label in read_labels(folder / "out" / f"s{ending}") if label.text in ("asked", "answer")]
        times = [(label.start_s, label.end_s, label.text) for label in labels]
        wanted = [(mark.time_s, mark.end_s or mark.time_s, mark.text) for mark in marks]
        assert [text for *_, text in times] == [text for *_, text in wanted], name
        for one, other in zip(times, wanted, strict=True):
            assert one[:2] == pytest.approx(other[:2], abs=1.1e-3), name


@pytest.mark.parametrize(
    "times",
    [
        [(0.003, 0.251, 0.367), (0.17, 0.532, 0.615), (0.3, 0.35, 0.7)],
        [(12.368, 12.608, 12.875), (12.475, 12.516, 12.823)],  # each apex lies in both
    ],
)
def test_movements_that_overlap_keep_their_own_apexes_through_boris(tmp_path, times):
    found = [
        (replace(EVENT, onset_s=onset_s, apex_s=apex_s, offset_s=offset_s), (Status.CONFIRMED, ""))
        for onset_s, apex_s, offset_s in times
    ]
    path, *_ = write_session(tmp_path / "s.medn", found)
    assert medn("export", path, "--to", "boris", "--out", tmp_path).exit_code == 0
    read = sorted(read_codings(tmp_path / "s.boris"), key=lambda one: one.onset_s)
    assert [(round(one.onset_s, 3), one.apex_s, round(one.offset_s, 3)) for one in read] == times


@pytest.mark.parametrize("name", ["webvtt", "boris", "elan"])
def test_movements_of_two_faces_at_the_same_time_stay_two(tmp_path, name):
    found = [
        (replace(EVENT, face=face), (status, "")) for face, status in enumerate((Status.REJECTED, Status.CONFIRMED))
    ]
    path, *_ = write_session(tmp_path / "s.medn", found)
    assert medn("export", path, "--to", name, "--out", tmp_path).exit_code == 0
    assert [one.status for one in read_codings(tmp_path / f"s{BACK[name]}")] == [Status.REJECTED, Status.CONFIRMED]


def test_another_coders_session_is_read_with_their_review_and_again_in_place_of_the_first(tmp_path):
    mine, *_ = write_session(tmp_path / "mine.medn")
    other, *_ = write_session(tmp_path / "other.medn", [(EVENT, (Status.REJECTED, "a blink"))])
    for _ in range(2):
        assert medn("import", mine, other, "--as", "coder", "--coder", "Bo").exit_code == 0
    with open_session(mine) as session:
        assert session.codings() == {
            "Bo": [
                Coding(EVENT.onset_s, EVENT.offset_s, EVENT.apex_s, Status.REJECTED, text="a blink", judges_event=True)
            ]
        }
        assert session.events()[0].status is Status.CONFIRMED
    medn("export", mine, "--to", "elan", "--out", tmp_path)
    tier = Eaf(str(tmp_path / "mine.eaf")).get_annotation_data_for_tier("coded by Bo")
    assert tier == [(1000, 1300, "rejected; a blink")]


def test_a_session_that_nobody_judged_yet_is_no_coder(tmp_path):
    mine, *_ = write_session(tmp_path / "mine.medn")
    other, *_ = write_session(tmp_path / "other.medn", [(EVENT, (Status.UNREVIEWED, ""))])
    refused = medn("import", mine, other, "--as", "coder", "--coder", "Bo")
    assert (refused.exit_code, "holds no judgement yet" in refused.stderr) == (2, True)
    with open_session(other) as session:
        session.review(session.events()[0].id, note="look again")
    assert medn("import", mine, other, "--as", "coder", "--coder", "Bo").exit_code == 0


def test_a_coders_row_with_more_cells_than_columns_is_refused_and_not_cut(tmp_path):
    (tmp_path / "a.csv").write_text("onset,offset,note\n1,2,a blink, or less\n")
    with pytest.raises(LabelError, match="more cells than columns in line 2"):
        read_codings(tmp_path / "a.csv")


def boris(events, offset_s=0.0, kinds=("micro", "AU4", "surprise")):
    behaviours = [{"code": code, "type": "State event"} for code in kinds] + [{"code": "apex", "type": "Point event"}]
    observation = {"type": "MEDIA", "time offset": offset_s, "events": events}
    return {"behaviors_conf": dict(enumerate(behaviours)), "observations": {"one": observation}}


def test_boris_observations_of_a_person_are_read_and_its_time_offset_is_taken_off(tmp_path):
    rows = [
        (11.0, "Ada", "micro", "", "", 1), (11.0, "Ada", "AU4", "", "", 1), (11.1, "Ada", "apex", "", "", 3),
        (11.0, "Bo", "micro", "", "odd", 1), (11.4, "Ada", "micro", "", "", 9), (11.4, "Ada", "AU4", "", "", 9),
        (12.0, "Bo", "micro", "", "", 20),
    ]  # fmt: skip
    file = tmp_path / "a.boris"
    file.write_text(json.dumps(boris(rows, offset_s=10.0)))
    ada, bo = sorted(read_codings(file), key=lambda coded: coded.offset_s)
    assert (ada.onset_s, ada.apex_s, ada.offset_s) == pytest.approx((1.0, 1.1, 1.4))
    assert (ada.aus, ada.text, bo.text, bo.offset_s) == (("AU4",), "micro", "micro; odd", 2.0)
    assert [coded.offset_s for coded in read_codings(file, ["Bo"])] == [2.0]


def test_in_a_foreign_file_with_several_tiers_the_coders_tier_must_be_named(tmp_path):
    document = Eaf()
    for tier in ("words", "ME"):
        document.add_tier(tier)
    document.add_annotation("words", 0, 900, "well")
    document.add_annotation("ME", 200, 500, "4+7; surprise; brief")
    document.to_file(str(tmp_path / "a.eaf"))
    with pytest.raises(LabelError, match="--tier"):
        read_codings(tmp_path / "a.eaf")
    expected = [Coding(0.2, 0.5, emotion="surprise", aus=("AU4", "AU7"), text="brief")]
    assert read_codings(tmp_path / "a.eaf", ["ME"]) == expected
    grid = Textgrid(0, 2)
    grid.addTier(IntervalTier("ME", [(0.2, 0.5, "AU4+AU7; surprise; brief")], 0, 2))
    grid.save(str(tmp_path / "a.TextGrid"), "long_textgrid", includeBlankSpaces=True)
    assert read_codings(tmp_path / "a.TextGrid") == expected


def test_a_coders_table_is_read_with_german_separators_clock_times_and_n_a(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(
        "Onset;Apex;Offset;AU;Emotion;Status\n0:01,200;n/a;0:01,500;4+L7A;Anger;\n3,5;3,6;4,0;?;;rejected\n"
    )
    assert read_codings(file) == [
        Coding(1.2, 1.5, None, Status.CONFIRMED, "negative", ("AU4", "AU7")),
        Coding(3.5, 4.0, 3.6, Status.REJECTED),
    ]


def test_a_lone_number_or_a_sentence_is_no_action_unit_and_no_class():
    assert coding_of("3", 0, 1) == Coding(0, 1, text="3")
    assert coding_of("she looks surprised; again", 0, 1) == Coding(0, 1, text="she looks surprised; again")


def test_codings_of_an_earlier_session_are_none_and_can_be_added(tmp_path):
    path, *_ = write_session(tmp_path / "s.medn")
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE codings")
    database.close()
    with open_session(path) as session:
        assert session.codings() == {}
        assert not session.damage
        session.replace_codings("Bo", [Coding(1.0, 1.5)])
        assert session.codings() == {"Bo": [Coding(1.0, 1.5)]}


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "text\nx\n", "needs a column for the onset"),
        ("a.csv", "onset,offset,status\n1,2,maybe\n", "status maybe is none of"),
        ("a.csv", "onset,offset\n2,1\n", "from 2 to 1 s"),
        ("a.csv", "onset,apex,offset\n1,3,2\n", "from 1 s on with its apex at 3 s"),
        ("a.csv", "onset,offset,au\n1,2,frown\n", "no action units"),
        ("a.csv", 'onset,offset,note\n1,2,\n3,4,"odd\n5,6,\n', "mark in the row of line 3 that is not closed"),
        ("a.csv", "onset,offset\n", "holds nothing"),
        ("a.boris", json.dumps(boris([(1.0, "", "micro", "", "", 1)])), "does not end"),
        ("a.boris", json.dumps(boris([]) | {"observations": {}}), "must hold one observation"),
        ("a.boris", json.dumps(boris([("NA", "", "micro", "", "", 1)])), "could not convert"),
        ("a.boris", "{}", "KeyError"),
        ("a.eaf", "<a", "cannot be read as .eaf"),
        ("a.medn", "text", "is not a MEDN session"),
    ],
)
def test_what_cannot_be_read_of_a_coder_gets_one_sentence_and_exit_code_2(tmp_path, name, content, sentence):
    session, *_ = write_session(tmp_path / "s.medn")
    (tmp_path / name).write_text(content)
    refused = medn("import", session, tmp_path / name, "--as", "coder", "--coder", "Bo")
    assert refused.exit_code == 2, refused.output
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1
    with open_session(session) as opened:
        assert opened.codings() == {}


def test_a_coder_needs_a_name(tmp_path):
    session, *_ = write_session(tmp_path / "s.medn")
    assert medn("import", session, session, "--as", "coder").exit_code == 2
    assert medn("import", session, session, "--as", "marks", "--coder", "Bo").exit_code == 2
    assert medn("import", session, session, "--as", "coder", "--coder", "MEDN").exit_code == 2


def test_marks_of_boris_come_in_with_their_subject(tmp_path):
    session, *_ = write_session(tmp_path / "s.medn")
    [outcome] = export_sessions([session], formats_named("boris"), tmp_path)
    assert Label(1.1, 1.1, "apex", "face 0", "1") in read_labels(outcome.files[0])


def test_who_was_imported_by_an_earlier_release_judges_the_events_of_that_session(tmp_path):
    path, *_ = write_session(tmp_path / "s.medn", [(EVENT, (Status.CONFIRMED, ""))])
    with open_session(path) as session:
        session.replace_codings("Di", [Coding(5.0, 5.4), Coding(EVENT.onset_s, EVENT.offset_s, EVENT.apex_s)])
    database = sqlite3.connect(path)
    database.execute("ALTER TABLE codings DROP COLUMN judged_face")
    database.commit()
    database.close()
    with open_session(path, "Di") as session:
        [stored] = session.events()
        session.review(stored.id, status=Status.REJECTED)
    with open_session(path, "Di") as session:
        assert [stored.status for stored in session.events()] == [Status.REJECTED]
        assert [one.onset_s for one in session.codings()["Di"]] == [EVENT.onset_s, 5.0]
    with open_session(path) as session:
        assert [stored.status for stored in session.events()] == [Status.CONFIRMED]
