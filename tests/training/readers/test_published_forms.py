"""MALLORN, SNANA FITS and SPCC, in files made in their published layouts: same units, classes and chunks for all."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from core.bands import BANDS
from core.photometry import from_fluxcal
from core.refusal import BadInput
from tests.training.readers.plasticc_files import survey, write_csv
from training.curves import concatenate, read_parquet
from training.readers import mallorn, snana, spcc
from training.readers.__main__ import main
from training.readers.csv_blocks import Place
from training.readers.write import parts


@pytest.fixture
def mallorn_folder(tmp_path):
    (tmp_path / "split_01").mkdir()
    (tmp_path / "train_log.csv").write_text(
        "object_id,Z,Z_err,EBV,SpecType,English Translation,split,target\n"
        'aran_puig_cuil,0.18,,0.03,SN Ic-BL,"king +  clean, tidy, neat  + life",split_01,0\n'
        "aras_aeruil_mu,1.20,,0.04,AGN,deer,split_01,0\n"
    )
    (tmp_path / "split_01/train_full_lightcurves.csv").write_text(
        "object_id,Time (MJD),Flux,Flux_err,Filter\n"
        "aran_puig_cuil,63780.9,10.5,0.25,r\naran_puig_cuil,63314.4,-1.63,0.36,z\naran_puig_cuil,63320.0,,0.36,u\n"
        "aras_aeruil_mu,63789.7,5.86,1.55,y\n"
    )
    return tmp_path


def test_mallorn_as_published(mallorn_folder):
    log = mallorn.read_log(mallorn_folder / "train_log.csv")
    (chunk,) = mallorn.chunks(mallorn_folder / "split_01/train_full_lightcurves.csv", log)
    curves = chunk.curves
    assert curves.mjd.tolist() == [63314.4, 63780.9, 63789.7]  # in order of time, the empty flux left out
    assert from_fluxcal(curves.flux, "ujy") == pytest.approx([-1.63, 10.5, 5.86], rel=1e-6)
    assert curves.detected.tolist() == [False, True, False]
    assert [BANDS[b].name for b in curves.band] == ["lsst_z", "lsst_r", "lsst_y"]
    assert curves.objects["class"].tolist() == ["SNIbc", "AGN"]
    assert curves.objects["redshift"].tolist() == [0.18, 1.2]


def write_fits(folder, objects, gap=True, flag=True):
    """HEAD and PHOT of (SNID, photo-z, [(mjd, band, flagged, flux, err)])."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, begin, end = [], [], []
    for _, _, points in objects:
        begin.append(len(rows) + 1)
        rows += points
        end.append(len(rows))
        rows += [(-777.0, "-", 0, 0.0, 0.0)] * gap
    columns = list(zip(*rows, strict=True))
    made = [
        fits.Column("MJD", "1D", array=columns[0]), fits.Column("BAND", "2A", array=list(columns[1])),
        fits.Column("PHOTFLAG", "1J", array=columns[2]), fits.Column("FLUXCAL", "1E", array=columns[3]),
        fits.Column("FLUXCALERR", "1E", array=columns[4]),
    ]  # fmt: skip
    phot = fits.BinTableHDU.from_columns([c for c in made if flag or c.name != "PHOTFLAG"])
    head = fits.BinTableHDU.from_columns(
        [
            fits.Column("SNID", "16A", array=[o[0] for o in objects]),
            fits.Column("RA", "1D", array=[10.0] * len(objects)), fits.Column("DEC", "1D", array=[-30.0] * len(objects)),
            fits.Column("HOSTGAL_PHOTOZ", "1E", array=[o[1] for o in objects]),
            fits.Column("HOSTGAL_PHOTOZ_ERR", "1E", array=[0.1] * len(objects)),
            fits.Column("PTROBS_MIN", "1J", array=begin), fits.Column("PTROBS_MAX", "1J", array=end),
        ]
    )  # fmt: skip
    for table, kind in ((head, "HEAD"), (phot, "PHOT")):
        fits.HDUList([fits.PrimaryHDU(), table]).writeto(folder / f"ELASTICC2_TRAIN_02_NONIaMODEL0-0001_{kind}.FITS.gz")
    return snana.pairs(folder.parent)[0]


OBJECTS = [
    ("101 ", 0.3, [(60001.0, "r ", 4096, 50.0, 5.0), (60002.0, "Y ", 0, -3.0, 4.0)]),
    ("102 ", -9.0, [(60001.5, "u ", 6144, 30.0, 2.0)]),
    ("103 ", 0.5, [(60005.0, "g ", 0, 1.0, 2.0), (60006.0, "z ", 0, 1.0, 0.0)]),
]


@pytest.mark.parametrize("gap", [True, False])
def test_snana_as_published(tmp_path, gap):
    head, phot = write_fits(tmp_path / "ELASTICC2_TRAIN_02_KN_K17", OBJECTS, gap=gap)
    (chunk,) = snana.chunks(head, phot)
    curves = chunk.curves
    assert curves.lengths.tolist() == [2, 1, 1]
    assert curves.flux.tolist() == [50.0, -3.0, 30.0, 1.0]
    assert curves.detected.tolist() == [True, False, True, False]
    assert [BANDS[b].name for b in curves.band] == ["lsst_r", "lsst_y", "lsst_u", "lsst_g"]
    assert curves.objects["object_id"].tolist() == ["101", "102", "103"]
    assert set(curves.objects["class"]) == {"KN"} and set(curves.objects["type"]) == {"KN_K17"}
    assert curves.objects["redshift"].isna().tolist() == [False, True, False]


