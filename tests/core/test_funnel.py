"""The published selection: each cut with its reason, and none that lacks its numbers."""

import pytest

from core.bands import band_index
from core.brokers.files import iter_file
from core.brokers.simbad import KEPT, is_other
from core.funnel import SELECTION, STEPS, published_selection
from core.lightcurve import light_curve


def curve(bands="gr", times=None, survey="ztf", forced=None, **context):
    times = times if times is not None else [60000.0 + i for i in range(len(bands))]
    n = len(bands)
    return light_curve(
        "x", times, [100.0] * n, [5.0] * n, [band_index(b, survey) for b in bands], forced=forced, context=context
    )


def reason(*arguments, **options):
    refusal = published_selection(curve(*arguments, **options))
    return None if refusal is None else refusal.reason


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        ({"survey": "lsst"}, None),
        ({"bands": "g"}, "too_few_points"),
        ({"bands": "gg"}, "missing_band"),
        ({"bands": "gri"}, None),
        ({"forced": [True, True]}, "no_points"),
        ({"forced": [False, True]}, "too_few_points"),
        ({"times": [60000.0, 60090.0]}, None),
        ({"times": [60000.0, 60090.1]}, "too_old"),
        ({"mjdstarthist": 59911.0}, None),
        ({"mjdstarthist": 59910.9}, "too_old"),
        ({"mjdstarthist": 2459911.5}, None),
        ({"mjdstarthist": 2459911.4}, "too_old"),
        ({"roid": 3.0}, "solar_system"),
        ({"roid": 2.0, "ssdistnr": 0.1}, None),
        ({"ssdistnr": 0.1}, "solar_system"),
        ({"ssdistnr": 5.0}, None),
        ({"ssdistnr": 2.0, "distpsnr1": 1.0}, None),
        ({"ssdistnr": 0.1, "ndethist": 6.0}, None),
        ({"known_asteroid": 1.0}, "solar_system"),
        ({"simbad_other": 1.0}, "galactic"),
        ({"simbad_other": 0.0, "sgscore1": 1.0, "distpsnr1": 0.1}, None),
        ({"sgscore1": 0.9, "distpsnr1": 0.5}, "galactic"),
        ({"sgscore1": 0.9, "distpsnr1": 1.6}, None),
        ({"sgscore1": 0.5, "distpsnr1": 0.5}, None),
    ],
)
def test_each_cut_has_its_reason(options, expected):
    refusal = published_selection(curve(**options))
    assert (None if refusal is None else refusal.reason) == expected
    assert refusal is None or SELECTION in refusal.message, "by these words the cuts are told from a model's own"
    assert expected is None or expected in {r for reasons, _ in STEPS for r in reasons}


def test_the_first_cut_that_fails_is_the_reason():
    assert reason(bands="g", roid=3.0, simbad_other=1.0) == "too_few_points"
    assert reason(mjdstarthist=50000.0, roid=3.0, simbad_other=1.0) == "too_old"
    assert reason(roid=3.0, simbad_other=1.0) == "solar_system"


def test_simbad_labels():
    assert len(KEPT | {"Fail", "Fail 504"}) == 30  # as many as the published service let through
    assert [is_other(x) for x in ("Galaxy", "Fail 503", "Unknown", "RRLyr", "QSO")] == [0, 0, 0, 1, 1]
    assert is_other(None) != is_other(None) and is_other("nan") != is_other("nan")


def test_real_alerts_bring_what_the_cuts_read():
    asked = {"roid", "ssdistnr", "simbad_other", "mjdstarthist", "sgscore1", "distpsnr1", "ndethist"}
    curves = list(iter_file("tests/data/files/fink_ztf_2022.parquet"))
    assert asked <= set().union(*(c.context for c in curves))
    assert [c.context["roid"] for c in curves] == [3, 3, 3, 0, 0, 3, 0, 3, 0, 0, 0]
    assert sum(c.context["simbad_other"] for c in curves) == 6
    assert all(published_selection(c) is None for c in iter_file("tests/data/files/fink_ztf_tde_2020.parquet"))
    asteroid, *_ = (c for c in iter_file("tests/data/files/fink_lsst_asteroid.avro") if "known_asteroid" in c.context)
    assert asteroid.context["known_asteroid"] == 1
