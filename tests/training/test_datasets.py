"""Laws of the training data: one physical object lies in one fold, licences decide what is used, nothing wild is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.taxonomy import CLASS_NAMES
from tests.training.data_tables import write_bts, write_tde, write_variables
from training.datasets import FOLDS_CSV, RealSet, fold_table, load_real
from training.identity import N_FOLDS, folds, normalised_iau, physical_ids
from training.sources import licence_of


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_bts(folder)
    write_tde(folder)
    write_variables(folder)
    return folder


@pytest.fixture(scope="module")
def real(data: Path) -> RealSet:
    return load_real(data, folds_csv=None)


def row(real: RealSet, object_id: str) -> pd.Series:
    found = real.objects[real.objects["object_id"] == object_id]
    assert len(found) == 1
    return found.iloc[0]


def test_every_class_is_one_of_the_fifteen(real: RealSet) -> None:
    assert set(real.objects["class"]) <= set(CLASS_NAMES)
    assert row(real, "ZTF18aaaaaab")["class"] == "SNIbc"  # IIb
    assert row(real, "ZTF19aaaaaaa")["class"] == "other"  # a young star


def test_what_belongs_to_no_class_is_held_out(real: RealSet) -> None:
    assert set(real.held_out.objects["object_id"]) == {"ZTF18aaaaaac", "ZTF18aaaaaaf"}
    assert not set(real.held_out.objects["object_id"]) & set(real.objects["object_id"])


def test_one_event_in_two_folders_is_one_object_and_the_alert_is_scored(real: RealSet) -> None:
    alert, forced = row(real, "ZTF18aaaaaag"), row(real, "AT2020aag")
    assert alert["physical_id"] == forced["physical_id"] == "ZTF18aaaaaag"
    assert alert["fold"] == forced["fold"]
    assert alert["primary"] and alert["use_for_scores"]
    assert not forced["primary"] and not forced["use_for_scores"] and forced["use_for_training"]


def test_a_fold_never_splits_a_physical_object(real: RealSet) -> None:
    assert (real.objects.groupby("physical_id")["fold"].nunique() == 1).all()
    assert real.objects["fold"].between(0, N_FOLDS - 1).all()


def test_non_commercial_and_gpl_sources_are_not_trained_on(real: RealSet) -> None:
    for object_id, licence in (("AT2020zzz", "nc"), ("ZTF18aaaaaae", "gpl")):
        of = row(real, object_id)
        assert of["licence"] == licence
        assert not of["use_for_training"] and not of["use_for_scores"] and not of["licence_ok_for_shipping_curves"]


def test_a_merged_curve_ships_only_under_the_stricter_licence(real: RealSet) -> None:
    assert not row(real, "ZTF18aaaaaaa")["licence_ok_for_shipping_curves"]
    assert row(real, "ZTF18aaaaaab")["licence_ok_for_shipping_curves"]
    assert licence_of("HSE-LAMBDA/a; boom-astro/b") == "gpl"
    assert licence_of("someone/unknown") == "gpl"


def test_points_that_only_one_class_has_are_cut(real: RealSet) -> None:
    i = int(np.flatnonzero(real.objects["object_id"] == "ZTF18aaaaaaa")[0])
    assert real.mjd[real.points(i)].max() < 59306


def test_limits_are_no_points(real: RealSet) -> None:
    i = int(np.flatnonzero(real.objects["object_id"] == "ZTF18aaaaaab")[0])
    assert real.mjd[real.points(i)].min() >= 59000


def test_forced_photometry_keeps_the_flare_and_drops_the_lone_wild_point(real: RealSet) -> None:
    i = int(np.flatnonzero(real.objects["object_id"] == "AT2020aag")[0])
    where = real.points(i)
    assert real.mjd[where].min() > 58990
    assert (real.flux[where] > 3.5 * real.flux_err[where] - 1e-3).all()
    assert real.objects["origin"][i] == "survey-forced"


def test_a_star_of_another_telescope_becomes_detections_of_both_signs(real: RealSet) -> None:
    i = int(np.flatnonzero(real.objects["object_id"] == "S82RRL-1")[0])
    where = real.points(i)
    assert 0.1 < (real.flux[where] < 0).mean() < 0.9
    assert (np.abs(real.flux[where]) > 5 * real.flux_err[where] - 1e-2).all()
    assert not real.objects["use_for_scores"][i]


def test_every_curve_is_a_valid_light_curve(real: RealSet) -> None:
    for i in range(len(real)):
        curve = real.light_curve(i)
        assert len(curve) == real.lengths[i] == real.objects["n_g"][i] + real.objects["n_r"][i]
        assert not curve.notes


def test_the_same_seed_reads_the_same_curves(data: Path, real: RealSet) -> None:
    again = load_real(data, folds_csv=None)
    assert np.array_equal(again.flux, real.flux)
    assert again.objects.equals(real.objects)


def test_take_keeps_each_curve_whole(real: RealSet) -> None:
    some = real.take(np.array([3, 0]))
    assert list(some.objects["object_id"]) == [real.objects["object_id"][3], real.objects["object_id"][0]]
    assert np.array_equal(some.flux[some.points(0)], real.flux[real.points(3)])


def test_committed_folds_win_and_new_versions_follow_them(data: Path, real: RealSet, tmp_path: Path) -> None:
    table = fold_table(real)
    table["fold"] = (table["fold"] + 1) % N_FOLDS
    table = table[table["source"] != "tde"]
    table.to_csv(tmp_path / "folds.csv", index=False)
    moved = load_real(data, folds_csv=tmp_path / "folds.csv")
    assert row(moved, "AT2020aag")["fold"] == (row(real, "ZTF18aaaaaag")["fold"] + 1) % N_FOLDS


def test_committed_folds_that_split_an_object_are_refused() -> None:
    objects = pd.DataFrame({"object_id": ["a", "b"], "source": "x", "physical_id": "p"})
    with pytest.raises(ValueError, match="two committed folds"):
        folds(objects, pd.DataFrame({"object_id": ["a", "b"], "source": "x", "fold": [0, 1]}))


def test_the_committed_table_is_in_order() -> None:
    table = pd.read_csv(FOLDS_CSV, keep_default_na=False)
    assert list(table.columns) == ["object_id", "source", "physical_id", "fold", "class"]
    assert not table.duplicated(["object_id", "source"]).any()
    assert (table.groupby("physical_id")["fold"].nunique() == 1).all()
    assert set(table["class"]) <= {*CLASS_NAMES, ""}
    assert table["fold"].between(0, N_FOLDS - 1).all()


def test_names_of_one_supernova_are_one_name() -> None:
    assert {normalised_iau(n) for n in ("SN 2020adv", "AT2020adv", "2020adv", "SN2020ADV")} == {"2020adv"}
    assert normalised_iau("SN 2011A") == normalised_iau("2011a") == "2011A"
    assert normalised_iau("ZTF20abcdefg") == normalised_iau(None) == ""


def test_objects_two_arcseconds_apart_are_one_and_three_are_two() -> None:
    objects = pd.DataFrame(
        {
            "object_id": ["a", "b", "c"], "source": "s", "ztf_id": "", "iau_name": "", "also_in": "",
            "ra": [10.0, 10.0, 10.0], "dec": [0.0, 1.9 / 3600, 4.9 / 3600],
        }
    )  # fmt: skip
    found = physical_ids(objects)
    assert found[0] == found[1] != found[2]


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="ztf_bts"):
        load_real(tmp_path)
