"""CAS(ME)³ part A (Li et al. 2023): the micro-expressions of 100 subjects at 30 fps; the depth pictures are not read.

annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx
Part_A_ME_clip/frame/spNO.1_b_166/166.jpg         the cut clips, named by subject, video and onset, or
data/part_A/spNO.1/b/color/166.jpg                the whole videos
"""

from pathlib import Path

from medn.data.databases.coded import Layout, Row


def _subject(cell: str) -> str:
    # one spelling for each, or a subject could be on both sides of a fold
    return f"spNO.{cell.lower().removeprefix('spno').lstrip('.').strip()}"


def _clip_name(row: Row) -> str:
    # one video holds several clips
    return f"{row['file']}_{row['onset']}"


def _clip_folders(frames: Path, subject: str, row: Row) -> list[Path]:
    return [frames / f"{subject}_{_clip_name(row)}", frames / subject / row["file"] / "color"]


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
    subject=_subject,
    clip_folders=_clip_folders,
    clip_name=_clip_name,
)
