"""Curves of recall over false alarms a minute in the forms that they are read in: JSON, tables, Markdown, a picture."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from medn.evaluation.spotting_curve import RATES_PER_MIN
from realtime.evaluation.curve import TIMING_AT_PER_MIN, Curves, Recall

MISSING_NAMES = {
    "amplitude_percent_iod": "size",
    "context": "context",
    "eye_distance_px": "eye distance",
    "z": "how far a movement stands out (z)",
}


def curves_record(curves: Curves) -> dict[str, Any]:
    """Fields for the JSON object of `medn evaluate spotting`."""
    return {
        "false_alarm_rates_per_min": list(RATES_PER_MIN),
        "curve": {"MEDN": _recall_record(curves.whole)}
        | {name: _recall_record(recall) for name, recall in curves.baselines.items()},
        "curve_by": {
            name: {recall.label: _recall_record(recall) for recall in recalls} for name, recalls in curves.parts.items()
        },
        "columns_missing": list(curves.missing),
        "timing": asdict(curves.timing) if curves.timing else None,
        # not rounded: a score that is the least bit lower lets one more pass
        "score_at_rate": {f"{rate:g}": None if math.isinf(score) else score for rate, score in curves.score_at.items()},
    }


def curves_table(curves: Curves) -> Table:
    """The curves for a terminal."""
    table = Table(title=_title(curves), title_justify="left", header_style="bold", caption="\n".join(_notes(curves)))
    table.add_column("movements")
    table.add_column("number", justify="right")
    for rate in RATES_PER_MIN:
        table.add_column(f"{rate:g}", justify="right")
    for name, recalls in _groups(curves):
        for recall in recalls:
            label = f"{name}: {recall.label}" if name else recall.label
            table.add_row(label, str(recall.movements), *_cells(recall))
        table.add_section()
    return table


def curves_markdown(curves: Curves, picture: str = "") -> str:
    """The curves as a section of a report; `picture` is a link to one beside it."""
    rates = " | ".join(f"{rate:g}" for rate in RATES_PER_MIN)
    lines = [
        "## Recall over false alarms a minute",
        "",
        f"{_title(curves)}. Events and rejected candidates ranked together by score; false alarms are always counted "
        "over all footage.",
        "",
        f"| movements | number | {rates} |",
        f"| --- | ---: |{' ---: |' * len(RATES_PER_MIN)}",
    ]
    for name, recalls in _groups(curves):
        lines += [
            f"| {f'{name}: ' if name else ''}{recall.label} | {recall.movements} | {' | '.join(_cells(recall))} |"
            for recall in recalls
        ]
    if picture:
        lines += ["", f"![Recall over false alarms a minute]({picture})"]
    return "\n".join([*lines, "", *_notes(curves)]) + "\n"


def draw_curves(curves: Curves, path: Path) -> None:
    """Draw recall over false alarms a minute, whole and by context, with the baselines, and recall by size (PNG)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, steps in curves.steps.items():
        rates = [RATES_PER_MIN[0] / 2, *(max(rate, RATES_PER_MIN[0] / 2) for rate, _ in steps), 2 * RATES_PER_MIN[-1]]
        shares = [0.0, *(share for _, share in steps), steps[-1][1] if steps else 0.0]
        left.step(rates, shares, where="post", label=name, linewidth=2.2 if name == "MEDN" else 1.2)
    for recall in curves.parts.get("context", ()):
        left.plot(RATES_PER_MIN, recall.shares, "o--", markersize=3, linewidth=0.8, label=f"MEDN, {recall.label}")
    left.set(xscale="log", ylim=(0, 1), xlabel="false alarms a minute", ylabel="recall (IoU ≥ 0.5)")
    left.set_xlim(RATES_PER_MIN[0] / 2, 2 * RATES_PER_MIN[-1])
    left.set_xticks(RATES_PER_MIN, [f"{rate:g}" for rate in RATES_PER_MIN])
    left.legend(fontsize=8, loc="upper left")
    bars = [
        (recall.label.replace(" and more", "+") + (f"\n\n{name}" if first == 0 else ""), recall)
        for name in ("stands out (z)", "size (% iod)", "face")
        for first, recall in enumerate(curves.parts.get(name, ()))
    ]
    at = range(len(bars))
    for shift, rate in ((-0.2, 1.0), (0.2, 5.0)):
        k = RATES_PER_MIN.index(rate)
        right.bar([x + shift for x in at], [r.shares[k] for _, r in bars], 0.38, label=f"{rate:g} a minute")
    right.set_xticks(list(at), [f"n {r.movements}\n{label}" for label, r in bars], fontsize=6.5)
    right.set(ylim=(0, 1), ylabel="recall")
    if bars:
        right.legend(fontsize=8)
    figure.savefig(path, dpi=130)


def _groups(curves: Curves) -> Iterator[tuple[str, tuple[Recall, ...]]]:
    yield "", (Recall("MEDN", curves.whole.movements, curves.whole.hits), *curves.baselines.values())
    yield from curves.parts.items()


def _title(curves: Curves) -> str:
    return f"{curves.whole.movements} movements in {curves.minutes:.1f} min"


def _notes(curves: Curves) -> list[str]:
    notes = []
    if curves.missing:
        names = ", ".join(MISSING_NAMES[column] for column in curves.missing)
        notes.append(f"Not reported, because truth.csv has no such column: {names}.")
    if curves.timing:
        timing = curves.timing
        bounds = ", ".join(
            f"{name} {spread.median_ms:+.0f} ({spread.p10_ms:+.0f} to {spread.p90_ms:+.0f})"
            for name, spread in (("onset", timing.onset), ("apex", timing.apex), ("offset", timing.offset))
        )
        notes.append(
            f"Of the {timing.movements} found at {TIMING_AT_PER_MIN:g} a minute, error in ms, median (10th to 90th "
            f"percentile): {bounds}. From apex to report: median {timing.delay_p50_ms:.0f} ms, 95th percentile "
            f"{timing.delay_p95_ms:.0f} ms."
        )
    else:
        notes.append(f"Nothing was found at {TIMING_AT_PER_MIN:g} false alarms a minute: no timing errors.")
    return notes


def _cells(recall: Recall) -> list[str]:
    return ["–" if math.isnan(share) else f"{share:.2f}" for share in recall.shares]


def _recall_record(recall: Recall) -> dict[str, Any]:
    shares = [None if math.isnan(share) else round(share, 4) for share in recall.shares]
    return {"movements": recall.movements, "hits": list(recall.hits), "recall": shares}
