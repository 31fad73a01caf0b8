from __future__ import annotations

import sys

import pytest

from dlcli.data.text import pydocs
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
    """A library of two files and a test, alone in `pydocs`."""
    folder = tmp_path / "lib" / "somelibrary"
    (folder / "tests").mkdir(parents=True)
    (folder / "__init__.py").write_text(SOURCE)
    (folder / "other.py").write_text('"""Of the module."""\ndef f():\n    "Of f."\n')
    (folder / "tests" / "test_it.py").write_text('"""Of a test."""\n')
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    monkeypatch.setattr(pydocs, "LIBRARIES", {"some": "somelibrary"})
    return folder


def test_docstrings_come_outer_before_inner_and_nothing_is_run():
    found = list(pydocs.docstrings(SOURCE.encode()))
    assert found == [
        "Of the module.", "Of the class.\n\nIndented.", "Of the method.", "Of the inner.",
        "Of the first.", "Of the other.",
    ]  # fmt: skip


@pytest.mark.parametrize("source", [b"print 'two'", b"\x00", b"# coding: nothing\n", b"\xff\xfe"])
def test_what_this_python_cannot_parse_has_no_docstrings(source):
    assert list(pydocs.docstrings(source)) == []


def test_blank_docstrings_and_halves_of_characters_are_no_text():
    assert list(pydocs.docstrings(b'"""  \n """\ndef f():\n    "\\ud800 x"\n')) == ["? x"]


def test_a_docstring_counts_once_and_tests_do_not_count(library):
    found = pydocs.documents()
    assert [text for text, _ in found].count("Of the module.") == 1
    assert found[-1] == ("Of f.", "some")
    assert "Of a test." not in dict(found)
    assert "somelibrary" not in sys.modules


def test_the_second_reading_is_from_the_cache_until_a_file_changes(library, cache_folder, monkeypatch, two_hours_pass):
    first = pydocs.documents()
    with monkeypatch.context() as patch:
        patch.setattr(pydocs, "docstrings", lambda source: pytest.fail("read again"))
        assert pydocs.documents() == first
    two_hours_pass()
    (library / "other.py").write_text('"""Another."""')
    assert ("Another.", "some") in pydocs.documents()
    assert len(list(cache_folder.glob("pydocs.*"))) == 1


def test_a_damaged_cache_is_made_anew(library, cache_folder):
    first = pydocs.documents()
    [path] = cache_folder.glob("pydocs.*")
    path.write_bytes(path.read_bytes()[:-10])
    assert pydocs.documents() == first


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(pydocs, "LIBRARIES", {"nothing": "no_such_library"})
    with pytest.raises(DatasetError, match="pydocs needs nothing"):
        pydocs.documents()
