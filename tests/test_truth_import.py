"""Truth for the spotter's evaluation: coding sheets of long videos, on look-alikes, and a coder's file of one video."""

import csv
import json
import shutil
from itertools import islice

import cv2
import pytest
from openpyxl import Workbook
from pympi.Elan import Eaf
from test_databases import frames
from typer.testing import CliRunner

from gui.cli import app
from medn.data.databases.long_videos import load_long
from realtime.evaluation.truth import TruthError, half_of, read_movements, read_rates, read_truth
from realtime.sources import VideoFile


def medn(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def book(path, *sheets):
    made = Workbook()
    made.remove(made.active)
    for rows in sheets:
        sheet = made.create_sheet()
        for row in rows:
            sheet.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save(path)


def rows_of(folder):
    with (folder / "truth.csv").open(newline="") as file:
        return list(csv.DictReader(file))


CASME_SQ = [
    [1, "disgust1_1", 31, 37, 46, "4＋7，9", "negative", "micro-expression", "disgust"],
    [1, "disgust1_2", 61, 0, 73, "12、6", "Positive", " Micro-Expression", ""],  # no apex
    [1, "disgust1_3", 100, 91, 112, "?", "surprise", "micro-expression", ""],  # apex before the onset
    [1, "disgust1_4", 120, 126, 0, "1", "others", "micro-expression", ""],  # no offset
    [2, "anger1_1", 60, 50, 40, "4", "negative", "micro-expression", ""],  # onset and offset swapped
    [2, "anger1_2", 10, 14, 20, "4", "negative", "macro-expression", ""],
    [2, "anger1_3", 0, 0, 20, "4", "negative", "micro-expression", ""],  # no onset
    [9, "happy1_1", 10, 14, 20, "12", "positive", "micro-expression", ""],  # a subject without a name
]


@pytest.fixture(params=["no header", "a title and a header below"])
def casme_sq(tmp_path, request):
    head = [] if request.param == "no header" else [["CAS(ME)^2"], [], ["Subject", "Video", "on", "apex", "off"]]
    book(
        tmp_path / "CAS(ME)^2code_final(Updated).xlsx",
        [*head, *CASME_SQ],
        [[None, 15, 1], [None, 16, 2]],
        [["0101", "disgust1"], [401, "anger1"], ["0502", "happy1"]],
    )
    frames(tmp_path / "rawpic/s15/15_0101disgustingteeth", [f"img{i:03d}.jpg" for i in range(1, 151)])
    frames(tmp_path / "rawpic/s15/15_0502funnyerrors", [f"img{i:03d}.jpg" for i in range(1, 51)])
    frames(tmp_path / "rawpic/s16/16_0401girlcrashing", [f"img{i:03d}.jpg" for i in range(1, 91)])
    return tmp_path


def test_cas_me_squared_is_read_with_what_is_repaired_and_what_is_left_out_named(casme_sq):
    truth = load_long("casme-sq", casme_sq)
    teeth, crash = "rawpic/s15/15_0101disgustingteeth", "rawpic/s16/16_0401girlcrashing"
    assert dict(truth.rates) == {teeth: 30.0, "rawpic/s15/15_0502funnyerrors": 30.0, crash: 30.0}
    found = {(one.video, round(30 * one.onset_s) + 1): one for one in truth.movements}
    assert set(found) == {(teeth, 31), (teeth, 61), (teeth, 100), (teeth, 120), (crash, 40)}
    first = found[teeth, 31]
    assert (first.onset_s, first.apex_s, first.offset_s) == pytest.approx((30 / 30, 36 / 30, 45 / 30))
    assert (first.aus, first.emotion) == (("AU4", "AU7", "AU9"), "negative")
    assert (found[teeth, 61].apex_s, found[teeth, 61].aus) == (None, ("AU12", "AU6"))
    assert (found[teeth, 100].apex_s, found[teeth, 100].emotion) == (None, "surprise")
    assert found[teeth, 120].offset_s == found[teeth, 120].apex_s == pytest.approx(125 / 30)
    assert (found[crash, 40].offset_s, found[crash, 40].apex_s) == pytest.approx((59 / 30, 49 / 30))
    doubts = "\n".join(truth.doubts)
    for sentence in ("at 100: its apex 91 does not lie", "taken to end at 126", "swapped; it is read from 40 to 60"):
        assert sentence in doubts
    assert len(truth.skipped) == 2
    assert "onset, 0, is missing" in truth.skipped[0]
    assert "9 happy1_1 at 10 is skipped: it has no video here" in truth.skipped[1]


SAMM_HEAD = ["Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type", "Action Units"]


def samm_lv(folder, head=SAMM_HEAD):
    rows = [
        ["SAMM long videos"], *[[] for _ in range(8)], head,
        ["006", "006_1_2", 1, 401, 441, 481, 81, "Micro - 1/2", "AU4"],
        ["006", "006_1_7", 1, 601, -1, 681, 81, "Micro", "L12 or 14"],
        ["006", "006_2_1", 1, 10, 12, 14, 5, "Macro", "AU12"],
        ["006", "006_2_3", 1, "", 12, 14, 5, "Micro", "AU12"],
        ["007", "007_1_1", 1, 10, 12, 14, 5, "Micro", "AU12"],
    ]  # fmt: skip
    book(folder / "SAMM_LongVideos_V3_Release.xlsx", rows)
    for video in ("006_1", "006_2"):
        frames(folder / "SAMM_longvideos" / video, [f"{video}_{i:04d}.jpg" for i in range(1, 1001)])
    return folder


@pytest.mark.parametrize("spelling", ["Onset", "Onset Frame"])
def test_samm_long_videos_are_read_below_their_header_at_200_pictures_a_second(tmp_path, spelling):
    head = [f"{name} Frame" if spelling.endswith("Frame") and name in ("Onset", "Apex", "Offset") else name
            for name in SAMM_HEAD]  # fmt: skip
    truth = load_long("samm-lv", samm_lv(tmp_path, head))
    assert dict(truth.rates) == {"SAMM_longvideos/006_1": 200.0, "SAMM_longvideos/006_2": 200.0}
    first, second = truth.movements
    assert (first.onset_s, first.apex_s, first.offset_s) == pytest.approx((2.0, 2.2, 2.4))
    assert (second.apex_s, second.aus) == (None, ())  # of two units in doubt, none is certain
    assert [sentence.split(" is skipped")[0] for sentence in truth.skipped] == [
        "006 006_2_3 at 12",
        "007 007_1_1 at 10",
    ]


def test_cas_me_three_is_read_from_its_whole_videos_and_every_fifth_picture_is_six_a_second(tmp_path):
    rows = [
        ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"],
        ["spNO.1", "ｂ", 165, 170, 180, "4", "", "disgust"],
        ["spNO.2", "c", 30, 36, 42, "1+2", "", "Surprise"],
    ]
    book(tmp_path / "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", rows)
    frames(tmp_path / "data/part_A/spNO.1/b/color", [f"{i}.jpg" for i in range(0, 300, 5)])
    frames(tmp_path / "data/part_A/spNO.2/c/color", [f"{i}.jpg" for i in range(100)])
    truth = load_long("casme3", tmp_path)
    assert dict(truth.rates) == {"data/part_A/spNO.1/b/color": 6.0, "data/part_A/spNO.2/c/color": 30.0}
    first, second = truth.movements
    assert (first.onset_s, first.apex_s, first.offset_s) == pytest.approx((5.5, 170 / 30, 6.0))
    assert (second.onset_s, second.emotion, second.aus) == (1.0, "surprise", ("AU1", "AU2"))


def test_the_command_writes_truth_that_the_evaluation_reads_with_videos_without_movements(tmp_path):
    samm_lv(tmp_path)
    done = medn(
        "import", tmp_path, tmp_path / "SAMM_LongVideos_V3_Release.xlsx", "--as", "truth", "--database", "samm-lv"
    )
    assert done.exit_code == 0, done.output
    assert "006_2_3 at 12 is skipped" in done.stderr
    assert "2 movements in 2 videos; 2 left out" in done.stderr
    truth = read_truth(tmp_path)
    assert [len(one.spans_s) for one in truth.values()] == [2, 0]
    assert read_rates(tmp_path) == {"SAMM_longvideos/006_1": 200.0, "SAMM_longvideos/006_2": 200.0}
    movements, _ = read_movements(tmp_path)
    assert [one.apex_s for one in movements] == pytest.approx([2.2, 3.2])  # the middle where none is coded
    assert half_of(()) == "both"
    with (tmp_path / "other.csv").open("w") as file:
        file.write("a")
    for arguments, sentence in (
        ((tmp_path, tmp_path / "other.csv", "--as", "truth", "--database", "samm-lv"), "lacks the column"),
        ((tmp_path, tmp_path / "other.csv", "--as", "truth", "--database", "samm"), "no database of long videos"),
        ((tmp_path / "SAMM_longvideos", tmp_path, "--as", "truth", "--database", "casme3"), "holds no videos"),
        ((tmp_path / "gone.mp4", tmp_path / "other.csv", "--as", "truth"), "does not exist"),
    ):
        refused = medn("import", *arguments)
        assert refused.exit_code == 2
        assert sentence in refused.stderr


@pytest.mark.parametrize(
    ("encoding", "separator"), [("utf-8-sig", ","), ("utf-8", ";"), ("utf-8", ",")], ids=["mark", "semicolons", "short"]
)
def test_a_truth_file_that_a_spreadsheet_saved_is_read_and_one_that_is_no_utf_8_is_named(tmp_path, encoding, separator):
    text = "video,onset_s,apex_s,offset_s,emotion,aus\nMüller.mp4,1.0,1.1,1.3,surprise\n".replace(",", separator)
    (tmp_path / "truth.csv").write_text(text, encoding=encoding)
    [movement], _ = read_movements(tmp_path)
    assert (movement.video, movement.onset_s, movement.aus) == ("Müller.mp4", 1.0, ())
    (tmp_path / "truth.csv").write_text(text, encoding="latin-1")
    with pytest.raises(TruthError, match=r"truth\.csv is no UTF-8 text"):
        read_movements(tmp_path)


def test_truth_that_a_spreadsheet_saved_with_decimal_commas_is_read_beside_sizes_with_points(tmp_path):
    (tmp_path / "truth.csv").write_text("video;onset_s;apex_s;offset_s;emotion;aus;z\na.mp4;1,50;1,6;1,8;;AU4;9,5\n")
    (tmp_path / "movements.csv").write_text(
        "video,kind,onset_s,offset_s,amplitude_percent_iod\na.mp4,micro,1.5,1.8,2.25\na.mp4,blink,2,2.2,9\n"
    )
    [movement], missing = read_movements(tmp_path)
    assert (movement.onset_s, movement.apex_s, movement.offset_s) == (1.5, 1.6, 1.8)
    assert (movement.z, movement.amplitude_pct, "amplitude_percent_iod" in missing) == (9.5, 2.25, False)
    assert read_truth(tmp_path)["a.mp4"].spans_s.tolist() == [[1.5, 1.8]]


def test_truth_with_a_quotation_mark_that_is_not_closed_is_refused_with_its_line(tmp_path):
    head = "video,onset_s,apex_s,offset_s,emotion,aus\n"
    (tmp_path / "truth.csv").write_text(f'{head}a.mp4,1,,2,,\na.mp4,3,,4,"surprise,\na.mp4,5,,6,,\n')
    with pytest.raises(TruthError, match=r"truth\.csv has a quotation mark in the row of line 3 that is not closed"):
        read_movements(tmp_path)


def test_a_coders_elan_file_becomes_the_truth_of_a_video_and_is_evaluated_beside_pictures_of_a_folder(film, tmp_path):
    shutil.copy(film, tmp_path / "brows.mp4")
    pictures = tmp_path / "s1" / "a"
    pictures.mkdir(parents=True)
    with VideoFile(film) as source:
        for frame in islice(source, 60):
            cv2.imwrite(str(pictures / f"img{frame.index:04d}.jpg"), frame.image)
    document = Eaf()
    document.add_tier("ME")
    document.add_annotation("ME", 2950, 3350, "AU1+AU2; surprise")
    document.add_annotation("ME", 600, 1000, "AU4; rejected")
    document.to_file(str(tmp_path / "ada.eaf"))
    (tmp_path / "truth.csv").write_text(
        "video,onset_s,apex_s,offset_s,emotion,aus,rate_hz\ns1/a,,,,,,30\nbrows.mp4,9,9,9.5,,,\n"
    )
    done = medn("import", tmp_path / "brows.mp4", tmp_path / "ada.eaf", "--as", "truth")
    assert done.exit_code == 0, done.output
    blank, row = rows_of(tmp_path)
    assert (blank["video"], blank["onset_s"], blank["rate_hz"]) == ("s1/a", "", "30")
    assert (row["video"], row["onset_s"], row["apex_s"]) == ("brows.mp4", "2.950000", "")
    assert (row["aus"], row["emotion"]) == ("AU1+AU2", "surprise")
    done = medn("evaluate", "spotting", tmp_path, "--json", "--workers", "1")
    assert done.exit_code == 0, done.output
    scores = json.loads(done.stdout)
    assert (scores["videos"], scores["tp"], scores["fn"]) == (2, 1, 0)
    assert scores["fp"] == 0
    assert scores["minutes"] == pytest.approx((4.5 + 2) / 60, rel=0.05)
