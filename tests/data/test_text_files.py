import gzip
import os
import random
import time

import pytest

from dlcli.data import text_files
from dlcli.errors import DatasetError


def test_a_padded_gzip_file_of_several_members_is_read_completely(tmp_path):
    text = "".join(f"line {number}\n" for number in range(300_000))
    packed = gzip.compress(text[:1_000_000].encode()) + b"\0" * 500 + gzip.compress(text[1_000_000:].encode())
    (tmp_path / "a.txt.gz").write_bytes(packed + b"\0" * 10_000)
    assert text_files.read(tmp_path / "a.txt.gz") == text


def test_trailing_nul_bytes_of_a_gzip_file_are_skipped_fast(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"a line\n"))
    os.truncate(path, 2**28)  # a sparse file
    start = time.process_time()
    assert text_files.read(path) == "a line\n"
    assert time.process_time() - start < 5  # half a minute if they are skipped one by one


@pytest.mark.parametrize("length", [1, 15, 40, -1])
def test_a_truncated_gzip_file_cannot_be_read(tmp_path, length):
    packed = gzip.compress(random.Random(0).randbytes(100).hex().encode())
    (tmp_path / "a.txt.gz").write_bytes(packed[:length])
    with pytest.raises(DatasetError, match="cannot be read"):
        text_files.read(tmp_path / "a.txt.gz")
