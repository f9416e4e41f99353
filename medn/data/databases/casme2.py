"""CASME II (Yan et al. 2014): 255 clips of 26 subjects at 200 fps.

CASME2-coding-20140508.xlsx
CASME2_RAW_selected/sub01/EP02_01f/img46.jpg      or
Cropped/sub01/EP02_01f/reg_img46.jpg
"""

from pathlib import Path

from medn.data.databases.coded import Layout, Row


def _subject(cell: str) -> str:
    digits = "".join(filter(str.isdigit, cell))
    return f"sub{digits.zfill(2)}"


def _clip_folders(frames: Path, subject: str, row: Row) -> list[Path]:
    return [frames / subject / row["file"]]


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
    subject=_subject,
    clip_folders=_clip_folders,
)
