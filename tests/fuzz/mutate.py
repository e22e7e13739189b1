"""Small changes to valid input: of bytes, of tables, of JSON, of Avro blocks. Each takes and gives bytes."""

from __future__ import annotations

import io
import json
import re
from random import Random
from typing import Any

from core.brokers.files import avro
from core.refusal import BadInput
from tests.core.files.alerts import zigzag

LONGEST = 200_000
_CELL = re.compile(rb"[^,;\t|\r\n]+")
#: What stands in tables and answers where something else was expected.
WORDS: tuple[str, ...] = (
    "", " ", "nan", "NaN", "inf", "-inf", "null", "None", "0", "-0.0", "-1", "1", "2", "3", "7", "99", "-99", "-999", "-999.0",
    "1e308", "1e-308", "1e400", "-1e400", "1e5", "5e4", "60000", "60000.5", "2460000.5", "75001", "49999.9", "4294967296",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "9007199254740993", "1" * 400, "0x10", "1_000",
    "1,5", "1;5", '"', "'", '""', "\\", "=1+1", "+1", "@x", "-x", "\t", "g", "r", "i", "u", "z", "y", "ztf_g", "ztf_r", "ztf_i", "lsst_u",
    "lsst_y", "zg", "clear", "1.0", "True", "t", "f", "<20.5", ">20", "\u0663\u0664", "\u2212\u0031", "\ufeff", "\u0000", "\U0001f600", "é", "a" * 300,
    "../../etc/passwd", "/etc/passwd", "C:\\x", "http://169.254.169.254/", "file:///etc/passwd", "<script>alert(1)</script>",
    "![x](http://x)", "$x$", ":red[x]", "ZTF18aabtxvd", "ZTF20aaaaaaa", "170032921165955139", "SNIa", "SNII", "SN Ia", "TDE", "Mira",
    "AGN", "other", "object_id", "oid", "mjd", "jd", "band", "fid", "flux", "flux_err", "mag", "magerr", "magpsf", "sigmapsf", "class",
    "p_SNIa", "p_SNII", "2026-11-20", "2026-11-20T21:40:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "fluxcal", "ujy",
    "njy", "redshift", "junk", "unsure", "withdrawn", "high",
)  # fmt: skip
#: The same for JSON: values of every kind.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 99, -999, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**400, 0.5, -0.0, 1e308, 1e-308, 60000.5,
    2460000.5, float("nan"), float("inf"), float("-inf"), "", "\ud800", "x\udfff", "\u0000", [], {}, [[]], [{}], [None], [1, "a"], {"": 1},
    {"a": None},
)  # fmt: skip
_EDGES = (0, 1, -1, 2, -2, 63, 64, -64, 127, 128, 2**15, 2**31 - 1, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63))


def of_bytes(data: bytes, random: Random) -> bytes:
    """One to four changes of bytes, wherever they fall."""
    out = bytearray(data[:LONGEST])
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        where, size = random.randrange(len(out) + 1), random.choice((1, 1, 2, 4, 8, 40))
        what = random.randrange(8)
        if what == 0 and where < len(out):
            out[where] ^= 1 << random.randrange(8)
        elif what == 1 and where < len(out):
            out[where] = random.choice((0, 1, 2, 0x7F, 0x80, 0xFF, 0x0A, 0x22, 0x2C, random.randrange(256)))
        elif what == 2:
            del out[where : where + size]
        elif what == 3:
            out[where:where] = out[where : where + size] * random.choice((1, 2, 50))
        elif what == 4:
            out[where:where] = random.randbytes(size)
        elif what == 5:
            edge = random.choice(_EDGES)
            out[where : where + random.choice((0, 1, 4, 8))] = random.choice(
                (zigzag(edge), (edge & (2**64 - 1)).to_bytes(8, "little"), (edge & (2**32 - 1)).to_bytes(4, "big"))
            )
        elif what == 6:
            other = random.randrange(len(out) + 1)
            out[where : where + size] = out[other : other + size]
        elif random.random() < 0.3:
            del out[where:]
    return bytes(out[:LONGEST])


