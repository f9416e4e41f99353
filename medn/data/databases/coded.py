"""Databases that code their clips in one sheet: told by a layout, read by one function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medn.data.databases.action_units import ActionUnit, parse_action_units
from medn.data.databases.clip import Clip, Database
from medn.data.databases.emotions import EMOTION3, OWN_CLASSES, emotion_word
from medn.data.databases.frames import Span, as_spelled, cut, find_folder, numbered_frames
from medn.data.databases.sheet import find_sheet, read_sheet

Row = Mapping[str, str]
"""A row of the sheet by our names: subject, file, onset, apex, offset, aus, emotion."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one database lies on disk."""

    database: str
    fps: float
    sheets: tuple[str, ...]
    """Patterns of the coding sheet's name, the published one first."""
    columns: Mapping[str, str]
    """Heading in the sheet of each of the names in `Row`."""
    folders: tuple[tuple[str, str], ...]
    """Where frames may lie below the root, and a pattern that must match in there; the best first."""
    expected: str
    """The layout in words, for whoever gave another folder."""
    subject: Callable[[str], str]
    """The subject as folders and folds name it, from the sheet's cell."""
    clip_folders: Callable[[Path, str, Row], Sequence[Path]]
    """Folders in which a clip's frames may lie: from the folder of all frames, the subject and the row."""
    clip_name: Callable[[Row], str] = lambda row: row["file"]


def load_coded(layout: Layout, root: Path) -> Database:
    """All clips of a database under `root`. Raises ValueError where the sheet, a column or all frames are missing."""
    all_frames = find_folder(root, layout.folders, layout.expected)
    rows = read_sheet(find_sheet(root, layout.sheets), layout.columns)
    # several clips of CAS(ME)³ lie in one long video
    frames_of = cache(numbered_frames)
    clips: list[Clip] = []
    skipped, doubts = [], []
    for row in rows:
        subject, name = layout.subject(row["subject"]), layout.clip_name(row)
        who = f"{subject} {name}"
        folders = layout.clip_folders(all_frames, subject, row)
        try:
            frames = next(filter(None, (frames_of(as_spelled(folder, all_frames)) for folder in folders)), {})
            span = cut(frames, row["onset"], row["apex"], row["offset"])
        except ValueError as error:
            where = " or ".join(str(folder.relative_to(root)) for folder in folders)
            skipped.append(f"{who} is skipped: {error} ({where or 'no folder of that name'}).")
            continue
        aus, au_doubts = _read_aus(row["aus"])
        emotion, emotion_doubts = _read_emotion(row["emotion"], layout.database)
        doubts += [f"{who}: {doubt}." for doubt in (*span.doubts, *au_doubts, *emotion_doubts)]
        clips.append(_clip(layout, subject, name, span, aus, emotion))
    return Database(layout.database, tuple(clips), tuple(skipped), tuple(doubts))


def _clip(
    layout: Layout, subject: str, name: str, span: Span, aus: tuple[ActionUnit, ...] | None, emotion: str
) -> Clip:
    return Clip(
        database=layout.database,
        subject=subject,
        name=name,
        frames=span.frames,
        fps=layout.fps,
        onset=0,
        apex=span.apex,
        offset=len(span.frames) - 1,
        aus=aus,
        emotion=emotion,
        emotion3=EMOTION3.get(emotion),
    )


def _read_aus(text: str) -> tuple[tuple[ActionUnit, ...] | None, list[str]]:
    try:
        return parse_action_units(text), []
    except ValueError as error:
        return None, [f"its action units are taken as unknown, for {str(error).rstrip('.')}"]


def _read_emotion(text: str, database: str) -> tuple[str, list[str]]:
    word = emotion_word(text)
    if word in OWN_CLASSES[database]:
        return word, []
    return word, [f"its emotion '{text}' is none of {', '.join(OWN_CLASSES[database])}"]
