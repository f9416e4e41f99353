"""Each database is read as published, from a small look-alike tree; a faulty clip is reported, not fatal."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from medn.data.databases.action_units import ActionUnit
from medn.data.databases.clip import EMOTION3, OWN_CLASSES
from medn.data.databases.frames import cut
from medn.data.databases.load import DATABASES, load_database, megc2019_composite

CASME2_HEADER = [
    "Subject",
    "Filename",
    None,
    "OnsetFrame",
    "ApexFrame",
    "OffsetFrame",
    None,
    "Action Units",
    "Estimated Emotion",
]
SAMM_HEADER = [
    "Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro",
    "Action Units", "Estimated Emotion", "Objective Classes", "Notes",
]  # fmt: skip


def sheet(path: Path, rows: list[list]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        return
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


def frames(folder: Path, names) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def numbers(clip) -> list[int]:
    return [int("".join(filter(str.isdigit, path.stem.split("_")[-1]))) for path in clip.frames]


@pytest.fixture
def casme2(tmp_path):
    frames(tmp_path / "CASME2_RAW_selected/sub01/EP02_01f", [f"img{i}.jpg" for i in range(40, 100)])
    frames(tmp_path / "CASME2_RAW_selected/sub17/EP05_09", [f"img{i}.jpg" for i in range(1, 60)])
    sheet(
        tmp_path / "CASME2-coding-20140508.xlsx",
        [
            CASME2_HEADER,
            [1, "EP02_01f", None, 46, 59, 86, None, "12", "happiness"],
            [17, "EP05_09", None, 5, "/", 50, None, "L14+4?", "others"],
        ],
    )
    return tmp_path


def test_casme2_is_read_from_onset_to_offset(casme2):
    database = load_database("casme2", casme2)
    smile, other = database.clips
    assert (smile.subject_key, smile.name, smile.fps) == ("casme2/sub01", "EP02_01f", 200)
    assert numbers(smile) == list(range(46, 87))
    assert (smile.onset, smile.apex, smile.offset) == (0, 13, 40)
    assert smile.frames[smile.apex].name == "img59.jpg"
    assert smile.aus == (ActionUnit(12),)
    assert (smile.emotion, smile.emotion3) == ("happiness", "positive")
    assert (other.subject, other.emotion3, other.apex) == ("sub17", None, None)
    assert other.aus == (ActionUnit(14, "L"), ActionUnit(4, certain=False))
    assert database.skipped == ()
    assert database.doubts == ("sub17 EP05_09: its apex is not coded.",)


def test_casme2_cropped_alone_and_unpacked_into_a_doubled_folder_is_read(tmp_path):
    frames(tmp_path / "Cropped/Cropped/sub01/EP02_01f", [f"reg_img{i}.jpg" for i in range(46, 87)])
    sheet(
        tmp_path / "sheets/CASME2-coding-20190701.csv",
        [CASME2_HEADER, ["01", "EP02_01f", "", "46.0", "59", "86.0", "", "12", "happiness"]],
    )
    (clip,) = load_database("casme2", tmp_path).clips
    assert (clip.subject, len(clip.frames), clip.apex) == ("sub01", 41, 13)


def test_samm_is_read_below_its_thirteen_rows_of_explanation(tmp_path):
    frames(tmp_path / "006/006_1_2", [f"006_0{i}.jpg" for i in range(5562, 5640)])
    explanation = [["SAMM Micro-Expressions FACS Codes"], *[[None]] * 11, ["Subject is the participant's number"]]
    row = ["006", "006_1_2", "1_2", 5562, 5588, 5632, 71, "Micro", "12A or 14B + R4A", "Anger", 7, None]
    sheet(tmp_path / "SAMM_Micro_FACS_Codes_v2.xlsx", [*explanation, SAMM_HEADER, row])
    (clip,) = load_database("samm", tmp_path).clips
    assert (clip.subject_key, clip.name, clip.apex, clip.offset) == ("samm/006", "006_1_2", 26, 70)
    assert (clip.emotion, clip.emotion3) == ("anger", "negative")
    assert clip.aus == (
        ActionUnit(12, "both", "A", certain=False),
        ActionUnit(14, "both", "B", certain=False),
        ActionUnit(4, "R", "A"),
    )


def test_samm_subjects_that_excel_turned_into_numbers_are_the_same_subjects(tmp_path):
    frames(tmp_path / "SAMM/006/006_1_2", ["006_05562.jpg", "006_05563.jpg"])
    row = [6, "006_1_2", "1_2", 5562, 5563, 5563, 2, "Micro", 4, "Other", 7, None]
    sheet(tmp_path / "SAMM_Micro_FACS_Codes_v2.xlsx", [SAMM_HEADER, row])
    (clip,) = load_database("samm", tmp_path).clips
    assert (clip.subject, clip.emotion, clip.emotion3, clip.aus) == ("006", "others", None, (ActionUnit(4),))


@pytest.mark.parametrize(
    ("folder", "picture"), [("SMIC_all_raw/HS", "image{}.jpg"), ("SMIC_all_cropped/HS", "reg_image{}.bmp")]
)
def test_smic_is_read_from_its_folders_and_has_no_apex(tmp_path, folder, picture):
    for subject, emotion, name in [("s1", "negative", "s1_ne_01"), ("s20", "surprise", "s20_sur_02")]:
        frames(tmp_path / folder / subject / "micro" / emotion / name, [picture.format(i) for i in (9, 10, 100)])
    frames(tmp_path / folder / "s1/non_micro/s1_nmc_01", ["image1.jpg", "image2.jpg"])
    first, second = load_database("smic", tmp_path).clips
    assert (first.subject_key, first.name, first.fps) == ("smic/s01", "s1_ne_01", 100)
    assert numbers(first) == [9, 10, 100]
    assert (first.apex, first.aus, first.emotion3) == (None, None, "negative")
    assert (second.subject, second.emotion3) == ("s20", "surprise")


CASME3_ROWS = [
    ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"],
    ["spNO.1", "b", 166, 175, 178, "4+7", "II", "disgust"],
    ["spNO.1", "b", 300, 305, 0, "1,2", "II", "Happy"],
]


def test_casme3_is_read_from_its_cut_clips(tmp_path):
    sheet(tmp_path / "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", CASME3_ROWS)
    for onset in (166, 300):
        frames(tmp_path / f"Part_A_ME_clip/frame/spNO.1_b_{onset}", [f"{i}.jpg" for i in range(onset, onset + 13)])
    first, second = load_database("casme3", tmp_path).clips
    assert (first.subject_key, first.name, first.fps) == ("casme3/spNO.1", "b_166", 30)
    assert numbers(first) == list(range(166, 179))
    assert (first.apex, first.emotion3) == (9, "negative")
    assert (second.emotion, second.emotion3) == ("happiness", "positive")


def test_casme3_is_read_from_whole_videos_and_an_impossible_offset_is_reported(tmp_path):
    sheet(tmp_path / "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", CASME3_ROWS)
    frames(tmp_path / "data/part_A/spNO.1/b/color", [f"{i}.jpg" for i in range(400)])
    database = load_database("casme3", tmp_path)
    first, second = database.clips
    assert numbers(first) == list(range(166, 179))
    assert numbers(second) == list(range(300, 306))
    assert database.doubts == ("spNO.1 b_300: its offset is coded as '0' and onset as 300; it is taken to end at 305.",)


def test_folders_may_be_spelled_in_another_case_than_in_the_sheet(tmp_path):
    sheet(
        tmp_path / "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
        [CASME3_ROWS[0], ["spno.1", "B", *CASME3_ROWS[1][2:]]],
    )
    frames(tmp_path / "data/part_A/spNO.1/b/color", [f"{i}.jpg" for i in range(400)])
    (clip,) = load_database("casme3", tmp_path).clips
    assert numbers(clip) == list(range(166, 179))
    assert clip.subject == "spNO.1"


def test_mmew_is_found_whatever_the_emotion_folder_is_called(tmp_path):
    header = [
        "Subject",
        "Filename",
        "OnsetFrame",
        "ApexFrame",
        "OffsetFrame",
        "Action Units",
        "Estimated Emotion",
        "remarks",
    ]
    rows = [[13, "S13-07-001", 2, 11, 20, "4+7", "anger", None], ["S02", "S02-01-003", 1, 5, 9, "14", "others", None]]
    sheet(tmp_path / "MMEW_Micro_Exp.xlsx", [header, *rows])
    frames(tmp_path / "Micro_Expression/anger/S13-07-001", [f"{i}.jpg" for i in range(1, 30)])
    frames(tmp_path / "Micro_Expression/repression/S02-01-003", [f"{i}.jpg" for i in range(1, 10)])
    first, second = load_database("mmew", tmp_path).clips
    assert (first.subject_key, first.fps, first.apex, first.emotion3) == ("mmew/S13", 90, 9, "negative")
    assert (second.subject, second.emotion, second.emotion3) == ("S02", "others", None)


def test_clips_that_cannot_be_read_are_named_and_the_others_are_kept(casme2):
    sheet(
        casme2 / "CASME2-coding-20140508.xlsx",
        [
            CASME2_HEADER,
            [1, "EP02_01f", None, 46, 59, 86, None, "12", "happiness"],
            [1, "EP99_99", None, 1, 5, 9, None, "4", "disgust"],
            [1, "EP02_01f", None, 7, 59, 86, None, "4", "disgust"],
            [1, "EP02_01f", None, None, 59, 86, None, "4", "disgust"],
            [17, "EP05_09", None, 5, 90, 70, None, "grin", "joy"],
        ],
    )
    (casme2 / "CASME2_RAW_selected/sub17/EP05_09/img20.jpg").unlink()
    database = load_database("casme2", casme2)
    where = Path("CASME2_RAW_selected")
    assert [clip.name for clip in database.clips] == ["EP02_01f", "EP05_09"]
    assert database.skipped == (
        f"sub01 EP99_99 is skipped: its folder of frames is missing or empty ({where / 'sub01/EP99_99'}).",
        f"sub01 EP02_01f is skipped: the frame of its onset, 7, is missing ({where / 'sub01/EP02_01f'}).",
        f"sub01 EP02_01f is skipped: its onset is coded as '' ({where / 'sub01/EP02_01f'}).",
    )
    assert [doubt.removeprefix("sub17 EP05_09: ") for doubt in database.doubts] == [
        "the frame of its offset, 70, is missing; it ends at 59.",
        "1 of the frames between 5 and 59 are missing.",
        "its apex 90 does not lie after its onset 5 and within 59; it has none here.",
        "its action units are taken as unknown, for 'grin' in 'grin' is no action unit such as 12, L12, 4B or AU12.",
        "its emotion 'joy' is none of happiness, disgust, repression, surprise, sadness, fear, others.",
    ]


@pytest.mark.parametrize("name", sorted(DATABASES))
def test_a_folder_that_is_not_there_or_holds_nothing_is_named_with_what_was_expected(tmp_path, name):
    with pytest.raises(ValueError, match=r"gone is no folder; expected .+/"):
        load_database(name, tmp_path / "gone")
    with pytest.raises(ValueError, match=r"holds no frames; expected .+/"):
        load_database(name, tmp_path)


def test_a_missing_sheet_is_named(casme2):
    (casme2 / "CASME2-coding-20140508.xlsx").unlink()
    with pytest.raises(ValueError, match=r"holds no coding sheet; expected CASME2-coding-\*\.xlsx"):
        load_database("casme2", casme2)


def test_a_missing_column_is_named(casme2):
    header = ["Apex" if heading == "ApexFrame" else heading for heading in CASME2_HEADER]
    sheet(casme2 / "CASME2-coding-20140508.xlsx", [header, [1, "EP02_01f", None, 46, 59, 86, None, "12", "happiness"]])
    with pytest.raises(ValueError, match=r"20140508\.xlsx lacks the column 'ApexFrame'; expected Subject, Filename,"):
        load_database("casme2", casme2)


def test_a_sheet_that_is_no_sheet_is_named(casme2):
    (casme2 / "CASME2-coding-20140508.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(ValueError, match=r"20140508\.xlsx cannot be read as a coding sheet"):
        load_database("casme2", casme2)


def test_another_database_is_refused_with_those_that_are_read(tmp_path):
    with pytest.raises(
        ValueError, match="'ck' is no database that is read here; choose one of casme2, casme3, mmew, samm, smic"
    ):
        load_database("ck", tmp_path)


def test_every_class_of_every_database_has_its_place_among_the_three_or_is_others():
    for classes in OWN_CLASSES.values():
        assert set(classes) - set(EMOTION3) <= {"others"}
    assert set(EMOTION3.values()) == {"negative", "positive", "surprise"}


def test_the_composite_leaves_out_what_the_challenge_left_out(casme2):
    names = ["EP01_01", "EP12_01f", "EP01_02", "EP01_03", "EP01_04"]
    emotions = ["repression", "disgust", "fear", "sadness", "others"]
    for name in names:
        frames(casme2 / "CASME2_RAW_selected/sub04" / name, [f"img{i}.jpg" for i in range(1, 10)])
    rows = [[4, name, None, 1, 5, 9, None, "4", emotion] for name, emotion in zip(names, emotions, strict=True)]
    sheet(casme2 / "CASME2-coding-20140508.xlsx", [CASME2_HEADER, *rows])
    clips = load_database("casme2", casme2).clips
    assert [clip.emotion3 for clip in clips] == ["negative"] * 4 + [None]
    assert [clip.name for clip in megc2019_composite(clips)] == ["EP01_01"]


def text_sheet(path: Path, separator: str, encoding: str, row: list) -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=separator).writerows([["Überschrift"], CASME2_HEADER, row])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize(
    ("separator", "suffix"), [(",", "csv"), (";", "csv"), ("\t", "csv"), ("\t", "tsv"), ("\t", "txt")]
)
def test_a_sheet_saved_as_text_is_read_whatever_the_country_of_the_spreadsheet(casme2, separator, suffix, encoding):
    (casme2 / "CASME2-coding-20140508.xlsx").unlink()
    row = ["01", "EP02_01f", "", "46", "59,0", "86", "", "12,R14" if separator != "," else "12+R14", "happiness"]
    text_sheet(casme2 / f"CASME2-coding-20140508.{suffix}", separator, encoding, row)
    (clip,) = load_database("casme2", casme2).clips
    assert (clip.onset, clip.apex, clip.offset, clip.emotion) == (0, 13, 40, "happiness")
    assert clip.aus == (ActionUnit(12), ActionUnit(14, "R"))


def test_wide_digits_and_letters_in_any_column_are_read(casme2):
    row = ["０１", "EP02_01f", None, "４６", "５９", "８６", None, "４＋７", "Ｈａｐｐｉｎｅｓｓ"]
    sheet(casme2 / "CASME2-coding-20140508.xlsx", [CASME2_HEADER, row])
    database = load_database("casme2", casme2)
    (clip,) = database.clips
    assert (clip.subject, clip.apex, clip.offset, clip.emotion) == ("sub01", 13, 40, "happiness")
    assert clip.aus == (ActionUnit(4), ActionUnit(7))
    assert database.doubts == ()


@given(
    coded=st.tuples(*[st.none() | st.integers(0, 60)] * 3),
    there=st.sets(st.integers(0, 60), min_size=2),
)
def test_no_frame_outside_of_what_is_coded_is_read(coded, there):
    frame_of = {number: Path(f"img{number}.jpg") for number in sorted(there)}
    onset, apex, offset = coded
    try:
        span = cut(frame_of, *("" if number is None else str(number) for number in coded))
    except ValueError:
        return
    read = [number for number, path in frame_of.items() if path in span.frames]
    bounds = [number for number in coded if number is not None]
    assert min(bounds) <= read[0]
    assert read[-1] <= max(bounds)
    assert read[0] == onset or (read[0] == offset and span.doubts)
    if span.apex is not None:
        assert read[span.apex] == apex


def test_onset_and_offset_that_are_swapped_around_the_apex_are_swapped_back_with_a_doubt(casme2):
    row = [1, "EP02_01f", None, 70, 60, 50, None, "4", "disgust"]
    sheet(casme2 / "CASME2-coding-20140508.xlsx", [CASME2_HEADER, row])
    database = load_database("casme2", casme2)
    (clip,) = database.clips
    assert numbers(clip) == list(range(50, 71))
    assert (clip.onset, clip.apex, clip.offset) == (0, 10, 20)
    assert database.doubts == ("sub01 EP02_01f: its onset 70 and offset 50 are swapped; it is read from 50 to 70.",)


@pytest.mark.parametrize(("apex", "offset"), [("/", 50), (50, 60), ("/", 70), ("", ""), (40, 0)])
def test_a_clip_without_a_usable_end_is_left_out_and_its_codes_are_named(casme2, apex, offset):
    row = [1, "EP02_01f", None, 70, apex, offset, None, "4", "disgust"]
    sheet(casme2 / "CASME2-coding-20140508.xlsx", [CASME2_HEADER, row])
    database = load_database("casme2", casme2)
    assert database.clips == ()
    (reason,) = database.skipped
    assert "its onset is coded as 70" in reason


def test_hidden_companions_beside_frames_are_no_frames(casme2):
    folder = casme2 / "CASME2_RAW_selected/sub01/EP02_01f"
    frames(folder, [f"._img{i}.jpg" for i in range(30, 100)])
    smile, _ = load_database("casme2", casme2).clips
    assert smile.frames == tuple(folder / f"img{i}.jpg" for i in range(46, 87))
