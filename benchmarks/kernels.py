"""Kernels: the motion meter's Numba code, normalising, alignment and flow, against NumPy and OpenCV doing the same.

The memory floor of a job is the time to copy as many bytes as it must read and write, in the same cache.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.harness import Effort, Measure, Result, Tell, in_turn
from benchmarks.scenes import tiled
from medn.data.portrait import find_portrait
from medn.face.aligned import SIZE_PX, align, alignment, sampling
from medn.face.flow import flow_map
from medn.face.landmarker import Landmarker
from realtime.motion import kernel, reference
from realtime.motion.meter import MotionMeter, normalise
from realtime.motion.regions import CELL_PX, CELLS, REGION_NAMES, layout

Grey = NDArray[np.float32]
Job = Callable[[], object]
Jobs = dict[str, Job]

SAMPLE_S = 0.03
"""A job is called again and again for this long, and the mean is one round's figure."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int


SIZES = {Effort.QUICK: Size(5), Effort.NORMAL: Size(15), Effort.THOROUGH: Size(45)}


def measure(size: Size, tell: Tell) -> Result:
    """Time every job, each contestant in turn."""
    measures: list[Measure] = []
    for job, (product, contestants) in jobs().items():
        timed = {name: partial(us_per_call, work) for name, work in contestants.items()}
        tell(job)
        rounds = in_turn(timed, size.rounds, lambda _: None)
        for name, times_us in rounds.items():
            times = Measure(f"{job}: {name}", "time", "µs", tuple(times_us))
            share = tuple(a / b for a, b in zip(times_us, rounds[product], strict=True))
            measures += [times, Measure(times.subject, "ratio", "× the product's", share, "neither")]
    return Result(
        benchmark="kernels",
        question="What do the product's kernels cost, against NumPy and OpenCV doing the same job?",
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
    """Every job: which contestant is the product's, and all of them; each is ready to be called."""
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
        "movement of a face": _movement(faces, points),
    }


def normalised(face: NDArray[np.uint8]) -> Grey:
    """A face as the motion kernel takes it."""
    out, scratch = np.empty((SIZE_PX, SIZE_PX), np.float32), [np.empty((SIZE_PX, SIZE_PX), np.float32) for _ in "mv"]
    normalise(face, out, scratch)
    return out


def _alignment(picture: NDArray[np.uint8], warp: NDArray[np.float64]) -> tuple[str, Jobs]:
    out = np.empty((SIZE_PX, SIZE_PX), np.uint8)
    zoom = float(np.hypot(*warp[0, :2]))
    seen = int((SIZE_PX / zoom) ** 2) * 3
    return "its part of the picture", {
        "its part of the picture": lambda: align(picture, warp, out),
        "the whole picture made grey": lambda: align(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), warp, out),
        "NumPy": lambda: numpy_align(picture, warp),
        "memory floor": _copying(seen + out.nbytes),
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


def _movement(faces: list[NDArray[np.uint8]], points: NDArray[np.float32]) -> tuple[str, Jobs]:
    """From two grey faces to how far the face moved: 21 regions for the spotter, or a field of 128×128 px.

    The network's flow map is made once a candidate, not once a frame.
    """
    meter, time_s, seen = MotionMeter(), 0.0, 0

    def by_meter() -> None:
        nonlocal time_s, seen
        time_s, seen = time_s + 1 / 30, (seen + 1) % len(faces)
        meter(faces[seen], time_s, points)

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
    """Reads and writes `moved` bytes altogether."""
    source, target = np.ones(moved // 2, np.uint8), np.ones(moved // 2, np.uint8)
    return lambda: np.copyto(target, source)


def copy_gb_per_s() -> float:
    """Memory bandwidth of one thread that copies 64 MiB, reads and writes counted."""
    source, target = np.ones(2**26, np.uint8), np.ones(2**26, np.uint8)
    best_s = np.inf
    for _ in range(5):
        began_s = perf_counter()
        np.copyto(target, source)
        best_s = min(best_s, perf_counter() - began_s)
    return 2 * 2**26 / best_s / 1e9
