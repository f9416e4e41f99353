"""Labels that another program wrote for a recording: WebVTT, SubRip, ELAN, Praat TextGrid, BORIS, or a table.

What was said, as a transcript; or what another coder marked. Times are those of the recording, in s.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

from medn.errors import UserError
from realtime.types import MAX_TIME_S


class LabelError(UserError):
    """A file of labels that cannot be read."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text for a span of a recording; `start_s` is `end_s` for a point in time."""

    start_s: float
    end_s: float
    text: str
    tier: str = ""
    """Its tier, or its speaker."""
    modifiers: str = ""
    """BORIS's, as it writes them; in MEDN's own projects the number of the event."""
    is_mark: bool = False
    """Whether it is a person's mark in a BORIS project of MEDN's."""


def read_labels(path: Path) -> list[Label]:
    """Read the labels of a file in the order of time; labels without a text are left out.

    The format follows from the file's suffix, see `FORMATS`. Raises `LabelError` in one sentence.
    """
    read = FORMATS.get(path.suffix.lower())
    if read is None:
        raise LabelError(f"{path} is none of {', '.join(FORMATS)}.")
    require_file(path)
    try:
        labels = sorted(read(path), key=lambda label: (label.start_s, label.end_s))
    except LabelError:
        raise
    except OSError as error:
        raise LabelError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeError:
        raise LabelError(f"{path} is no UTF-8 text; save it as UTF-8.") from None
    except (
        ValueError,
        LookupError,
        SyntaxError,
        AttributeError,
        TypeError,
        RecursionError,
        csv.Error,
    ) as error:  # what the readers raise
        raise LabelError(f"{path} cannot be read as {path.suffix} ({type(error).__name__}: {error}).") from error
    kept = [label for label in labels if label.text]
    for label in kept:
        if not 0 <= label.start_s <= label.end_s <= MAX_TIME_S:
            span = f"from {label.start_s:g} to {label.end_s:g} s"
            raise LabelError(f"{path} has a label {span}, “{label.text[:40]}”; {COUNTED_FROM}.")
    if not kept:
        raise LabelError(f"{path} holds no label with a text.")
    return kept


def require_file(path: Path) -> None:
    """Raise `LabelError` for a pipe, which would be waited for, a device, a folder, or what cannot be looked at."""
    try:
        other = path.exists() and not path.is_file()
    except OSError as error:
        raise LabelError(f"{path} cannot be read: {error.strerror}.") from error
    if other:
        raise LabelError(f"{path} is not a file but a pipe, a device or a folder.")


def chosen_labels(path: Path, labels: Sequence[Label], tiers: Sequence[str]) -> list[Label]:
    """The labels of certain tiers, of all where none is named. Raises `LabelError` for a tier that is not there."""
    names = {label.tier for label in labels}
    if missing := [tier for tier in tiers if tier not in names]:
        raise LabelError(f"{path} has no tier {missing[0]}; it has {', '.join(sorted(filter(None, names))) or 'none'}.")
    return [label for label in labels if not tiers or label.tier in tiers]


def late_remark(labels: Iterable[Label], end_s: float) -> str:
    """A sentence about labels that begin after a recording's end, as where milliseconds are read as seconds."""
    late = sum(label.start_s > end_s for label in labels)
    return f" {late} of them begin after the end of the recording: are these its times, in seconds?" if late else ""


def texts_at(labels: Iterable[Label], start_s: float, end_s: float) -> str:
    """The texts of all labels that overlap a span, in their order, on one line; speakers stand before their texts."""
    texts: list[str] = []
    last = ""
    for label in labels:
        if label.start_s <= end_s and label.end_s >= start_s:
            texts.append(f"{label.tier}: {label.text}" if label.tier and label.tier != last else label.text)
            last = label.tier
    return " ".join(texts)


def _subtitles(path: Path) -> Iterator[Label]:
    import webvtt
    from webvtt.errors import MalformedCaptionError, MalformedFileError

    subrip = path.suffix.lower() == ".srt"
    try:
        captions = webvtt.from_srt(str(path)) if subrip else webvtt.read(str(path))
    except (MalformedFileError, MalformedCaptionError) as error:
        raise LabelError(f"{path} is not written as {path.suffix} files are ({error}).") from error
    for caption in captions.captions:
        begin_s, end_s = _clock_s(caption.start), _clock_s(caption.end)
        voices = [(caption.voice or "", caption.text)] if subrip else _voices(caption.raw_text)
        for speaker, said in voices:
            text = _plain(said)
            text = text if subrip else " ".join(unescape(text).split())  # WebVTT writes & as &amp;
            yield Label(begin_s, end_s, text, speaker)


def _voices(cue: str) -> Iterator[tuple[str, str]]:
    """Who speaks in a cue of WebVTT, and what each says: several people have a voice span each."""
    for part in re.split(r"(?=<v[.\s])", cue):
        voice = re.match(r"<v(?:\.[^\s>]*)*\s+([^>\s][^>]*)>", part)
        yield voice[1].strip() if voice else "", re.sub(r"<.*?>", "", part)


