"""The documentation as a site: it is built without warnings and without a network, and a browser fetches nothing."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import html5lib
import pytest

ROOT = Path(__file__).parents[1]
LOADED = {
    "img": "src",
    "script": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site, and the network calls of its build (None where strace is missing)."""
    folder = tmp_path_factory.mktemp("site")
    calls = folder / "calls"
    trace = (
        ["strace", "-f", "-qq", "-e", "trace=connect,bind,sendto", "-o", str(calls)] if shutil.which("strace") else []
    )
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder / "site")]
    done = subprocess.run([*trace, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder / "site", calls.read_text() if trace else None


def test_the_site_has_every_page_of_its_navigation(built):
    site, _ = built
    names = re.findall(r": ([\w/-]+)\.md$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert len(names) > 20
    assert [name for name in names if not (site / f"{name.replace('README', 'index')}.html").is_file()] == []


def test_parts_of_the_readme_and_the_docstrings_are_in_it(built):
    site, _ = built
    assert "triage tool" in (site / "index.html").read_text()
    assert "UF1 0.804" in (site / "figures.html").read_text()
    assert "Article 5(1)(f)" in (site / "law.html").read_text()
    assert "Analyze a recording to its end" in (site / "reference.html").read_text()


def test_building_it_opens_no_connection(built):
    _, calls = built
    if calls is None:
        pytest.skip("strace is not installed")
    assert [line for line in calls.splitlines() if re.search(r"AF_INET6?\b", line)] == []


def test_a_browser_fetches_nothing_from_another_host(built):
    site, _ = built
    fetched = set()
    for page in site.rglob("*.html"):
        tree = html5lib.parse(page.read_text(encoding="utf-8"), namespaceHTMLElements=False)
        fetched |= {element.get(LOADED[element.tag]) or "" for element in tree.iter() if element.tag in LOADED}
    for style in site.rglob("*.css"):
        fetched |= set(re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""", style.read_text(encoding="utf-8")))
    assert len(fetched) > 10
    assert {address for address in fetched if re.match(r"(?:[a-z]+:)?//", address)} == set()
