"""How the databases lie on disk that code their clips in one sheet: `LAYOUTS`, a table by name.

CASME II (Yan et al. 2014): 255 clips of 26 subjects at 200 fps.
    CASME2-coding-20140508.xlsx
    CASME2_RAW_selected/sub01/EP02_01f/img46.jpg      or
    Cropped/sub01/EP02_01f/reg_img46.jpg

SAMM (Davison et al. 2018): 159 clips of 32 subjects (29 with clips) at 200 fps, grey.
    SAMM_Micro_FACS_Codes_v2.xlsx                     with its header in row 14
    006/006_1_2/006_05562.jpg

CAS(ME)³ part A (Li et al. 2023): the micro-expressions of 100 subjects at 30 fps; the depth pictures are not read.
    annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx
    Part_A_ME_clip/frame/spNO.1_b_166/166.jpg         the cut clips, named by subject, video and onset, or
    data/part_A/spNO.1/b/color/166.jpg                the whole videos

MMEW (Ben et al. 2022): 300 micro-expressions of 36 subjects at 90 fps; its macro-expressions are not read.
    MMEW_Micro_Exp.xlsx
    Micro_Expression/anger/S13-07-001/1.jpg
"""

from pathlib import Path

from medn.data.databases.coded import Layout, Row


def _casme2_subject(cell: str) -> str:
    digits = "".join(filter(str.isdigit, cell))
    return f"sub{digits.zfill(2)}"


def _by_subject(frames: Path, subject: str, row: Row) -> list[Path]:
    return [frames / subject / row["file"]]


def _samm_subject(cell: str) -> str:
    return cell.zfill(3)


def _casme3_subject(cell: str) -> str:
    # one spelling for each, or a subject could be on both sides of a fold
    return f"spNO.{cell.lower().removeprefix('spno').lstrip('.').strip()}"


def _casme3_clip_name(row: Row) -> str:
    # one video holds several clips
    return f"{row['file']}_{row['onset']}"


def _casme3_clip_folders(frames: Path, subject: str, row: Row) -> list[Path]:
    return [frames / f"{subject}_{_casme3_clip_name(row)}", frames / subject / row["file"] / "color"]


def _mmew_subject(cell: str) -> str:
    digits = "".join(filter(str.isdigit, cell))
    return f"S{digits.zfill(2)}"


def _mmew_clip_folders(frames: Path, subject: str, row: Row) -> list[Path]:
    del subject
    # folders are named by emotion, and the sheet's "others" lie in a folder of another name
    return [folder / row["file"] for folder in sorted(frames.iterdir()) if (folder / row["file"]).is_dir()]


CASME2 = Layout(
    database="casme2",
    fps=200.0,
    sheets=("CASME2-coding-*.xlsx", "CASME2-coding*.xlsx", "CASME2-coding*.csv"),
    columns={
        "subject": "Subject",
        "file": "Filename",
        "onset": "OnsetFrame",
        "apex": "ApexFrame",
        "offset": "OffsetFrame",
        "aus": "Action Units",
        "emotion": "Estimated Emotion",
    },
    # uncropped pictures first: faces are found and aligned here anyway
    folders=(("CASME2_RAW_selected", "sub*/*"), ("CASME2-RAW", "sub*/*"), ("Cropped", "sub*/*"), ("", "sub*/*")),
    expected="CASME2_RAW_selected/sub01/EP02_01f/img46.jpg or Cropped/sub01/EP02_01f/reg_img46.jpg",
    subject=_casme2_subject,
    clip_folders=_by_subject,
)

_SUBJECT_FOLDERS = "[0-9][0-9][0-9]/*"

SAMM = Layout(
    database="samm",
    fps=200.0,
    sheets=("SAMM_Micro_FACS_Codes_v2.xlsx", "SAMM*Micro_FACS_Codes*.xlsx", "SAMM*Micro_FACS_Codes*.csv"),
    columns={
        "subject": "Subject",
        "file": "Filename",
        "onset": "Onset Frame",
        "apex": "Apex Frame",
        "offset": "Offset Frame",
        "aus": "Action Units",
        "emotion": "Estimated Emotion",
    },
    folders=(("", _SUBJECT_FOLDERS), ("SAMM", _SUBJECT_FOLDERS), ("SAMM_CROP", _SUBJECT_FOLDERS)),
    expected="006/006_1_2/006_05562.jpg",
    subject=_samm_subject,
    clip_folders=_by_subject,
)

CASME3 = Layout(
    database="casme3",
    fps=30.0,
    sheets=("cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", "cas(me)3_part_A_ME_label*.xlsx", "cas(me)3_part_A_ME*.csv"),
    columns={
        "subject": "Subject",
        "file": "Filename",
        "onset": "Onset",
        "apex": "Apex",
        "offset": "Offset",
        "aus": "AU",
        "emotion": "emotion",
    },
    folders=(
        ("Part_A_ME_clip/frame", "spNO*_*"),
        ("Part_A_ME_clip/Part_A_ME_clip/frame", "spNO*_*"),
        ("data/part_A", "spNO*/*/color"),
        ("part_A/data/part_A", "spNO*/*/color"),
        ("part_A", "spNO*/*/color"),
        ("", "spNO*"),
    ),
    expected="Part_A_ME_clip/frame/spNO.1_b_166/166.jpg or data/part_A/spNO.1/b/color/166.jpg",
    subject=_casme3_subject,
    clip_folders=_casme3_clip_folders,
    clip_name=_casme3_clip_name,
)

MMEW = Layout(
    database="mmew",
    fps=90.0,
    sheets=("MMEW_Micro_Exp*.xlsx", "MMEW_Micro_Exp*.csv"),
    columns={
        "subject": "Subject",
        "file": "Filename",
        "onset": "OnsetFrame",
        "apex": "ApexFrame",
        "offset": "OffsetFrame",
        "aus": "Action Units",
        "emotion": "Estimated Emotion",
    },
    folders=(("Micro_Expression", "*/*"), ("MMEW_Final/Micro_Expression", "*/*"), ("MMEW/Micro_Expression", "*/*")),
    expected="Micro_Expression/anger/S13-07-001/1.jpg",
    subject=_mmew_subject,
    clip_folders=_mmew_clip_folders,
)

LAYOUTS = {layout.database: layout for layout in (CASME2, SAMM, CASME3, MMEW)}
