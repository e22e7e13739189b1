"""Which column of a table is what: one tolerant list of the names that photometry tables are written with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.brokers import ztf
from core.brokers.files.content import listing
from core.photometry import ZERO_POINTS
from core.refusal import BadInput

#: Role -> names, normalised (see `normalised`), the surest first.
NAMES: dict[str, tuple[str, ...]] = {
    "object_id": (
        "objectid", "oid", "diaobjectid", "ztfid", "ztfname", "ztfobjectid", "objid", "objectname", "objname", "locusid",
        "snid", "iauname", "name", "object", "target", "event", "transient", "cid", "lcid", "id",
    ),
    "mjd": ("mjd", "midpointmjdtai", "midpointtai", "mjdtai", "mjdobs", "obsmjd", "antmjd", "time", "epoch", "t"),
    "jd": ("jd", "obsjd", "jdobs", "juliandate", "ztfjd", "hjd", "bjd"),
    "band": (
        "band", "filter", "fid", "passband", "filtername", "bandname", "filt", "flt", "bandpass", "antpassband", "ztffid",
        "bandindex", "photfilter",
    ),
    "survey": ("survey", "surveyid"),
    "mag": ("magpsf", "mag", "magnitude", "psfmag", "antmag", "difmag", "diffmag", "mpsf", "m"),
    "mag_err": (
        "sigmapsf", "magerr", "emag", "magerror", "magnitudeerror", "magnitudeerr", "sigmamag", "magsigma", "magunc",
        "maguncertainty", "dmag", "psfmagerr", "antmagerr", "diffmagerr", "merr", "uncertainty", "unc", "error", "err",
    ),
    "limit_mag": ("diffmaglim", "limitingmag", "limitingmagnitude", "maglim", "limmag", "antmaglim", "maglimit"),
    "limit_flag": (
        "upperlimit", "upperlim", "isupperlimit", "isupperlim", "islimit", "limit", "ul", "limitflag", "nondetection",
        "isnondetection",
    ),
    "detected": ("detected", "detectedbool", "detection", "isdetection"),
    "tag": ("tag",),
    "sign": ("isdiffpos",),
    "zero_point": ("magzpsci", "zp", "zeropoint", "magzp", "zpdiff"),
    "zero_point_system": ("zpsys", "magsys"),
    "forced": ("forced", "isforced"),
    "redshift": ("redshift", "z", "zspec", "specz", "zhel", "redshifthelio"),
    "redshift_err": ("redshifterr", "redshifterror", "zerr", "zspecerr", "ez"),
    "ra": ("ra", "meanra", "radeg", "rightascension"),
    "dec": ("dec", "decl", "meandec", "decdeg", "declination"),
    "ndethist": ("ndethist",),
    "sgscore1": ("sgscore1",),
    "distpsnr1": ("distpsnr1",),
    "magnr": ("magnr",),
    "distnr": ("distnr",),
    "mjdstarthist": ("mjdstarthist", "jdstarthist"),
    "ssdistnr": ("ssdistnr",),
    "roid": ("roid",),
    "parallax": ("parallax", "plx"),
    "parallax_err": ("parallaxerr", "parallaxerror", "eplx"),
}  # fmt: skip
CONTEXT = (*ztf.CONTEXT, "mjdstarthist", "ssdistnr", "roid", "parallax", "parallax_err")

_UNIT_NAMES = {
    "fluxcal": "fluxcal", "ujy": "ujy", "microjy": "ujy", "microjansky": "ujy", "µjy": "ujy", "μjy": "ujy",
    "njy": "njy", "nanojy": "njy", "nanojansky": "njy", "mjy": "mjy", "jy": "jy",
}  # fmt: skip
#: Flux columns whose unit their source fixes: LSST's are nJy, ZTF's forced photometry is in counts of its own image.
_FIXED_UNIT = {"psfdiffflux": "njy", "psfflux": "njy", "psflux": "njy", "forcediffimflux": "dn", "fluxcal": "fluxcal"}
_BASES = ("flux", "diffflux", "differenceflux", "forcedflux", "psfflux", "f", "fnu")
#: Columns only one survey writes.
_ZTF_NAMES = {"fid", "magpsf", "diffmaglim", "isdiffpos", "ztffid", "forcediffimflux"}
_LSST_NAMES = {"midpointmjdtai", "midpointtai", "psfflux", "psflux", "diaobjectid"}


@dataclass(frozen=True)
class Columns:
    """What was found. roles : role -> column as written. flux_unit : of the flux column; "" when it does not say.

    survey : whose names these are, when only one survey writes them.
    """

    roles: dict[str, str]
    flux_unit: str
    survey: str | None

    @property
    def uses_flux(self) -> bool:
        """Flux is taken where there is one with its error, magnitudes otherwise."""
        return "flux" in self.roles


def normalised(name: object) -> str:
    """A column name without case, punctuation and a broker's prefix: ``i:magpsf`` and ``Mag_PSF`` are ``magpsf``."""
    text = re.sub(r"^[a-z]:", "", str(name).strip().lower())
    return re.sub(r"[^a-z0-9µμ]", "", text)


