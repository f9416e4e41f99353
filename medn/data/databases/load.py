"""A database by its name, and the composite that MEGC 2019 made of three of them."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from medn.data.databases.clip import Clip, Database
from medn.data.databases.coded import load_coded
from medn.data.databases.layouts import LAYOUTS
from medn.data.databases.smic import load_smic

DATABASES: dict[str, Callable[[Path], Database]] = {
    "smic": load_smic,
    **{name: partial(load_coded, layout) for name, layout in LAYOUTS.items()},
}

COMPOSITE_LEAVES_OUT = frozenset({("sub04", "EP12_01f"), ("sub24", "EP02_07")})
"""Clips of CASME II that the composite's list does not hold, though their class would be in it."""


def load_database(name: str, root: Path) -> Database:
    """The database `name` (a key of `DATABASES`) as it lies under `root`.

    Clips that cannot be read are listed in `Database.skipped`. Raises ValueError for another name, and where the folder
    lacks the published coding sheet, one of its columns, or all frames.
    """
    if name not in DATABASES:
        raise ValueError(f"'{name}' is no database that is read here; choose one of {', '.join(sorted(DATABASES))}.")
    return DATABASES[name](root)


def megc2019_composite(clips: Iterable[Clip]) -> list[Clip]:
    """The clips that belong to the composite: CASME II 145, SAMM 133, SMIC-HS 164 where all are there (68 subjects).

    As in the challenge's own list, CASME II goes without its fear and sadness (nine clips) and without two clips more;
    the count is that of its sheet of 2014.
    """
    return [clip for clip in clips if clip.database in ("casme2", "samm", "smic") and _in_composite(clip)]


def _in_composite(clip: Clip) -> bool:
    if clip.emotion3 is None:
        return False
    if clip.database != "casme2":
        return True
    return clip.emotion not in ("fear", "sadness") and (clip.subject, clip.name) not in COMPOSITE_LEAVES_OUT
