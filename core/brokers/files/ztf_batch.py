"""Light curves of many ZTF packets at once, from decoded tables, by the rules of `ztf_packets` and `core.brokers.ztf`.

Where a light curve has nothing for the border to do (`core.lightcurve.light_curve`), it is made as it is; otherwise it goes
through the border. Where a packet is out of the ordinary, it is left to `ztf_packets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.brokers.files.decoder import ERROR, UNUSUAL
from core.brokers.files.packets import NESTED_FIELDS, TOP_FIELDS
from core.brokers.files.program import Layout, Program, Words
from core.brokers.files.records import Joined, Records, decode_records
from core.brokers.files.ztf_packets import (
    GOOD,
    forced_fluxes,
    forced_notes,
    forced_state_of,
    has_warning,
    packet_facts,
)
from core.brokers.rows import SENTINELS
from core.brokers.ztf import DETECTION, LIMIT, LIMIT_SIGMA, N_STATES, alert_notes, band_of_fid, state_of
from core.flat import points_in_order
from core.lightcurve import MAX_POINTS, MJD_RANGE, LightCurve, Limits, Provenance, light_curve
from core.photometry import JD_MINUS_MJD, difference_sign, magnitude_error_to_flux_error, magnitude_to_flux
from core.refusal import BadInput

LAYOUT = Layout(
    top=TOP_FIELDS,
    records={"candidate": NESTED_FIELDS},
    lists={
        "prv_candidates": ("jd", "fid", "magpsf", "sigmapsf", "isdiffpos", "diffmaglim"),
        "fp_hists": ("jd", "fid", "forcediffimflux", "forcediffimfluxunc", "magzpsci", "procstatus"),
    },
    first={"candidate": "prv_candidates"},
    words={
        "isdiffpos": Words({w: difference_sign(w) for w in ("t", "f", "1", "0")}, difference_sign(None)),
        "procstatus": Words({w: has_warning(w) for w in ("0", "", "None")}, has_warning(None), has_warning("61")),
    },
)
_ALERTS, _FORCED = 1, 2
_KINDS = N_STATES + 3
_MOST_EQUAL = 64
#: What is to be done with a packet's points.
_LEAVE, _BORDER, _AS_IT_IS = range(3)
_band = njit(cache=True)(band_of_fid)
_state = njit(cache=True)(state_of)
_forced_state = njit(cache=True)(forced_state_of)


def read_records(
    program: Program, block: bytes, start: int, count: int, cap: int, provenance: Provenance
) -> tuple[list[LightCurve | None], list[int], bool]:
    """(light curves, where each record begins and the last one ends, whether the next record is for fastavro).

    Up to ``count`` records of a block from ``start`` on. A light curve that is None is for fastavro as well.
    cap : bytes that a record may take.
    """
    records = decode_records(program, block, start, count, cap)
    stopped = records.status in (ERROR, UNUSUAL) or not len(records)
    curves = ztf_light_curves(records, [provenance] * len(records)) if len(records) else []
    return curves, records.places.tolist(), stopped


def ztf_light_curves(records: Records | Joined, provenances: Sequence[Provenance]) -> list[LightCurve | None]:
    """The light curve of each record, None where `ztf_packets.ztf_light_curve` has something to say of the packet."""
    return light_curves_of(records, arranged(records), provenances)


@dataclass(frozen=True)
class Arranged:
    """Points and limits of B packets, by packet and time.

    points : mjd, flux, flux_err, band, forced. limits : mjd, flux, band. places : (B+1, 2) where a packet's points and limits
    begin. way : (B,) what is to be done with them. counts : (B, `_KINDS`) rows of each kind.
    """

    points: tuple[NDArray, ...]
    limits: tuple[NDArray, ...]
    places: NDArray[np.int64]
    way: NDArray[np.int64]
    counts: NDArray[np.int64]


def arranged(records: Records | Joined) -> Arranged:
    """The rows of all packets, sorted out and put in order."""
    found, limits, values, places, counts = _sorted_out(
        records.table("prv_candidates"), records.table("fp_hists"), records.rows
    )
    mag = found[:, 1]
    arrays, way = _arranged(
        found, found[:, 3] * magnitude_to_flux(mag), magnitude_error_to_flux_error(mag, found[:, 2]),
        values, *forced_fluxes(values), limits, magnitude_to_flux(limits[:, 1]), places,
    )  # fmt: skip
    both = np.stack([places[:, 0] + places[:, 2], places[:, 1]], axis=1)
    return Arranged(arrays[:5], arrays[5:], both, way, counts)


def light_curves_of(
    records: Records | Joined, rows: Arranged, provenances: Sequence[Provenance]
) -> list[LightCurve | None]:
    """As `ztf_light_curves`, from what is arranged already."""
    alerts, first = records.table("prv_candidates"), records.rows[:-1, _ALERTS]
    facts = zip(records.heads, alerts[first, 0].tolist(), alerts[first, 1].tolist(), strict=True)
    bounds = zip(rows.places[:-1].tolist(), rows.places[1:].tolist(), strict=True)
    told = [i for i in range(_KINDS) if i not in (DETECTION, LIMIT, N_STATES + GOOD)]
    dropped = np.any(rows.counts[:, told], axis=1)
    out: list[LightCurve | None] = []
    for i, ((head, jd, fid), ((lo, limit_lo), (hi, limit_hi)), how) in enumerate(
        zip(facts, bounds, rows.way.tolist(), strict=True)
    ):
        if how == _LEAVE:
            out.append(None)
            continue
        head["candidate"] |= {"jd": jd, "fid": fid}
        mjd, flux, flux_err, band, forced = (_own(array, lo, hi) for array in rows.points)
        limit_mjd, limit_flux, limit_band = (_own(array, limit_lo, limit_hi) for array in rows.limits)
        parts: dict[str, Any] = {
            "mjd": mjd, "flux": flux, "flux_err": flux_err, "band": band, "forced": forced,
            "limits": Limits(limit_mjd, limit_flux, limit_band, LIMIT_SIGMA),
        }  # fmt: skip
        if dropped[i]:
            kinds = rows.counts[i].tolist()
            parts["notes"] = (*alert_notes(kinds), *forced_notes(*kinds[N_STATES + 1 :]))
        try:
            parts |= packet_facts(head, provenances[i])
            out.append(LightCurve(**parts) if how == _AS_IT_IS else light_curve(**parts))
        except BadInput:
            out.append(None)
    return out


def _own(array: NDArray, lo: int, hi: int) -> NDArray:
    """A part of an array, read-only, and a copy: a light curve that is kept must not keep its neighbours."""
    own = array[lo:hi].copy()
    own.flags.writeable = False
    return own


@njit(cache=True)
def _sorted_out(alerts, forced, rows):
    """(found, limits, values, places, counts): the rows of B packets by what they are.

    found : (D, 5) mjd, mag, mag_err, sign, band. limits : (K, 3) mjd, mag, band. values : (G, 5) forced photometry, mjd,
    flux, unc, zero point, band. places : (B+1, 3) where a packet's rows begin in these three. counts : (B, `_KINDS`).
    """
    found, limits, values = np.empty((len(alerts), 5)), np.empty((len(alerts), 3)), np.empty((len(forced), 5))
    packets = len(rows) - 1
    places = np.zeros((packets + 1, 3), np.int64)
    counts = np.zeros((packets, _KINDS), np.int64)
    d = k = g = 0
    for b in range(packets):
        for i in range(rows[b, _ALERTS], rows[b + 1, _ALERTS]):
            jd, fid, mag, mag_err, sign, limit = alerts[i]
            mjd = np.nan if jd in SENTINELS else jd - JD_MINUS_MJD
            band = _band(fid)
            state = _state(band, mag, mag_err, sign, limit)
            counts[b, state] += 1
            if state == DETECTION:
                found[d] = (mjd, mag, mag_err, sign, float(band))
                d += 1
            elif state == LIMIT:
                limits[k] = (mjd, limit, float(band))
                k += 1
        for i in range(rows[b, _FORCED], rows[b + 1, _FORCED]):
            jd, fid, flux, unc, zero_point, warning = forced[i]
            mjd = np.nan if jd in SENTINELS else jd - JD_MINUS_MJD
            band = _band(fid)
            state = _forced_state(band, mjd, flux, unc, zero_point, warning)
            counts[b, N_STATES + state] += 1
            if state == GOOD:
                values[g] = (mjd, flux, unc, zero_point, float(band))
                g += 1
        places[b + 1] = (d, k, g)
    return found[:d], limits[:k], values[:g], places, counts


@njit(cache=True)
def _arranged(found, flux, flux_err, values, forced_flux, forced_err, limits, limit_flux, places):
    """(mjd, flux, flux_err, band, forced, and of the limits mjd, flux, band) by packet and time; (B,) what is to be done.

    `_AS_IT_IS` : the border would change nothing. `_LEAVE` : times that are none.
    """
    n, k = len(found) + len(values), len(limits)
    mjd, y, e, band, forced = np.empty(n), np.empty(n), np.empty(n), np.empty(n, np.int8), np.empty(n, np.bool_)
    limit_mjd, limit_y, limit_band = np.empty(k), np.empty(k), np.empty(k, np.int8)
    packets = len(places) - 1
    way = np.full(packets, _AS_IT_IS)
    at = 0
    for b in range(packets):
        d0, k0, g0 = places[b]
        d1, k1, g1 = places[b + 1]
        times = np.concatenate((found[d0:d1, 0], values[g0:g1, 0]))
        if not _all_mjd(times) or not _all_mjd(limits[k0:k1, 0]):
            way[b] = _LEAVE
            times[:] = 0.0
        start = at
        for j in np.argsort(times, kind="mergesort"):
            i = d0 + j if d0 + j < d1 else g0 + j - (d1 - d0)
            if d0 + j < d1:
                mjd[at], y[at], e[at], band[at], forced[at] = found[i, 0], flux[i], flux_err[i], found[i, 4], False
            else:
                mjd[at], y[at], e[at], band[at], forced[at] = (
                    values[i, 0],
                    forced_flux[i],
                    forced_err[i],
                    values[i, 4],
                    True,
                )
            at += 1
        if at - start > MAX_POINTS or not points_in_order(mjd[start:at], y[start:at], e[start:at], band[start:at]):
            way[b] = min(way[b], _BORDER)
        if not _limits_in_order(limits[k0:k1], limit_flux[k0:k1], limit_mjd[k0:k1], limit_y[k0:k1], limit_band[k0:k1]):
            way[b] = _LEAVE
    return (mjd, y, e, band, forced, limit_mjd, limit_y, limit_band), way


@njit(cache=True)
def _limits_in_order(limits, flux, to_mjd, to_flux, to_band):
    """Limits put in order as `core.lightcurve.upper_limits` does: by time, band and flux. False for too many at one time."""
    for j, i in enumerate(np.argsort(limits[:, 0], kind="mergesort")):
        mjd, band, y = limits[i, 0], np.int8(limits[i, 2]), flux[i]
        m = j
        while m and to_mjd[m - 1] == mjd and (to_band[m - 1] > band or (to_band[m - 1] == band and to_flux[m - 1] > y)):
            if j - m > _MOST_EQUAL:
                return False
            to_mjd[m], to_flux[m], to_band[m] = to_mjd[m - 1], to_flux[m - 1], to_band[m - 1]
            m -= 1
        to_mjd[m], to_flux[m], to_band[m] = mjd, y, band
    return True


@njit(cache=True)
def _all_mjd(times):
    return len(times) == np.sum((times >= MJD_RANGE[0]) & (times <= MJD_RANGE[1]))
