from __future__ import annotations

import sys

import pytest

from dlcli.data.text.sources import pydocs
from dlcli.errors import DatasetError

SOURCE = '''"""Of the module."""
import nothing_that_is_there
raise SystemExit("this is never run")


class Outer:
    """Of the class.

        Indented.
    """

    def method(self):
        """Of the method."""
        if True:
            def inner():
                "Of the inner."

    @property
    async def silent(self):
        pass


try:
    def first():
        """Of the first."""
except ImportError:
    def first():
        """Of the other."""
'''


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Return a library of two files and a test, the only one of `pydocs`."""
    folder = tmp_path / "lib" / "somelibrary"
    (folder / "tests").mkdir(parents=True)
    (folder / "__init__.py").write_text(SOURCE)
    (folder / "other.py").write_text('"""Of the module."""\ndef f():\n    "Of f."\n')
    (folder / "tests" / "test_it.py").write_text('"""Of a test."""\n')
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    monkeypatch.setattr(pydocs, "LIBRARIES", {"some": "somelibrary"})
    return folder


def test_docstrings_are_ordered_outer_before_inner():
    found = list(pydocs.docstrings(SOURCE.encode()))
    assert found == [
        "Of the module.", "Of the class.\n\nIndented.", "Of the method.", "Of the inner.",
        "Of the first.", "Of the other.",
    ]  # fmt: skip


@pytest.mark.parametrize("source", [b"print 'two'", b"\x00", b"# coding: nothing\n", b"\xff\xfe"])
def test_a_file_that_cannot_be_parsed_has_no_docstrings(source):
    assert list(pydocs.docstrings(source)) == []


def test_blank_docstrings_are_skipped():
    assert list(pydocs.docstrings(b'"""  \n """\ndef f():\n    "\\ud800 x"\n')) == ["? x"]


def test_documents_contain_each_docstring_once(library):
    found = pydocs.documents()
    assert [text for text, _ in found].count("Of the module.") == 1
    assert found[-1] == ("Of f.", "some")
    assert "Of a test." not in dict(found)
    assert "somelibrary" not in sys.modules


def test_documents_are_cached_until_a_file_changes(library, cache_folder, monkeypatch, two_hours_pass):
    first = pydocs.documents()
    with monkeypatch.context() as patch:
        patch.setattr(pydocs, "docstrings", lambda source: pytest.fail("read again"))
        assert pydocs.documents() == first
    two_hours_pass()
    (library / "other.py").write_text('"""Another."""')
    assert ("Another.", "some") in pydocs.documents()
    assert len(list(cache_folder.glob("pydocs.*"))) == 1


def test_a_damaged_cache_entry_is_rebuilt(library, cache_folder):
    first = pydocs.documents()
    [path] = cache_folder.glob("pydocs.*")
    path.write_bytes(path.read_bytes()[:-10])
    assert pydocs.documents() == first


def test_the_error_for_a_missing_library_names_it(monkeypatch):
    monkeypatch.setattr(pydocs, "LIBRARIES", {"nothing": "no_such_library"})
    with pytest.raises(DatasetError, match="pydocs needs nothing"):
        pydocs.documents()
