"""The tables of a session file, read as untrusted input: a damaged row is left out and counted."""

import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from realtime.session import check
from realtime.session.schema import MAX_COMMIT_ROWS, VERSION, SessionError

T = TypeVar("T")
BLOCK_ROWS = 20_000
"""Rows that `Tables.blocks` reads at a time."""


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
    ) -> Iterator[T]:
        """Yield the rows of a table, damaged ones left out and counted.

        Where a page of the file is damaged, the rows before and after it are read.
        """
        faults: Counter[str] = Counter()
        for row in self._read(table, columns, faults, where, order):
            try:
                yield decode(row)
            except check.DamagedRowError as damage:
                faults[str(damage)] += 1
        self._note(table, faults)

    def blocks(
        self,
        table: str,
        columns: tuple[str, ...],
        decode: Callable[[Sequence[tuple[Any, ...]], Counter[str]], T],
        *,
        where: str = "TRUE",
    ) -> Iterator[T]:
        """Yield the rows as `rows` does, many at a time; `decode` leaves damaged ones out and counts them."""
        faults: Counter[str] = Counter()
        rows = self._read(table, columns, faults, where, "rowid")
        while block := list(islice(rows, BLOCK_ROWS)):
            yield decode(block, faults)
        self._note(table, faults)

    def ids_between(self, table: str, column: str, between: tuple[float, float]) -> tuple[int, int] | None:
        """Rowids between which all rows are of which a column is between, where rows come about in its order.

        They may be `MAX_COMMIT_ROWS` out of it. None where a page of the file is damaged, or nothing is there.
        """
        if table in self._unusable:
            return None
        with _sqlite_errors(self.path):
            try:
                # each by itself, which needs no look at all rows
                queries = (f"SELECT {end}(rowid) FROM {table}" for end in ("min", "max"))  # noqa: S608
                ends = [self._database.execute(query).fetchone()[0] for query in queries]
                first, last = (self._id_from(table, column, value, *ends) for value in between)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                return None
            except TypeError:  # without a row, or with a text for a number
                return None
        return first - MAX_COMMIT_ROWS, last + MAX_COMMIT_ROWS

    def _id_from(self, table: str, column: str, value: float, low: int, high: int) -> int:
        """The rowid of the first row of which a column is as large as a value, or of the last row."""
        query = f"SELECT rowid, {column} FROM {table} WHERE rowid >= ? ORDER BY rowid LIMIT 1"  # noqa: S608
        while low < high:
            middle = (low + high) // 2
            found, there = self._database.execute(query, (middle,)).fetchone()
            low, high = (low, middle) if there >= value else (found + 1, high)
        return low

    def _read(
        self, table: str, columns: tuple[str, ...], faults: Counter[str], where: str, order: str
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a table as they are stored; where a page is damaged, those before and after it."""
        if table in self._unusable:
            return
        if not set(check.ADDED_COLUMNS).isdisjoint(columns):
            there = self.columns(table)
            columns = tuple("NULL" if name in check.ADDED_COLUMNS and name not in there else name for name in columns)
        query = f"SELECT {', '.join(columns)} FROM {table} WHERE {where} ORDER BY "  # noqa: S608
        read = 0
        with _sqlite_errors(self.path):
            try:
                for row in self._database.execute(query + order):
                    read += 1
                    yield row
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                yield from islice(self._salvaged(table, columns, where), read, None)
                faults["a part of the file is damaged"] += 1

    def _note(self, table: str, faults: Counter[str]) -> None:
        if faults:
            rows = "1 row" if faults.total() == 1 else f"{faults.total()} rows"
            self.damaged[table] = f"{rows} of its table {table} cannot be read ({next(iter(faults))})"

    def columns(self, table: str) -> frozenset[str]:
        """The columns that a table has; early sessions lack some."""
        with _sqlite_errors(self.path):
            return frozenset(name for _, name, *_ in self._database.execute(f"PRAGMA table_info({table})"))

    def add_column(self, table: str, column: str, kind: str = "TEXT") -> None:
        """Add a column, which early sessions lack; saved with what follows, or at once."""
        if column not in self.columns(table):
            with _sqlite_errors(self.path):
                self._database.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    def write(self, statement: str, row: tuple[Any, ...]) -> sqlite3.Cursor:
        """Execute a statement; saved at once."""
        with _sqlite_errors(self.path), self._database:
            return self._database.execute(statement, row)

    def write_all(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Execute a statement for every row, or for none; saved at once."""
        with _sqlite_errors(self.path), self._database:
            self._database.executemany(statement, rows)

    def replace(
        self,
        table: str,
        definition: str,
        rows: Sequence[tuple[Any, ...]],
        *,
        where: tuple[str, str] | None = None,
        added: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Put rows in place of a table's, or of those with a value in a column (`where`); saved at once.

        `definition` makes the table, which early sessions lack; of `added` columns with their types they lack some.
        """
        condition, values = (f"{where[0]} = ?", where[1:]) if where else ("TRUE", ())
        with _sqlite_errors(self.path), self._database:
            self._database.execute("BEGIN")
            self._database.execute(definition)
            for column, kind in added:
                self.add_column(table, column, kind)
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
