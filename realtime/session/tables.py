"""The tables of a session file, read as untrusted input: a damaged row is left out and counted."""

import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from realtime.session import check
from realtime.session.schema import VERSION, SessionError

T = TypeVar("T")


class Tables:
    """An open session file. Every method raises `SessionError` if the file cannot be used."""

    def __init__(self, path: Path) -> None:
        """Open a file; data that a killed process left in the write-ahead log is recovered.

        A read-only file is opened for reading only.
        """
        check.check_header(path)
        mode = "rw" if os.access(path, os.W_OK) else "ro"
        self.path = path
        self.damaged: dict[str, str] = {}
        """By table, what of it could not be read so far."""
        with _sqlite_errors(path):
            self._database = sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=2)
            try:
                self._unusable = _prepared(self._database, path)
            except BaseException:
                self.close()
                raise

    @property
    def damage(self) -> str:
        """One sentence about what of the file could not be read so far; empty if nothing was left out."""
        parts = [f"its table {table} {reason}" for table, reason in self._unusable.items() if reason]
        parts += self.damaged.values()
        return f"{self.path} is damaged: {'; '.join(parts)}. The rest of it was read." if parts else ""

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def rows(
        self,
        table: str,
        columns: tuple[str, ...],
        decode: Callable[[tuple[Any, ...]], T],
        *,
        where: str = "TRUE",
        order: str = "rowid",
        key: Callable[[T], Any] | None = None,
    ) -> Iterator[T]:
        """Yield the rows of a table, damaged ones left out and counted.

        Where a page of the file is damaged, the rows before and after it are read, and sorted by `key`.
        """
        if table in self._unusable:
            return
        faults: Counter[str] = Counter()

        def decoded(rows: Iterable[tuple[Any, ...]]) -> Iterator[T]:
            for row in rows:
                try:
                    yield decode(row)
                except check.DamagedRowError as damage:
                    faults[str(damage)] += 1

        query = f"SELECT {', '.join(columns)} FROM {table} WHERE {where} ORDER BY "  # noqa: S608
        read = 0
        with _sqlite_errors(self.path):
            try:
                for row in decoded(self._database.execute(query + order)):
                    read += 1
                    yield row
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                faults.clear()
                rest = list(decoded(self._salvaged(table, columns, where)))[read:]
                yield from sorted(rest, key=key) if key else rest
                faults["a part of the file is damaged"] += 1
        if faults:
            rows = "1 row" if faults.total() == 1 else f"{faults.total()} rows"
            self.damaged[table] = f"{rows} of its table {table} cannot be read ({next(iter(faults))})"

    def write(self, statement: str, row: tuple[Any, ...]) -> sqlite3.Cursor:
        """Execute a statement; saved at once."""
        with _sqlite_errors(self.path), self._database:
            return self._database.execute(statement, row)

    def write_all(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Execute a statement for every row, or for none; saved at once."""
        with _sqlite_errors(self.path), self._database:
            self._database.executemany(statement, rows)

    def replace(
        self, table: str, definition: str, rows: Sequence[tuple[Any, ...]], *, where: tuple[str, str] | None = None
    ) -> None:
        """Put rows in place of a table's, or of those with a value in a column (`where`); saved at once.

        `definition` makes the table, which early sessions lack.
        """
        condition, values = (f"{where[0]} = ?", where[1:]) if where else ("TRUE", ())
        with _sqlite_errors(self.path), self._database:
            self._database.execute("BEGIN")
            self._database.execute(definition)
            self._database.execute(f"DELETE FROM {table} WHERE {condition}", values)  # noqa: S608
            if rows:
                places = ", ".join("?" * len(rows[0]))
                self._database.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608
        self._unusable.pop(table, None)

    def _salvaged(self, table: str, columns: tuple[str, ...], where: str) -> Iterator[tuple[Any, ...]]:
        """The rows from the first up to a damaged page, then those from the last back to one, in the file's order."""
        query = f"SELECT rowid, {', '.join(columns)} FROM {table} WHERE {where} ORDER BY rowid "  # noqa: S608
        forward = self._until_damage(query)
        last = forward[-1][0] if forward else None
        backward = [row for row in self._until_damage(query + "DESC") if last is None or row[0] > last]
        return (row[1:] for row in (*forward, *reversed(backward)))

    def _until_damage(self, query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        try:
            for row in self._database.execute(query):
                rows.append(row)  # noqa: PERF402  what was read before the damage counts
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        return rows


def _prepared(database: sqlite3.Connection, path: Path) -> dict[str, str]:
    """Set up a connection to an untrusted file; return which of its tables cannot be used, with the reason."""
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    database.execute("PRAGMA trusted_schema = OFF")
    # where the definition of one table is damaged, the others stay readable; nothing here writes to the schema
    database.execute("PRAGMA writable_schema = ON")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise SessionError(
            f"{path} was written by a newer MEDN{_writer(database)} (format {version}; this one reads {VERSION}): "
            "update MEDN."
        )
    if version < 1:
        raise SessionError(f"{path} is damaged: there is no format {version}.")
    return check.check_schema(database, path)


def _writer(database: sqlite3.Connection) -> str:
    """The version that wrote a session of an unknown format, as an apposition; empty if it is not where it was."""
    try:
        [(statement,)] = database.execute("SELECT sql FROM sqlite_master WHERE name = 'session'")
        if not re.match(r"CREATE TABLE\b", str(statement)):
            return ""
        [(versions,)] = database.execute("SELECT substr(versions, 1, 10000) FROM session")
        written_by = json.loads(versions)["medn"]
    except (sqlite3.Error, ValueError, TypeError, KeyError, RecursionError):
        return ""
    return f", {check.printable(written_by)}," if written_by else ""


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    """Convert SQLite's errors to `SessionError`."""
    try:
        yield
    except UnicodeError as error:  # SQLite's message quotes the file
        raise SessionError(f"{path} is damaged: the definition of its tables is no text.") from error
    except sqlite3.Error as error:
        raise SessionError(f"{path} cannot be used ({check.printable(error)}).") from error


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file's content is at fault rather than a lock, the disk or a permission."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_TOOBIG)
