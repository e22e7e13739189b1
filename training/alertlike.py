"""Photometry of surveys and archives as alerts would have shown it: significant points, connected to one outburst."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.bands import band_index
from core.photometry import LN10_OVER_2P5, limiting_magnitude_to_sigma, magnitude_to_flux

#: Alerts are cut at 5 sigma; forced photometry at a known position is believed from 3.5 (as deep as alerts in practice).
ALERT_SN, FORCED_SN = 5.0, 3.5
#: Points more than this apart are not the same outburst [d].
CONNECTED_DAYS = 60.0
ZTF_G, ZTF_R = band_index("ztf_g"), band_index("ztf_r")
#: Typical 5-sigma depth of a ZTF difference image, mean and scatter [mag] (Bellm et al. 2019).
ZTF_DEPTH = (20.55, 0.35)
#: The error law of ZTF alert photometry, measured on the 90,000 points of the Bright Transient Survey set: variance
#: [FLUXCAL²] per FLUXCAL of difference flux and of reference flux, and the relative floor of bright sources.
VARIANCE_PER_FLUX, VARIANCE_PER_REFERENCE, FLOOR = 18.0, 4.5, 0.018
#: Repeated alerts of one night agree twice as well as their errors say (robust pull 0.41 to 0.54, same set).
TRUE_OVER_QUOTED = 0.52


def connected_flare(photometry: pd.DataFrame, min_sn: float = FORCED_SN) -> pd.DataFrame:
    """The significant points of each object's brightest flare: S/N above ``min_sn``, gaps below `CONNECTED_DAYS`.

    photometry : key, mjd, flux, flux_err, band. The anchor is the most significant point that has another one within
    ten days, so that a single outlier in a long baseline is no flare.
    """
    rows = photometry[photometry["flux"] > min_sn * photometry["flux_err"]].sort_values(["key", "mjd"])
    if rows.empty:
        return rows
    mjd, key = rows["mjd"].to_numpy(), rows["key"].to_numpy()
    new_object = np.concatenate([[True], key[1:] != key[:-1]])
    gap = np.concatenate([[np.inf], np.diff(mjd)])
    run = np.cumsum(new_object | (gap > CONNECTED_DAYS))
    near_before = ~new_object & (gap < 10)
    supported = near_before | np.concatenate([near_before[1:], [False]])
    significance = (rows["flux"] / rows["flux_err"]).to_numpy() * np.where(supported, 1.0, 1e-6)
    best = pd.Series(significance).groupby(pd.factorize(key)[0]).idxmax().to_numpy()
    return rows[np.isin(run, run[best])]


def signed_detections(photometry: pd.DataFrame) -> pd.DataFrame:
    """Points that differ from the reference by five sigma, upward or downward."""
    return photometry[photometry["flux"].abs() > ALERT_SN * photometry["flux_err"]]


def as_ztf_difference(photometry: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Total fluxes of another telescope as ZTF alerts of the same star: reference subtracted, ZTF's noise, 5-sigma cut.

    photometry : key, mjd, band, flux_total, flux_err [FLUXCAL]. The reference flux is the mean of 15 random epochs per
    object and band, as a real reference image is, so that both signs occur and the zero is not the star's median.
    """
    rows = photometry[np.isfinite(photometry["flux_total"])].reset_index(drop=True)
    group = rows.groupby(["key", "band"], observed=True).ngroup().to_numpy()
    total = rows["flux_total"].to_numpy(float)
    shuffled = rng.permutation(len(rows))
    order = shuffled[np.argsort(group[shuffled], kind="stable")]
    rank = np.empty(len(rows), np.int64)
    starts = np.searchsorted(group[order], np.arange(group.max() + 1))
    rank[order] = np.arange(len(rows)) - starts[group[order]]
    chosen = rank < 15
    reference = np.bincount(group[chosen], total[chosen]) / np.bincount(group[chosen])
    sky = limiting_magnitude_to_sigma(rng.normal(*ZTF_DEPTH, size=len(rows)))
    difference = total - reference[group]
    quoted = np.maximum(quoted_error(difference, reference[group], sky), rows["flux_err"].to_numpy(float))
    noise = TRUE_OVER_QUOTED * np.sqrt(np.maximum(quoted**2 - rows["flux_err"].to_numpy(float) ** 2, 0.0))
    difference = difference + rng.normal(size=len(rows)) * noise
    return signed_detections(rows.assign(flux=difference, flux_err=quoted))


def quoted_error(difference: np.ndarray, reference: np.ndarray, sky_sigma: np.ndarray) -> np.ndarray:
    """Error that an alert quotes [FLUXCAL] for a difference flux on top of a reference flux.

    sky_sigma : one standard deviation of the empty difference image [FLUXCAL]. Photons, the star below and the flux
    scale add to it in quadrature; the scatter about the truth is `TRUE_OVER_QUOTED` of it.
    """
    brightness = np.abs(difference)
    counts = VARIANCE_PER_FLUX * brightness + VARIANCE_PER_REFERENCE * np.maximum(reference, 0.0)
    return np.sqrt(sky_sigma**2 + counts + (FLOOR * brightness) ** 2)


def magnitudes_to_flux(
    mag: np.ndarray, mag_err: np.ndarray, sign: np.ndarray | float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Signed flux and error [FLUXCAL] of difference magnitudes."""
    flux = magnitude_to_flux(mag)
    return sign * flux, flux * LN10_OVER_2P5 * np.asarray(mag_err, float)


def ztf_band(letters: pd.Series) -> np.ndarray:
    """Index of ztf_g and ztf_r for bare letters, -1 for every other band."""
    text = letters.astype(str).str.lower()
    return np.where(text == "g", ZTF_G, np.where(text == "r", ZTF_R, -1)).astype(np.int8)
