"""Event files of TensorBoard: records with checksums, and the few protocol buffers that TensorBoard reads.

Formats: TFRecord, tensorflow/core/lib/io/record_writer.h (length, masked CRC-32C, content, masked CRC-32C); messages
`Event`, `Summary`, `TensorProto`, tensorflow/core/util/event.proto and tensorflow/core/framework/*.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_POLYNOMIAL = 0x82F63B78  # of CRC-32C (Castagnoli), reflected
_START = 1  # SessionLog.START: TensorBoard discards what an earlier file has from this step on
_DT_STRING = 7


def record(content: bytes) -> bytes:
    """Return the record of a file that holds `content`."""
    length = struct.pack("<Q", len(content))
    return length + _checksum(length) + content + _checksum(content)


def event(at: float, step: int = 0, *, summary: bytes = b"", version: str = "", restarted: bool = False) -> bytes:
    """Return an `Event`.

    Args:
        at: time in seconds since 1970.
        step: of training.
        summary: from `scalars`, `image` or `text`.
        version: of the file format, in the first event of a file.
        restarted: whether training starts from `step`.
    """
    found = _field(1, _FIXED64, struct.pack("<d", at)) + _field(2, _VARINT, _varint(step))
    if version:
        found += _message(3, version.encode())
    if summary:
        found += _message(5, summary)
    if restarted:
        found += _message(7, _field(1, _VARINT, _varint(_START)))
    return found


def scalars(values: Iterable[tuple[str, float]]) -> bytes:
    """Return a `Summary` of numbers by their tags."""
    return b"".join(_value(tag, _field(2, _FIXED32, struct.pack("<f", value))) for tag, value in values)


def image(tag: str, png: bytes, height: int, width: int) -> bytes:
    """Return a `Summary` of a picture in colours."""
    sizes = ((1, height), (2, width), (3, 3))
    encoded = b"".join(_field(number, _VARINT, _varint(size)) for number, size in sizes) + _message(4, png)
    return _value(tag, _message(4, encoded))


def text(tag: str, content: str) -> bytes:
    """Return a `Summary` of a text in Markdown."""
    tensor = _field(1, _VARINT, _varint(_DT_STRING)) + _message(8, content.encode("utf-8", "replace"))
    plugin = _message(1, _message(1, b"text"))
    return _value(tag, _message(8, tensor) + _message(9, plugin))


def crc32c(content: bytes) -> int:
    """Return the CRC-32C checksum."""
    found = 0xFFFFFFFF
    for each in content:
        found = _TABLE[(found ^ each) & 255] ^ (found >> 8)
    return found ^ 0xFFFFFFFF


def _checksum(content: bytes) -> bytes:
    """Return the checksum as TFRecord masks it, so that a checksum of checksums is not weak."""
    found = crc32c(content)
    return struct.pack("<I", ((found >> 15 | found << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _entry(index: int) -> int:
    for _ in range(8):
        index = (index >> 1) ^ (_POLYNOMIAL if index & 1 else 0)
    return index


def _value(tag: str, content: bytes) -> bytes:
    return _message(1, _message(1, tag.encode()) + content)


def _message(number: int, content: bytes) -> bytes:
    return _field(number, _BYTES, _varint(len(content)) + content)


def _field(number: int, kind: int, content: bytes) -> bytes:
    return _varint(number << 3 | kind) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


_TABLE = [_entry(index) for index in range(256)]
