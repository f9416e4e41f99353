"""A judgement in the forms that it is read in: JSON, a table for a terminal, a dated report."""

import math
from dataclasses import asdict
from typing import Any

from rich.table import Table

from medn.evaluation.spotting_metrics import IOU_AT_LEAST, SpottingScores
from realtime.judging import Judgement

HEADINGS = ("TP", "FP", "FN", "precision", "recall", "F1", "false alarms a minute")


def judgement_record(judgement: Judgement) -> dict[str, Any]:
    """The judgement as a JSON object of the command line."""
    return {
        "type": "spotting",
        "videos": judgement.videos,
        "minutes": judgement.spotter.duration_s / 60,
        **_scores(judgement.spotter),
        "candidates": _scores(judgement.candidates),
        "trivial": {name: _scores(scores) for name, scores in judgement.trivial.items()},
        "recall_by_amplitude_pct": [asdict(part) for part in judgement.by_amplitude],
        "false_alarms_on": dict(judgement.alarms),
    }


def judgement_table(judgement: Judgement) -> Table:
    """The judgement for a terminal."""
    table = Table(title=_title(judgement), title_justify="left", header_style="bold", caption=_details(judgement))
    table.add_column("spotter")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for row in _rows(judgement):
        table.add_row(*row)
    return table


def judgement_markdown(judgement: Judgement, conditions: str) -> str:
    """The judgement as a section of a report; `conditions` say on what and with what it was measured."""
    lines = [
        f"# Spotting: {_title(judgement)}",
        "",
        conditions,
        "",
        f"| spotter | {' | '.join(HEADINGS)} |",
        f"| --- |{' ---: |' * len(HEADINGS)}",
        *(f"| {' | '.join(row)} |" for row in _rows(judgement)),
        "",
        _details(judgement),
    ]
    return "\n".join(lines) + "\n"


def _title(judgement: Judgement) -> str:
    minutes = judgement.spotter.duration_s / 60
    return f"{judgement.videos} videos, {minutes:.1f} min; a hit overlaps the truth with IoU ≥ {IOU_AT_LEAST}"


def _rows(judgement: Judgement) -> list[tuple[str, ...]]:
    shown = {"MEDN": judgement.spotter, "first stage alone": judgement.candidates, **judgement.trivial}
    return [
        (
            name, str(scores.tp), str(scores.fp), str(scores.fn), f"{scores.precision:.3f}", f"{scores.recall:.3f}",
            f"{scores.f1:.3f}", f"{scores.false_alarms_per_min:.2f}",
        )
        for name, scores in shown.items()
    ]  # fmt: skip


def _details(judgement: Judgement) -> str:
    """Recall by amplitude and false alarms by confounder, where the truth tells them."""
    parts = [f"{b.low:g}–{b.high:g} %: {b.hits} of {b.movements}" for b in judgement.by_amplitude if b.movements]
    alarms = [f"{kind} {count}" for kind, count in judgement.alarms.items()]
    if not parts:
        return ""
    return f"Found by amplitude (% iod): {', '.join(parts)}. False alarms on: {', '.join(alarms) or 'none'}."


def _scores(scores: SpottingScores) -> dict[str, float | None]:
    shares = {
        "precision": scores.precision,
        "recall": scores.recall,
        "f1": scores.f1,
        "false_alarms_per_min": scores.false_alarms_per_min,
    }
    defined = {name: None if math.isnan(share) else round(share, 4) for name, share in shares.items()}
    return {"tp": scores.tp, "fp": scores.fp, "fn": scores.fn} | defined
