"""Everything that a training run depends on but its samples; saved with every run."""

from dataclasses import dataclass, field

from medn.model.config import MEDNConfig
from medn.model.losses import LossWeights
from medn.training.augment import Augmentation


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Two stages, each of a fixed number of steps, so that nothing is chosen by looking at a test.

    First the motion branch's committee, on flow alone; then, with the committee held, the rest of MEDN on whole
    windows. So the motion branch's output for a flow map does not depend on the faces of the second stage.
    """

    seed: int = 0
    network: MEDNConfig = field(default_factory=MEDNConfig)
    losses: LossWeights = field(default_factory=LossWeights)
    augmentation: Augmentation = field(default_factory=Augmentation)
    motion_steps: int = 2000
    motion_batch: int = 128
    motion_rate: float = 2e-3
    """Peak learning rate of a one-cycle schedule (Smith & Topin 2018), as in the second stage."""
    window_steps: int = 1500
    window_batch: int = 24
    window_rate: float = 8e-4
    weight_decay: float = 1e-3
    told_share: float = 0.5
    """Fraction of the first stage's samples given with amplitude and rise time; published maps give neither."""
    steadied_share: float = 0.5
    """From how many of them rigid motion is taken out, as from live ones; published maps keep it."""
