"""Files as text: fingerprint, character encoding and line ends, and blocks of whole lines.

Every delimited file of the platform is read through here, a block at a time, so that a file of
any size costs the memory of one block.
"""

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

from gosales_assets.settings import SettingsError
from gosales_assets.sources.tabular import Fingerprint

BLOCK = 1 << 24
MIXED = "utf-8 and cp1252"  # files glued together; what is no UTF-8 is read as cp1252
_CP1252_INSTEAD = "gosales.cp1252_instead"
_GZIP = b"\x1f\x8b"
_PACKED = {b"PK\x03\x04": "a workbook or zip file", b"PAR1": "a Parquet file"}
_HEAD = 1 << 18
_NO_LETTER = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_QUOTED = re.compile(r'(?<![^,;|\t\r\n])"(?:[^"]|"")*"(?![^,;|\t\r\n])')
_LOOKED_AT = 4096  # characters; where one in twenty of them is no letter, the file is no text


def examine(path: Path) -> Fingerprint:
    """Read a file once, whole, to learn its fingerprint, encoding and line ends.

    Raises
    ------
    SettingsError
        When the file cannot be opened, is empty, or its gzip is damaged.
    """
    with ThreadPoolExecutor(max_workers=1) as beside:
        fingerprint = beside.submit(Fingerprint.of, path)
        encoding = _encoding(path)
        known = fingerprint.result()
    begin = _decoder(encoding, "replace").decode(_first(path))
    return replace(known, encoding=encoding, newline=_newline(begin))


def blocks(path: Path, known: Fingerprint, size: int = BLOCK) -> Iterator[bytes]:
    r"""Yield the text as UTF-8 with ``\n`` line ends, cut only at line ends."""
    rest = b""
    for piece in _utf8(path, known.encoding or "utf-8", size):
        text = piece.replace(b"\r", b"\n") if known.newline == "\r" else piece
        end = text.rfind(b"\n") + 1
        if end:
            yield b"".join((rest, memoryview(text)[:end]))
            rest = b""
        rest += text[end:]
    if rest:
        yield rest


def head(path: Path) -> str:
    """Text of the file's beginning, enough to find the header; reads no further."""
    first = _first(path)
    # Its last character may be cut.
    encoding = _marked(first) or _unmarked(lambda: [first], complete=False)
    text = _decoder(encoding, "replace").decode(first)
    begin = text[:_LOOKED_AT]
    if len(_NO_LETTER.findall(begin)) * 20 > len(begin):
        raise SettingsError(
            f"{path}: this is not text (control characters all over); save it as CSV"
        )
    # A lone carriage return that ends no line would stop the search for the header.
    return text.replace("\r\n", "\n").replace("\r", "\n" if _newline(text) == "\r" else " ")


def _first(path: Path) -> bytes:
    first = next(_pieces(path, _HEAD), b"")
    if not first:
        raise SettingsError(f"{path}: the file is empty")
    for mark, kind in _PACKED.items():
        if first.startswith(mark):
            raise SettingsError(f"{path}: there is {kind} in this gzip file; unpack it")
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
    decoder = _decoder(encoding)
    for piece in _pieces(path, size):
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _decoder(encoding: str, errors: str = "strict") -> codecs.IncrementalDecoder:
    if encoding == MIXED:
        return codecs.getincrementaldecoder("utf-8")(_CP1252_INSTEAD)
    return codecs.getincrementaldecoder(encoding)(errors)


def _cp1252_instead(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    strange = error.object[error.start : error.end]
    return "".join(_cp1252_letter(strange[at : at + 1]) for at in range(len(strange))), error.end


def _cp1252_letter(byte: bytes) -> str:
    return byte.decode("cp1252" if _decodes([byte], "cp1252") else "latin-1")


codecs.register_error(_CP1252_INSTEAD, _cp1252_instead)


def _encoding(path: Path) -> str:
    marked = _marked(_first(path))
    if marked is not None and _decodes(_pieces(path, BLOCK), marked):
        return marked
    if marked is not None and marked != "utf-8-sig":
        raise SettingsError(
            f"{path}: the text begins as UTF-16 and cannot be read so to its end; "
            "it was cut short or damaged"
        )
    return _unmarked(lambda: _pieces(path, BLOCK))


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


def _unmarked(pieces: Callable[[], Iterable[bytes]], *, complete: bool = True) -> str:
    if _decodes(pieces(), "utf-8", complete=complete):
        return "utf-8"
    if _is_mostly_utf8(pieces()):
        return MIXED
    return "cp1252" if _decodes(pieces(), "cp1252") else "latin-1"


def _decodes(pieces: Iterable[bytes], encoding: str, *, complete: bool = True) -> bool:
    decoder = _decoder(encoding)
    try:
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", final=complete)
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf8(pieces: Iterable[bytes]) -> bool:
    """Whether more letters beyond ASCII read as UTF-8 than there are bytes that do not."""
    decoder = _decoder("utf-8", "ignore")
    letters = strange = 0
    for piece in pieces:
        read = decoder.decode(piece)
        letters += len(read) - len(read.encode("ascii", "ignore"))
        strange += len(piece) - len(read.encode())
    return letters > strange


def _newline(begin: str) -> str:
    """What ends the lines, by a file's beginning: quoted fields may hold either."""
    unquoted = _QUOTED.sub("", begin)
    feeds = unquoted.count("\n")
    lone_returns = unquoted.count("\r") - unquoted.count("\r\n")
    return "\r" if lone_returns > feeds else "\n"
