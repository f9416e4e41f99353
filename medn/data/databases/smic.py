"""SMIC-HS (Li et al. 2013): 164 clips of 16 subjects at 100 fps, in three classes, given by the folders alone.

    SMIC_all_raw/HS/s1/micro/negative/s1_ne_01/image118218.jpg      or
    SMIC_all_cropped/HS/s1/micro/negative/s1_ne_01/reg_image118218.bmp

A clip's folder runs from onset to offset. Neither an apex nor action units are coded: `apex` and `aus` are None.
"""

import re
from pathlib import Path

from medn.data.databases.clip import EMOTION3, OWN_CLASSES, Clip, Database
from medn.data.databases.frames import find_folder, numbered_frames

FPS = 100.0
FOLDERS = tuple((name, "s*/micro/*/*") for name in ("SMIC_all_raw/HS", "SMIC_all_cropped/HS", "HS", ""))
EXPECTED = "SMIC_all_raw/HS/s1/micro/negative/s1_ne_01/ or SMIC_all_cropped/HS/s1/micro/negative/s1_ne_01/"
_SUBJECT = re.compile(r"s0*(\d+)")


def load_smic(root: Path) -> Database:
    """All clips of SMIC-HS under `root`. Raises ValueError where no frames lie there as published."""
    clips, skipped = [], []
    for folder in sorted(find_folder(root, FOLDERS, EXPECTED).glob("s*/micro/*/*")):
        emotion = folder.parent.name.lower()
        subject_folder = _SUBJECT.fullmatch(folder.parents[2].name)
        if not folder.is_dir() or not subject_folder:
            continue
        subject = f"s{int(subject_folder[1]):02d}"
        frames = tuple(numbered_frames(folder).values())
        if emotion not in OWN_CLASSES["smic"]:
            skipped.append(f"{subject} {folder.name} is skipped: '{emotion}' is none of its classes.")
        elif len(frames) < 2:
            skipped.append(
                f"{subject} {folder.name} is skipped: {len(frames)} frames lie in {folder.relative_to(root)}."
            )
        else:
            clips.append(
                Clip(
                    database="smic",
                    subject=subject,
                    name=folder.name,
                    frames=frames,
                    fps=FPS,
                    onset=0,
                    apex=None,
                    offset=len(frames) - 1,
                    aus=None,
                    emotion=emotion,
                    emotion3=EMOTION3[emotion],
                )
            )
    return Database("smic", tuple(clips), tuple(skipped), doubts=())
