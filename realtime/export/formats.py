"""The table of export formats: title, files, users and function of each."""

from collections.abc import Callable
from dataclasses import dataclass

from realtime.export.bids import write_bids
from realtime.export.boris import write_boris
from realtime.export.long_table import write_long
from realtime.export.openface import write_openface
from realtime.export.report_page import write_report
from realtime.export.subtitles import write_webvtt
from realtime.export.tables import TABLES, write_csv, write_parquet
from realtime.export.tiers import write_elan, write_textgrid
from realtime.export.unit_table import write_units
from realtime.export.video import write_video


@dataclass(frozen=True, slots=True)
class Format:
    """An export format."""

    title: str
    endings: tuple[str, ...]
    """One file for each, named after the session."""
    who: str
    """Who uses it, in one line."""
    write: Callable[..., None]
    """Called with an `ExportContext` and a new path for each ending; raises `ExportError` or `OSError`."""
    settings: str = ""
    """Ending of a JSON file with what made the export, for a format that has no place for it."""

    @property
    def files(self) -> tuple[str, ...]:
        """The endings of all its files."""
        return (*self.endings, self.settings) if self.settings else self.endings


FORMATS = {
    "csv": Format(
        "CSV",
        tuple(f"-{name}.csv" for name in TABLES),
        "For spreadsheets and SPSS: tables of events, frames, your marks, and what could be judged.",
        write_csv,
        "-csv.json",
    ),
    "long": Format(
        "Long CSV",
        ("-long.csv",),
        "For R: a row for each value of each event, NA where there is none.",
        write_long,
        "-long.json",
    ),
    "parquet": Format(
        "Parquet",
        tuple(f"-{name}.parquet" for name in TABLES),
        "For pandas, Arrow and DuckDB: the same tables with types, at full precision.",
        write_parquet,
    ),
    "units": Format(
        "Limits by action unit",
        ("-units.csv",),
        "For rates of single action units: from what size on each could have been found, twice a second.",
        write_units,
        "-units.json",
    ),
    "elan": Format(
        "ELAN",
        (".eaf",),
        "For linguists and gesture researchers: tiers by face, linked to the recording.",
        write_elan,
    ),
    "boris": Format(
        "BORIS",
        (".boris",),
        "For behaviour coders: a project with faces as subjects and events to go through.",
        write_boris,
    ),
    "textgrid": Format(
        "Praat TextGrid",
        (".TextGrid",),
        "For phoneticians: the face's events beside the speech.",
        write_textgrid,
        "-textgrid.json",
    ),
    "webvtt": Format(
        "WebVTT",
        (".vtt",),
        "For players and web pages: each event as a subtitle.",
        write_webvtt,
    ),
    "openface": Format(
        "OpenFace CSV",
        ("-openface.csv",),
        "For scripts made for OpenFace: its column names, frame by frame, as far as MEDN has the data.",
        write_openface,
        "-openface.json",
    ),
    "bids": Format(
        "BIDS events",
        ("_events.tsv", "_events.json"),
        "For data sets and EEG: events and marks as BIDS has them, with a JSON file that describes the columns.",
        write_bids,
    ),
    "html": Format(
        "Report",
        ("-report.html",),
        "For colleagues and files: one page to read or print, with time line and pictures; it needs no network.",
        write_report,
    ),
    "video": Format(
        "Video",
        ("-events.mp4",),
        "For talks and discussions: the recording with its events drawn in.",
        write_video,
    ),
}
