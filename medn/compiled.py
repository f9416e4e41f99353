"""Numba kernels: compiled without the GIL and cached on disk, whatever became of the cache.

Numba loads whatever its cache holds: an empty index or a short file raises an error inside the compiler, and changed
bytes are executed as machine code. Here each file of the cache ends with a digest; one that does not match is left out,
and the kernel is compiled again. Where no cache can be written, kernels are compiled at each start.
"""

import contextlib
import hashlib
import io
import logging
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.runtime import rtsys

_Function = TypeVar("_Function", bound=Callable[..., Any])

_log = logging.getLogger(__name__)
_DIGEST_BYTES = 32


def compiled(*, fastmath: bool = False) -> Callable[[_Function], _Function]:
    """Decorate a kernel."""

    def decorate(function: _Function) -> _Function:
        kernel: Any = njit(nogil=True, fastmath=fastmath)(function)
        with contextlib.suppress(RuntimeError):  # Numba found no folder; `medn doctor` reports it
            kernel._cache = _Cache(function)  # what `cache=True` does, with another class
        result: _Function = kernel
        return result

    return decorate


class _CacheFiles(IndexDataCacheFile):  # type: ignore[misc]
    """Index and data files, each with a digest at its end.

    That of a data file covers the kernel's source, too: if the process was killed between the two, the index of a new
    kernel stands beside the data of an old one.
    """

    def _load_index(self) -> object:
        path = Path(self._index_path)
        return super()._load_index() if path.exists() and self._is_whole(path) else {}

    def _load_data(self, name: str) -> object:
        path = Path(self._data_path(name))
        if not self._is_whole(path):
            raise OSError(f"{path} is damaged")  # to Numba the same as a file that is missing
        return super()._load_data(name)

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
        content = io.BytesIO()
        yield content
        with super()._open_for_write(filepath) as file:
            file.write(content.getvalue() + self._digest(Path(filepath), content.getvalue()))

    def _is_whole(self, path: Path) -> bool:
        content = path.read_bytes()
        whole = content[-_DIGEST_BYTES:] == self._digest(path, content[:-_DIGEST_BYTES])
        if not whole:
            _report_damage()
        return whole

    def _digest(self, path: Path, content: bytes) -> bytes:
        source = b"" if path == Path(self._index_path) else self._source_stamp
        return hashlib.sha256(source + content).digest()


class _Cache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of one kernel on `_CacheFiles`; a disk that cannot be read or written costs only the cache."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file: IndexDataCacheFile = _CacheFiles(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: object, target_context: object) -> object:
        """The compiled kernel, or None.

        Numba's own also loads everything that compiling may need, which takes longer than all kernels together; what
        is already machine code needs the run-time system alone. A kernel that is compiled after all loads the rest.
        """
        rtsys.initialize(target_context)
        try:
            with self._guard_against_spurious_io_errors():
                return self._load_overload(sig, target_context)
        except OSError:
            return None

    def save_overload(self, sig: object, data: object) -> None:
        """Keep a compiled kernel."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _log.info("The compiled kernel could not be kept in %s: %s.", self._cache_path, error.strerror)


@cache
def _report_damage() -> None:
    _log.warning("The cache of compiled kernels is damaged; it is made again.")
