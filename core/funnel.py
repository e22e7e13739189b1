"""The cuts of the published service, to be switched on: which light curves it would have scored at all, and why not.

Fink's t2 module scored alerts with at least two measurements, in g and in r, whose first alert was at most 90 days old,
that were no known Solar System object, and that SIMBAD did not list as a star or another source that is no galaxy
(fink-science, `fink_science/t2`; Allam, Peloton & McEwen 2023). A cut whose numbers are not there is not made.
"""

from __future__ import annotations

from core.bands import BANDS
from core.lightcurve import LightCurve
from core.refusal import Refusal

MIN_POINTS = 2
MAX_AGE = 90.0
#: Fink's `roid` of an alert that ZTF itself matched to a known Solar System object.
KNOWN_ASTEROID = 3
#: Fink's own rule for it, where there is no `roid`: nearer than 5″, nearer than any Pan-STARRS source, seen at most 5 times.
ASTEROID_DISTANCE = 5.0
ASTEROID_DETECTIONS = 5
#: Stand-in where no SIMBAD label is: a Pan-STARRS source this star-like (Tachibana & Miller 2018) within ZTF's own radius.
STAR_SCORE = 0.76
STAR_DISTANCE = 1.5
_JD = 2_400_000.5

#: What every refusal of these cuts names in its message, unlike those of a model or of a reader.
SELECTION = "the published selection"
#: The cuts in order: reason codes and what is left after them.
STEPS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("no_points", "too_few_points", "missing_band"), "with 2 points or more, in g and in r"),
    (("too_old",), "within 90 days of the first alert"),
    (("solar_system",), "no known Solar System object"),
    (("galactic",), "no star or other known source that is no galaxy"),
)


def published_selection(curve: LightCurve) -> Refusal | None:
    """Why the published service would not have scored a light curve; None where it would have.

    Reads from `LightCurve.context`: mjdstarthist, roid, ssdistnr, distpsnr1, ndethist, known_asteroid, simbad_other and
    sgscore1. Refusal reasons: no_points, too_few_points, missing_band, too_old, solar_system, galactic.
    """
    return _counts(curve) or _age(curve) or _solar_system(curve) or _galactic(curve)


def _counts(curve: LightCurve) -> Refusal | None:
    found = curve.band[~curve.forced].tolist()
    if not found:
        return Refusal("no_points", "Not scored: the published selection asks for detections, and there are none.")
    if len(found) < MIN_POINTS:
        return Refusal(
            "too_few_points",
            f"Not scored: {len(found)} detection; the published selection asks for {MIN_POINTS} or more.",
        )
    survey = BANDS[found[0]].survey
    labels = {BANDS[b].label: BANDS[b].name for b in sorted(set(found))}
    if not {f"{survey}_g", f"{survey}_r"} <= set(labels.values()):
        here = ", ".join(labels)
        return Refusal("missing_band", f"Not scored: detections in {here}; the published selection asks for g and r.")
    return None


def _age(curve: LightCurve) -> Refusal | None:
    last = float(curve.mjd[~curve.forced][-1])
    start = curve.context.get("mjdstarthist", curve.first_detection)
    age = last - (start - _JD if start > _JD else start)
    if age <= MAX_AGE:
        return None
    return Refusal(
        "too_old",
        f"Not scored: {age:.1f} d since the first alert; the published selection takes at most {MAX_AGE:.0f} d.",
    )


def _solar_system(curve: LightCurve) -> Refusal | None:
    known = curve.context
    distance = known.get("ssdistnr", -1.0)
    if "roid" in known:
        if known["roid"] != KNOWN_ASTEROID:
            return None
        why = "Fink flags it as one (roid 3)"
    elif known.get("known_asteroid"):
        why = "the survey matched it to one"
    elif (
        0 <= distance < ASTEROID_DISTANCE
        and abs(known.get("distpsnr1", float("inf"))) > distance
        and max(known.get("ndethist", 1), len(curve)) <= ASTEROID_DETECTIONS
    ):
        why = f"one is {distance:.1f}″ away"
    else:
        return None
    return Refusal(
        "solar_system", f"Not scored: a known Solar System object, {why}; the published selection leaves them out."
    )


def _galactic(curve: LightCurve) -> Refusal | None:
    known = curve.context
    score, distance = known.get("sgscore1", 0.0), known.get("distpsnr1", float("inf"))
    if "simbad_other" in known:
        if not known["simbad_other"]:
            return None
        why = "SIMBAD lists the source as neither a galaxy nor a supernova candidate"
    elif score > STAR_SCORE and 0 <= distance <= STAR_DISTANCE:
        why = f"a star-like Pan-STARRS source (score {score:.2f}) is {distance:.1f}″ away"
    else:
        return None
    return Refusal("galactic", f"Not scored: {why}; the published selection leaves it out.")
