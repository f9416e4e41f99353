"""Sources of frames: a camera, a network stream, a video file, a folder of pictures, or a function."""

from realtime.sources.camera import Camera, list_cameras
from realtime.sources.generated import Generated
from realtime.sources.open import open_source
from realtime.sources.pictures import PictureFolder
from realtime.sources.source import CameraMode, Cause, Dropped, Item, Notice, NoticeKind, Source, SourceError
from realtime.sources.video import VIDEO_SUFFIXES, VideoFile

__all__ = [
    "VIDEO_SUFFIXES",
    "Camera",
    "CameraMode",
    "Cause",
    "Dropped",
    "Generated",
    "Item",
    "Notice",
    "NoticeKind",
    "PictureFolder",
    "Source",
    "SourceError",
    "VideoFile",
    "list_cameras",
    "open_source",
]
