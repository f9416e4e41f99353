"""Accuracy of recognition: `python -m benchmarks.recognition PART …` computes one part, `report` writes the report.

Parts: `seeds` (the motion branch on published flow maps, trained on synthetic pairs only, three seeds), `loso` (the
motion branch trained on those maps, leave one subject out), `finetuned` (the same from the shipped weights),
`ablations` (MEDN without one of its ideas at a time) and `shipped` (the weights in the package). Each part writes its
figures as JSON and takes minutes to an hour.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.harness.machine import describe_machine
from benchmarks.harness.report import machine_rows
from medn.data.flow_archive import read_flow_archive
from medn.data.samples import Samples, origin_of, read_samples
from medn.evaluation.recognition import (
    Predictions,
    Recognition,
    Truth,
    evaluate_flow,
    mean_auc,
    predict_maps,
    recognition_table,
    score,
    spread,
)
from medn.evaluation.windows import WindowResult, evaluate_windows
from medn.face.flow import published_maps
from medn.model.config import MEDNConfig
from medn.model.losses import LossWeights
from medn.model.medn import MEDN
from medn.training.config import TrainConfig
from medn.training.loso import loso_flow
from medn.training.train import train
from medn.weights import read_weights

Figures = dict[str, Any]

ABLATIONS: dict[str, tuple[MEDNConfig, LossWeights]] = {
    "MEDN": (MEDNConfig(), LossWeights()),
    "no AU task": (MEDNConfig(), LossWeights(au=0.0)),
    "no orthogonality loss": (MEDNConfig(), LossWeights(orthogonality=0.0)),
    "one sparsity rate (8 of 64 patches)": (MEDNConfig(keep=(8,)), LossWeights()),
    "concatenation instead of CoFM": (MEDNConfig(fusion="concatenation"), LossWeights()),
    "motion branch alone": (MEDNConfig(fusion="motion only"), LossWeights()),
    "emotion branch (SEViT) alone": (MEDNConfig(fusion="emotion only"), LossWeights()),
}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recognition", description=__doc__)
    parser.add_argument("part", choices=(*PARTS, "report"))
    parser.add_argument("--maps", type=Path, help="flow maps (.npz), for seeds, loso and shipped")
    parser.add_argument("--pairs", type=Path, help="synthetic pairs, for seeds and ablations")
    parser.add_argument("--windows", type=Path, nargs="*", default=[], help="synthetic windows, for ablations")
    parser.add_argument("--test", type=Path, help="windows of unseen identities, for ablations and shipped")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=300, help="of the second stage, for ablations")
    parser.add_argument("--figures", type=Path, required=True, help="folder of the parts' JSON files")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"), help="where the report goes")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.part == "report":
        print(write_report(arguments.figures, arguments.out))
        return
    arguments.figures.mkdir(parents=True, exist_ok=True)
    figures = PARTS[arguments.part](arguments)
    (arguments.figures / f"{arguments.part}.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


def seeds(arguments: argparse.Namespace) -> Figures:
    """The first training stage for each seed, and the mean of all predictions."""
    archive = read_flow_archive(arguments.maps)
    maps, truth, pairs = published_maps(archive.flow), Truth.of_archive(archive), read_samples(arguments.pairs)
    predictions = [predict_maps(train(TrainConfig(seed=seed), pairs, None).motion, maps) for seed in arguments.seeds]
    by_seed = [score(truth, each) for each in predictions]
    together = score(truth, Predictions(*(np.mean(part, axis=0) for part in zip(*predictions, strict=True))))
    return {
        "pairs": origin_of(arguments.pairs), "together": _flow_row(together), "table": recognition_table(by_seed),
        "by_seed": [{"seed": seed, **_flow_row(row)} for seed, row in zip(arguments.seeds, by_seed, strict=True)],
    }  # fmt: skip


def loso_figures(arguments: argparse.Namespace) -> Figures:
    """Leave one subject out, from random weights."""
    result = loso_flow(arguments.maps, tuple(arguments.seeds))
    return {"table": recognition_table(result.by_seed), **asdict(result)}


def finetuned(arguments: argparse.Namespace) -> Figures:
    """Leave one subject out, from the shipped weights, which were trained on synthetic faces only."""
    result = loso_flow(arguments.maps, tuple(arguments.seeds), read_weights().network().motion)
    return {"table": recognition_table(result.by_seed), **asdict(result)}


def ablations(arguments: argparse.Namespace) -> Figures:
    """MEDN and MEDN without each of its ideas: same samples, same steps. Saved after each seed; runs add up."""
    pairs = read_samples(arguments.pairs)
    windows = Samples.join([read_samples(folder) for folder in arguments.windows])
    test = read_samples(arguments.test)
    kept = arguments.figures / "ablations.json"
    rows: Figures = json.loads(kept.read_text())["rows"] if kept.is_file() else {name: [] for name in ABLATIONS}
    figures: Figures = {"steps": arguments.steps, "windows": len(windows), "test": len(test), "rows": rows}
    for seed in arguments.seeds:
        committees: dict[float, MEDN] = {}
        for name, (network, losses) in ABLATIONS.items():
            config = TrainConfig(seed, network, losses, window_steps=arguments.steps, window_batch=24)
            if losses.au not in committees:
                committees[losses.au] = train(config, pairs, None)
            torch.manual_seed(seed)
            start = MEDN(network)
            start.motion.members.load_state_dict(committees[losses.au].motion.members.state_dict())
            trained = train(replace(config, motion_steps=0), pairs, windows, init=start)
            rows[name].append({"seed": seed, **_window_row(evaluate_windows(trained, test))})
            print(name, rows[name][-1], flush=True)
        kept.write_text(json.dumps(figures))
    return figures


def shipped(arguments: argparse.Namespace) -> Figures:
    """The shipped weights on published maps, and on windows of identities that were not in training."""
    weights = read_weights()
    flow = evaluate_flow(arguments.maps, weights.network().motion)
    windows = evaluate_windows(weights.network(), read_samples(arguments.test))
    return {
        "name": weights.name, "sha256": weights.sha256, "table": recognition_table([flow]), "flow": asdict(flow),
        "windows": asdict(windows),
    }  # fmt: skip


PARTS: dict[str, Callable[[argparse.Namespace], Figures]] = {
    "seeds": seeds,
    "loso": loso_figures,
    "finetuned": finetuned,
    "ablations": ablations,
    "shipped": shipped,
}


def write_report(figures: Path, folder: Path) -> Path:
    """Write the parts that exist into `YYYY-MM-DD-recognition.md` and return its path."""
    parts = {
        name: json.loads((figures / f"{name}.json").read_text())
        for name in PARTS
        if (figures / f"{name}.json").is_file()
    }
    machine = describe_machine()
    lines = [
        f"# Recognition, {machine.date_utc[:10]}, revision {machine.revision}", "",
        "Written by `python -m benchmarks.recognition`. Trained on synthetic micro-expressions only, unless it says",
        "otherwise. Intervals come from resampling the subjects.", "", *machine_rows(machine),
    ]  # fmt: skip
    for name, part in parts.items():
        lines += ["", *_SECTIONS[name](part)]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{machine.date_utc[:10]}-recognition.md"
    path.write_text("\n".join(lines) + "\n")
    return path


def _seeds_section(part: Figures) -> Iterator[str]:
    yield "## The motion branch on published flow maps, by seed"
    yield "CASME II and SMIC of the MEGC 2019 composite; no real clip in training. Trivial baselines are below."
    yield ""
    yield "| seed | UF1 | UAR | CASME II UF1 | SMIC UF1 | AU mean AUC |"
    yield "| --- | --- | --- | --- | --- | --- |"
    keys = ("uf1", "uar", "casme2", "smic", "auc")
    for row in (*part["by_seed"], {"seed": "predictions averaged", **part["together"]}):
        yield f"| {row['seed']} | {' | '.join(f'{row[key]:.3f}' for key in keys)} |"
    yield f"| mean ± sd | {' | '.join(spread([row[key] for row in part['by_seed']]) for key in keys)} |"
    yield ""
    yield from _block(part["table"])


def _loso_section(part: Figures) -> Iterator[str]:
    yield "## The motion branch trained on the maps from random weights, leave one subject out"
    yield "No synthetic sample. No epoch is chosen by test score: the last one counts."
    yield ""
    yield from _block(part["table"])


def _finetuned_section(part: Figures) -> Iterator[str]:
    yield "## The motion branch trained on the maps from the shipped weights, leave one subject out"
    yield ""
    yield from _block(part["table"])


def _ablations_section(part: Figures) -> Iterator[str]:
    yield "## Ablations"
    yield f"Second stage of {part['steps']} steps on {part['windows']} synthetic windows; evaluated on {part['test']}"
    yield "windows of unseen identities, half of them micro-expressions. Short runs, to be compared with each other."
    yield ""
    yield "| | micro-expression AUC | 3-class UF1 | AU mean AUC | mean &#124;cos&#124; of the branches | seeds |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, rows in part["rows"].items():
        cells = [spread([row[key] for row in rows]) for key in ("micro_auc", "uf1", "au_auc", "mean_cosine")]
        if name.endswith("alone"):
            cells[-1] = "–"  # the features of an unused branch are not constrained
        yield f"| {name} | {' | '.join(cells)} | {len(rows)} |"


def _shipped_section(part: Figures) -> Iterator[str]:
    windows = part["windows"]
    classes, alarms = windows["emotion"], windows["false_alarms"]
    yield f"## The shipped weights: {part['name']}"
    yield f"SHA-256 {part['sha256']}. On published flow maps, by the motion branch alone:"
    yield ""
    yield from _block(part["table"])
    yield ""
    yield f"On {windows['windows']} synthetic windows of {windows['identities']} identities that were not in training"
    yield f"({windows['micro_share']:.0%} micro-expressions):"
    yield ""
    yield f'* "is a micro-expression": AUC {windows["micro_auc"]:.3f} (chance 0.5); at 0.5 the recall is'
    shares = ", ".join(f"{share:.0%} of {kind}" for kind, share in alarms.items())
    yield f"  {windows['found']:.0%}, and false alarms come from {shares}"
    yield f"* three classes: UF1 {classes['uf1']:.3f} (always the largest class: {classes['baseline_uf1']:.3f});"
    yield f"  by the motion branch alone {windows['motion_emotion']['uf1']:.3f}"
    yield f"* expected calibration error: classes {windows['emotion_calibration_error']:.3f}, micro-expression or not"
    yield f"  {windows['micro_calibration_error']:.3f}"
    yield f"* mean |cos| between the branches' features: {windows['mean_cosine']:.3f}"


_SECTIONS: dict[str, Callable[[Figures], Iterator[str]]] = {
    "seeds": _seeds_section,
    "loso": _loso_section,
    "finetuned": _finetuned_section,
    "ablations": _ablations_section,
    "shipped": _shipped_section,
}


def _flow_row(result: Recognition) -> Figures:
    databases = {name: scores.uf1 for name, scores in result.by_database.items()}
    return {"uf1": result.whole.uf1, "uar": result.whole.uar, "auc": result.au_mean_auc, **databases}


def _window_row(result: WindowResult) -> Figures:
    return {
        "micro_auc": result.micro_auc, "uf1": result.emotion.uf1, "au_auc": mean_auc(result.aus),
        "mean_cosine": result.mean_cosine,
    }  # fmt: skip


def _block(table: str) -> Iterator[str]:
    yield "```"
    yield table
    yield "```"


if __name__ == "__main__":
    main()
