"""Whether a window can be opened here, found out before Qt is loaded: Qt ends the process where it cannot.

`python -m gui.display` exits with 0 where it can and with 2 otherwise.
"""

import ctypes
import os
import sys
from pathlib import Path
from platform import system

PLATFORMS = {"xcb": "DISPLAY", "wayland": "WAYLAND_DISPLAY"}
"""Qt's platform plugins on Linux, and the variable that names the display of each."""


def display_problem() -> str:
    """Why no window can be opened here, as one sentence; empty where one can.

    Where only one of several named displays answers, Qt is pointed to it through QT_QPA_PLATFORM.
    """
    asked = os.environ.get("QT_QPA_PLATFORM", "")
    if system() != "Linux" or (asked and asked not in PLATFORMS):
        return ""
    platforms = [asked] if asked else list(PLATFORMS)
    named = {platform: os.environ[PLATFORMS[platform]] for platform in platforms if os.environ.get(PLATFORMS[platform])}
    if not named:
        return "There is no display for the window; `medn demo` and `medn live --headless` need none."
    reachable = [platform for platform in named if _reachable(platform)]
    if not reachable:
        displays = " and ".join(named.values())
        return f"The display {displays} cannot be reached; `medn demo` and `medn live --headless` need none."
    if len(reachable) < len(named):
        os.environ["QT_QPA_PLATFORM"] = reachable[0]
    return ""


def _reachable(platform: str) -> bool:
    try:
        return _x11_reachable() if platform == "xcb" else _wayland_reachable()
    except OSError:  # the library is not installed, so Qt's plugin could not load it either
        return False


def _x11_reachable() -> bool:
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    reachable = not xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return reachable


def _wayland_reachable() -> bool:
    if not os.environ.get("XDG_RUNTIME_DIR") and not Path(os.environ["WAYLAND_DISPLAY"]).is_absolute():
        return False  # asked of the library, this would print to standard error
    wayland = ctypes.CDLL("libwayland-client.so.0")
    wayland.wl_display_connect.restype = ctypes.c_void_p
    display = wayland.wl_display_connect(None)
    if display is None:
        return False
    wayland.wl_display_disconnect(ctypes.c_void_p(display))
    return True


if __name__ == "__main__":
    sys.exit(2 if display_problem() else 0)
