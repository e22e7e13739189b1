"""Addresses of other pages about the same object or position. Built here, requested only when clicked."""

from __future__ import annotations

from urllib.parse import quote

from core.lightcurve import LightCurve


def links(curve: LightCurve) -> dict[str, str]:
    """Title -> address, for the object (by id and survey) and for its position."""
    out: dict[str, str] = {}
    if curve.provenance.simulated:  # its position is invented: nothing stands there
        return out
    oid = quote(curve.provenance.survey_id or curve.object_id, safe="")
    if oid.startswith("ZTF"):
        out["ALeRCE"] = f"https://alerce.online/object/{oid}"
        out["Fink"] = f"https://ztf.fink-portal.org/{oid}"
        out["Lasair"] = f"https://lasair-ztf.lsst.ac.uk/objects/{oid}"
    elif oid.isdigit() and len(oid) > 8:
        out["ALeRCE"] = f"https://lsst.alerce.online/object/{oid}?survey=lsst"
        out["Fink"] = f"https://lsst.fink-portal.org/{oid}"
        out["Lasair"] = f"https://lasair.lsst.ac.uk/objects/{oid}"
    if curve.ra is not None and curve.dec is not None:
        ra, dec = f"{curve.ra:.6f}", f"{curve.dec:+.6f}"
        both = quote(f"{ra} {dec}", safe="")
        plain = quote(f"{curve.dec:.6f}", safe="")
        out["TNS"] = f"https://www.wis-tns.org/search?ra={ra}&decl={plain}&radius=10&coords_unit=arcsec"
        out["SIMBAD"] = f"https://simbad.u-strasbg.fr/simbad/sim-coo?Coord={both}&Radius=10&Radius.unit=arcsec"
        out["Aladin"] = f"https://aladin.cds.unistra.fr/AladinLite/?target={both}&fov=0.05"
    return out


def sexagesimal(ra: float, dec: float) -> str:
    """Coordinates as ``hh:mm:ss.ss ±dd:mm:ss.s``."""
    hours = ra % 360.0 / 15.0
    centiseconds = round(hours * 360000) % (24 * 360000)
    tenths = round(abs(dec) * 36000)
    h, rest = divmod(centiseconds, 360000)
    m, cs = divmod(rest, 6000)
    d, rest = divmod(tenths, 36000)
    am, ts = divmod(rest, 600)
    return f"{h:02d}:{m:02d}:{cs / 100:05.2f} {'-' if dec < 0 else '+'}{d:02d}:{am:02d}:{ts / 10:04.1f}"
