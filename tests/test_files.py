import errno
import json
import math
import os
from pathlib import Path

import pytest

from dlcli.errors import DiskError
from dlcli.files import as_json, atomic_write, disk_errors, read_bytes, read_json, size_text, split_lines, write_text


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    write_text(path, "old")
    with pytest.raises(TypeError), atomic_write(path) as file:
        file.writelines([b"half", "no bytes"])
    assert path.read_text() == "old"
    write_text(path, "né")
    assert path.read_bytes() == "né".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_whoever_has_the_old_file_open_keeps_it(tmp_path):
    write_text(tmp_path / "file", "old")
    with (tmp_path / "file").open() as old:
        write_text(tmp_path / "file", "new")
        assert old.read() == "old"


def test_a_full_disk_is_an_error_of_the_disk_that_says_how_much_is_free(tmp_path):
    told = r"cannot write .*/file: no space left on device, [\d.]+ \w+ free"
    with pytest.raises(DiskError, match=told), disk_errors(tmp_path / "gone" / "file"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_known_by_its_message_too():
    with pytest.raises(DiskError, match="no space left"), disk_errors(Path.cwd()):
        raise ValueError("tensorstore: write failed: No space left on device [source]")


def test_other_errors_pass():
    with pytest.raises(ValueError, match="odd"), disk_errors(Path.cwd()):
        raise ValueError("odd")


def test_json_is_strict_and_null_stands_for_what_is_not_finite():
    value = {"loss": math.nan, "rates": [1.5, math.inf, (-math.inf, 2)], "text": "é", "none": None}
    assert json.loads(as_json(value)) == {"loss": None, "rates": [1.5, None, [None, 2]], "text": "é", "none": None}


def test_an_object_is_read_as_it_was_written(tmp_path):
    write_text(tmp_path / "a.json", as_json({"é": [1, 2.5]}, indent=2))
    assert read_json(tmp_path / "a.json") == {"é": [1, 2.5]}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b"{" * 10**6, b'{"a": ' * 10**5, b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_object_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_json(tmp_path / "a.json")


def test_what_is_no_regular_file_or_too_large_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for name in ("pipe", "link", "."):
        with pytest.raises(ValueError, match="regular file"):
            read_json(tmp_path / name)
    (tmp_path / "giant").touch()
    os.truncate(tmp_path / "giant", 10**12)
    with pytest.raises(ValueError, match="at most 16 MiB, found 931 GiB"):
        read_json(tmp_path / "giant")


def test_a_link_is_followed_where_links_are_allowed(tmp_path):
    write_text(tmp_path / "file", "text")
    (tmp_path / "link").symlink_to("file")
    assert read_bytes(tmp_path / "link", 4) == b"text"
    with pytest.raises(ValueError, match="found a link"):
        read_bytes(tmp_path / "link", 4, links=False)


def test_a_file_that_hides_its_size_is_read_up_to_the_bound():
    with pytest.raises(ValueError, match="found more"):
        read_bytes(Path("/proc/self/status"), 10)


def test_a_line_ends_at_a_line_feed_alone():
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
def test_a_number_of_bytes_is_written_in_the_unit_that_fits_it(count, told):
    assert size_text(count) == told


def test_where_writing_is_not_allowed_nothing_is_said_of_room(tmp_path):
    with pytest.raises(DiskError) as raised, disk_errors(tmp_path / "file"):
        raise PermissionError(errno.EACCES, "Permission denied")
    assert str(raised.value) == f"cannot write {tmp_path / 'file'}: permission denied"
