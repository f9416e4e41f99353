"""Sessions as files of the tools that people code, count and show with.

`FORMATS` is the table of formats; `export_sessions` writes them. A format is one function in one file: to add one,
write it and give it a row in the table.
"""

from realtime.export.export import Outcome, events_named, export_sessions, formats_named
from realtime.export.formats import FORMATS, Format
from realtime.export.material import ExportError, Material

__all__ = [
    "FORMATS",
    "ExportError",
    "Format",
    "Material",
    "Outcome",
    "events_named",
    "export_sessions",
    "formats_named",
]
