"""Checks of untrusted session files: their schema before anything is read, and each row while it is read.

A session may be damaged, edited by hand, or made to do harm. Only plain tables are accepted, because a view or a
trigger runs whatever its author wrote. A row with an impossible value raises `DamagedRowError`, and is left out.
"""

import json
import math
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from medn.contract import EMOTIONS
from realtime.session.schema import APPLICATION_ID, TABLES, SessionError
from realtime.sources.source import SourceError, require_utf8
from realtime.types import MAX_TIME_S

NEEDED_TABLES = ("session", "events")
"""Without these nothing of a session is left; any other table may be missing."""
LIMIT_COLUMNS = ("upper_limit_pct", "lower_limit_pct")
"""Sessions of version 1 have none of these."""
FRAME_COLUMNS_ADDED = (*LIMIT_COLUMNS, "eyes_x_px", "eyes_y_px")
ADDED_COLUMNS = (
    *FRAME_COLUMNS_ADDED,
    *("reviewer", "participant", "session_note", "marked_by", "judged_face", "judges_event"),
)
"""Early sessions lack some or all of these."""
ADDED_TABLES = ("pictures", "fingerprints", "transcript", "recording", "codings", "trace", "second_scores")
"""Early sessions have none of these."""
PICTURE_PX = (12, 2000)
"""Sides that a stored picture of a face may have; those of `realtime.viewing.EventClips` have 16 to 400."""
_ACTION_UNIT = re.compile("AU[0-9]{1,3}")


class DamagedRowError(ValueError):
    """A row that cannot be right; the message names the value."""


def check_schema(database: sqlite3.Connection, path: object) -> dict[str, str]:
    """Return which of a session's tables cannot be used, with the reason; it is empty where nothing is damaged.

    Raises `SessionError` for views, triggers, virtual tables, generated columns and indices of one's own, which no
    session has, and where one of `NEEDED_TABLES` cannot be used.
    """
    found = set()
    for name, statement in database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"):
        # by the statement, which is what SQLite runs, not by the type that stands beside it
        if re.match(r"CREATE TABLE\b", str(statement)):
            found.add(name)
        elif refused := re.search(r"\b(VIEW|TRIGGER|VIRTUAL|INDEX)\b", str(statement), re.IGNORECASE):
            thing = "virtual table" if refused[1].upper() == "VIRTUAL" else refused[1].lower()
            raise SessionError(f"{path} is refused: it holds the {thing} {printable(name)}, which no session has.")
    unusable = {}
    for table, columns in table_columns().items():
        if table not in found:
            unusable[table] = "is missing"
            continue
        there = {name: hidden for _, name, *_, hidden in database.execute(f"PRAGMA table_xinfo({table})")}
        if any(there.values()):
            raise SessionError(f"{path} is refused: its table {table} holds generated columns, which no session has.")
        if missing := [name for name in columns if name not in there and name not in ADDED_COLUMNS]:
            unusable[table] = f"lacks the column {missing[0]}"
    for table in NEEDED_TABLES:
        if table in unusable:
            raise SessionError(f"{path} is damaged: its table {table} {unusable[table]}.")
    unusable |= {table: "" for table in ADDED_TABLES if table not in found}
    return unusable


