"""Export of sessions to the file formats of annotation, statistics and presentation tools.

`FORMATS` is the table of formats; `export_sessions` writes them. A format is one function: to add a format, write the
function and add a row to the table.
"""

from realtime.export.context import ExportContext, ExportError
from realtime.export.export import Outcome, events_named, export_sessions, formats_named
from realtime.export.formats import FORMATS, Format

__all__ = [
    "FORMATS",
    "ExportContext",
    "ExportError",
    "Format",
    "Outcome",
    "events_named",
    "export_sessions",
    "formats_named",
]
