"""The docstrings of Python's standard library and of the installed scientific packages.

They are read with `ast`; nothing is imported or run. Each docstring is a document, labelled with its library. A
docstring that occurs several times counts once, at its first occurrence. Tests are left out, because not every Python
installation has those of the standard library. Documents are divided by their SHA-256.

Reading takes seconds; the result is cached until a file of a library changes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sysconfig
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from dlcli import activity
from dlcli.data import cache
from dlcli.data.problems import Problem
from dlcli.data.text.builder import TextBuilder
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.rows import Row, by_name, text_set
from dlcli.data.text.sets import TextSet
from dlcli.errors import DatasetError

FORMAT = 1  # increased when the same files give other documents than before
# The package of each label; "" is the standard library.
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
_EXCLUDED = {"test", "tests", "site-packages", "dist-packages"}
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def find(dataset: str, options: ReadOptions) -> tuple[TextSet, list[Problem]]:
    """Read the docstrings and divide them."""
    rows = [Row(text, text, library, library) for text, library in documents()]
    return text_set(dataset, {"train": rows}, [], by_name)


def documents() -> list[tuple[str, str]]:
    """Return (text, library) of every docstring, ordered by library, file name and line.

    Raises:
        DatasetError: a library is not installed.
    """
    files = {library: _files(library) for library in LIBRARIES}
    stem = cache.Stem("pydocs", f"{FORMAT}\n{_identity(files)}")
    try:
        return [(text, library) for text, library in json.loads(cache.unseal(stem.path("json").read_bytes()))]
    except (OSError, ValueError):
        pass
    stem.clear()
    library_of: dict[str, str] = {}
    with activity.logged(f"reading the docstrings of {sum(map(len, files.values()))} files"):
        for library, paths in files.items():
            for path in paths:
                for text in docstrings(path.read_bytes()):
                    library_of.setdefault(text, library)
    found = list(library_of.items())
    with cache.replacing(stem.path("json")) as file:
        file.write(cache.seal(json.dumps(found).encode()))
    return found


def docstrings(source: bytes) -> Iterator[str]:
    """Yield the docstrings of a file, outer before inner; none if this Python cannot parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # for example invalid escape sequences in the library
            tree = ast.parse(source)
    except (SyntaxError, ValueError):  # a template, or code for another Python
        return
    for node in [tree, *_definitions(tree.body)]:
        if (text := ast.get_docstring(node)) and text.strip():
            yield text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be encoded


def _definitions(body: list[ast.stmt]) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield classes and functions; expressions contain none and are skipped, as they are most of a tree."""
    for statement in body:
        if isinstance(statement, _DEFINITIONS):
            yield statement
        for name in ("body", "orelse", "handlers", "finalbody"):
            yield from _definitions(getattr(statement, name, []))


def _files(library: str) -> list[Path]:
    root = _root(library)
    found = [path.relative_to(root) for path in root.rglob("*.py")]
    return [root / path for path in sorted(found) if _EXCLUDED.isdisjoint(path.parts)]


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


BUILDER = TextBuilder(
    "pydocs",
    lambda dataset: dataset == "pydocs",
    find,
    embedded={"pydocs": f"docstrings of {', '.join(LIBRARIES)}, labelled with their library"},
)
