import errno
import json
import math
import os
from pathlib import Path

import pytest

from dlcli.errors import DiskError
from dlcli.files import as_json, atomic_write, disk_errors, read_bytes, read_json, size_text, split_lines, write_text


def test_a_file_is_replaced_atomically(tmp_path):
    path = tmp_path / "file"
    write_text(path, "old")
    with pytest.raises(TypeError), atomic_write(path) as file:
        file.writelines([b"half", "no bytes"])
    assert path.read_text() == "old"
    write_text(path, "né")
    assert path.read_bytes() == "né".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_an_open_old_file_stays_readable(tmp_path):
    write_text(tmp_path / "file", "old")
    with (tmp_path / "file").open() as old:
        write_text(tmp_path / "file", "new")
        assert old.read() == "old"


def test_the_error_for_a_full_disk_names_the_free_space(tmp_path):
    told = r"cannot write .*/file: no space left on device, [\d.]+ \w+ free"
    with pytest.raises(DiskError, match=told), disk_errors(tmp_path / "gone" / "file"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_recognized_by_its_message():
    with pytest.raises(DiskError, match="no space left"), disk_errors(Path.cwd()):
        raise ValueError("tensorstore: write failed: No space left on device [source]")


def test_other_errors_are_unchanged():
    with pytest.raises(ValueError, match="odd"), disk_errors(Path.cwd()):
        raise ValueError("odd")


def test_values_that_are_not_finite_are_null_in_json():
    value = {"loss": math.nan, "rates": [1.5, math.inf, (-math.inf, 2)], "text": "é", "none": None}
    assert json.loads(as_json(value)) == {"loss": None, "rates": [1.5, None, [None, 2]], "text": "é", "none": None}


def test_a_json_object_is_read_as_written(tmp_path):
    write_text(tmp_path / "a.json", as_json({"é": [1, 2.5]}, indent=2))
    assert read_json(tmp_path / "a.json") == {"é": [1, 2.5]}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b"{" * 10**6, b'{"a": ' * 10**5, b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_json_that_is_not_an_object_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_json(tmp_path / "a.json")


def test_a_file_that_is_too_large_or_not_regular_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for name in ("pipe", "link", "."):
        with pytest.raises(ValueError, match="regular file"):
            read_json(tmp_path / name)
    (tmp_path / "giant").touch()
    os.truncate(tmp_path / "giant", 10**12)
    with pytest.raises(ValueError, match="at most 16 MiB, found 931 GiB"):
        read_json(tmp_path / "giant")


def test_a_link_is_followed_if_links_are_allowed(tmp_path):
    write_text(tmp_path / "file", "text")
    (tmp_path / "link").symlink_to("file")
    assert read_bytes(tmp_path / "link", 4) == b"text"
    with pytest.raises(ValueError, match="found a link"):
        read_bytes(tmp_path / "link", 4, links=False)


def test_a_file_of_unknown_size_is_read_up_to_the_limit():
    with pytest.raises(ValueError, match="found more"):
        read_bytes(Path("/proc/self/status"), 10)


def test_lines_end_at_line_feeds_only():
    assert split_lines("a\u2028b\x85c\fd\x1ce\r\n\nf\n") == ["a\u2028b\x85c\fd\x1ce", "", "f"]
    assert split_lines("") == []
    assert split_lines("no end") == ["no end"]


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 bytes"),
        (1, "1 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (2**31, "2 GiB"),
        (5e16, "44 PiB"),
    ],
)
def test_bytes_have_a_fitting_unit(count, told):
    assert size_text(count) == told


def test_the_error_for_a_forbidden_write_does_not_name_the_free_space(tmp_path):
    with pytest.raises(DiskError) as raised, disk_errors(tmp_path / "file"):
        raise PermissionError(errno.EACCES, "Permission denied")
    assert str(raised.value) == f"cannot write {tmp_path / 'file'}: permission denied"
