"""Labels of other programs: what was said, and other coders' marks, are read as they stand and go into every export."""

import csv
import json
import os
import sqlite3

import pytest
from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.textgrid import Textgrid
from pympi.Elan import Eaf
from test_export import EVENT, write_session
from typer.testing import CliRunner

from gui.cli import app
from realtime.codings import read_codings
from realtime.labels import Label, LabelError, read_labels, texts_at
from realtime.session import open_session

SAID = [Label(0.5, 1.25, "I was fine", "Ada"), Label(1.5, 2.0, "that day", "Ada"), Label(62.0, 63.5, "really?", "Bo")]


def clock(seconds):
    return f"00:{seconds // 60:02.0f}:{seconds % 60:06.3f}"


def write_vtt(path):
    cues = [f"{clock(s.start_s)} --> {clock(s.end_s)}\n<v {s.tier}><b>{s.text}</b></v>\n" for s in SAID]
    path.write_text("WEBVTT\n\n" + "\n".join(cues))


def write_srt(path):
    cues = [f"{n}\n{clock(s.start_s)} --> {clock(s.end_s)}\n{s.text}\n" for n, s in enumerate(SAID, 1)]
    path.write_text("\n".join(cues).replace(".", ","))


def write_elan(path):
    document = Eaf()
    for tier in ("Ada", "Bo"):
        document.add_tier(tier)
    for label in SAID:
        document.add_annotation(label.tier, round(1000 * label.start_s), round(1000 * label.end_s), label.text)
    document.to_file(str(path))


def write_textgrid(path):
    grid = Textgrid(0, 70)
    for tier in ("Ada", "Bo"):
        spans = [(label.start_s, label.end_s, label.text) for label in SAID if label.tier == tier]
        grid.addTier(IntervalTier(tier, spans, 0, 70))
    grid.save(str(path), "long_textgrid", includeBlankSpaces=True)


def write_table(path):
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(["Speaker", "Start_ms", "Duration_ms", "Text"])
        rows.writerows([s.tier, 1000 * s.start_s, 1000 * (s.end_s - s.start_s), s.text] for s in SAID)


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.vtt", write_vtt), ("a.eaf", write_elan), ("a.TextGrid", write_textgrid), ("a.csv", write_table)],
)
def test_a_transcript_is_read_with_its_times_and_speakers(tmp_path, name, write):
    write(tmp_path / name)
    assert read_labels(tmp_path / name) == SAID


def test_subtitles_have_the_characters_that_webvtt_writes_as_names(tmp_path):
    (tmp_path / "a.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>R&amp;D &gt;&gt; now&nbsp;then &lt;b&gt;\n"
    )
    assert read_labels(tmp_path / "a.vtt") == [Label(1.0, 2.0, "R&D >> now then <b>", "Ada")]


def test_people_who_speak_in_the_same_subtitle_keep_their_own_words(tmp_path):
    (tmp_path / "a.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Were you <i>there</i>?</v>\n<v.loud Bo Ray>Never!\n"
    )
    assert read_labels(tmp_path / "a.vtt") == [
        Label(1.0, 2.0, "Were you there?", "Ada"), Label(1.0, 2.0, "Never!", "Bo Ray"),
    ]  # fmt: skip


def test_a_quotation_mark_that_stays_open_in_a_line_between_tabs_takes_no_other_line(tmp_path):
    lines = ('"I was there,', "but left.", '"Never," she said.', 'a "word"', '"she said ""no"""')
    rows = "".join(f"{at}\t{at + 1}\t{text}\n" for at, text in enumerate(lines))
    (tmp_path / "a.tsv").write_text(f"start\tend\ttext\n{rows}")
    said = [label.text for label in read_labels(tmp_path / "a.tsv")]
    assert said == ['"I was there,', "but left.", '"Never," she said.', 'a "word"', 'she said "no"']


def test_a_transcript_whose_times_lie_after_the_end_is_told(tmp_path):
    path, words = tmp_path / "s.medn", tmp_path / "words.tsv"
    write_session(path)
    for line, told in (("0\t1500\tHello", False), ("1500\t3000\tyou", True)):
        words.write_text(f"start\tend\ttext\n0\t1\tWell\n{line}\n")
        done = CliRunner().invoke(app, ["import", str(path), str(words)])
        assert done.exit_code == 0, done.output
        assert ("1 of them begin after the end" in done.stderr.replace("\n", " ")) is told


def test_subrip_which_has_no_speakers_is_read_with_its_times(tmp_path):
    write_srt(tmp_path / "a.srt")
    assert read_labels(tmp_path / "a.srt") == [Label(s.start_s, s.end_s, s.text) for s in SAID]


def test_only_what_overlaps_a_span_is_said_there_and_a_speaker_is_named_once():
    assert texts_at(SAID, 1.0, 1.5) == "Ada: I was fine that day"
    assert texts_at(SAID, 1.3, 1.4) == ""


