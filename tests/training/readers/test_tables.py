"""Prepared folders become light curves in the house's units, bands and classes, and nothing unusable comes along."""

import numpy as np
import pandas as pd
import pytest

from core.bands import BANDS
from core.photometry import flux_to_magnitude
from core.refusal import BadInput
from core.taxonomy import CLASS_NAMES
from training.curves import as_table, concatenate, read_parquet
from training.readers import labels, tables


def folder_of(root, name, objects, points, suffix=""):
    folder = root / name
    folder.mkdir(exist_ok=True)
    pd.DataFrame(objects).to_parquet(folder / f"objects{suffix}.parquet")
    pd.DataFrame(points).to_parquet(folder / f"lightcurves{suffix}.parquet")
    return root


POINTS = {
    "object_id": ["b", "a", "a", "a", "b"],
    "mjd": [60001.0, 60003.0, 60001.0, 60002.0, 60000.0],
    "band": ["Y", "u", "g", "r", "z"],
    "flux": [1.0, 36.3078055, np.nan, -2.0, 5.0],
    "flux_err": [0.1, 0.5, 0.1, 0.2, 0.0],
    "detected": [True, True, False, False, True],
}


@pytest.fixture
def mallorn(tmp_path):
    objects = {
        "object_id": ["a", "b"], "redshift": [0.1, 0.2], "redshift_err": [np.nan, 0.01], "mwebv": [0.0, 0.1],
        "class": ["SN IIb", "SN Ia-pec"],
    }  # fmt: skip
    return tables.read("mallorn", folder_of(tmp_path, "mallorn", objects, POINTS))


def test_microjansky_become_fluxcal(mallorn):
    brightest = mallorn.flux[mallorn.points(0)].max()
    assert flux_to_magnitude(brightest) == pytest.approx(23.9 - 2.5 * np.log10(36.3078055), abs=1e-5)


def test_rows_that_measured_nothing_are_dropped_and_the_rest_stands_in_order_of_time(mallorn):
    assert mallorn.lengths.tolist() == [2, 1]  # a lost its NaN, b its error of zero
    assert mallorn.mjd[mallorn.points(0)].tolist() == [60002.0, 60003.0]
    assert [BANDS[b].name for b in mallorn.band] == ["lsst_r", "lsst_u", "lsst_y"]
    assert mallorn.detected.tolist() == [False, True, True]


def test_what_belongs_to_no_class_is_kept_without_one(mallorn):
    assert mallorn.objects["class"].tolist() == ["SNIbc", ""]
    assert mallorn.objects["type"].tolist() == ["SN IIb", "SN Ia-pec"]


def test_photometry_without_a_detection_counts_as_forced(mallorn):
    assert mallorn.flat().forced.tolist() == [True, False, False]
    assert mallorn.light_curve(0).forced.tolist() == [True, False]
    assert mallorn.flat().number("redshift_err")[1] == pytest.approx(0.01)
    assert mallorn.only(mallorn.detected).lengths.tolist() == [1, 1]
    assert mallorn.only(~mallorn.detected).objects["object_id"].tolist() == ["a"]


def test_a_set_comes_back_from_disk_as_it_was(mallorn, tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(as_table(mallorn), tmp_path / "set.parquet")
    back = read_parquet(tmp_path / "set.parquet")
    for name in ("offsets", "mjd", "flux", "flux_err", "band", "detected"):
        assert np.array_equal(getattr(back, name), getattr(mallorn, name))
    pd.testing.assert_frame_equal(back.objects, mallorn.objects)
    twice = concatenate([mallorn, back])
    assert twice.take([3]).detected.tolist() == mallorn.take([1]).detected.tolist()


def test_a_star_of_plasticc_has_no_redshift_that_a_broker_would_not_know(tmp_path):
    common = {"ra": [0.0, 1.0], "decl": [0.0, 1.0], "mwebv": [0.0, 0.0], "object_id": [1, 2],
              "hostgal_photoz": [0.0, 0.3], "hostgal_photoz_err": [0.0, 0.02], "true_z": [0.0, 0.31]}  # fmt: skip
    points = POINTS | {"object_id": [1, 2, 1, 2, 2], "mjd": [0.0, 1.0, 2.0, 3.0, 4.0]}
    folder_of(tmp_path, "plasticc", common | {"true_target": [65, 991]}, points)
    folder_of(tmp_path, "plasticc", common | {"true_target": [92, 42]}, points, "_test_sample")
    alternative = {k: v for k, v in common.items() if k != "true_z"} | {"sim_redshift_cmb": [0.0, 0.3]}
    folder_of(tmp_path, "plasticc", alternative, points, "_altsched_snia")
    objects = tables.read("plasticc", tmp_path).objects
    assert objects["class"].tolist() == ["M-dwarf", "", "RRL", "SNII", "SNIa", "SNIa"]
    assert objects["redshift"].isna().tolist() == [True, False] * 3
    assert objects["redshift_err"].isna().tolist() == [True, False] * 3
    assert objects["part"].unique().tolist() == ["training", "test", "alt_sched"]


def test_a_missing_folder_and_an_unknown_set_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"spcc.*objects\.parquet"):
        tables.read("spcc", tmp_path)
    with pytest.raises(ValueError, match=r"'sdss'.*mallorn"):
        tables.read("sdss", tmp_path)


def test_a_band_that_is_none_of_lsst_is_refused():
    assert tables.lsst_bands(pd.Series(list("ugrizYy"))).tolist() == [3, 4, 5, 6, 7, 8, 8]
    with pytest.raises(BadInput, match="unknown band 'B'"):
        tables.lsst_bands(pd.Series(["B"]))


@pytest.mark.parametrize(
    ("model", "expected"),
    {
        "SNIa-SALT3": "SNIa", "SNIa-91bg": "SNIa-91bg", "SNIax": "SNIax", "SNIIb+HostXT_V19": "SNIbc", "SNII-NMF": "SNII",
        "SNIIn-MOSFIT": "SNII", "SNIcBL+HostXT_V19": "SNIbc", "SLSN-I_no_host": "SLSN-I", "KN_B19": "KN", "TDE": "TDE",
        "Mdwarf-flare": "M-dwarf", "uLens-Single_PyLIMA": "uLens", "uLens-Binary": "", "CART": "", "PISN": "", "ILOT": "",
        "Cepheid": "other", "d-Sct": "other", "dwarf-nova": "other", "EB": "EB", "RRL": "RRL", "AGN": "AGN",
    }.items(),
)  # fmt: skip
def test_models_of_elasticc_have_the_class_of_the_contract(model, expected):
    assert labels.class_of_elasticc(model) == expected
    assert labels.class_of_elasticc(f"ELASTICC2_TRAIN_02_{model}") == expected


def test_every_label_is_a_class_or_nothing():
    numbers = [labels.class_of_plasticc(n) for n in range(1000)]
    assert set(numbers) - {""} == set(CLASS_NAMES) - {"other"}
    assert labels.class_of_mallorn("SN Iax[02cx-like]") == "" and labels.class_of_mallorn("SN Ia-91T-like") == "SNIa"
