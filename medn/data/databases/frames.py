"""Picture files of a clip: found by the number in their names, cut to onset–offset, and what is wrong with them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from medn.data.databases.action_units import half_width

_NUMBERED = re.compile(r".*?(\d+)\.(jpe?g|png|bmp)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """The frames from onset to offset; `apex` is a place among them."""

    frames: tuple[Path, ...]
    apex: int | None
    doubts: tuple[str, ...]
    """What was read differently from how it is coded."""


def find_folder(root: Path, candidates: Sequence[tuple[str, str]], expected: str) -> Path:
    """The first candidate folder below `root` that holds what it should: pairs of a path and a pattern inside it.

    Archives often unpack into a folder of the same name, so that level may be doubled. Raises ValueError, telling what
    was `expected`.
    """
    if not root.is_dir():
        raise ValueError(f"{root} is no folder; expected {expected} in it.")
    for path, holds in candidates:
        for folder in (root / path, root / path / Path(path).name):
            if next(folder.glob(holds), None):
                return folder
    raise ValueError(f"{root} holds no frames; expected {expected}.")


def as_spelled(folder: Path, below: Path) -> Path:
    """`folder`, a path below `below`, in the spelling it has on disk: sheets and folders differ in case and in
    the width of characters.
    """
    found = below
    for part in folder.relative_to(below).parts:
        if not (found / part).exists() and found.is_dir():
            spelled = {half_width(path.name).casefold(): path.name for path in found.iterdir()}
            found /= spelled.get(half_width(part).casefold(), part)
        else:
            found /= part
    return found


def numbered_frames(folder: Path) -> dict[int, Path]:
    """The picture files of a folder by the last number in their names, in that order; empty where there are none.

    Names that begin with a dot are no pictures but hidden companions, as a Mac leaves them.
    """
    if not folder.is_dir():
        return {}
    named = ((_NUMBERED.fullmatch(path.name), path) for path in folder.iterdir())
    return dict(sorted((int(name[1]), path) for name, path in named if name and path.name[0] != "."))


def number_in(picture: Path) -> int:
    """The last number in the name of one of `numbered_frames`."""
    named = _NUMBERED.fullmatch(picture.name)
    assert named
    return int(named[1])


def cut(frames: Mapping[int, Path], onset: str, apex: str, offset: str) -> Span:
    """The span that a sheet codes in frame numbers, as texts.

    Raises ValueError, saying why, where no motion from onset can be read: no onset, no offset and no apex that could
    stand for it, no frame of that number, or fewer than two frames. Onset and offset that are swapped around their apex
    are swapped back. An apex that is not coded, or cannot be, is None. No frame outside of what is coded is ever read.
    """
    first, peak, last = frame_number(onset), frame_number(apex), frame_number(offset)
    if first is None:
        raise ValueError(f"its onset is coded as '{onset}'")
    if not frames:
        raise ValueError("its folder of frames is missing or empty")
    doubts = []
    if last is None or last <= first:
        if last and peak is not None and last < peak <= first:  # 0 means in some sheets that none was coded
            doubts.append(f"its onset {first} and offset {last} are swapped; it is read from {last} to {first}")
            first, last = last, first
        elif peak is not None and peak > first:
            doubts.append(f"its offset is coded as '{offset}' and onset as {first}; it is taken to end at {peak}")
            last = peak
        else:
            raise ValueError(f"its onset is coded as {first}, its apex as '{apex}' and its offset as '{offset}'")
    if first not in frames:
        raise ValueError(f"the frame of its onset, {first}, is missing")
    between = [number for number in frames if first <= number <= last]
    if len(between) < 2:
        raise ValueError(f"it has {len(between)} frame between its onset {first} and its offset {last}")
    if last not in frames:
        doubts.append(f"the frame of its offset, {last}, is missing; it ends at {between[-1]}")
    absent = between[-1] - first + 1 - len(between)
    if absent:
        doubts.append(f"{absent} of the frames between {first} and {between[-1]} are missing")
    if peak is not None and not first < peak <= between[-1]:
        doubts.append(
            f"its apex {peak} does not lie after its onset {first} and within {between[-1]}; it has none here"
        )
        peak = None
    elif peak is not None and peak not in frames:
        doubts.append(f"the frame of its apex, {peak}, is missing; it has none here")
        peak = None
    elif peak is None:
        doubts.append("its apex is not coded")
    return Span(
        frames=tuple(frames[number] for number in between),
        apex=None if peak is None else between.index(peak),
        doubts=tuple(doubts),
    )


def frame_number(text: str) -> int | None:
    """A frame number; some tables write it with a decimal point or comma."""
    return int(re.split("[.,]", text)[0]) if re.fullmatch(r"[0-9]+([.,]0*)?", text) else None