@cache
def table_columns() -> dict[str, tuple[str, ...]]:
    """Return the columns of each table, as a new session has them."""
    with sqlite3.connect(":memory:") as new:
        new.executescript(TABLES)
        names = [name for (name,) in new.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {name: tuple(row[1] for row in new.execute(f"PRAGMA table_info({name})")) for name in names}
    new.close()
    return columns


def check_header(path: Path) -> None:
    """Raise `SessionError` for what is no session file, or has a name that no export could hold."""
    try:
        require_utf8(str(path))
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise SessionError(f"{path} is not a file but a pipe, a device or a folder.")
        with path.open("rb") as file:
            head = file.read(100)
    except SourceError as error:
        raise SessionError(str(error)) from None
    except OSError as error:
        raise SessionError(f"{path} cannot be read: {error.strerror}.") from error
    if not head:
        raise SessionError(f"{path} is empty: its recording ended before anything was saved. It can be deleted.")
    # SQLite's header starts with its name and holds the application's id at byte 68
    if not head.startswith(b"SQLite format 3\0") or head[68:72] != APPLICATION_ID.to_bytes(4):
        raise SessionError(f"{path} is not a MEDN session.")


def printable(text: object) -> str:
    """Text of unknown origin on one line, for a message."""
    characters = (character if character.isprintable() else " " for character in str(text)[:200])
    return " ".join("".join(characters).split())


def time_s(value: object, name: str) -> float:
    """A time in s: a finite number that is not negative."""
    number = finite(value, name)
    if not 0 <= number <= MAX_TIME_S:
        raise DamagedRowError(f"{name} is {number:g}")
    return number


def finite(value: object, name: str) -> float:
    """A finite number."""
    if type(value) in (int, float):
        try:
            number = float(value)  # type: ignore[arg-type]
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise DamagedRowError(f"{name} is no finite number")


def count(value: object, name: str) -> int:
    """A whole number that is not negative."""
    if type(value) is int and value >= 0:
        return value
    raise DamagedRowError(f"{name} is no number of a thing")


def text(value: object, name: str) -> str:
    """A text."""
    if isinstance(value, str):
        return value
    raise DamagedRowError(f"{name} is no text")


def picture(value: object, name: str) -> bytes:
    """A JPEG of a face: decoding one that states a side of 30,000 px would fill the memory."""
    least, most = PICTURE_PX
    if isinstance(value, bytes) and all(least <= side <= most for side in _jpeg_size(value)):
        return value
    raise DamagedRowError(f"{name} is no picture of a face")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Height and width in px that a JPEG states; 0 where it states none."""
    place = 2 if data.startswith(b"\xff\xd8") else len(data)
    while place + 9 <= len(data) and data[place] == 0xFF:
        if 0xC0 <= data[place + 1] <= 0xCF and data[place + 1] not in (0xC4, 0xC8, 0xCC):  # the header of the picture
            return int.from_bytes(data[place + 5 : place + 7]), int.from_bytes(data[place + 7 : place + 9])
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return 0, 0


def numbers_or_nan(values: Iterable[object], name: str) -> tuple[float, ...]:
    """Finite numbers; NaN where there is none, because SQLite stores NaN as NULL."""
    row = tuple(values)
    try:
        if math.isfinite(sum(row)):  # type: ignore[arg-type]  # fast path: this runs for every frame
            return row  # type: ignore[return-value]
    except TypeError:
        pass
    return tuple(math.nan if value is None else finite(value, name) for value in row)


def json_object(value: object, name: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        read = json.loads(text(value, name), parse_int=_whole_or_float)
    except (ValueError, RecursionError):
        raise DamagedRowError(f"{name} is no JSON") from None
    if not isinstance(read, dict):
        raise DamagedRowError(f"{name} is no JSON object")
    return read


def _whole_or_float(digits: str) -> float:
    """A whole number; as a float, or infinity, where it has more digits than what is counted."""
    return int(digits) if len(digits) < 19 else float(digits)


def texts(value: object, name: str) -> dict[str, str]:
    """A JSON object of texts."""
    return {key: text(each, name) for key, each in json_object(value, name).items()}


def measurements(value: object, name: str) -> dict[str, float]:
    """A JSON object of finite numbers with printable names."""
    read = json_object(value, name)
    # fast path: a long session has hundreds of thousands of them
    plain = set(map(type, read.values())) <= {float, int} and "".join(read).isprintable()
    if plain and math.isfinite(math.fsum(read.values())):
        return read
    for key, number in read.items():
        if not key.isprintable():
            raise DamagedRowError(f"{name} holds an unprintable name")
        finite(number, name)
    return read


def emotions(value: object, name: str) -> dict[str, float] | None:
    """Probabilities of emotion classes; None where no recognizer ran."""
    return None if value is None else _probabilities(value, name, lambda key: key in EMOTIONS)


def action_units(value: object, name: str) -> dict[str, float] | None:
    """Probabilities of action units; None where no recognizer ran."""
    return None if value is None else _probabilities(value, name, lambda key: bool(_ACTION_UNIT.fullmatch(key)))


def emotion(value: object, name: str) -> str | None:
    """An emotion class that was coded; None where none was."""
    if value is not None and value not in EMOTIONS:
        raise DamagedRowError(f"{name} is no emotion class")
    return value


def unit_names(value: object, name: str) -> tuple[str, ...] | None:
    """Action units that were coded, joined by +; None where none were."""
    if value is None:
        return None
    names = tuple(filter(None, text(value, name).split("+")))
    if not all(map(_ACTION_UNIT.fullmatch, names)):
        raise DamagedRowError(f"{name} holds no action units")
    return names


def _probabilities(value: object, name: str, is_name: Callable[[str], bool]) -> dict[str, float]:
    read: Mapping[str, float] = measurements(value, name)
    for key, number in read.items():
        if not is_name(key) or not 0 <= number <= 1:
            raise DamagedRowError(f"{name} holds no probabilities")
    return dict(read)
