"""The table of photometric bands: which survey, which wavelength, and how a band looks everywhere.

Bands are named ``ztf_g``, ``lsst_u``: a bare letter says nothing about the filter and never appears inside the
code. A band travels as its index into `BANDS`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.refusal import BadInput


@dataclass(frozen=True)
class Band:
    """One filter of one survey.

    wavelength : effective wavelength [Å]; ZTF from Allam, Peloton & McEwen 2023, LSST from Allam & McEwen 2021.
    light, dark : colours on a light and a dark page (ZTF by habit green and red, LSST after Rubin RTN-045,
    except i and y on dark: its own are close to u and r, more so for a colour-blind reader; these stand 22 apart in
    CIE Lab under normal, deuteranope and protanope vision, against 17).
    symbol : plotly marker symbol, so that colour is never the only sign.
    """

    name: str
    survey: str
    letter: str
    wavelength: float
    light: str
    dark: str
    symbol: str

    @property
    def label(self) -> str:
        """How a page writes the band: ``ZTF g``."""
        return f"{self.survey.upper()} {self.letter}"


BANDS: tuple[Band, ...] = (
    Band("ztf_g", "ztf", "g", 4804.79, "#008060", "#30c39f", "circle"),
    Band("ztf_r", "ztf", "r", 6436.92, "#b52626", "#ff7e00", "triangle-up"),
    Band("ztf_i", "ztf", "i", 7968.22, "#6b4c9a", "#c9a6ff", "square"),
    Band("lsst_u", "lsst", "u", 3685.0, "#1600ea", "#3eb7ff", "circle"),
    Band("lsst_g", "lsst", "g", 4802.0, "#31de1f", "#30c39f", "triangle-up"),
    Band("lsst_r", "lsst", "r", 6231.0, "#b52626", "#ff7e00", "triangle-down"),
    Band("lsst_i", "lsst", "i", 7542.0, "#370201", "#7f6bff", "square"),
    Band("lsst_z", "lsst", "z", 8690.0, "#ba52ff", "#a7f9c1", "star"),
    Band("lsst_y", "lsst", "y", 9736.0, "#61a2b3", "#fff27a", "pentagon"),
)

SURVEYS: tuple[str, ...] = ("ztf", "lsst")
WAVELENGTH: np.ndarray = np.array([band.wavelength for band in BANDS])
WAVELENGTH.flags.writeable = False

_INDEX = {band.name: i for i, band in enumerate(BANDS)}
# Spellings met in the wild: ZTF's numeric filter ids (fid), ANTARES' capital R, sncosmo's names, LSST's capital Y.
_ALIASES = {
    "ztf": {"1": "g", "2": "r", "3": "i", "zg": "g", "zr": "r", "zi": "i", "ztfg": "g", "ztfr": "r", "ztfi": "i"},
    "lsst": {f"lsst{letter}": letter for letter in "ugrizy"},
}


def band_index(name: object, survey: str | None = None) -> int:
    """The index of a band, from any spelling met at the border.

    name : ``ztf_g`` (always clear), a bare letter or ZTF filter id (needs ``survey``), any case.
    survey : ``ztf`` or ``lsst``; decides what a bare letter means.

    Raises BadInput when the band is unknown, or bare without a survey.
    """
    text = str(name).strip()
    if text.endswith(".0"):  # a fid column that pandas made float
        text = text[:-2]
    lowered = text.lower().replace("-", "_")
    if lowered in _INDEX:
        return _INDEX[lowered]
    if survey is not None:
        letter = _ALIASES.get(survey, {}).get(lowered, lowered)
        if f"{survey}_{letter}" in _INDEX:
            return _INDEX[f"{survey}_{letter}"]
    for candidate, aliases in _ALIASES.items():  # names that carry their survey, such as ztfg and lssty
        if lowered.startswith(candidate) and lowered in aliases:
            return _INDEX[f"{candidate}_{aliases[lowered]}"]
    known = ", ".join(band.name for band in BANDS)
    if survey is None and lowered in {band.letter for band in BANDS} | {"1", "2", "3"}:
        raise BadInput("band", f"band {text!r} does not say which survey; say the survey, or use one of {known}")
    raise BadInput("band", f"unknown band {text!r}; known are {known}")


def band_names(indices: object) -> list[str]:
    """Names of an array of band indices, in order."""
    return [BANDS[int(i)].name for i in np.asarray(indices).ravel()]
