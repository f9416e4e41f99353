"""OpenCV, kept quiet: its own and FFmpeg's messages do not reach standard error.

FFmpeg's messages hold whole URLs, credentials included, so they are switched off rather than passed on. To be imported
before the first `cv2.VideoCapture` of the process is made: FFmpeg's level is read only then.
"""

import os

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

__all__ = ["cv2"]
