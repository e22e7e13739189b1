"""What a reader takes home: photometry, Gaussian process, probabilities and map as CSV and JSON, with units."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pandas as pd

from core import photometry
from core.bands import BANDS
from core.lightcurve import LightCurve
from core.pipeline import Classification
from core.spreadsheet import safe_table

GP_POINTS = 200


def photometry_table(curve: LightCurve, result: Classification | None, class_name: str = "") -> pd.DataFrame:
    """One row per measurement and limit: times, band, flux and magnitude, what it is, and whether it was used."""
    n, k = len(curve), len(curve.limits)
    used: list[bool | None] = [None] * n if result is None else [bool(u) for u in result.selection.used]
    share = observation_share(curve, result, class_name)
    magnitude = photometry.flux_to_magnitude(curve.flux)
    table = pd.DataFrame(
        {
            "object_id": [curve.object_id] * (n + k),
            "mjd": np.concatenate([curve.mjd, curve.limits.mjd]),
            "time_scale": [curve.time_scale] * (n + k),
            "band": [BANDS[b].name for b in np.concatenate([curve.band, curve.limits.band])],
            "kind": ["forced" if f else "detection" for f in curve.forced] + ["upper limit"] * k,
            "flux_fluxcal": np.concatenate([curve.flux, curve.limits.flux_limit]),
            "flux_err_fluxcal": np.concatenate([curve.flux_err, np.full(k, np.nan)]),
            "mag_ab": np.concatenate([magnitude, photometry.flux_to_magnitude(curve.limits.flux_limit)]),
            "mag_err": np.concatenate(
                [photometry.flux_error_to_magnitude_error(curve.flux, curve.flux_err), np.full(k, np.nan)]
            ),
            "used": [*used, *([False] * k)],
        }
    )
    if result is not None:
        table["gp_mean_fluxcal"], table["gp_std_fluxcal"] = _process_at(table, curve, result)
    if share is not None:
        table[f"map_share_percent_{class_name}"] = np.concatenate([share, np.full(k, np.nan)])
    return table


def _process_at(table: pd.DataFrame, curve: LightCurve, result: Classification) -> tuple[np.ndarray, np.ndarray]:
    """The Gaussian process at the time and in the band of every row; NaN in bands that the model does not read."""
    mean, std = np.full(len(table), np.nan), np.full(len(table), np.nan)
    bands = np.concatenate([curve.band, curve.limits.band])
    for b in result.model.recipe.band_indices:
        here = bands == b
        if here.any():
            mean[here], std[here] = result.fit.predict(table["mjd"].to_numpy()[here], b)
    return mean, std


def observation_share(curve: LightCurve, result: Classification | None, class_name: str) -> np.ndarray | None:
    """(N,) percent of the map per measurement of the whole curve, NaN where the classifier did not use it."""
    if result is None or not class_name:
        return None
    index = result.model.classes.index(class_name)
    out = np.full(len(curve), np.nan)
    out[result.selection.used] = result.explanation.observation_share(index, curve.mjd[result.selection.used])
    return out


def as_csv(curve: LightCurve, result: Classification | None, class_name: str = "") -> bytes:
    """The photometry table as CSV, with what it is in comment lines above. Text that a spreadsheet would run is quoted."""
    out = io.StringIO()
    retrieved = f"; retrieved {curve.provenance.retrieved}" if curve.provenance.retrieved else ""
    out.write(f"# object {_plain(curve.object_id)}; source {_plain(curve.provenance.source)}{retrieved}\n")
    if curve.provenance.simulated:
        out.write("# SIMULATED light curve\n")
    if result is not None:
        model = result.model
        fold = f" fold model {model.fold}" if model.fold is not None else ""
        out.write(
            f"# model {model.name} {model.card.version}{fold}, recipe {model.recipe_name}, sha256 {model.sha256}, "
            f"prior {result.prior.name}\n"
        )
        row = ", ".join(f"{c} {p:.5f}" for c, p in zip(result.model.classes, result.probabilities, strict=True))
        out.write(f"# probabilities: {row}\n")
    table = photometry_table(curve, result, class_name)
    safe_table(table).to_csv(out, index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    return out.getvalue().encode()


def as_json(curve: LightCurve, result: Classification | None, class_name: str = "") -> bytes:
    """Everything on the page as JSON: photometry, GP mean and σ per band, probabilities, maps, provenance."""
    data: dict[str, Any] = {
        "object_id": curve.object_id,
        "source": curve.provenance.source,
        "retrieved": curve.provenance.retrieved or None,
        "simulated": curve.provenance.simulated,
        "true_class": curve.provenance.true_class or None,
        "ra_deg": curve.ra,
        "dec_deg": curve.dec,
        "redshift": curve.redshift,
        "redshift_err": curve.redshift_err,
        "units": _units(curve, result, class_name),
        "photometry": _records(photometry_table(curve, result, class_name)),
        "notes": [note.message for note in (result.notes if result else curve.notes)],
    }
    if result is not None:
        data |= _scored(curve, result)
    return json.dumps(data, indent=1, allow_nan=False).encode()


def _units(curve: LightCurve, result: Classification | None, class_name: str) -> dict[str, str]:
    """The unit of every number in the file, by its name there."""
    flux, mjd = "FLUXCAL (AB zero point 27.5), difference flux", f"d, {curve.time_scale.upper()}"
    units = {
        "ra_deg": "deg (ICRS)", "dec_deg": "deg (ICRS)", "redshift": "dimensionless", "redshift_err": "dimensionless",
        "mjd": mjd, "flux_fluxcal": flux, "flux_err_fluxcal": flux, "mag_ab": "mag (AB)", "mag_err": "mag",
    }  # fmt: skip
    if result is None:
        return units
    units |= {"gp_mean_fluxcal": flux, "gp_std_fluxcal": flux, "mean": flux, "std": flux, "amplitude_fluxcal": flux}
    units |= {"time_scale_days": "d", "log_likelihood": "natural logarithm"}
    units |= {"probabilities": "0 to 1", "spread": "0 to 1, lowest and highest fold model"}
    units |= {"contribution_logit": "logit units", "bias": "logit units"}
    return units | ({f"map_share_percent_{class_name}": "percent of the map"} if class_name else {})


def _scored(curve: LightCurve, result: Classification) -> dict[str, Any]:
    explanation, classes = result.explanation, result.model.classes
    used = result.selection.curve
    mjd = np.linspace(used.mjd[0], used.mjd[-1], GP_POINTS)
    process = {}
    for b in result.model.recipe.band_indices:
        mean, std = result.fit.predict(mjd, b)
        process[BANDS[b].name] = {"mean": mean.tolist(), "std": std.tolist()}
    return {
        "model": {
            "name": result.model.name, "version": result.model.card.version, "sha256": result.model.sha256,
            "recipe": result.model.recipe_name, "fold": result.model.fold, "runtime": result.model.runtime,
        },
        "prior": result.prior.name,
        "probabilities": {c: float(p) for c, p in zip(classes, result.probabilities, strict=True)},
        "spread": {c: [float(s.min()), float(s.max())] for c, s in zip(classes, result.spread.T, strict=True) if len(s)},
        "gaussian_process": {
            "time_scale_days": result.fit.time_scale, "amplitude_fluxcal": result.fit.amplitude,
            "log_likelihood": result.fit.log_likelihood, "mjd": mjd.tolist(), "bands": process,
        },
        "class_activation_map": {
            "mjd": explanation.times.tolist(), "features": list(explanation.feature_names),
            "contribution_logit": {c: row.tolist() for c, row in zip(classes, explanation.contribution, strict=True)},
            "bias": {c: float(b) for c, b in zip(classes, explanation.bias, strict=True)},
        },
    }  # fmt: skip


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(k): (None if isinstance(v, float) and not np.isfinite(v) else v) for k, v in row.items()}
        for row in table.to_dict("records")
    ]


def _plain(value: object) -> str:
    return " ".join(str(value).split())
