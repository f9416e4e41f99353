"""Kernels: the motion meter's Numba code, normalising, alignment and flow, compared with NumPy and OpenCV.

The memory floor of a job is the time to copy as many bytes as it reads and writes, in the same cache.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.harness import Effort, Measure, Progress, Result, in_turn
from benchmarks.scenes import tiled
from medn.contract import SIZE_PX
from medn.face.aligned import align, alignment, sampling
from medn.face.flow import flow_map
from medn.face.landmarker import Landmarker
from medn.synthetic.portrait import find_portrait
from realtime.motion import kernel, reference
from realtime.motion.meter import MotionMeter, normalise
from realtime.motion.regions import CELL_PX, CELLS, PATCHES, REGION_NAMES, layout
from realtime.spotting.background import BANK, LOADING, Background
from realtime.spotting.detector import Detector
from realtime.spotting.patterns import shipped_patterns
from realtime.spotting.responses import GRID_HZ

Grey = NDArray[np.float32]
Job = Callable[[], object]
Jobs = dict[str, Job]

SAMPLE_S = 0.03
"""A job is called repeatedly for this long; the mean is one round's figure."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int


SIZES = {Effort.QUICK: Size(5), Effort.NORMAL: Size(15), Effort.THOROUGH: Size(45)}


def measure(size: Size, progress: Progress) -> Result:
    """Time every job, each contestant in turn."""
    measures: list[Measure] = []
    for job, (product, contestants) in jobs().items():
        timed = {name: partial(us_per_call, work) for name, work in contestants.items()}
        progress(job)
        rounds = in_turn(timed, size.rounds, lambda _: None)
        for name, times_us in rounds.items():
            times = Measure(f"{job}: {name}", "time", "µs", tuple(times_us))
            share = tuple(a / b for a, b in zip(times_us, rounds[product], strict=True))
            measures += [times, Measure(times.subject, "ratio", "× the product's", share, "neither")]
    return Result(
        benchmark="kernels",
        question="What do the product's kernels cost, compared with NumPy and OpenCV doing the same job?",
        conditions={
            "input": "the portrait in a 720p frame, aligned to 128×128 px",
            "rounds": f"{size.rounds} of {1000 * SAMPLE_S:g} ms each, in turn, after one warm-up",
            "OpenCV threads": str(cv2.getNumThreads()),
        },
        measures=tuple(measures),
        notes=(f"Copying 64 MiB runs at {copy_gb_per_s():.1f} GB/s (read and write counted).",),
    )


def us_per_call(work: Job) -> float:
    """Mean time of a call in µs, over about `SAMPLE_S`."""
    calls, began_s = 0, perf_counter()
    while (taken_s := perf_counter() - began_s) < SAMPLE_S:
        work()
        calls += 1
    return 1e6 * taken_s / calls


def jobs() -> dict[str, tuple[str, Jobs]]:
    """Every job: the name of the product's contestant, and all contestants as functions to call."""
    pictures = tiled(1, (1280, 720))
    with Landmarker("image") as landmarker:
        portrait = find_portrait(pictures[0], "portrait", landmarker)
    warp = alignment(portrait.points)
    points = portrait.points.copy()
    points[:, :2] = points[:, :2] @ warp[:, :2].T + warp[:, 2]
    faces = [align(picture, warp) for picture in pictures[:3]]
    now, before, first = map(normalised, faces)
    return {
        "alignment": _alignment(pictures[0], warp),
        "normalising": _normalising(faces[0]),
        "sums of cells": _sums(now, before, first),
        "head and regions": _head(now, before, first, points),
        "patches": _patches(now, before, first, points),
        "movement of a face": _movement(faces, points),
        "background of the matched filter": _background(),
        "matched filter": _matched_filter(),
    }


def normalised(face: NDArray[np.uint8]) -> Grey:
    """(128, 128) the normalised face that the motion kernel takes."""
    out, scratch = np.empty((SIZE_PX, SIZE_PX), np.float32), [np.empty((SIZE_PX, SIZE_PX), np.float32) for _ in "mv"]
    normalise(face, out, scratch)
    return out


def _alignment(picture: NDArray[np.uint8], warp: NDArray[np.float64]) -> tuple[str, Jobs]:
    out = np.empty((SIZE_PX, SIZE_PX), np.uint8)
    zoom = float(np.hypot(*warp[0, :2]))
    source_bytes = int((SIZE_PX / zoom) ** 2) * 3
    return "its part of the picture", {
        "its part of the picture": lambda: align(picture, warp, out),
        "the whole picture made grey": lambda: align(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), warp, out),
        "NumPy": lambda: numpy_align(picture, warp),
        "memory floor": _copying(source_bytes + out.nbytes),
    }


