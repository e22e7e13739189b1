"""JSON from outside, in which every text can be written out again."""

from __future__ import annotations

import json
import re
from typing import Any

#: An escape: a pair of surrogates, half of a pair, or anything else (so that ``\\\\ud800`` is not taken for one).
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def parsed(data: bytes, **options: Any) -> Any:
    """As `json.loads`; half of a surrogate pair, which no page, file or database takes, becomes U+FFFD.

    options : of `json.loads`. Raises ValueError or RecursionError, as it does.
    """
    text = data.decode(json.detect_encoding(data))
    if _HALF.search(text):
        text = _ESCAPE.sub(lambda found: "\\ufffd" if found[1] else found[0], text)
    return json.loads(text, **options)