def _elan(path: Path) -> Iterator[Label]:
    from pympi.Elan import Eaf

    # raises ParseError, where pympi raises a bare Exception
    ElementTree.parse(path)  # noqa: S314  expat limits what entities grow to
    document = Eaf(str(path))
    for aligned, *_ in document.tiers.values():
        _spread({begin: end for begin, end, *_ in aligned.values()}, document.timeslots)
    for tier in document.get_tier_names():
        for start_ms, end_ms, text, *_ in document.get_annotation_data_for_tier(tier):
            yield Label(start_ms / 1000, end_ms / 1000, _plain(text or ""), tier)


def _spread(end_of: Mapping[str, str], slots: dict[str, int | None]) -> None:
    """Give time slots without a value, inside of a subdivided annotation, times evenly between their neighbours."""
    for begin, end in end_of.items():
        chain = [begin, end]
        while slots[chain[-1]] is None and chain[-1] in end_of and len(chain) <= len(end_of):
            chain.append(end_of[chain[-1]])
        first_ms, last_ms = slots[begin], slots[chain[-1]]
        if first_ms is not None and last_ms is not None:
            for place, slot in enumerate(chain):
                slots[slot] = first_ms + round((last_ms - first_ms) * place / (len(chain) - 1))


def _textgrid(path: Path) -> Iterator[Label]:
    from praatio import textgrid
    from praatio.data_classes.interval_tier import IntervalTier
    from praatio.utilities.errors import PraatioException

    try:
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, duplicateNamesMode="rename")
    except PraatioException as error:
        raise LabelError(f"{path} is not written as Praat writes TextGrids ({error}).") from error
    for tier in grid.tiers:
        for entry in tier.entries:
            end_s = entry[1] if isinstance(tier, IntervalTier) else entry[0]
            yield Label(float(entry[0]), float(end_s), _plain(entry[-1]), tier.name)


def _boris(path: Path) -> Iterator[Label]:
    """State events, paired by subject, behaviour and modifiers as BORIS pairs them, and point events.

    The label is the behaviour with the comment after a semicolon, and its tier the subject. The behaviours of a
    person's marks in MEDN's own projects ("mark", "marked span") are left out beside their text.
    """
    project = json.loads(path.read_text(encoding="utf-8"))
    kinds = {entry["code"]: entry["type"].lower() for entry in project["behaviors_conf"].values()}
    observations = project["observations"]
    if len(observations) != 1:
        names = ", ".join(observations) or "none"
        raise LabelError(f"{path} must hold one observation; it has {names}. Export the one of this recording alone.")
    [observation] = observations.values()
    offset_s = float(observation.get("time offset") or 0)  # BORIS adds it to the times of the recording
    open_since: dict[tuple[str, ...], tuple[float, str]] = {}
    for time_s, subject, behaviour, modifiers, comment, *_ in observation["events"]:
        begin_s, key = float(time_s) - offset_s, (subject, behaviour, str(modifiers))
        is_mark = behaviour in MARKED
        if not kinds.get(behaviour, "").startswith("state"):
            yield Label(begin_s, begin_s, _coded(behaviour, comment), subject, key[2], is_mark)
        elif key in open_since:
            started_s, said = open_since.pop(key)
            yield Label(started_s, begin_s, _coded(behaviour, said or comment), subject, key[2], is_mark)
        else:
            open_since[key] = begin_s, comment
    if open_since:
        (subject, behaviour, _), (started_s, _) = next(iter(open_since.items()))
        who = f" of {subject}" if subject else ""
        raise LabelError(f"{path}: {behaviour}{who}, begun at {started_s:g} s, does not end; end it in BORIS.")


def _coded(behaviour: str, comment: str) -> str:
    comment = _plain(comment or "")
    return comment if comment and behaviour in MARKED else "; ".join(filter(None, (_plain(behaviour), comment)))


