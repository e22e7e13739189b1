"""A made-up template folder in the layout that `training.simulate` reads: black bodies that rise and fall, box filters, and
visits at random. It stands in for what is read at training time and never copied."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import BANDS

#: Depths [mag] by band, of either survey.
DEPTH = {"u": 23.5, "g": 24.3, "r": 23.9, "i": 23.4, "z": 22.8, "y": 22.0}
_WAVE = np.arange(2000.0, 11001.0, 100.0)


def write(folder: Path, *, places: int = 3) -> None:
    """Everything below ``folder``."""
    for name in ("bandpasses", "cadence", "salt", "snia91bg_subsampled", "sed_npz", "kilonova"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for band in BANDS:
        wave = np.arange(band.wavelength - 700, band.wavelength + 701, 10.0)
        seen = (np.abs(wave - band.wavelength) < 600).astype(float)
        np.savetxt(folder / f"bandpasses/{band.name.replace('_', '')}.dat", np.column_stack([wave, seen]), fmt="%.5f")
    _visits(folder / "cadence", places)
    _salt(folder / "salt/salt3-k21.tar.xz")
    phase = np.arange(-12.0, 61.0, 6.0)
    for number, width in ((1, 12.0), (2, 15.0)):
        with gzip.open(folder / f"snia91bg_subsampled/fake_snia{number}.sed.gz", "wt") as out:
            np.savetxt(out, _long_form(phase, _WAVE, at_10_pc(-17.0) * bump(phase, _WAVE, width)), fmt="%.6e")
    _core_collapse(folder / "sed_npz")
    _kilonovae(folder / "kilonova/kasen2017_grid.npz")


def bump(phase: NDArray, wave: NDArray, width: float, kelvin: float = 9000.0) -> NDArray[np.float64]:
    """(P, W) a cooling black body that brightens and fades, one at its peak in r."""
    temperature = kelvin * np.exp(-np.clip(phase, 0, None) / 80)[:, None]
    spectrum = wave**-5.0 / np.expm1(1.438776877e8 / (wave * temperature))
    spectrum = spectrum / (6200.0**-5.0 / np.expm1(1.438776877e8 / (6200.0 * kelvin)))
    return np.exp(-0.5 * (phase / width) ** 2)[:, None] * spectrum


def at_10_pc(magnitude: float) -> float:
    """F_λ [erg/s/cm²/Å] of an absolute magnitude in r."""
    return 3631e-23 * 2.99792458e18 / 6200.0**2 * 10 ** (-0.4 * magnitude)


def _long_form(phase: NDArray, wave: NDArray, values: NDArray) -> NDArray[np.float64]:
    return np.column_stack([np.repeat(phase, len(wave)), np.tile(wave, len(phase)), values.ravel()])


def _visits(folder: Path, places: int) -> None:
    rng = np.random.default_rng(0)
    for survey, letters, start, per_year in (("ztf", "gr", 58200, 150), ("lsst_baseline_v3.0", "ugrizy", 60000, 90)):
        rows, at = [], []
        for place in range(places):
            mjd = np.sort(rng.uniform(start, start + 1500, per_year * 4))
            band = rng.choice(list(letters), len(mjd))
            deep = np.array([DEPTH[b] for b in band]) - (3.5 if survey == "ztf" else 0.0)
            rows.append(pd.DataFrame({"pos_id": place, "mjd": mjd, "band": band, "m5": deep}))
            kind = "ZTF" if survey == "ztf" else "DDF x" if place == places - 1 else "WFD/other"
            at.append({"pos_id": place, "ra": 40.0 + 50 * place, "dec": -20.0, "kind": kind})
        pd.concat(rows).to_parquet(folder / f"{survey}_visits.parquet")
        pd.DataFrame(at).to_parquet(folder / f"{survey}_positions.parquet")


def _salt(path: Path) -> None:
    """A SALT3 model of one black body, stretched by a tenth: its own unit is m_B = 10.5."""
    phase = np.arange(-20.0, 51.0, 5.0)
    unit = at_10_pc(10.5) * 1e12  # the files are in units of 1e-12
    mean = unit * bump(phase, _WAVE, 14.0)
    grids = {"template_0": mean, "template_1": 0.1 * unit * (bump(phase, _WAVE, 16.0) - bump(phase, _WAVE, 14.0))}
    grids |= dict.fromkeys(("lc_variance_0", "lc_variance_1", "lc_covariance_01"), np.full_like(mean, 1e-6))
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(path, "w:xz") as archive:
        inside = Path(scratch)
        for name, values in grids.items():
            np.savetxt(inside / f"salt3_{name}.dat", _long_form(phase, _WAVE, values), fmt="%.8e")
        np.savetxt(inside / "salt3_color_dispersion.dat", np.column_stack([_WAVE, np.full(len(_WAVE), 0.03)]))
        law = ["4", "-0.5", "0.6", "-0.4", "0.1"]
        law += [f"Salt2ExtinctionLaw.{name}" for name in ("version 1", "min_lambda 2800", "max_lambda 8000")]
        (inside / "salt3_color_correction.dat").write_text("\n".join(law) + "\n", encoding="ascii")
        archive.add(inside, "salt3-k21")


def _core_collapse(folder: Path) -> None:
    rows = []
    for number, (kind, name) in enumerate([("IIP", "SNII"), ("IIn", "SNII"), ("Ib", "SNIbc"), ("IIb", "SNII")]):
        phase = np.arange(-20.0, 81.0, 5.0)
        spectra = at_10_pc(-17.5) * bump(phase, _WAVE, 20.0 + 5 * number)
        file = f"made-{number}.npz"
        np.savez(folder / file, phase=phase, wave=_WAVE, flux=spectra / spectra.max(), scale=spectra.max())
        rows.append({"file": file, "type": kind, "plasticc_class": name, "abs_R_peak_ab": -17.5})
    pd.DataFrame(rows).to_csv(folder / "index.csv", index=False)


def _kilonovae(path: Path) -> None:
    params = np.array([(mass, speed, lan) for mass in (0.01, 0.05) for speed in (0.1, 0.3) for lan in (-4.0, -2.0)])
    phase = np.arange(0.3, 15.0, 0.7)
    # Luminosities, of which the program makes fluxes at 10 pc.
    one = bump(phase - 1.0, _WAVE, 2.5, 6000.0) * at_10_pc(-15.5) * 4 * np.pi * 3.0857e19**2
    flux = np.stack([one * np.sqrt(mass / 0.01) for mass, _, _ in params])
    np.savez(path, params=params, phase=phase, wave=_WAVE, log10_Llam_minus36=np.log10(np.maximum(flux, 1e20)) - 36)