def test_snana_in_chunks_is_snana_at_once(tmp_path):
    head, phot = write_fits(tmp_path / "ELASTICC2_TRAIN_02_SNIax", OBJECTS)
    whole = next(snana.chunks(head, phot)).curves
    pieces = list(snana.chunks(head, phot, objects=2))
    assert [p.last for p in pieces] == [False, True]
    assert np.array_equal(concatenate([p.curves for p in pieces]).flux, whole.flux)
    rest = list(snana.chunks(head, phot, start=pieces[0].end, objects=2))
    assert rest[0].curves.objects["object_id"].tolist() == ["103"]


def test_without_flags_a_detection_is_five_sigma(tmp_path):
    head, phot = write_fits(tmp_path / "TDE", OBJECTS, flag=False)
    assert next(snana.chunks(head, phot)).curves.detected.tolist() == [True, False, True, False]


def test_a_broken_snana_set_is_named(tmp_path):
    head, phot = write_fits(tmp_path / "TDE", OBJECTS)
    with fits.open(head) as file:
        file[1].data["PTROBS_MAX"][2] = 99
        file.writeto(head, overwrite=True)
    with pytest.raises(ValueError, match=r"HEAD.FITS.gz, row 3: points 6 … 99; expected them within 1 … 8"):
        list(snana.chunks(head, phot))
    phot.unlink()
    with pytest.raises(FileNotFoundError, match=r"PHOT.FITS.gz is missing"):
        snana.pairs(tmp_path)
    with pytest.raises(BadInput, match="'LSST-w' is none of LSST's"):
        snana.lsst_letters(np.array([b"LSST-r", b"LSST-w"]))


SPCC = """SURVEY: DES
SNID:   000017
SNTYPE:  -9
RA:      0.500000  deg
DECL:    -43.000000  deg
MWEBV:   0.0111    MW E(B-V)
HOST_GALAXY_PHOTO-Z:   0.3502  +- 0.0468
SIM_COMMENT:  SN Type = IIn , MODEL = SDSS-017862
SIM_REDSHIFT:  0.3972
NOBS: 2
VARLIST:  MJD  FLT FIELD   FLUXCAL   FLUXCALERR   SNR    MAG     MAGERR
OBS:  56172.039   r  NULL   4.410e+01   1.758e+00    0.00   99.000    5.000
OBS:  56171.051   g  NULL  -3.679e+01   7.809e+01    0.00   99.000    5.000
END:
"""


def test_spcc_as_published(tmp_path):
    (tmp_path / "DES_SN000017.DAT").write_text(SPCC)
    (chunk,) = spcc.chunks(tmp_path)
    one = chunk.curves.objects.iloc[0]
    assert (one["object_id"], one["class"], one["type"], one["filters"]) == ("17", "SNII", "IIn", "DES")
    assert (one["redshift"], one["redshift_err"], one["redshift_true"], one["mwebv"]) == (
        0.3502,
        0.0468,
        0.3972,
        0.0111,
    )
    assert chunk.curves.flux.tolist() == pytest.approx([-36.79, 44.1], rel=1e-6)
    assert [BANDS[b].name for b in chunk.curves.band] == ["lsst_g", "lsst_r"]
    assert chunk.curves.detected.tolist() == [False, True]
    assert list(spcc.chunks(tmp_path, start=Place(1, 1))) == []
    (tmp_path / "DES_SN000017.DAT").write_text(SPCC.replace("   99.000    5.000\nEND", "\nEND"))
    with pytest.raises(ValueError, match=r"DES_SN000017.DAT, line 13: 6 values; expected 8"):
        list(spcc.chunks(tmp_path))


RECIPE = {
    "kind": "fixed-grid", "length": 20, "bands": [f"lsst_{letter}" for letter in "ugrizy"], "step": 5.0, "before": 40.0,
    "channels": ["flux", "sigma", "coverage"], "cuts": {"min_points": 3, "min_points_per_band": 0, "min_snr": 3.0},
    "features": ["redshift"],
}  # fmt: skip


def test_the_command_goes_from_files_to_network_input(tmp_path, mallorn_folder, capsys):
    metadata, light_curves = survey(40, points=(5, 60))
    described, curves = write_csv(metadata, tmp_path / "m.csv.gz"), write_csv(light_curves, tmp_path / "l.csv.gz")
    out = tmp_path / "parts"
    assert main(["plasticc", "--curves", str(curves), "--metadata", str(described), "--out", str(out)]) == 0
    (tmp_path / "recipe.json").write_text(json.dumps(RECIPE))
    made = tmp_path / "tensors"
    asked = ["tensors", "--parts", str(out), "--recipe", str(tmp_path / "recipe.json"), "--out", str(made)]
    assert main(asked) == 0 and main(asked) == 0
    (part,) = parts(out)
    with np.load(made / f"{part.stem}.npz") as kept:
        n = len(kept["label"])
        refused = {text.split(":")[0]: int(text.split(":")[1]) for text in kept["refused"]}
        assert kept["values"].shape == (n, 20, 13) and np.isfinite(kept["values"]).all()
        assert n + sum(refused.values()) == len(read_parquet(part)) == 40 and n > 20
        known = pd.Series(metadata["hostgal_photoz"].to_numpy(), index=metadata["object_id"].astype(str))
        z = known[kept["object_id"]].to_numpy()
        assert np.allclose(kept["features"][:, 0], np.where(z > 0, z, -1.0), rtol=1e-6)
    arguments = ["--folder", str(mallorn_folder), "--log", str(mallorn_folder / "train_log.csv")]
    assert main(["mallorn", *arguments, "--out", str(tmp_path / "mallorn")]) == 0
    assert main(["elasticc2", "--folder", str(tmp_path), "--out", str(tmp_path / "e")]) == 1
    assert "expected SNANA's pairs of HEAD and PHOT" in capsys.readouterr().err
