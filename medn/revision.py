"""Which source a figure or a set of weights was made with."""

import subprocess
from pathlib import Path

__version__ = "0.1.0"
"""Also in pyproject.toml; a test holds them together."""

CODE = (":/", ":(top,exclude)docs", ":(top,exclude)*.md")
"""What counts as changed: everything in the repository but documents."""


def git_revision(folder: Path = Path(__file__).parent) -> str:
    """Short git revision of the repository that a folder belongs to, with a + where its code was changed since.

    v and the package's version where there is none, also for a package installed somewhere inside another repository.
    """
    try:
        _git(folder, "ls-files", "--error-unmatch", ".")
        head = _git(folder, "rev-parse", "--short=10", "HEAD")
        return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no", "--", *CODE) else "")
    except (OSError, subprocess.CalledProcessError):
        return f"v{__version__}"


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
