"""What made an export: the session's parameters, versions and weights, and what was chosen for the export.

Every export carries it: inside the file where the format has a place for it, else in a JSON file beside it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medn.contract import AU_CLAIMED_AT
from medn.revision import __version__
from realtime.export.context import ExportContext


def made_by(context: ExportContext, title: str) -> Mapping[str, Any]:
    """The origin of an export in the format called `title`, as a JSON object.

    Left out are who consented, and the folder of the recording, which may name people.
    """
    info = context.info
    return {
        "session": context.name,
        "source": info.source,
        "video": info.video and Path(info.video).name,
        "recording": None if info.file is None else asdict(info.file),
        "parameters": dict(info.parameters),
        "versions": dict(info.versions),
        "weights_sha256": info.weights_sha256,
        "created_utc": info.created_utc,
        "closed_utc": info.closed_utc,
        "summary": info.summary,
        "partial": info.partial,
        "export": {
            "format": title,
            "events": context.selection,
            "events_written": len(context.events),
            "judged_by": context.session.reviewer if context.session.coder is None else context.session.coder,
            "action_unit_named_from": AU_CLAIMED_AT,
            "medn": __version__,
            "exported_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }


def made_by_line(context: ExportContext, title: str) -> str:
    """`made_by` as JSON on one line, in plain ASCII and without a "-->", which would end a comment or a subtitle."""
    return json.dumps(made_by(context, title)).replace(">", "\\u003e")


def write_made_by(context: ExportContext, title: str, path: Path) -> None:
    """Write `made_by` as a JSON file."""
    path.write_text(json.dumps(made_by(context, title), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