def _table(path: Path) -> Iterator[Label]:
    """A table with a column for the start, one for the text, and perhaps for the end or duration and the speaker."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = rows_of(file)
        names = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
        start, text = column_named(names, START), column_named(names, TEXT)
        if start is None or text is None:
            wanted = "start, end and text"
            raise LabelError(f"{path} needs columns {wanted}; it has {', '.join(names) or 'none'}.")
        end, length, tier = column_named(names, END), column_named(names, DURATION), column_named(names, TIER)
        for row in whole_rows(path, rows):
            row = {name: "" if cell in UNKNOWN else cell for name, cell in row.items()}
            if not (row[start] or "").strip():
                continue
            start_s = seconds_in(row, start)
            end_s = start_s
            if end is not None and (row[end] or "").strip():
                end_s = seconds_in(row, end)
            elif length is not None and (row[length] or "").strip():
                end_s = start_s + seconds_in(row, length)
            said = _plain(csv_text(row[text] or ""))
            yield Label(start_s, end_s, said, _plain(row[tier] or "") if tier else "")


COUNTED_FROM = "times count from the beginning of the recording"
FORMATS: Mapping[str, Callable[[Path], Iterable[Label]]] = {
    ".vtt": _subtitles,
    ".srt": _subtitles,
    ".eaf": _elan,
    ".textgrid": _textgrid,
    ".boris": _boris,
    ".csv": _table,
    ".tsv": _table,
    ".txt": _table,
}
"""Reader by suffix: WebVTT, SubRip, ELAN, Praat TextGrid, BORIS, and tables of times and texts."""
MARKED = ("mark", "marked span")
"""BORIS's behaviours for marks in MEDN's own projects."""

START = ("start", "start_s", "start_ms", "onset", "onset_s", "begin", "begin time", "time", "time_s")
END = ("end", "end_s", "end_ms", "offset", "offset_s", "stop", "end time")
DURATION = ("duration", "duration_s", "duration_ms", "length")
TEXT = ("text", "word", "words", "label", "annotation", "transcript", "utterance", "value", "trial_type")
TIER = ("speaker", "tier", "participant", "channel")
UNKNOWN = ("n/a", "NA")
"""What BIDS and R write for a value that is not there."""
_IN_MARKS = re.compile(r'"(?:[^"]|"")*"')
MAX_HEAD = 65536
"""Characters in which a table's columns must be named."""
FORMULA_SIGNS = r"=+\-@＝＋－＠"
"""What a formula begins with in a spreadsheet, as part of a regular expression."""
_GUARDED = re.compile(rf"(^|;)(\s*)'(?=[{FORMULA_SIGNS}])")


def rows_of(file: TextIO) -> "csv.DictReader[str]":
    """The rows of a table whose cells are separated by commas, semicolons or tabs; cells that are missing are empty.

    To be read by `whole_rows`. Raises `LabelError` where its columns are not named in a line.
    """
    delimiter = max(",;\t", key=file.readline(MAX_HEAD).count)
    file.seek(0)
    lines = map(_closed, file) if delimiter == "\t" else file
    rows = csv.DictReader(lines, delimiter=delimiter, restval="", strict=True)
    try:
        rows.fieldnames  # noqa: B018  reads the first line
    except csv.Error as error:
        raise LabelError(_unclosed(file.name, 1, error)) from None
    return rows


def whole_rows(path: Path, rows: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    """The rows of a table. Raises `LabelError` for one with more cells than columns, whose text would be cut, and for a
    quotation mark that is not closed, which would make one cell of the rows after it.
    """
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise LabelError(_unclosed(path, line, error)) from None
        if any(map(str.strip, row.pop(None, ()))):
            raise LabelError(
                f"{path} has more cells than columns in line {rows.line_num}: put texts with commas in quotation marks."
            )
        yield row


def _unclosed(path: object, line: int, error: csv.Error) -> str:
    return f"{path} has a quotation mark in the row of line {line} that is not closed, or not doubled ({error})."


def _closed(line: str) -> str:
    """A line of cells between tabs, most of which are written without quoting: a mark that nothing closes is text."""
    text = line.rstrip("\r\n")
    cells = text.split("\t")
    for place, cell in enumerate(cells):
        if cell.startswith('"') and not _IN_MARKS.fullmatch(cell):
            doubled = cell.replace('"', '""')
            cells[place] = f'"{doubled}"'
    return "\t".join(cells) + line[len(text) :]


def column_named(names: Mapping[str, str], known: Iterable[str]) -> str | None:
    """The first of the `known` columns that a table has, as it spells it; `names` are its columns by lower case."""
    return next((names[name] for name in known if name in names), None)


def csv_text(cell: str) -> str:
    """A cell's text without the apostrophes that MEDN's own tables have before formulas."""
    return _GUARDED.sub(r"\1\2", cell)


def seconds_in(row: Mapping[str, str], column: str) -> float:
    """A time: seconds, milliseconds in a column whose name ends with ms, or a clock time."""
    text = row[column].strip()
    if ":" in text:
        return _clock_s(text)
    value = number_in(text)
    return value / 1000 if column.strip().lower().endswith("ms") else value


def number_in(cell: str) -> float:
    """A number, also with a decimal comma, as spreadsheets of many languages save it. Raises ValueError for none."""
    return float(cell.replace(",", "."))


def _clock_s(text: str) -> float:
    """Seconds of H:MM:SS.mmm or MM:SS,mmm."""
    if text.count(":") > 2:
        raise ValueError(f"{text.strip()} is no time such as 1:02:03.4")
    seconds = 0.0
    for part in text.strip().replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def _plain(text: str) -> str:
    """A label's text on one line, without markup."""
    return " ".join(re.sub(r"</?[a-zA-Z][^>]*>", "", text).split())
