"""The command line: one row per light curve whatever becomes of it, written in one piece, errors in one sentence."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import stream.lane
import stream.score as command
from core.brokers.files import read_file
from core.model import Prior, load_model
from core.pipeline import classify, row_columns
from core.refusal import Refusal
from tests.core.files.alerts import ZTF_SCHEMA, candidate, container, lsst_packet, lsst_schema, wire, ztf_packet

ROOT = Path(__file__).parents[2]
CURVES = ROOT / "tests" / "data" / "ztf_curves" / "curves.parquet"
ALERTS = ROOT / "tests" / "data" / "files"
MODEL = "t2-published-gr"


@pytest.fixture(scope="module")
def model():
    return load_model(MODEL)


def run(*arguments):
    """(exit code, what was said on stderr)"""
    said = io.StringIO()
    code = command.main([*map(str, arguments), "--model", MODEL], stderr=said)
    return code, said.getvalue()


def scored(source, tmp_path, *options):
    out = tmp_path / "scores.parquet"
    code, said = run(source, "--out", out, *options)
    assert code == 0, said
    return pd.read_parquet(out)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return scored(CURVES, tmp_path_factory.mktemp("table"))


def test_columns_are_the_contract(table, model):
    assert list(table.columns) == row_columns(model)
    assert list(table.columns[:3]) == ["object_id", "alert_id", "n_points"]
    assert table["alert_id"].isna().all()
    assert set(table["model_sha256"]) == {model.sha256}


def test_the_page_of_the_command_line_has_every_option_column_and_reason(model):
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    words = {re.sub("^(p|spread)_.*", r"\1_<class>", name) for name in row_columns(model, spread=True)}
    words |= {option for action in command._parser()._actions for option in action.option_strings[-1:]} - {"--help"}
    for name in ("selection", "funnel", "pipeline", "lightcurve", "brokers/files/*"):
        for path in (ROOT / "core").glob(f"{name}.py"):
            words |= set(re.findall(r'(?:BadInput|Refusal)\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
    assert {"gp_failed", "lossy_id", "notes", "fold", "--schemas"} <= words
    assert not sorted(word for word in words if f"`{word}`" not in page)


def test_one_row_per_object_and_its_probabilities_sum_to_one(table, model):
    expected = pq.read_table(CURVES, columns=["object_id"]).column(0).to_pylist()
    assert table["object_id"].tolist() == list(dict.fromkeys(expected))
    p = table[[f"p_{c}" for c in model.classes]]
    fine = table["refusal"].isna()
    assert fine.any()
    np.testing.assert_allclose(p[fine].sum(axis=1), 1.0)
    assert p[~fine].isna().all().all()
    assert (p[fine].idxmax(axis=1).str[2:] == table.loc[fine, "top_class"]).all()


def test_the_command_line_says_what_the_page_says(table, model):
    for curve, (_, row) in zip(read_file(CURVES, default_survey="ztf").curves, table.iterrows(), strict=True):
        result = classify(curve, model)
        if isinstance(result, Refusal):
            assert row["refusal"] == result.reason
        else:
            np.testing.assert_allclose([row[f"p_{c}"] for c in model.classes], result.probabilities, atol=1e-5)


def test_csv_and_parquet_say_the_same(table, tmp_path):
    out = tmp_path / "scores.csv"
    assert run(CURVES, "--out", out)[0] == 0
    text = pd.read_csv(out, dtype={"object_id": str, "alert_id": str})
    assert list(text.columns) == list(table.columns)
    assert text["object_id"].tolist() == table["object_id"].tolist()
    np.testing.assert_allclose(text["p_SNIa"], table["p_SNIa"], rtol=1e-12)


def test_a_folder_of_everything_gives_every_alert_its_row(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.avro").write_bytes(
        container(ZTF_SCHEMA, [ztf_packet(candidate(), candidate(-1, 2)), ztf_packet(objectId="")])
    )
    (folder / "b.avro").write_bytes(container(lsst_schema(), [lsst_packet()]))
    (folder / "c.csv").write_text("oid,mjd,band,mag,magerr\nx,60000,g,18,0.1\nx,60001,r,18,0.1\ny,never,g,18,0.1\n")
    (folder / "d.csv").write_text("nothing,of,use\n1,2,3\n")
    (folder / "notes.md").write_text("not read")
    rows = scored(folder, tmp_path)
    found = list(zip(rows["object_id"], rows["refusal"].fillna("-"), strict=True))
    assert found == [
        ("ZTF23aaaaaaa", "-"),
        ("", "no_id"),
        (str(2**53 + 1), "wrong_survey"),
        ("x", "-"),
        ("y", "value"),
        ("d.csv", "columns"),
    ]
    assert rows["alert_id"].tolist()[0] == "2481192083915015002"
    assert "line 4, column mjd: 'never'" in rows["refusal_message"].tolist()[4]


@pytest.mark.parametrize("name", sorted(p.name for p in ALERTS.iterdir() if p.name.startswith(("ztf", "fink"))))
def test_every_real_file_is_scored_or_refused_with_a_reason(name, tmp_path):
    rows = scored(ALERTS / name, tmp_path)
    assert len(rows) == len(read_file(ALERTS / name).curves)
    assert (rows["refusal"].isna() == rows["top_class"].notna()).all()
    assert rows.loc[rows["refusal"].notna(), "refusal_message"].str.startswith("Not scored").all()


def test_framed_packets_with_a_folder_of_schemas(tmp_path):
    (tmp_path / "lsst_v7_1.json").write_text(json.dumps(lsst_schema()))
    packet = tmp_path / "packet.avro"
    packet.write_bytes(wire(lsst_schema(), lsst_packet()))
    assert scored(packet, tmp_path, "--schemas", tmp_path)["refusal"].tolist() == ["wrong_survey"]
    code, said = run(packet, "--out", tmp_path / "x.csv")
    assert code == 2 and "schema 701" in said


def test_ids_that_lost_digits_have_their_rows_and_are_not_scored(tmp_path):
    path = tmp_path / "t.csv"
    big = [f"{170587116732416143.0!r},{60000 + k},ztf_{b},18,0.1" for k in range(4) for b in "gr"]
    fine = [f"170587116732416143,{60000 + k},ztf_{b},18,0.1" for k in range(4) for b in "gr"]
    path.write_text("oid,mjd,band,mag,magerr\n" + "\n".join([*big, *fine]) + "\n")
    rows = scored(path, tmp_path)
    assert rows["refusal"].fillna("-").tolist() == ["lossy_id", "-"]
    assert rows["object_id"].tolist() == ["1.7058711673241613e+17", "170587116732416143"]
    assert "column oid" in rows["refusal_message"][0] and "as text or int64" in rows["refusal_message"][0]
    path.write_text("oid,mjd,band,mag,magerr\n" + "\n".join(big) + "\n")
    code, said = run(path, "--out", tmp_path / "o.csv")
    assert code == 2 and "as text or int64" in said.splitlines()[-1]


def test_survey_and_unit_are_taken_from_the_options(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "oid,mjd,band,flux,flux_err\n" + "".join(f"a,{60000 + k},{b},{100 + k},5\n" for k in range(4) for b in "gr")
    )
    assert scored(path, tmp_path, "--survey", "lsst")["refusal"].tolist() == ["wrong_survey"]
    plain = scored(path, tmp_path, "--flux-unit", "fluxcal")["photometry_sha256"][0]
    assert scored(path, tmp_path, "--flux-unit", "njy")["photometry_sha256"][0] != plain
    assert scored(path, tmp_path)["photometry_sha256"][0] == plain


def test_batches_change_nothing(table, tmp_path, monkeypatch):
    monkeypatch.setattr(stream.lane, "BATCH", 7)
    monkeypatch.setattr(stream.lane, "PART", 16)
    pd.testing.assert_frame_equal(scored(CURVES, tmp_path), table, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"Obj\x01", "truncated"), (b"a,b\n1,2\n", "columns missing"), (b"PK\x03\x04", "ZIP archive")],
)
def test_an_unreadable_file_is_one_sentence_and_no_output(content, says, tmp_path):
    path = tmp_path / "input.csv"
    path.write_bytes(content)
    code, said = run(path, "--out", tmp_path / "out.parquet")
    assert code == 2 and says in said and "Traceback" not in said
    assert len(said.strip().splitlines()) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["input.csv"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{tmp}/nowhere.csv", "--out", "{tmp}/o.csv"], "does not exist"),
        (["{tmp}", "--out", "{tmp}/o.csv"], "no file in"),
        ([str(CURVES), "--out", "{tmp}/o.txt"], ".parquet or .csv"),
        ([str(CURVES), "--out", "{tmp}/no/such/o.csv"], "does not exist"),
        ([str(CURVES), "--out", "{tmp}/o.csv", "--prior", "{tmp}/none.json"], "expected survey, equal"),
        ([str(CURVES), "--out", "{tmp}/o.csv", "--spread"], "no fold models"),
        ([str(CURVES), "--out", "{tmp}/o.csv", "--schemas", "{tmp}/none"], "expected a folder of LSST schemas"),
    ],
)
def test_bad_arguments_are_one_sentence(arguments, says, tmp_path):
    code, said = run(*[a.format(tmp=tmp_path) for a in arguments])
    assert code == 2 and says in said
    assert not list(tmp_path.iterdir())


def test_an_unknown_model_is_one_sentence(tmp_path):
    said = io.StringIO()
    assert command.main([str(CURVES), "--model", "nope", "--out", str(tmp_path / "o.csv")], stderr=said) == 2
    assert "no model card" in said.getvalue()


def test_an_interrupted_run_leaves_the_old_file_and_no_half_one(tmp_path, monkeypatch):
    out = tmp_path / "scores.parquet"
    out.write_text("the old one")

    def killed(*arguments, **options):
        yield read_file(CURVES, default_survey="ztf").curves[0]
        os.kill(os.getpid(), signal.SIGTERM)
        yield from ()

    monkeypatch.setattr("core.brokers.files.many.iter_file", killed)
    code, said = run(CURVES, "--out", out)
    assert code == 130 and "was not written" in said
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("scores.parquet", "the old one")]


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command.os, "fsync", full)
    code, said = run(CURVES, "--out", tmp_path / "o.parquet")
    assert code == 2 and "No space left" in said
    assert not list(tmp_path.iterdir())


def test_ids_are_no_formulas_in_csv(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("oid,mjd,band,mag,magerr\n=1+1,60000,ztf_g,18,0.1\n")
    out = tmp_path / "o.csv"
    assert run(path, "--out", out)[0] == 0
    with out.open(newline="") as stream:
        assert next(iter(csv.DictReader(stream)))["object_id"] == "'=1+1"


def stand_in(weights=(0.7, 0.2, 0.1)):
    own = Prior("survey", None if weights is None else np.array(weights))
    return SimpleNamespace(
        name="m", classes=("SNIa", "SNII", "TDE"), prior=own, equal_prior=lambda: Prior("equal", np.ones(3))
    )


def test_priors_by_word_and_by_file(tmp_path):
    assert command.prior_of(None, stand_in()) is None
    assert command.prior_of("survey", stand_in()) is None
    assert command.prior_of("equal", stand_in()).name == "equal"
    (tmp_path / "p.json").write_text('{"SNIa": 3, "TDE": 1}')
    (tmp_path / "p.csv").write_text("class,weight\nSNIa,3\nTDE,1\n")
    for name in ("p.json", "p.csv"):
        prior = command.prior_of(str(tmp_path / name), stand_in())
        assert prior.name == name and prior.weights.tolist() == [0.75, 0.0, 0.25]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[1]", "holds no weights"),
        ("{", "holds no weights"),
        ('{"Nova": 1}', "'Nova'"),
        ('{"SNIa": -1}', "zero or positive"),
        ('{"SNIa": "x"}', "holds no weights"),
    ],
)
def test_a_bad_prior_file_is_one_sentence(content, says, tmp_path):
    (tmp_path / "p.json").write_text(content)
    with pytest.raises(command.Stop, match=says):
        command.prior_of(str(tmp_path / "p.json"), stand_in())


def test_a_model_without_a_prior_can_not_be_moved_to_another(tmp_path):
    (tmp_path / "p.json").write_text('{"SNIa": 1}')
    for choice in (str(tmp_path / "p.json"), "equal"):
        code, said = run(CURVES, "--out", tmp_path / "o.csv", "--prior", choice)
        assert code == 2
        assert f"--prior {choice}: {MODEL} declares no prior of its own" in said
    assert not (tmp_path / "o.csv").exists()


def test_the_last_word_sums_up_what_the_readers_noted(tmp_path):
    path = tmp_path / "t.csv"
    rows = ["a,60000,ztf_g,18,0.1,0.1", "a,60000,ztf_g,18,0.1,0.1", "a,60001,ztf_r,99,99,", "b,60000,ztf_g,18,0.1,99"]
    path.write_text("oid,mjd,band,mag,magerr,redshift\n" + "\n".join(rows) + "\n")
    out = tmp_path / "o.csv"
    code, said = run(path, "--out", out)
    assert code == 0
    lines = [line.strip() for line in said.splitlines()]
    start = lines.index("light curves with notes (column notes):")
    assert lines[start + 1].startswith("2  dropped, 1 row; first: 1 row dropped: the magnitude is a stand-in")
    assert lines[start + 2].startswith("1  merged, 1 row; first: 1 duplicate row merged")
    assert lines[start + 3] == f"written: {out}"
    notes = pd.read_csv(out)["notes"]
    assert "stand-in" in notes[0] and "redshift 99 not used" in notes[1]
    assert "notes" not in run(path, "--out", out, "--quiet")[1]


def test_as_a_program(tmp_path):
    out = tmp_path / "scores.csv"
    call = [sys.executable, "-m", "stream.score", str(CURVES), "--model", MODEL, "--out", str(out)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and "scored/s" in done.stderr
    assert len(pd.read_csv(out)) == 39
    assert subprocess.run(call[:-2], cwd=ROOT, capture_output=True, timeout=300, check=False).returncode == 2
