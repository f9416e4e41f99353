"""The limit of detection of each action unit over time, as CSV: a row for each face and half second.

It is computed anew from the trace, span by span, because frames keep the limits of the upper and the lower face alone.
There is no row while a face is being learned, in its last second and while it is gone; an empty cell is not judged.
"""

import csv
from pathlib import Path

import numpy as np

from realtime.export.context import ExportContext, ExportError
from realtime.export.tables import csv_cell
from realtime.spotting.detector import WARM_UP_S
from realtime.viewing.unit_limits import UNIT_NAMES, UNKNOWN_S, unit_limits

EVERY_S = 0.5
SPAN_S = 300.0
"""The trace of hours need not fit in memory."""
COLUMNS = (
    "session", "time_s", "face",
    *(f"{unit}{'' if side == 'both' else '_' + side}_limit_pct" for unit, side in UNIT_NAMES),
)  # fmt: skip


def write_units(context: ExportContext, path: Path) -> None:
    """Write the limits of each single action unit, on both sides and on one. Raises `ExportError` without a trace."""
    end_s, _ = context.session.extent()
    written = False
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for begin_s in np.arange(0.0, end_s, SPAN_S).tolist():
            if context.stop.is_set():
                raise ExportError(f"The limits of {context.name} were stopped before their end; they are not kept.")
            for face, limits in sorted(unit_limits(context.session, (begin_s, begin_s + SPAN_S)).items()):
                first = np.flatnonzero(np.diff(np.floor(limits.times_s / EVERY_S), prepend=-1.0))
                rows = zip(limits.times_s[first].tolist(), limits.limit_pct[first].tolist(), strict=True)
                for time_s, pcts in rows:
                    lines.writerow([csv_cell(cell) for cell in (context.name, time_s, face, *pcts)])
                    written = True
            context.tick(min(begin_s + SPAN_S, end_s), end_s)
    if not written and end_s > WARM_UP_S + UNKNOWN_S:  # nothing is known of shorter ones with a trace, either
        raise ExportError(
            f"{context.name} holds no trace of a face to compute the limits of action units from: it was made by an "
            "earlier MEDN, or shows none for four seconds. Analyse the recording again."
        )
