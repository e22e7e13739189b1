"""Which light curves the first start shows, and why each is worth a look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """One sample. object_id, source : its row in `training.datasets`. group : shelf of the gallery. title : one line."""

    object_id: str
    source: str
    group: str
    title: str


_BTS, _FINK = "ztf_bts", "ztf_crossmatched"
_IA = "Thermonuclear supernovae"
_CC = "Core-collapse supernovae"
_SL = "Superluminous supernovae"
_TD = "Tidal disruptions"
_VAR = "Stars and active nuclei"
_ODD = "Unlike anything trained on"

#: Only sources whose curves may be shipped: HSE-LAMBDA (MIT), Fink and kndetect test data (Apache-2.0, BSD).
CHOICES: tuple[Choice, ...] = (
    Choice("ZTF18aannern", _BTS, _IA, "A textbook SN Ia: the bands part after peak"),
    Choice("ZTF19abvjcii", _BTS, _IA, "SN Ia, 62 points, one of them wild"),
    Choice("ZTF20acjzzyr", _BTS, _IA, "SN Ia with an ordinary cadence"),
    Choice("ZTF20aavrzha", _FINK, _IA, "Bright SN Ia, two weeks up to peak, one wild point"),
    Choice("ZTF21acoshvy", _FINK, _IA, "SN Ia caught rising, with the limits before it"),
    Choice("ZTF25acldfsf", _FINK, _IA, "SN Ia of 2025 on its way down"),
    Choice("ZTF24aaecxun", _FINK, _IA, "SN Ia first met after peak"),
    Choice("ZTF20abvtozi", _FINK, _IA, "SN Ia three nights old: too early to tell?"),
    Choice("ZTF19acnfjyw", _FINK, _IA, "SN Ia in its first week"),
    Choice("ZTF20acbnwyb", _BTS, _IA, "SN Ia seen mostly in g"),
    Choice("ZTF18acbyyff", _BTS, _IA, "SN Ia with nine points"),
    Choice("ZTF20aaurjzv", _BTS, _IA, "Faint, sparse SN Ia with little to go by"),
    Choice("ZTF21aapjmda", _FINK, _IA, "SN Ia-91bg with five points"),
    Choice("ZTF20acdqjeq", _FINK, _IA, "SN Iax (2020udy), four days after discovery"),
    Choice("ZTF20aaynrrh", _BTS, _CC, "SN II in Messier 61 (2020jfo), followed for ten months"),
    Choice("ZTF19abbnamr", _BTS, _CC, "SN II on its plateau, 188 points"),
    Choice("ZTF20aapchqy", _BTS, _CC, "Faint SN II with a plateau that rises (2020cxd)"),
    Choice("ZTF20aatqesi", _BTS, _CC, "SN II that brightens for three months (2020faa)"),
    Choice("ZTF18abcpmwh", _BTS, _CC, "SN IIP, sparse but long"),
    Choice("ZTF20abpmqnr", _BTS, _CC, "Bright SN IIn: how close to superluminous?"),
    Choice("ZTF19abecaca", _BTS, _CC, "SN IIn visible for a year (2019kud)"),
    Choice("ZTF26aaavvtm", _FINK, _CC, "SN II of 2026, flat for a month"),
    Choice("ZTF20abxmwwd", _FINK, _CC, "SN IIP in its first four days"),
    Choice("ZTF20aavzffg", _BTS, _CC, "SN Ib (2020hvp)"),
    Choice("ZTF20acwqqjs", _BTS, _CC, "SN IIb (2020acat), counted as stripped-envelope"),
    Choice("ZTF20adadrhw", _BTS, _CC, "SN Ic at magnitude 14.8 (2020adow)"),
    Choice("ZTF18abukavn", _BTS, _CC, "Fast, blue SN Ic-BL (2018gep)"),
    Choice("ZTF19abqwtfu", _BTS, _CC, "SN with broad lines, five months long (2019odp)"),
    Choice("ZTF19aadnxbh", _BTS, _CC, "SN Ibn: quick and blue (2019uo)"),
    Choice("ZTF25abitcpd", _FINK, _CC, "SN Ic from recent alerts, with limits"),
    Choice("ZTF20acphdcg", _BTS, _SL, "SLSN-I, five months around peak (2020znr)"),
    Choice("ZTF20abobpcb", _BTS, _SL, "SLSN-I with a three-month rise (2020qlb)"),
    Choice("ZTF19aarphwc", _BTS, _SL, "SLSN-I at z = 0.31 (2019eot)"),
    Choice("ZTF20aayprqz", _BTS, _SL, "SLSN-I nearby, at z = 0.06 (2020jhm)"),
    Choice("ZTF25abcydiy", _FINK, _SL, "SLSN-I in the alerts of 2025"),
    Choice("ZTF17aaazdba", _BTS, _TD, "TDE followed for two years (2019azh)"),
    Choice("ZTF19abzrhgq", _BTS, _TD, "The nearby TDE 2019qiz"),
    Choice("ZTF19aapreis", _BTS, _TD, "The TDE 2019dsg, linked to a neutrino"),
    Choice("ZTF20acitpfz", _BTS, _TD, "Faint, fast TDE (2020wey)"),
    Choice("ZTF20abfcszi", _FINK, _TD, "TDE in Fink alerts, with limits"),
    Choice("ZTF18aactknu", _FINK, _VAR, "Seyfert galaxy above its reference"),
    Choice("ZTF18abuarmp", _FINK, _VAR, "Blazar (BL Lac), fainter than its reference"),
    Choice("ZTF17aaaeqnq", _FINK, _VAR, "Seyfert 2: fainter than its reference throughout"),
    Choice("ZTF18abudwyj", _FINK, _VAR, "Blazar at magnitude 17"),
    Choice("ZTF17aaapphc", _FINK, _VAR, "RR Lyrae star: above and below its reference within hours"),
    Choice("ZTF17aabrbty", _FINK, _VAR, "Fainter RR Lyrae star"),
    Choice("ZTF18aabjigr", _FINK, _VAR, "Eclipsing binary, 24 detections of both signs"),
    Choice("ZTF17aaaiyry", _FINK, _VAR, "Eclipsing binary with limits between detections"),
    Choice("ZTF18acuxuco", _FINK, _VAR, "Mira, with r fluxes of opposite sign within a minute"),
    Choice("ZTF18aakgxyj", _FINK, _VAR, "Giant star, far brighter in r than its reference"),
    Choice("ZTF18aaypnnd", _FINK, _VAR, "Cataclysmic variable below its reference"),
    Choice("ZTF18abkdczc", _FINK, _VAR, "Candidate cataclysmic variable above its reference"),
    Choice("ZTF20aceeeuz", _BTS, _VAR, "Nova in Messier 33 (2020upt)"),
    Choice("ZTF18abkiscu", _FINK, _VAR, "Young star, 42 detections of both signs"),
    Choice("ZTF19abxdvsa", _FINK, _VAR, "δ Scuti star"),
    Choice("ZTF19aalbrgu", _BTS, _ODD, "SLSN-II: superluminous with hydrogen (2019cmv)"),
    Choice("ZTF19aadyppr", _BTS, _ODD, "Intermediate-luminosity red transient in Messier 51 (2019abn)"),
    Choice("ZTF18aczbkqp", _BTS, _ODD, "Outburst of a luminous blue variable (2018kle)"),
    Choice("ZTF18acbwfza", _BTS, _ODD, "Luminous red nova: two stars merge (2018hso)"),
    Choice("ZTF19acoaiub", _BTS, _ODD, "Another intermediate-luminosity red transient (2019udc)"),
)

RUBIN_GROUP = "Rubin Observatory (LSST)"
#: Real alerts of the Rubin Observatory, spring 2026. Nobody has classified them.
RUBIN: tuple[tuple[str, str], ...] = (
    ("313853517735395444", "Rubin: 1,210 points in six bands within three months"),
    ("170028500581351556", "Rubin: below its template for three weeks"),
    ("313875415090331669", "Rubin: detections and forced photometry, side by side"),
    ("313985344764117008", "Rubin: 1,093 points in eight weeks"),
    ("170028530343608374", "Rubin: 18 detections and 30 forced points in four days"),
    ("169747016382939373", "Rubin: three detections in one band"),
)

SIMULATED_GROUP = "Simulated light curves"
#: class, how many, and the sentence of the gallery.
SIMULATED: tuple[tuple[str, int, str], ...] = (
    ("KN", 3, "Simulated kilonova"),
    ("uLens", 3, "Simulated microlensing of a star"),
    ("M-dwarf", 3, "Simulated flares of an M dwarf"),
    ("SNIa-91bg", 1, "Simulated SN Ia-91bg"),
    ("SNIax", 1, "Simulated SN Iax"),
    ("Mira", 1, "Simulated Mira over a year"),
    ("RRL", 1, "Simulated RR Lyrae star over a season"),
    ("EB", 1, "Simulated eclipsing binary over a season"),
)
