"""SAMM (Davison et al. 2018): 159 clips of 32 subjects (29 with clips) at 200 fps, grey.

SAMM_Micro_FACS_Codes_v2.xlsx                     its header stands in row 14
006/006_1_2/006_05562.jpg
"""

from pathlib import Path

from medn.data.databases.coded import Layout, Row


def _subject(cell: str) -> str:
    return cell.zfill(3)


def _clip_folders(frames: Path, subject: str, row: Row) -> list[Path]:
    return [frames / subject / row["file"]]


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
    subject=_subject,
    clip_folders=_clip_folders,
)
