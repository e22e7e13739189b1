"""What an HTTP status above 299 means for a person: one error, one sentence."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from core.brokers.base import BadRequest, BadResponse, BrokerError, NeedsToken, NotFound, RateLimited

_SAID_AT_MOST = 200


def refuse_status(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    broker: str,
    about: str = "",
    advice: str = "",
    with_token: bool = False,
) -> BrokerError:
    """The error for a status of 300 or more. about : the object's id. with_token : a token was sent along."""
    said = what_it_said(body)
    quoted = f": “{said}”" if said else ""
    if status == 404:
        return NotFound(
            broker, f"{broker} does not know {about or 'this object'}.", "Check the id, or try another broker."
        )
    if status in (400, 422):
        return BadRequest(broker, f"{broker} refused the request ({status}){quoted}.", "Check the id.")
    if status in (401, 403) and not with_token:
        return NeedsToken(
            broker, f"{broker} asks for a token ({status}).", "Set its token in the settings of this server."
        )
    if status in (401, 403):
        return BadRequest(broker, f"{broker} refused the token ({status}){quoted}.", "Check the token in the settings.")
    if status == 429:
        wait = retry_after(headers.get("retry-after", ""))
        when = "Wait a minute" if wait is None else f"Wait {wait:.0f} s"
        return RateLimited(
            broker,
            f"{broker} limits how often it may be asked, and the limit is reached.",
            f"{when}, then try again.",
            wait,
        )
    return BadResponse(broker, f"{broker} failed with status {status}{quoted}.", advice)


def retry_after(value: str, now: datetime | None = None) -> float | None:
    """Seconds to wait from a Retry-After header, given as seconds or as an HTTP date; None when it says neither."""
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    seconds = (date - (now or datetime.now(UTC))).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def what_it_said(body: bytes) -> str:
    """The broker's own words in an error body: JSON, Fink's printed dictionary or plain text; "" for a web page."""
    text = body[:8192].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        return ""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        # Fink prints a Python dictionary, with single quotes: not JSON.
        found = re.search(r"['\"]text['\"]:\s*(['\"])(.*?)\1\s*[,}]", text, re.DOTALL)
        parsed = found.group(2).replace("\\n", " ") if found else text
    if isinstance(parsed, dict):
        parsed = next((parsed[k] for k in ("detail", "message", "error", "errors", "text") if parsed.get(k)), "")
    words = " ".join("".join(c if c.isprintable() else " " for c in str(parsed)).split()).rstrip(".")
    return words if len(words) <= _SAID_AT_MOST else words[: _SAID_AT_MOST - 1] + "…"