def test_what_was_said_at_an_event_is_in_every_export(tmp_path):
    path, words = tmp_path / "s.medn", tmp_path / "words.csv"
    write_session(path)
    words.write_text(f"start,end,text,speaker\n{EVENT.onset_s},{EVENT.offset_s},never again,Ada\n900,901,later,Ada\n")
    done = CliRunner().invoke(app, ["import", str(path), str(words)])
    assert done.exit_code == 0, done.output
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["export", str(path), "--to", "csv,elan,textgrid,webvtt,boris", "--out", str(out)])
    assert done.exit_code == 0, done.output
    for ending in ("events.csv", ".eaf", ".TextGrid", ".vtt", ".boris"):
        [file] = out.glob(f"*{ending}")
        text = json.dumps(json.loads(file.read_text()), ensure_ascii=False) if ending == ".boris" else file.read_text()
        assert "never again" in text, ending
    [events] = out.glob("*events.csv")
    [row] = csv.DictReader(events.open())
    assert row["said"] == "Ada: never again"


@pytest.mark.parametrize(("name", "write"), [("a.eaf", write_elan), ("a.TextGrid", write_textgrid)])
def test_another_coders_tier_becomes_marks_which_come_out_again_as_they_went_in(tmp_path, name, write):
    path = tmp_path / "s.medn"
    write_session(path)
    write(tmp_path / name)
    done = CliRunner().invoke(app, ["import", str(path), str(tmp_path / name), "--as", "marks", "--tier", "Ada"])
    assert done.exit_code == 0, done.output
    CliRunner().invoke(app, ["export", str(path), "--to", "elan", "--out", str(tmp_path / "out")])
    [exported] = (tmp_path / "out").glob("*.eaf")
    marks = [label for label in read_labels(exported) if label.tier.startswith("marks")]
    assert [(m.start_s, m.end_s, m.text) for m in marks] == [
        (0.5, 1.25, "Ada: I was fine"),
        (1.5, 2.0, "Ada: that day"),
    ]


def test_a_session_of_an_earlier_release_takes_a_transcript_and_a_second_one_replaces_it(tmp_path):
    path = tmp_path / "s.medn"
    write_session(path)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE transcript")
    database.close()
    with open_session(path) as session:
        assert session.transcript() == []
        assert not session.damage
        session.replace_transcript(SAID)
        session.replace_transcript(SAID[:2])
        assert session.transcript() == SAID[:2]
    with open_session(path) as session:
        assert session.transcript() == SAID[:2]
        assert not session.damage


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.pdf", "x", "is none of"),
        ("a.vtt", "not subtitles", "not written as .vtt"),
        ("a.eaf", "<a", "cannot be read as .eaf"),
        ("a.TextGrid", "x", "TextGrid"),
        ("a.csv", "from,to\n1,2\n", "needs columns"),
        ("a.csv", "start,end,text\n3,1,backward\n", "from 3 to 1 s"),
        ("a.csv", "start,end,text\n1700000000.5,1700000001,look\n", "times count from the beginning of the recording"),
        ("a.csv", "start,end,text\nsoon,1,x\n", "could not convert"),
        ("a.csv", "start,end,text\n", "holds no label"),
        ("a.csv", "start,end,text\n1,2,well\n2,3,no, never there\n", "more cells than columns in line 3"),
        ("a.csv", 'start,end,text\n1,2,"an open mark\n' + 9000 * "2,3,all that follows\n", "field larger than"),
        ("a.csv", 'start,end,text\n1,2,"an open mark\n2,3,well\n3,4,yes\n', "a quotation mark in the row of line 2"),
        ("a.csv", 'start,end,text\n1,2,"an open mark\n2,3,"well"\n3,4,yes\n', "a quotation mark in the row of line 2"),
        ("a.csv", 'start,end,"text\n1,2,well\n', "a quotation mark in the row of line 1"),
        ("a.csv", b"start,end,text\n1,2,\xff\xfe\n", "no UTF-8"),
    ],
)
def test_labels_that_cannot_be_read_get_one_sentence_that_names_the_file(tmp_path, name, content, sentence):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LabelError, match=sentence) as refused:
        read_labels(file)
    assert str(file) in str(refused.value)
    session = tmp_path / "s.medn"
    write_session(session)
    refused_by_command = CliRunner().invoke(app, ["import", str(session), str(file)])
    assert refused_by_command.exit_code == 2, refused_by_command.output


def test_a_file_that_cannot_be_looked_at_gets_one_sentence(tmp_path):
    for name in (f"{'a' * 300}.srt", f"{'a' * 300}.csv"):  # as in a folder that is closed to the user
        with pytest.raises(LabelError, match="cannot be read"):
            read_codings(tmp_path / name)
    with pytest.raises(LabelError, match="cannot be read"):
        read_labels(tmp_path / name)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "words.vtt")
    with pytest.raises(LabelError, match=r"words\.vtt is not a file but a pipe"):
        read_labels(tmp_path / "words.vtt")
    os.mkfifo(tmp_path / "coder.csv")
    with pytest.raises(LabelError, match=r"coder\.csv is not a file but a pipe"):
        read_codings(tmp_path / "coder.csv")
