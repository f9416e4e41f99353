"""The table of formats: what each is called, which files it makes, and who uses it."""

from collections.abc import Callable
from dataclasses import dataclass

from realtime.export.boris import write_boris
from realtime.export.csv_tables import write_csv
from realtime.export.elan import write_elan
from realtime.export.openface import write_openface
from realtime.export.parquet import write_parquet
from realtime.export.praat import write_textgrid
from realtime.export.subtitles import write_webvtt
from realtime.export.tables import TABLES
from realtime.export.video import write_video


@dataclass(frozen=True, slots=True)
class Format:
    """One format that sessions are exported to."""

    title: str
    endings: tuple[str, ...]
    """A file for each, named after the session."""
    who: str
    """Who uses it, in one line."""
    write: Callable[..., None]
    """Given `Material` and a new path for each ending; raises `ExportError` or `OSError` where it cannot."""


FORMATS = {
    "csv": Format(
        "CSV",
        tuple(f"-{name}.csv" for name in TABLES),
        "For spreadsheets, R and SPSS: a table of events, one of frames and one of your marks.",
        write_csv,
    ),
    "parquet": Format(
        "Parquet",
        tuple(f"-{name}.parquet" for name in TABLES),
        "For pandas, Arrow and DuckDB: the same tables with types, at full precision.",
        write_parquet,
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
    ),
    "video": Format(
        "Video",
        ("-events.mp4",),
        "For talks and discussions: the recording with its events drawn in.",
        write_video,
    ),
}
