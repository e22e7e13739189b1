"""What holds of every value that a reader gives, whatever it was made from."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from core.bands import BANDS
from core.lightcurve import MAX_POINTS, MAX_REDSHIFT, MJD_RANGE, LightCurve


class Broken(AssertionError):
    """A reader gave a value that breaks its promise."""


def sentence(text: object) -> None:
    """A message says something, and can be shown and written."""
    if not isinstance(text, str) or not text.strip():
        raise Broken(f"a message is {text!r}; expected a sentence")
    writable(text)
    if "Traceback" in text or len(text) > 4000:
        raise Broken(f"a message of {len(text)} characters is none for a person: {text[:200]!r}")


def writable(*texts: str | None) -> None:
    """Texts can be encoded: a page, a file and a database all ask for that."""
    for text in texts:
        if text is not None:
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise Broken(f"text that can't be written: {text[:60]!r}") from error


def whole(curve: LightCurve) -> None:
    """A light curve is in order: times rise, everything is finite, errors are positive, texts can be written."""
    n = len(curve)
    arrays = (curve.mjd, curve.flux, curve.flux_err, curve.band, curve.forced)
    if not all(len(array) == n and not array.flags.writeable for array in arrays) or n > MAX_POINTS:
        raise Broken("arrays differ in length, can be changed, or are too long")
    if not all(np.isfinite(array).all() for array in arrays[:3]):
        raise Broken("a number is not finite")
    if n and (np.any(np.diff(curve.mjd) < 0) or curve.mjd[0] < MJD_RANGE[0] or curve.mjd[-1] > MJD_RANGE[1]):
        raise Broken("times do not rise, or lie out of range")
    if np.any(curve.flux_err <= 0) or np.any(curve.band < 0) or np.any(curve.band >= len(BANDS)):
        raise Broken("an error is not positive, or a band is none")
    if not np.isfinite(curve.limits.mjd).all() or np.any(curve.limits.flux_limit <= 0):
        raise Broken("a limit is none")
    if curve.redshift is not None and not 0 < curve.redshift < MAX_REDSHIFT:
        raise Broken(f"the redshift is {curve.redshift}")
    if not all(math.isfinite(value) for value in curve.context.values()):
        raise Broken(f"context holds {dict(curve.context)}")
    if any(value is not None and not math.isfinite(value) for value in (curve.ra, curve.dec, curve.redshift_err)):
        raise Broken("a position is not finite")
    writable(curve.object_id, curve.alert_id, *(note.message for note in curve.notes), *curve.context)
    writable(
        curve.provenance.source, curve.provenance.url, curve.provenance.true_class, curve.provenance.true_class_source
    )
    curve.photometry_sha256()


def all_whole(curves: Iterable[LightCurve]) -> None:
    """As `whole`, of each."""
    for curve in curves:
        whole(curve)
