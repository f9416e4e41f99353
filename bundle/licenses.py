"""Writes `licenses/` of the bundle: the texts of everything that PyInstaller put into it, and a table of them.

    python licenses.py SOURCES FOLDER

SOURCES names, a line each, the files that went into the bundle; it is read by the Python that the bundle was made from.
A file belongs to a Python package, to Python itself, or to a package of Debian. One that belongs to none ends this with
an error: its licence would be unknown.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

OWN = "medn"
"""Its licence stands beside this folder."""
ALWAYS = ("pyinstaller",)
"""Its start program is in every bundle, though no file of the list is."""
MADE = ("base_library.zip",)
"""Made by PyInstaller of Python's own modules."""
IS_TEXT = re.compile(r"licen[cs]e|copying|copyright|notice|authors", re.IGNORECASE)
SUFFIXES = ("", ".txt", ".md", ".rst", ".third-party")
COMMON = Path("/usr/share/common-licenses")
"""Where Debian keeps the texts that its packages refer to."""
HEAD = """\
What this bundle is made of. A folder beside this file has each one's licence texts as its package carries them;
libraries inside a Python package (named after it) are under the licences that those texts name, or their own.

The source of each is that of the version named here: of Python packages the source distribution on the Python Package
Index, of Debian's packages the source package in Debian's archive, of Python its release on python.org. ../NOTICE says
more about those under the GPL and the LGPL.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Something the bundle is made of."""

    name: str
    version: str
    licence: str
    texts: tuple[Path, ...]
    libraries: tuple[str, ...] = ()
    """Names of libraries by others that a Python package brings."""


def main(sources: Path, folder: Path) -> int:
    """Write the folder. The exit code is 1 where a file belongs to nothing."""
    parts, strangers = parts_of(Path(line) for line in sources.read_text(encoding="utf-8").splitlines())
    for stranger in strangers:
        print(f"bundle: it is unknown what {stranger} belongs to, and so its licence.", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in parts:
        for text in part.texts:
            _copy(text, folder / part.name)
    lines = [HEAD, "| name | version | licence | texts here | libraries inside |", "| --- | --- | --- | --- | --- |"]
    for part in parts:
        texts = str(len(part.texts)) if part.texts else "none: its package carries none"
        lines.append(f"| {part.name} | {part.version} | {part.licence} | {texts} | {', '.join(part.libraries)} |")
    (folder / "README.md").write_text("\n".join([*lines, ""]), encoding="utf-8")
    without = ", ".join(part.name for part in parts if not part.texts)
    print(f"bundle: licences of {len(parts)} parts; no text in the packages of: {without or 'none'}")
    return int(bool(strangers))


def parts_of(sources: Iterable[Path]) -> tuple[list[Part], list[Path]]:
    """What files belong to, by name, and the files that belong to nothing."""
    owners = {
        os.path.normpath(home / file): each
        for each in distributions()
        for home in (Path(str(each.locate_file(""))).resolve(),)
        for file in each.files or ()
    }
    python = Path(sysconfig.get_path("stdlib")).resolve()
    packed_here = Path(__file__).resolve().parent
    found: dict[str, Part] = {}
    strangers, system = [], set()
    packages = {each.name: each for each in distributions() if each.name.lower() in ALWAYS}
    for source in sorted({source.resolve() for source in sources}):
        if (owner := owners.get(str(source))) is not None:
            packages[owner.name] = owner
        elif source.is_relative_to(python) or source.name.startswith("libpython"):
            found["Python"] = _python()
        elif package := _debian_package(source):
            system.add(package)
        elif not source.is_relative_to(packed_here) and source.name not in MADE:
            strangers.append(source)
    for name, package in packages.items():
        if name != OWN:
            found[name] = _python_package(package)
    for name in system:
        found[f"{name} (Debian)"] = _from_debian(name)
    return [found[name] for name in sorted(found, key=str.lower)], strangers


def _python_package(package: Distribution) -> Part:
    files = package.files or []
    near = [file for file in files if ".dist-info" in file.parts[0] or len(file.parts) == 2]
    texts = [file for file in near if IS_TEXT.search(file.name) and file.suffix in SUFFIXES]
    inside = {
        re.split(r"[-.]", file.name)[0]  # libavcodec-6a7b8c9d.so.61.1 → libavcodec
        for file in files
        if file.parts[0].endswith(".libs") or (file.parts[1:3] == ("Qt6", "lib") and "libQt6" not in file.name)
    }
    return Part(
        package.name,
        package.version,
        _licence(package),
        tuple(Path(str(package.locate_file(text))) for text in texts),
        tuple(sorted(inside)),
    )


def _licence(package: Distribution) -> str:
    """Its licence's name as its metadata gives it."""
    metadata = package.metadata
    classified = [each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier", []) if "License ::" in each]
    named = metadata.get("License-Expression") or metadata.get("License") or ""
    short = named.strip().splitlines()[0] if named.strip() else ""
    return short if 0 < len(short) <= 60 else ", ".join(classified) or "see its texts"


def _python() -> Part:
    texts = tuple(path for path in (Path(sysconfig.get_path("stdlib")) / "LICENSE.txt",) if path.is_file())
    return Part("Python", sys.version.split()[0], "PSF-2.0", texts)


def _debian_package(file: Path) -> str:
    """The package of Debian that a file belongs to; empty where it belongs to none, or this is no Debian."""
    if shutil.which("dpkg-query") is None:
        return ""
    for name in (file, Path("/", *file.parts[2:]) if file.parts[:2] == ("/", "usr") else file):
        done = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    return ""


def _from_debian(name: str) -> Part:
    ask = ["dpkg-query", "--show", "--showformat", "${source:Package} ${source:Version}\n", name]
    source, version = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.splitlines()[0].split()
    text = Path("/usr/share/doc") / name / "copyright"
    words = text.read_text(encoding="utf-8", errors="replace") if text.is_file() else ""
    licences = sorted(set(re.findall(r"^License: *(\S.*)$", words, re.MULTILINE)))
    common = [COMMON / each for each in sorted(set(re.findall(rf"{COMMON}/([\w.-]*\w)", words)))]
    texts = (text, *(each for each in common if each.is_file())) if words else ()
    return Part(f"{name} (Debian)", f"{source} {version}", ", ".join(licences) or "see its texts", texts)


def _copy(text: Path, folder: Path) -> None:
    """Copy a text; a second one of the same name gets the name of its folder before its own."""
    folder.mkdir(exist_ok=True)
    name = text.name if not (folder / text.name).exists() else f"{text.parent.name}-{text.name}"
    shutil.copyfile(text, folder / name)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
