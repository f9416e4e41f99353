"""The measurements of an event as text: a readable name and a value with its unit for each stored feature.

The features are those of `realtime.spotting.features` and, after "peak_", of `realtime.spotting.peak_features`.
"""

import math
from collections.abc import Callable

from realtime.motion.regions import REGION_NAMES
from realtime.types import FACE_PARTS, REGION_GROUPS

Format = Callable[[float], str]

BLENDSHAPES = {"blink": "lids shut", "jaw": "jaw open", "lips": "lips moved", "smile": "smile"}
SPANS = {
    "_before": "before", "_after": "after", "_energy": "energy", "_left_over": "energy outside the pattern",
    "_scale": "usual movement", "_unrest": "movement now against half a minute", "_during": "during",
    "_around": "within 1 s",
}  # fmt: skip


def describe(name: str, value: float) -> tuple[str, str]:
    """Return a feature's readable name, and its value with its unit; names that are not listed lose their "_"."""
    prefix = "matched filter: " if name.startswith("peak_") else ""
    own = name.removeprefix("peak_") if prefix else name
    text, unit = (_PEAK if prefix else {}).get(own) or _NAMES.get(own) or _with_span(own)
    unit = next((of_kind for ending, of_kind in _OF_KIND.items() if own.endswith(ending)), unit)
    return prefix + text, unit(value)


def _with_span(name: str) -> tuple[str, Format]:
    """Name a feature that ends in a span of time, or in a kind of measurement of an area."""
    ending = next((ending for ending in SPANS if name.endswith(ending)), "")
    if not ending:
        statistic = name.removeprefix("statistic_").removesuffix("ms")
        if statistic.isdigit():
            return f"how far it stands out as a movement of {statistic} ms", _deviations
        return name.replace("_", " "), _plain
    first = name.removesuffix(ending)
    text, unit = _NAMES.get(first, (first.replace("_", " "), _plain))
    return f"{text}, {SPANS[ending]}", unit


def _plain(value: float) -> str:
    return f"{value:.3g}"


def _pct(value: float) -> str:
    return f"{value:.1f} % of the eye distance"


def _times(value: float) -> str:
    return f"{value:.2g} ×"


def _usual(value: float) -> str:
    return f"{value:.2g} × the usual"


def _deviations(value: float) -> str:
    return f"{value:.1f} standard deviations"


def _yes(value: float) -> str:
    return "yes" if value > 0.5 else "no"


def _ms(value: float) -> str:
    return f"{1000 * value:.0f} ms"


def _distances(value: float) -> str:
    return _pct(100 * value)


def _degrees(value: float) -> str:
    return f"{math.degrees(value):.1f}°"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _size_change(value: float) -> str:
    return f"{100 * math.expm1(value):.1f} %"


def _part(value: float) -> str:
    return f"{FACE_PARTS[round(value)]} face" if 0 <= round(value) < len(FACE_PARTS) else _plain(value)


_NAMES: dict[str, tuple[str, Format]] = {
    "duration_s": ("duration", _ms),
    "rise_s": ("onset to apex", _ms),
    "amplitude_pct": ("largest displacement", _pct),
    "over_threshold": ("displacement against the threshold", _times),
    "direction_x": ("direction, to the right (−1 to 1)", _plain),
    "direction_y": ("direction, downwards (−1 to 1)", _plain),
    "regions": ("regions that moved", lambda value: f"{value:.0f} of {len(REGION_NAMES)}"),
    "one_sided": ("side (−1 left to 1 right of the picture)", _plain),
    "ends_apart": ("from onset to offset, against the displacement", _share),
    **{f"{group}_pct": (group, _pct) for group in REGION_GROUPS},
    **{group: (group, _plain) for group in REGION_GROUPS},
    "head_x": ("head, sideways", _distances),
    "head_y": ("head, up and down", _distances),
    "head_roll": ("head, roll", _degrees),
    "head_yaw": ("head, yaw", _degrees),
    "head_pitch": ("head, pitch", _degrees),
    "head_scale": ("head, change of size", _size_change),
    "gaze_x": ("gaze, sideways", _share),
    "gaze_y": ("gaze, up and down", _share),
    **{name: (text, _share) for name, text in BLENDSHAPES.items()},
    "difference": ("change of grey levels", _deviations),
    "eyes_shut": ("lids shut beyond usual", _share),
    "micro": ("network: probability of a micro-expression", _share),
}
_PEAK: dict[str, tuple[str, Format]] = {
    "statistic": ("how far it stands out", _deviations),
    "raw": ("response to the pattern", _deviations),
    "rest": ("energy outside the pattern", _usual),
    "size_pct": ("size", _pct),
    "limit_pct": ("size of 1 standard deviation", _pct),
    "other_part": ("how far the other half of the face stands out", _deviations),
    "part": ("half of the face", _part),
    "one_sided": ("pattern of one side only", _yes),
    "misfit": ("deviation from a single bump, against its size", _share),
    "before": ("movement before it, against its size", _share),
    "after": ("movement after it, against its size", _share),
    "slope": ("slope below it, against its size", lambda value: f"{100 * value:.0f} % a second"),
    "ends_apart": ("difference of its ends, against its size", _share),
    "earlier": ("movement earlier, against its size", _share),
    "later": ("movement later, against its size", _share),
}
_OF_KIND: dict[str, Format] = {
    **{f"{area}_scale": _pct for area in REGION_GROUPS},
    "_energy": _usual,
    "_left_over": _usual,
    "_unrest": _times,
}
"""Of measurements of an area, by their endings."""
