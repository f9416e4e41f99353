"""What must be there before a library is loaded: some fail, or end the process, in words that help nobody."""

import platform
from pathlib import Path

import platformdirs

CPU_LIST = Path("/proc/cpuinfo")
NEEDED = {"ssse3": "SSSE3", "sse4_1": "SSE4.1", "sse4_2": "SSE4.2", "popcnt": "POPCNT", "cx16": "CMPXCHG16B"}
"""Without these the published builds of NumPy and Qt do not start (x86-64-v2); by the system's name."""


def unmet() -> str:
    """Why no command can run here, as one sentence; empty where one can."""
    found = instruction_sets()
    if lacking := [name for flag, name in NEEDED.items() if found is not None and flag not in found]:
        return (
            f"This processor has no {', '.join(lacking)}, which NumPy and Qt need: MEDN runs on x86-64 processors from "
            "about 2009 on (x86-64-v2)."
        )
    try:
        platformdirs.user_data_path(), platformdirs.user_cache_path(), platformdirs.user_config_path()
    except RuntimeError:
        return "This user has no home directory: set HOME to a folder for sessions, settings and caches."
    return ""


def instruction_sets() -> frozenset[str] | None:
    """The system's names of this processor's instruction sets; None where it is not x86-64, or not Linux."""
    if platform.system() != "Linux" or platform.machine() != "x86_64" or not CPU_LIST.is_file():
        return None
    lines = CPU_LIST.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((frozenset(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), None)