def numpy_align(picture: NDArray[np.uint8], warp: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(128, 128): what `medn.face.aligned.align` gives of a BGR picture, bilinear and averaged, in plain NumPy."""
    zoom = float(np.hypot(*warp[0, :2]))
    step, fine = sampling(zoom)
    rows, columns = (size // step for size in picture.shape[:2])
    smaller = picture[: rows * step, : columns * step].reshape(rows, step, columns, step, 3).mean(axis=(1, 3))
    y, x = (np.mgrid[: SIZE_PX * fine, : SIZE_PX * fine] + 0.5) / fine - 0.5
    sx, sy = np.tensordot(np.linalg.inv(warp[:, :2]), np.stack([x - warp[0, 2], y - warp[1, 2]]), 1)
    sx, sy = ((at + 0.5) / step - 0.5 for at in (sx, sy))
    sx, sy = np.clip(sx, 0, columns - 1.001), np.clip(sy, 0, rows - 1.001)
    left, top = sx.astype(int), sy.astype(int)
    fx, fy = (sx - left)[..., None], (sy - top)[..., None]
    above = smaller[top, left] * (1 - fx) + smaller[top, left + 1] * fx
    below = smaller[top + 1, left] * (1 - fx) + smaller[top + 1, left + 1] * fx
    grey = (above * (1 - fy) + below * fy) @ (0.114, 0.587, 0.299)
    return np.rint(grey.reshape(SIZE_PX, fine, SIZE_PX, fine).mean(axis=(1, 3))).astype(np.uint8)


def _normalising(face: NDArray[np.uint8]) -> tuple[str, Jobs]:
    out, scratch = np.empty((SIZE_PX, SIZE_PX), np.float32), [np.empty((SIZE_PX, SIZE_PX), np.float32) for _ in "mv"]
    return "OpenCV", {
        "OpenCV": lambda: normalise(face, out, scratch),
        "SciPy": lambda: scipy_normalise(face),
        "memory floor": _copying(face.nbytes + out.nbytes),
    }


def scipy_normalise(face: NDArray[np.uint8]) -> Grey:
    """What `realtime.motion.meter.normalise` gives, by NumPy and SciPy."""
    blurred = ndimage.gaussian_filter(face.astype(np.float32), 1.2, truncate=3 / 1.2, mode="mirror")
    flat = blurred - ndimage.uniform_filter(blurred, 25, mode="mirror")
    return flat / np.sqrt(ndimage.uniform_filter(flat * flat, 41, mode="mirror") + 9)


def _sums(now: Grey, before: Grey, first: Grey) -> tuple[str, Jobs]:
    sums = np.zeros((CELLS * CELLS, 6), np.float32)
    by_opencv = OpenCVSums()
    return "Numba", {
        "Numba": lambda: kernel.cell_sums(now, first, before, sums),
        "NumPy": lambda: reference.cell_sums(now, first, before),
        "OpenCV": lambda: by_opencv(now, first, before),
        "memory floor": _copying(3 * now.nbytes + sums.nbytes),
    }


class OpenCVSums:
    """What `realtime.motion.kernel.cell_sums` gives, by OpenCV's whole-picture functions into buffers of its own."""

    def __init__(self) -> None:
        self._both, self._gx, self._gy, self._dt, self._product = (
            np.empty((SIZE_PX, SIZE_PX), np.float32) for _ in range(5)
        )
        self._sums = np.empty((6, CELLS, CELLS), np.float32)

    def __call__(self, now: Grey, reference: Grey, before: Grey) -> Grey:
        """(6, 32, 32) sums xx, xy, yy, xt, yt, Σ|now − before|."""
        gx, gy, dt = self._gx, self._gy, self._dt
        cv2.add(now, reference, dst=self._both)
        cv2.Sobel(self._both, cv2.CV_32F, 1, 0, dst=gx, ksize=1, scale=0.25)
        cv2.Sobel(self._both, cv2.CV_32F, 0, 1, dst=gy, ksize=1, scale=0.25)
        cv2.subtract(now, reference, dst=dt)
        for number, (one, other) in enumerate(((gx, gx), (gx, gy), (gy, gy), (gx, dt), (gy, dt))):
            cv2.multiply(one, other, dst=self._product)
            self._sum(number)
        cv2.absdiff(now, before, dst=self._product)
        self._sum(5)
        return self._sums

    def _sum(self, number: int) -> None:
        self._product[[0, -1]] = self._product[:, [0, -1]] = 0  # no gradient at the border
        cv2.resize(self._product, (CELLS, CELLS), dst=self._sums[number], interpolation=cv2.INTER_AREA)
        self._sums[number] *= CELL_PX * CELL_PX


def _head(now: Grey, before: Grey, first: Grey, points: NDArray[np.float32]) -> tuple[str, Jobs]:
    places = layout(points)
    sums = np.zeros((CELLS * CELLS, 6), np.float32)
    kernel.cell_sums(now, first, before, sums)
    exact = sums.astype(np.float64)
    head, motion = np.zeros(6), np.zeros((len(REGION_NAMES), 2), np.float32)
    difference = np.zeros(len(REGION_NAMES), np.float32)

    def by_numba() -> None:
        kernel.fit_head(sums, places.basis, places.inside, head)
        kernel.region_motion(
            sums, places.region_cells, places.region_weights, places.cell_basis, head, motion, difference
        )

    def by_numpy() -> None:
        reference.region_motion(exact, places, reference.fit_head(exact, places))

    return "Numba", {
        "Numba": by_numba,
        "NumPy": by_numpy,
        "memory floor": _copying(sums.nbytes + places.basis.nbytes + places.cell_basis.nbytes + motion.nbytes),
    }


def _patches(now: Grey, before: Grey, first: Grey, points: NDArray[np.float32]) -> tuple[str, Jobs]:
    places = layout(points)
    sums, scratch = np.zeros((CELLS * CELLS, 6), np.float32), np.zeros((CELLS * CELLS, 5), np.float32)
    kernel.cell_sums(now, first, before, sums)
    exact, head, motion = sums.astype(np.float64), np.zeros(6), np.zeros((PATCHES * PATCHES, 2), np.float32)
    return "Numba", {
        "Numba": lambda: kernel.patch_motion(sums, places.cell_basis, head, scratch, motion),
        "NumPy": lambda: reference.patch_motion(exact, places, head),
        "memory floor": _copying(sums.nbytes + places.cell_basis.nbytes + motion.nbytes),
    }


def _background() -> tuple[str, Jobs]:
    """A step of 30 Hz: responses, scales, and the mean piece of a renewal of C⁻¹ and of the scales over long."""
    correlation = shipped_patterns().correlation
    background = Background(correlation)
    values = np.cumsum(np.random.default_rng(0).normal(0, 0.2, (1000, len(correlation))), axis=0).astype(np.float32)
    held = np.abs(values[-300:])
    step = 0

    def by_pieces() -> None:
        nonlocal step
        step = (step + 1) % (len(values) - BANK.shape[1])
        background.take(values[step : step + BANK.shape[1]])

    def at_once() -> None:
        """What a whole renewal costs."""
        np.median(held, axis=0)
        np.linalg.inv(correlation + LOADING * np.eye(len(correlation), dtype=np.float32))

    return "in pieces", {"in pieces": by_pieces, "a renewal at once, by NumPy": at_once}


def _matched_filter() -> tuple[str, Jobs]:
    """A frame at 30 Hz, after three seconds of warm-up."""
    detector, step = Detector(), 0
    values = np.cumsum(np.random.default_rng(0).normal(0, 0.2, (1000, PATCHES * PATCHES, 2)), axis=0).astype(np.float32)

    def frame() -> None:
        nonlocal step
        step += 1
        detector(step / GRID_HZ, values[step % len(values)])

    for _ in range(200):
        frame()
    return "a frame", {"a frame": frame}


def _movement(faces: list[NDArray[np.uint8]], points: NDArray[np.float32]) -> tuple[str, Jobs]:
    """Motion between two grey faces: of 21 regions for the spotter, or a dense field of 128×128 px.

    The network's flow map is computed once for each candidate, not for each frame.
    """
    meter, time_s, index = MotionMeter(), 0.0, 0

    def by_meter() -> None:
        nonlocal time_s, index
        time_s, index = time_s + 1 / 30, (index + 1) % len(faces)
        meter(faces[index], time_s, points)

    dis = {name: cv2.DISOpticalFlow.create(preset) for name, preset in DIS.items()}
    return "motion meter", {
        "motion meter": by_meter,
        "the network's flow map": lambda: flow_map(faces[0], faces[1]),
        **{name: partial(flow.calc, faces[0], faces[1], None) for name, flow in dis.items()},
        "Farnebäck flow": lambda: cv2.calcOpticalFlowFarneback(faces[0], faces[1], None, 0.5, 3, 15, 3, 5, 1.2, 0),
    }


DIS = {
    "DIS flow, ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "DIS flow, medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}


def _copying(moved: int) -> Job:
    """A job that reads and writes `moved` bytes in total."""
    source, target = np.ones(moved // 2, np.uint8), np.ones(moved // 2, np.uint8)
    return lambda: np.copyto(target, source)


def copy_gb_per_s() -> float:
    """Memory bandwidth in GB/s of one thread that copies 64 MiB, reads and writes counted."""
    source, target = np.ones(2**26, np.uint8), np.ones(2**26, np.uint8)
    best_s = np.inf
    for _ in range(5):
        began_s = perf_counter()
        np.copyto(target, source)
        best_s = min(best_s, perf_counter() - began_s)
    return 2 * 2**26 / best_s / 1e9
