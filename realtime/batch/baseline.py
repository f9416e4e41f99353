"""The baseline of a recording: what its person does in the stretch that is said to be at rest."""

from collections import defaultdict
from dataclasses import replace

from realtime.pipeline import Pipeline, PipelineParameters
from realtime.sources import open_source
from realtime.spotting.grid import Steps
from realtime.spotting.rest import Rest, RestError, check_stretch, rest_of
from realtime.types import Frame


def measure_rest(video: str, rate_hz: float | None, parameters: PipelineParameters | None) -> Rest | None:
    """Analyse the stretch that the parameters name, by itself; None if they name none.

    Raises `RestError` for a stretch that no baseline can be taken from, `SourceError` for what is no recording.
    """
    if parameters is None or parameters.rest_s is None:
        return None
    check_stretch(parameters.rest_s)
    begin_s, end_s = parameters.rest_s
    traces: defaultdict[int, list[Steps]] = defaultdict(list)
    alone = replace(parameters, rest_s=None)
    with open_source(video, rate_hz=rate_hz) as source, Pipeline(alone) as pipeline:
        if source.live:
            raise RestError("A stretch at rest is of a recording; a camera cannot be looked at beforehand.")
        for item in source:
            if not isinstance(item, Frame) or item.time_s < begin_s:
                continue
            if item.time_s > end_s:
                break
            for face in pipeline.step(item).faces:
                if len(face.trace):
                    traces[face.face].append(face.trace)
        return rest_of(parameters.rest_s, traces, pipeline.noise_pct())
