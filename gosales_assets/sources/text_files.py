"""Files as text: fingerprint, character encoding and line ends, and blocks of whole lines.

Every delimited file of the platform is read through here, a block at a time, so that a file of
any size costs the memory of one block.
"""

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from gosales_assets.settings import SettingsError
from gosales_assets.sources.tabular import Fingerprint

BLOCK = 1 << 25
_GZIP = b"\x1f\x8b"
_BINARY = {b"PK\x03\x04": "a spreadsheet or zip file", b"PAR1": "a Parquet file"}
_HEAD = 1 << 18


def examine(path: Path) -> Fingerprint:
    """Read a file once, whole, to learn its fingerprint, encoding and line ends.

    Raises
    ------
    SettingsError
        When the file cannot be opened, is empty, or its gzip is damaged.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(BLOCK):
                digest.update(piece)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    encoding = _encoding(path)
    return Fingerprint(digest.hexdigest(), path.stat().st_size, encoding, _newline(path, encoding))


def blocks(path: Path, known: Fingerprint, size: int = BLOCK) -> Iterator[bytes]:
    r"""Yield the text as UTF-8 with ``\n`` line ends, cut only at line ends."""
    rest = b""
    for piece in _utf8(path, known.encoding or "utf-8", size):
        text = rest + (piece.replace(b"\r", b"\n") if known.newline == "\r" else piece)
        end = text.rfind(b"\n") + 1
        if end:
            yield text[:end]
        rest = text[end:]
    if rest:
        yield rest


def head(path: Path) -> str:
    """Text of the file's beginning, enough to find the header; reads no further."""
    first = _first(path)
    encoding = _marked(first) or ("utf-8" if _is_utf8([first]) else "cp1252")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(first)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _first(path: Path) -> bytes:
    first = next(_pieces(path, _HEAD), b"")
    if not first:
        raise SettingsError(f"{path}: the file is empty")
    for mark, kind in _BINARY.items():
        if first.startswith(mark):
            raise SettingsError(f"{path}: this is {kind}, not delimited text; save it as CSV")
    return first


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            file = cast(IO[bytes], gzip.GzipFile(fileobj=raw) if packed else raw)
            while piece := file.read(size):
                yield piece
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SettingsError(f"{path}: the gzip file is damaged or cut short: {error}") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error


def _utf8(path: Path, encoding: str, size: int) -> Iterator[bytes]:
    if encoding == "utf-8":
        yield from _pieces(path, size)
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    for piece in _pieces(path, size):
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _encoding(path: Path) -> str:
    first = _first(path)
    marked = _marked(first)
    if marked is not None and _decodes(_pieces(path, BLOCK), marked):
        return marked
    if _is_utf8(_pieces(path, BLOCK)):
        return "utf-8"
    return "cp1252" if _decodes(_pieces(path, BLOCK), "cp1252") else "latin-1"


def _marked(first: bytes) -> str | None:
    """Encoding that the first bytes give away: a byte order mark, or UTF-16 without one."""
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = first[: len(first) // 2 * 2]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 2 > len(sample) // 2 and min(even, odd) * 10 < max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def _is_utf8(pieces: Iterator[bytes] | list[bytes]) -> bool:
    # The end is left open: the last piece of a head may stop inside a character.
    return _decodes(pieces, "utf-8", complete=isinstance(pieces, Iterator))


def _decodes(pieces: Iterator[bytes] | list[bytes], encoding: str, complete: bool = True) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", final=complete)
    except UnicodeDecodeError:
        return False
    return True


def _newline(path: Path, encoding: str) -> str:
    returns = False
    for piece in _utf8(path, encoding, BLOCK):
        if b"\n" in piece:
            return "\n"
        returns = returns or b"\r" in piece
    return "\r" if returns else "\n"
