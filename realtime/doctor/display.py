"""The display on which a window would open: its kind, how far away it is, and whether Qt opens on it."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping

from realtime.doctor.report import Display

QT_PROBE = "from PyQt6.QtGui import QGuiApplication; print(QGuiApplication([]).platformName())"
REMOTE = {
    "XRDP_SESSION": "RDP",
    "VNCDESKTOP": "VNC",
    "X2GO_SESSION": "X2Go",
    "NXSESSIONID": "NX",
    "CHROME_REMOTE_DESKTOP_SESSION": "Chrome Remote Desktop",
}
"""What programs for remote desktops leave in the environment of their sessions."""


def examine_display(has_qt: bool) -> Display:
    """Examine the display. Takes as long as Qt needs to start; `has_qt`: the app's packages are installed."""
    session, remote = _session(), remote_kind(os.environ)
    if session == "none":
        return Display(session, "", "neither WAYLAND_DISPLAY nor DISPLAY is set")
    if not has_qt:
        why = "the app's packages are not installed (make run installs them, and so does pip with the extra 'app')"
        return Display(session, "", why, remote)
    # in a separate process, because Qt ends the process if it cannot reach the display
    try:
        probe = subprocess.run(
            [sys.executable, "-c", QT_PROBE], capture_output=True, text=True, timeout=20, check=False
        )
    except subprocess.TimeoutExpired:
        return Display(session, "", "Qt did not answer within 20 s", remote)
    if probe.returncode:
        return Display(session, "", _reason(probe.stderr) or f"Qt ended with code {probe.returncode}", remote)
    return Display(session, probe.stdout.strip(), "", remote)


def remote_kind(environment: Mapping[str, str]) -> str:
    """How the window would reach a screen elsewhere, as far as the environment tells; empty where it does not."""
    if environment.get("SESSIONNAME", "").startswith("RDP-"):  # Windows
        return "RDP"
    if named := next((kind for variable, kind in REMOTE.items() if environment.get(variable)), ""):
        return named
    host = environment.get("DISPLAY", "").rpartition(":")[0]
    if environment.get("WAYLAND_DISPLAY") or host in ("", "unix") or host.startswith("/"):
        return ""
    return "SSH" if environment.get("SSH_CONNECTION") else "X11 over the network"


def _session() -> str:
    if platform.system() in ("Darwin", "Windows"):
        return "native"
    if os.environ.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "x11" if os.environ.get("DISPLAY") else "none"


def _reason(output: str) -> str:
    """Qt says first what is wrong; Python, where a library of Qt cannot be loaded, last."""
    lines = [line for line in output.splitlines() if line.strip()]
    if not lines:
        return ""
    return lines[-1] if lines[0].startswith("Traceback") else lines[0]
