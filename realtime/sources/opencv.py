"""OpenCV's video reading, kept quiet: its own and FFmpeg's messages do not reach standard error.

FFmpeg's messages hold whole URLs, credentials included, so they are switched off rather than passed on. Must be
imported before the first `cv2.VideoCapture` of the process is made: FFmpeg's level is read only then.
"""

import os

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# How long, in s, a camera may give nothing before the read is called failed (OpenCV's default of 10 s would hold up
# the next try); read when a camera is opened.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")

import cv2

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def position_s(capture: cv2.VideoCapture) -> float:
    """Time in s of the frame last grabbed: presentation timestamp (files) or driver's stamp (V4L2)."""
    return float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
