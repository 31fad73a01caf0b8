import struct

import pytest

from dlcli.trackers import event_files


@pytest.mark.parametrize(
    ("content", "checksum"),
    [  # RFC 3720, appendix B.4
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"123456789", 0xE3069283),
    ],
)
def test_the_checksum_is_that_of_the_standard(content, checksum):
    assert event_files.crc32c(content) == checksum


def test_a_record_has_its_length_and_two_masked_checksums():
    content = b"content of a record"
    found = event_files.record(content)
    assert struct.unpack("<Q", found[:8]) == (len(content),)
    assert found[12:-4] == content
    for part, stored in ((found[:8], found[8:12]), (content, found[-4:])):
        masked = (struct.unpack("<I", stored)[0] - 0xA282EAD8) & 0xFFFFFFFF
        assert (masked >> 17 | masked << 15) & 0xFFFFFFFF == event_files.crc32c(part)