def find_columns(names: Sequence[str]) -> Columns:
    """Roles of the columns of a table of photometry.

    Raises BadInput ("columns") that lists what is missing and what was found.
    """
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(normalised(name), name)
    roles = {role: found[match] for role, match in _matches(found).items()}
    flux_unit = ""
    for key, unit in _flux_names(found):
        error = _flux_error(key, found)
        if error is not None:
            roles["flux"], roles["flux_err"], flux_unit = found[key], found[error], unit
            break
    _check(roles, flux_unit, names)
    survey = "ztf" if _ZTF_NAMES & found.keys() else "lsst" if _LSST_NAMES & found.keys() else None
    return Columns(roles, flux_unit, survey)


def _matches(found: dict[str, str]) -> dict[str, str]:
    out = {}
    for role, aliases in NAMES.items():
        match = next((alias for alias in aliases if alias in found), None)
        if match is not None:
            out[role] = match
    return out


def _flux_names(found: dict[str, str]) -> list[tuple[str, str]]:
    """(normalised name, unit) of the flux columns there are, the surest first."""
    candidates = list(_FIXED_UNIT.items())
    candidates += [(base + spelling, unit) for base in _BASES for spelling, unit in _UNIT_NAMES.items()]
    candidates += [(base, "") for base in _BASES]
    return [(name, unit) for name, unit in candidates if name in found]


def _flux_error(flux: str, found: dict[str, str]) -> str | None:
    """The normalised name of the error that belongs to a flux column."""
    base, unit = flux, ""
    for spelling in sorted(_UNIT_NAMES, key=len, reverse=True):
        if flux.endswith(spelling) and flux != spelling and flux != "fluxcal":
            base, unit = flux.removesuffix(spelling), spelling
            break
    spellings = [base + word + unit for word in ("err", "error", "unc", "uncertainty", "sigma")]
    spellings += [flux + word for word in ("err", "error", "unc", "uncertainty", "sigma")]
    spellings += [word + flux for word in ("e", "err", "error", "sigma", "d", "unc")]
    if "flux" in flux:
        spellings += [
            "fluxerr",
            "fluxerror",
            "fluxunc",
            "fluxuncertainty",
            "fluxsigma",
            "eflux",
            "sigmaflux",
            "dflux",
            "fluxcalerr",
        ]
    return next((name for name in spellings if name in found and name != flux), None)


def _check(roles: dict[str, str], flux_unit: str, names: Sequence[str]) -> None:
    missing = []
    if "mjd" not in roles and "jd" not in roles:
        missing.append("a time (mjd or jd)")
    if "band" not in roles:
        missing.append("a band (band, filter or fid)")
    if "flux" not in roles:
        if "mag" not in roles:
            missing.append("a flux with its error (flux, flux_err) or a magnitude with its error (magpsf, sigmapsf)")
        elif "mag_err" not in roles:
            missing.append(f"the error of {roles['mag']} (sigmapsf or magerr)")
    elif flux_unit == "dn" and "zero_point" not in roles:
        missing.append(f"the zero point of {roles['flux']} (magzpsci)")
    if missing:
        raise BadInput("columns", f"columns missing: {'; '.join(missing)}. Found: {listing(names, 30)}")


def unit_of(columns: Columns, said: str | None) -> tuple[str, bool]:
    """(unit of the flux column, whether it was assumed). ``said`` counts where the column's name does not say."""
    if columns.flux_unit:
        return columns.flux_unit, False
    if said is not None:
        if said not in ZERO_POINTS:
            raise BadInput("unit", f"flux unit {said!r}; known are {', '.join(ZERO_POINTS)}")
        return said, False
    if "zero_point" in columns.roles:
        return "zp", False
    return "fluxcal", True
