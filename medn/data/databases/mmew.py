"""MMEW (Ben et al. 2022): 300 micro-expressions of 36 subjects at 90 fps; its macro-expressions are not read here.

MMEW_Micro_Exp.xlsx
Micro_Expression/anger/S13-07-001/1.jpg
"""

from pathlib import Path

from medn.data.databases.coded import Layout, Row


def _subject(cell: str) -> str:
    digits = "".join(filter(str.isdigit, cell))
    return f"S{digits.zfill(2)}"


def _clip_folders(frames: Path, subject: str, row: Row) -> list[Path]:
    del subject
    # folders are named by emotion, and the sheet's "others" lie in a folder of another name
    return [folder / row["file"] for folder in sorted(frames.iterdir()) if (folder / row["file"]).is_dir()]


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
    subject=_subject,
    clip_folders=_clip_folders,
)
