"""The two stages of training, step by step; every step depends on the seed and its number alone, so a run resumes."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medn.contract import EMOTIONS
from medn.data.samples import Samples
from medn.model.losses import AU_SCALE, Targets, emotion_loss, known_bce, medn_loss
from medn.model.medn import MEDN
from medn.training.augment import augmented_flow_maps, mirror_some
from medn.training.config import TrainConfig

Stage = Literal["motion", "windows"]
STAGES: tuple[Stage, ...] = ("motion", "windows")


class StageRun:
    """One stage under way: a network, an optimizer, and the number of steps done."""

    def __init__(self, stage: Stage, network: MEDN, samples: Samples, config: TrainConfig, device: str) -> None:
        self.stage: Stage = stage
        self.done = 0
        self.steps = config.motion_steps if stage == "motion" else config.window_steps
        self._network, self._samples, self._config, self._device = network, samples, config, device
        self._draw = _Draw(samples)
        held = network.motion.members
        held.requires_grad_(stage == "motion")
        self._learning = [p for p in (held if stage == "motion" else network).parameters() if p.requires_grad]
        rate = config.motion_rate if stage == "motion" else config.window_rate
        self.optimizer = torch.optim.AdamW(self._learning, lr=rate, weight_decay=config.weight_decay)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, rate, total_steps=max(self.steps, 1), pct_start=0.15
        )

    def __iter__(self) -> Iterator[dict[str, float]]:
        """Take the steps that are left; yields the losses of each."""
        while self.done < self.steps:
            yield self._step()

    def state(self) -> dict[str, object]:
        """Of the optimizer, its schedule and the count, for `torch.save`."""
        return {
            "stage": self.stage, "done": self.done, "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }  # fmt: skip

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a `state` of the same stage."""
        self.optimizer.load_state_dict(state["optimizer"])  # type: ignore[arg-type]
        self.schedule.load_state_dict(state["schedule"])  # type: ignore[arg-type]
        self.done = int(state["done"])  # type: ignore[call-overload]

    def _step(self) -> dict[str, float]:
        seed = _mixed_seed(self._config.seed, self.stage == "windows", self.done)
        torch.manual_seed(seed)  # dropout
        generator = torch.Generator().manual_seed(seed)
        losses = self._motion_losses(generator) if self.stage == "motion" else self._window_losses(generator)
        if not torch.isfinite(losses["total"]):
            raise ValueError(
                f"The loss of step {self.done + 1} of the {self.stage} stage is no number: some sample holds a value "
                "that is none."
            )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(losses["total"])
        nn.utils.clip_grad_norm_(self._learning, 5.0)
        self.optimizer.step()
        self.schedule.step()
        self.done += 1
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _motion_losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        config = self._config
        at = self._draw(config.motion_batch, generator)
        maps, amplitude = augmented_flow_maps(
            self._samples.flow[at], config.augmentation, generator, config.steadied_share
        )
        maps, _ = mirror_some(maps, None, generator)
        context = torch.tensor(np.stack([amplitude, self._samples.rise_s[at]], axis=1))
        context *= torch.rand(len(at), 1, generator=generator) < config.told_share
        targets = self._targets(at)
        maps, context, mixed, share = _mixed_up(maps, context, config.augmentation.mixup_share, generator)
        maps, context = maps.to(self._device), context.to(self._device)
        losses = {"motion_emotion": torch.zeros(()), "au": torch.zeros(())}
        with self._autocast():
            for au, emotion in self._network.motion.member_logits(maps, context):
                for weight, order in ((share, slice(None)), (1 - share, mixed)):
                    if weight:
                        losses["motion_emotion"] = losses["motion_emotion"] + weight * emotion_loss(
                            emotion.float(), targets.emotion[order]
                        )
                        losses["au"] = losses["au"] + weight * known_bce(au.float(), targets.aus[order])
        losses["total"] = losses["motion_emotion"] + AU_SCALE * config.losses.au * losses["au"]
        return losses

    def _window_losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        config = self._config
        at = self._draw(config.window_batch, generator)
        maps, amplitude = augmented_flow_maps(self._samples.flow[at], config.augmentation, generator)
        faces = _relit(torch.tensor(np.asarray(self._samples.faces[at])), generator)
        maps, faces_or_none = mirror_some(maps, faces, generator)
        assert faces_or_none is not None
        context = torch.tensor(np.stack([amplitude, self._samples.rise_s[at]], axis=1))
        with self._autocast():
            prediction = self._network(*(x.to(self._device) for x in (faces_or_none, maps, context)))
            return medn_loss(type(prediction)(*(x.float() for x in prediction)), self._targets(at), config.losses)

    def _targets(self, at: NDArray[np.int64]) -> Targets:
        samples = self._samples
        return Targets(
            *(
                torch.tensor(np.asarray(x[at]), device=self._device)
                for x in (samples.emotion, samples.aus, samples.micro)
            )
        )

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device, torch.bfloat16, enabled=self._device == "cuda")


class _Draw:
    """Draws samples so that each class of micro-expressions comes as often, and all else as often as they together."""

    def __init__(self, samples: Samples) -> None:
        emotion, other = np.asarray(samples.emotion), np.asarray(samples.micro) == 0
        groups = [np.flatnonzero((emotion == number) & ~other) for number in range(len(EMOTIONS))]
        groups += [np.flatnonzero((emotion < 0) & ~other), np.flatnonzero(other)]
        shares = [1 / len(EMOTIONS)] * len(EMOTIONS) + [_UNCLASSED, 1.0]
        self._groups = [group for group in groups if len(group)]
        self._shares = torch.tensor([share for group, share in zip(groups, shares, strict=True) if len(group)])

    def __call__(self, count: int, generator: torch.Generator) -> NDArray[np.int64]:
        """(count,) indices."""
        which = torch.multinomial(self._shares, count, replacement=True, generator=generator).tolist()
        draws = torch.rand(count, generator=generator).tolist()
        chosen = zip(which, draws, strict=True)
        return np.array([self._groups[group][int(draw * len(self._groups[group]))] for group, draw in chosen])


_UNCLASSED = 0.1
"""Share of micro-expressions whose class is none of the three."""


def _mixed_up(
    maps: Tensor, context: Tensor, chance: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, float]:
    """Maps and contexts mixed with others of the batch, those others' order, and the share of the first."""
    order = torch.randperm(len(maps), generator=generator)
    if float(torch.rand((), generator=generator)) >= chance:
        return maps, context, order, 1.0
    share = float(np.random.default_rng(generator.initial_seed()).beta(0.4, 0.4))
    return share * maps + (1 - share) * maps[order], context, order, share


def _relit(faces: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 8, 128, 128) 0–1: other exposures and contrasts, and a framing a little off, the same in every frame."""
    count = len(faces)
    contrast = torch.exp(0.2 * torch.randn(count, 1, 1, 1, generator=generator)) / 255
    light = 0.08 * torch.randn(count, 1, 1, 1, generator=generator)
    shift = torch.randint(-2, 3, (2,), generator=generator).tolist()
    return (faces.float() * contrast + light).roll(shift, dims=(2, 3)).clamp_(0, 1)


def _mixed_seed(seed: int, second: bool, step: int) -> int:
    return int(np.random.SeedSequence([seed, int(second), step]).generate_state(1)[0])
