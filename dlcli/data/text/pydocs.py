"""The docstrings of Python's standard library and of the installed scientific stack.

They are read with `ast`; nothing is imported or run. Each docstring is a document, labelled with the library it
comes from. A docstring that stands in several places counts once, where it stands first. Tests are left out: not
every Python has those of its standard library.

The first reading takes seconds and goes into the cache, where it stays until a file of a library changes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import logging
import sysconfig
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from dlcli.data import cache
from dlcli.errors import DatasetError

FORMAT = 1  # goes up when the same files give other documents than before
# Label -> the package that is read; "" stands for the standard library.
LIBRARIES = {
    "python": "",
    "numpy": "numpy",
    "scipy": "scipy",
    "matplotlib": "matplotlib",
    "scikit-learn": "sklearn",
    "jax": "jax",
    "flax": "flax",
    "optax": "optax",
}
_LEFT_OUT = {"test", "tests", "site-packages", "dist-packages"}
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

log = logging.getLogger(__name__)


def documents() -> list[tuple[str, str]]:
    """Return (text, library) of every docstring, library by library, in the order of the files' names and lines.

    Raises:
        DatasetError: a library is not installed as files.
    """
    files = {library: _files(library) for library in LIBRARIES}
    stem = cache.Stem("pydocs", f"{FORMAT}\n{_identity(files)}")
    try:
        return [(text, library) for text, library in json.loads(cache.unseal(stem.path("json").read_bytes()))]
    except (OSError, ValueError):
        pass
    log.info("reading the docstrings of %d files", sum(map(len, files.values())))
    stem.clear()
    library_of: dict[str, str] = {}
    for library, paths in files.items():
        for path in paths:
            for text in docstrings(path.read_bytes()):
                library_of.setdefault(text, library)
    found = list(library_of.items())
    with cache.replacing(stem.path("json")) as file:
        file.write(cache.seal(json.dumps(found).encode()))
    return found


def docstrings(source: bytes) -> Iterator[str]:
    """Yield the docstrings of a file, outer before inner; a file that this Python cannot parse has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as for "\d", which is the library's to mend
            tree = ast.parse(source)
    except (SyntaxError, ValueError):  # a template, or code for another Python
        return
    for node in [tree, *_definitions(tree.body)]:
        if (text := ast.get_docstring(node)) and text.strip():
            yield text.encode("utf-8", "replace").decode()  # "\ud800" is no character of a text


def _definitions(body: list[ast.stmt]) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield classes and functions; expressions, which hold none, are most of a tree and are passed over."""
    for statement in body:
        if isinstance(statement, _DEFINITIONS):
            yield statement
        for name in ("body", "orelse", "handlers", "finalbody"):
            yield from _definitions(getattr(statement, name, []))


def _files(library: str) -> list[Path]:
    root = _root(library)
    found = [path.relative_to(root) for path in root.rglob("*.py")]
    return [root / path for path in sorted(found) if _LEFT_OUT.isdisjoint(path.parts)]


def _root(library: str) -> Path:
    if not (package := LIBRARIES[library]):
        return Path(sysconfig.get_paths()["stdlib"])
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DatasetError(f"pydocs needs {library}, which is not installed here: pip install {library}")
    return Path(spec.submodule_search_locations[0])


def _identity(files: dict[str, list[Path]]) -> str:
    digest = hashlib.sha256()
    for path in (path for paths in files.values() for path in paths):
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
