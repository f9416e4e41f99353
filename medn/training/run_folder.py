"""The folder of one training run: `run.json`, `losses.csv`, `curves.png`, and the state to go on from."""

import csv
import io
import json
import pickle
from pathlib import Path
from typing import Any

import torch

from medn.model.medn import MEDN
from medn.revision import __version__, git_revision
from medn.training.stages import STAGES, StageRun

LOSSES = ("emotion", "au", "motion_emotion", "micro", "orthogonality", "total")


class RunFolder:
    """`about` is what must be the same for a run to go on; raises ValueError where another run lies in `path`."""

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        described = path / "run.json"
        if described.exists():
            try:
                there = json.loads(described.read_text())["about"]
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{described} is damaged, so this run cannot go on; give a new folder.") from error
            if there != about:
                raise ValueError(f"{path} holds a run with another configuration or other samples; give a new folder.")
        else:
            versions = {"medn": __version__, "torch": torch.__version__, "git": git_revision()}
            described.write_text(json.dumps({"about": about, "versions": versions}, indent=1) + "\n")

    def go_on(self, stage: StageRun, network: MEDN) -> bool:
        """Restore what was saved of a stage; False where it is behind us already."""
        state = self._saved()
        if state is None or STAGES.index(state["run"]["stage"]) < STAGES.index(stage.stage):
            self._forget_after(stage)
            return True
        network.load_state_dict(state["network"])
        if state["run"]["stage"] != stage.stage:
            return False
        stage.restore(state["run"])
        self._forget_after(stage)
        return stage.done < stage.steps

    def save(self, stage: StageRun, network: MEDN) -> None:
        """Write the state; one that is there is replaced only once the new one is whole."""
        part, state = self._state.with_suffix(".part"), io.BytesIO()
        torch.save({"run": stage.state(), "network": network.state_dict()}, state)
        part.write_bytes(state.getbuffer())  # PyTorch itself calls a full disk a fault
        part.replace(self._state)

    def note(self, stage: StageRun, losses: dict[str, float]) -> None:
        """Add a step's losses to `losses.csv`."""
        new = not self._losses.exists()
        with self._losses.open("a", newline="") as lines:
            writer = csv.writer(lines)
            if new:
                writer.writerow(("stage", "step", *LOSSES))
            writer.writerow((stage.stage, stage.done, *(f"{losses[n]:.5g}" if n in losses else "" for n in LOSSES)))

    def finish(self) -> None:
        """Draw the curves."""
        draw_curves(self._losses, self.path / "curves.png")

    def _saved(self) -> dict[str, Any] | None:
        """The state that was saved last; raises ValueError where its file is damaged."""
        if not self._state.exists():
            return None
        try:
            return torch.load(self._state, weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise ValueError(f"{self._state} is damaged, so this run cannot go on; give a new folder.") from error

    def _forget_after(self, stage: StageRun) -> None:
        """Strike from `losses.csv` what was noted after the state was saved, and lines that a full disk cut off."""
        if not self._losses.exists():
            return
        with self._losses.open(newline="") as lines:
            rows = [row for row in csv.reader(lines) if len(row) == 2 + len(LOSSES)]
        kept = [row for row in rows if row[0] != stage.stage or int(row[1]) <= stage.done]
        with self._losses.open("w", newline="") as lines:
            csv.writer(lines).writerows(kept)

    @property
    def _state(self) -> Path:
        return self.path / "state.pt"

    @property
    def _losses(self) -> Path:
        return self.path / "losses.csv"


def draw_curves(losses: Path, picture: Path) -> None:
    """A picture of `losses.csv`: every loss of both stages, smoothed over a fiftieth of the run."""
    from matplotlib.figure import Figure  # slow to load, and only wanted here

    with losses.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for axes, stage in zip(figure.subplots(1, len(STAGES)), STAGES, strict=True):
        own = [row for row in rows if row["stage"] == stage]
        for name in LOSSES:
            points = [(int(row["step"]), float(row[name])) for row in own if row[name]]
            width = max(len(points) // 50, 1)
            means = [sum(v for _, v in points[i : i + width]) / width for i in range(0, len(points) - width + 1, width)]
            axes.plot([points[i][0] for i in range(0, len(points) - width + 1, width)], means, label=name)
        axes.set(title=f"{stage} stage", xlabel="step", ylabel="loss", yscale="log")
        axes.legend(fontsize="small")
    figure.savefig(picture, dpi=110)
