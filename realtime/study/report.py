"""A study in a terminal: a table of its sessions, sentences about them, and JSON lines."""

import math
from collections.abc import Iterator
from typing import Any

from rich.table import Table

from realtime.report import counted
from realtime.study import PROGRAM
from realtime.study.sessions import Study
from realtime.study.tables import pooled_agreement, rates_of, study_tables


def sessions_table(study: Study) -> Table:
    """Return a row for each session and coder."""
    table = Table(title="Sessions", title_justify="left", header_style="bold")
    for heading in ("session", "participant", "condition"):
        table.add_column(heading)
    for heading in ("minutes", "judged", "coder", "events", "a minute"):
        table.add_column(heading, justify="left" if heading == "coder" else "right")
    for session in study.sessions:
        judged = "–" if session.judged is None else f"{session.judged.either_s / 60:.2f}"
        partial = f"{session.name} (partial)" if session.info.partial else session.name
        for coder, found in session.coders.items():
            rate = rates_of(session, coder).events
            first = coder == PROGRAM
            head = (partial, session.place.participant, session.place.condition) if first else ("", "", "")
            times = (f"{session.length_s / 60:.2f}", judged) if first else ("", "")
            table.add_row(*head, *times, coder, str(len(found)), "–" if rate is None else f"{rate:.2f}")
    return table


def sentences(study: Study) -> list[str]:
    """What a reader of the table must know, a sentence each."""
    sessions = study.sessions
    judged_s = sum(session.judged.either_s for session in sessions if session.judged)
    whole_s = sum(session.length_s for session in sessions)
    lines = [
        f"{counted(len(sessions), 'session')}, {whole_s / 60:.1f} min; judged {judged_s / 60:.1f} min, "
        f"not judged {(whole_s - judged_s) / 60:.1f} min."
    ]
    for session in sessions:
        if session.info.partial:
            lines.append(f"{session.name} is partial: {session.info.partial}.")
        if session.judged is None:
            lines.append(f"{session.name} is from before limits of detection were stored: it has no rates.")
        if session.damage:
            lines.append(session.damage)
    settings = {session.settings for session in sessions}
    if len(settings) > 1:
        lines.append(
            f"The sessions were made with {len(settings)} different settings, versions or weights (column settings): "
            "analyse them again with the same before you compare them."
        )
    for one in pooled_agreement(study):
        kappa = "κ is not defined" if math.isnan(one.kappa) else f"κ {one.kappa:.2f}"
        lines.append(
            f"{one.coder_a} and {one.coder_b}: {kappa} over {counted(one.moments, 'moment')} "
            f"({one.both_yes} both yes, {one.only_a} only {one.coder_a}, {one.only_b} only {one.coder_b}, "
            f"{one.both_no} both no)."
        )
    return lines


def records(study: Study) -> Iterator[dict[str, Any]]:
    """Yield a JSON object for each row of the tables of sessions and of agreement."""
    tables = study_tables(study)
    for name in ("sessions", "agreement"):
        for row in tables[name].rows:
            yield {"type": f"study_{name}", **dict(zip(tables[name].columns, row, strict=True))}