def of_table(data: bytes, random: Random) -> bytes:
    """Cells replaced, lines dropped, doubled and moved, delimiters changed; now and then bytes as well."""
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        what = random.randrange(10)
        if what < 5 and (cells := list(_CELL.finditer(data[:LONGEST]))):
            # Half of the time in the first line: that is where a table says what it is.
            chosen = random.choice(cells if random.random() < 0.5 else cells[:8])
            word = random.choice(WORDS).encode("utf-8", "surrogatepass")
            data = data[: chosen.start()] + word + data[chosen.end() :]
        elif what < 8:
            lines = data[:LONGEST].split(b"\n")
            at, other = random.randrange(len(lines)), random.randrange(len(lines))
            if what == 5:
                del lines[at]
            elif what == 6:
                lines[at:at] = [lines[other]] * random.choice((1, 1, 30))
            else:
                lines[at], lines[other] = lines[other], lines[at]
            data = b"\n".join(lines)
        elif what == 8:
            data = data.replace(b",", random.choice((b";", b"\t", b"|", b" ", b",,", b'","')), random.choice((1, -1)))
        else:
            data = of_bytes(data, random)
    if random.random() < 0.03:
        data = data.decode("utf-8", "replace").encode(
            random.choice(("utf-16", "utf-8-sig", "cp1252", "utf-32")), "replace"
        )
    return data[:LONGEST]


def of_json(data: bytes, random: Random) -> bytes:
    """Values replaced by others of any kind, keys dropped, renamed and moved; now and then bytes as well."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return of_bytes(data, random)
    for _ in range(random.choice((1, 1, 2, 4, 8))):
        value = _changed(value, random)
    try:
        out = json.dumps(value).encode()
    except RecursionError:
        return of_bytes(data, random)
    return of_bytes(out, random) if random.random() < 0.1 else out[:LONGEST]


def _changed(value: Any, random: Random) -> Any:
    """A value with one change somewhere in it."""
    if isinstance(value, dict) and value and random.random() < 0.93:
        key = random.choice(list(value))
        what = random.randrange(12)
        if what == 0:
            return {k: v for k, v in value.items() if k != key}
        if what == 1:
            return {(random.choice(WORDS) if k == key else k): v for k, v in value.items()}
        if what == 2:
            return {**value, random.choice(list(value)): value[key]}
        return {**value, key: _changed(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.93:
        at, what = random.randrange(len(value)), random.randrange(12)
        if what == 0:
            return value[:at] + value[at + 1 :]
        if what == 1:
            return value[:at] + [value[at]] * random.choice((2, 2, 20)) + value[at + 1 :]
        if what == 2:
            return value[::-1]
        return [*value[:at], _changed(value[at], random), *value[at + 1 :]]
    if isinstance(value, int | float) and not isinstance(value, bool) and random.random() < 0.3:
        return (
            value * random.choice((-1, 0, 10, 2**64))
            if abs(value) >= 2**60
            else value * random.choice((-1, 0, 1e-30, 1e30, 1.0001))
        )
    if random.random() < 0.03:
        for _ in range(random.choice((20, 200, 2000))):
            value = [value]
        return value
    return random.choice(VALUES) if random.random() < 0.6 else random.choice(WORDS)


def of_container(data: bytes, random: Random) -> bytes:
    """An Avro container whose blocks were changed inside, so that sizes and markers still hold; at times they do not."""
    if random.random() < 0.15:
        return of_bytes(data, random)
    stream = io.BytesIO(data)
    try:
        header = avro.header_of(stream)
    except BadInput:
        return of_bytes(data, random)
    out = data[: stream.tell()]
    while (first := stream.read(1)) and len(out) < LONGEST:
        try:
            count, size = avro._long(stream, "block", first), avro._long(stream, "block")
            block = avro._take(stream, size, "block")
            stream.read(16)
        except BadInput:
            return of_bytes(data, random)
        if header.codec == "null" and random.random() < 0.9:
            block = of_bytes(block, random)
        if random.random() < 0.1:
            count = random.choice((0, count + 1, max(count - 1, 0), random.choice(_EDGES)))
        size = random.choice(_EDGES) if random.random() < 0.02 else len(block)
        out += zigzag(count) + zigzag(size) + block + header.sync
    return out


def of_schema(data: bytes, random: Random) -> bytes:
    """An Avro container whose schema was changed, its blocks left as they are."""
    stream = io.BytesIO(data)
    meta = avro._header_fields(stream)
    rest = data[stream.tell() :]
    meta["avro.schema"] = of_json(meta["avro.schema"], random)
    if random.random() < 0.05:
        meta["avro.codec"] = random.choice((b"deflate", b"snappy", b"zstandard", b"bzip2", b"xz", b"lzo", b"\xff"))
    out = avro.MAGIC + zigzag(len(meta))
    for key, value in meta.items():
        out += zigzag(len(key.encode())) + key.encode() + zigzag(len(value)) + value
    return out + zigzag(0) + rest
