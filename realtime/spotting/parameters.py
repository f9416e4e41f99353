"""The spotter's parameters, in one place, saved with every result."""

from dataclasses import dataclass

MAX_MICRO_S = 0.7
"""Published micro-expressions last up to 0.5–0.6 s (MMEW); what is measured longer than this is a macro-expression."""
FAULTS = (ValueError, ArithmeticError, LookupError)
"""What a computation on one candidate may raise: it costs that candidate, not the run."""


@dataclass(frozen=True, slots=True)
class SpotterParameters:
    """Times in s, displacements in % iod."""

    durations_s: tuple[float, ...] = (0.17, 0.23, 0.30, 0.40, 0.53)
    """Base lengths at which a bump is looked for; a micro-expression lasts 0.08–0.5 s."""
    long_durations_s: tuple[float, ...] = (0.8, 1.2, 1.8)
    """Longer bumps are macro-expressions: reported as rejected candidates."""
    smooth_s: float = 0.045
    """Motion is averaged over the frames this close to each frame on either side: three at 30 fps."""
    flank_s: float = 0.13
    """Stretch before and after a bump that should be quiet."""
    gap_share: float = 0.8
    """How much of the distance between a bump's two ends counts against it."""
    flank_share: float = 0.25
    """How much of the movement on either flank counts against it."""
    floor_pct: float = 0.25
    """The smallest bump that can be a candidate."""
    noise_factor: float = 2.5
    """A bump must exceed the region's running noise this many times."""
    noise_tau_s: float = 6.0
    """How fast the running noise adapts, as a time constant."""
    calibration_s: float = 2.0
    """The face at rest is learned this long before anything is spotted."""
    settle_s: float = 0.15
    """A candidate is closed when no better bump has come for this long."""
    bound_share: float = 0.25
    """Onset and offset lie where the bump has this share of its peak …"""
    bound_stretch: float = 1.25
    """… and are then moved out from the apex by this factor."""
    context_s: float = 1.0
    """How far around a candidate its evidence is gathered, as far as it has come."""
    evidence_after_s: float = 0.3
    """How long after the offset a candidate is decided: what comes after tells speech and macro-expressions apart."""
