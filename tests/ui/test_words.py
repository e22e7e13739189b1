"""What the page says, takes home and links to."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.brokers.files import read_file
from core.brokers.samples import SampleSource
from core.doubts import OUTSIDE
from core.lightcurve import Note, Provenance, light_curve
from core.model import load_model
from core.pipeline import Classification, check_by_deletion, classify
from tests.curves import supernova
from ui import wording
from ui.export import as_csv, as_json
from ui.links import links, sexagesimal
from ui.map_words import map_sentence
from ui.snippet import snippet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def result():
    return classify(supernova(), load_model("t2-ztf"))


def with_probabilities(result, **p):
    values = np.array([p.get(c.replace("-", "_"), 1e-4) for c in result.model.classes])
    return replace(result, probabilities=values / values.sum())


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "<1 %"), (0.004, "<1 %"), (0.01, "1 %"), (0.874, "87 %"), (0.99, "99 %"), (0.9999, ">99 %")],
)
def test_percentages_have_two_digits_at_most(value, text):
    assert wording.percent(value) == text


def test_a_clear_answer_is_a_class_in_words_with_its_runner_up(result):
    answer = wording.verdict(with_probabilities(result, SNIa=0.87, SNIbc=0.09))
    assert answer.kind == "decided" and answer.headline.startswith("SN Ia, 9")
    assert "Runner-up SN Ib/c" in answer.sentence


def test_a_narrow_lead_is_not_decided(result):
    answer = wording.verdict(with_probabilities(result, SNIa=0.46, SNIbc=0.44))
    assert answer.kind == "undecided" and "Between SN Ia" in answer.headline and "Not decided" in answer.sentence


def test_variables_together_can_outweigh_a_transient(result):
    answer = wording.verdict(with_probabilities(result, SNIa=0.3, RRL=0.25, EB=0.25, other=0.2))
    assert answer.kind == "variable" and "not a transient" in answer.headline


def test_an_uncalibrated_model_says_so():
    answer = wording.verdict(classify(supernova(), load_model("t2-published-gr")))
    assert "not calibrated" in answer.sentence


def test_the_map_is_read_aloud_with_the_deletion_check(result):
    text = map_sentence(result, result.top_class, check_by_deletion(result, result.top_class))
    assert "**days" in text and "random" in text


def test_fold_models_that_disagree_are_told_below_the_headline(result):
    classes = result.model.classes
    one, two = np.full(len(classes), 1e-3), np.full(len(classes), 1e-3)
    one[classes.index("SNIa")], two[classes.index("SNII")] = 0.9, 0.9
    parted = replace(result, spread=np.stack([one, one, one, two, two]))
    assert "The 5 fold models disagree: 3 SN Ia, 2 SN II." in wording.verdict(parted).sentence
    weaker = one.copy()
    weaker[classes.index("SNIa")] = 0.3
    sure = with_probabilities(replace(result, spread=np.stack([one, weaker])), SNIa=0.9)
    assert "The fold models differ: SN Ia has 30 % to 90 %." in wording.verdict(sure).sentence
    assert "fold" not in wording.verdict(replace(sure, spread=np.stack([one, one]))).sentence


def labelled(result, true_class):
    return replace(result, curve=replace(result.curve, provenance=Provenance(true_class=true_class)))


def test_an_answer_that_differs_from_the_known_class_is_marked(result):
    sure = with_probabilities(result, SNIa=0.9)
    narrow = with_probabilities(result, SNIa=0.46, SNIbc=0.44)

    def mark(answer, known):
        shown = labelled(answer, known)
        return wording.known_class_mark(shown, wording.verdict(shown))

    assert mark(sure, "SNII") == "differs from the known class SN II"
    assert mark(sure, "SNIa") == mark(sure, "") == mark(sure, "ILRT") == ""
    assert mark(narrow, "SNIbc") == "" and "SN II" in mark(narrow, "SNII")


def test_a_doubtful_label_is_called_doubtful_in_the_headline(result):
    sure = with_probabilities(result, SNIa=0.9)
    answer = wording.verdict(sure)
    said = wording.known_class_mark(labelled(sure, "SNII"), answer, "SNII", "label lists disagree: SN II, SN Ia")
    assert said == "differs from the doubtful label SN II"
    # A broker's light curve comes without a class: the label is that of the judged objects.
    assert wording.known_class_mark(labelled(sure, ""), answer, "SNII", "") == "differs from the known class SN II"
    assert wording.known_class_mark(labelled(sure, ""), answer, "SNIa", "label lists disagree") == ""


def test_a_type_that_the_model_has_no_class_for_is_said_beside_it(result):
    odd = labelled(result, "ILRT").curve
    assert wording.label_sentence(odd, result.model) == "Real object; known class ILRT; t2-ztf has no such class."
    assert "no such class" not in wording.label_sentence(labelled(result, "SNIa").curve, result.model)


def test_the_record_of_one_prior_is_not_quoted_under_another(result):
    assert "the likeliest class is right" in wording.track_record(with_probabilities(result, SNIa=0.999))
    equal = replace(with_probabilities(result, SNIa=0.999), prior=result.model.equal_prior())
    assert "counted under the survey prior alone" in wording.track_record(equal)


def test_no_record_is_quoted_for_what_the_training_never_held(result):
    odd = replace(
        with_probabilities(result, SNIa=0.999),
        notes=(Note("warning", f"{OUTSIDE}: magnitude 36", short=f"{OUTSIDE}: …"),),
    )
    assert wording.lies_outside(odd) and not wording.lies_outside(result)
    assert "inside the training range alone" in wording.track_record(odd)
    assert "likeliest class is right" not in wording.verdict(odd).sentence


def test_the_input_title_says_what_was_done_and_nothing_else():
    assert wording.input_title(()) == "Input: every point used"
    comma = Note("converted", "numbers were read with a decimal comma")
    assert wording.input_title((comma,)) == "Input: numbers were read with a decimal comma"
    assert wording.unused_title(supernova()) == "Input: none of 24 points is used"


def test_points_without_magnitude_are_counted():
    curve = light_curve("x", [59000.0, 59001.0, 59002.0], [-5.0, 3.0, -1.0], [1.0, 1.0, 1.0], [0, 0, 0])
    assert wording.without_magnitude(curve).startswith("2 points have no flux above zero")
    assert wording.without_magnitude(replace(curve, flux=np.abs(curve.flux))) == ""


def test_simulated_and_real_are_said_with_the_known_class():
    real = replace(supernova(), provenance=Provenance(true_class="SNIa", true_class_source="BTS"))
    made = replace(supernova(), provenance=Provenance(true_class="KN", simulated=True))
    assert wording.label_sentence(real) == "Real object; known class SN Ia, by BTS."
    assert wording.label_sentence(made) == "Simulated object; known class Kilonova."


# --- taken home ------------------------------------------------------------------------------------------------------


def test_the_csv_has_every_point_its_share_and_no_formula(result):
    evil = replace(result.curve, object_id="=HYPERLINK(1)")
    text = as_csv(evil, result, result.top_class).decode()
    rows = list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))
    assert len(rows) == len(evil)
    assert rows[0]["object_id"] == "'=HYPERLINK(1)"
    shares = sum(float(r[f"map_share_percent_{result.top_class}"]) for r in rows if r["used"] == "True")
    assert shares == pytest.approx(100.0 - sum(result.explanation.feature_share(0).values()), abs=0.1)
    assert result.model.sha256 in text


def test_the_json_is_strict_and_its_map_adds_up(result):
    data = json.loads(as_json(result.curve, result, result.top_class), parse_constant=pytest.fail)
    assert sum(data["probabilities"].values()) == pytest.approx(1.0)
    cam = data["class_activation_map"]
    for k, name in enumerate(result.model.classes):
        logit = sum(cam["contribution_logit"][name]) + cam["bias"][name]
        assert logit == pytest.approx(float(result.inference.logits[0, k]), abs=1e-4)


def test_the_json_names_a_unit_for_every_column_and_nothing_empty(result):
    data = json.loads(as_json(result.curve, result, "SNIa"))
    columns = set(data["photometry"][0]) - {"object_id", "time_scale", "band", "kind", "used"}
    assert columns <= set(data["units"])
    assert data["retrieved"] is None and "retrieved" not in as_csv(result.curve, result).decode()


def test_a_refused_curve_can_be_taken_home_too():
    curve = light_curve("x", [59000.0], [-5.0], [1.0], [0])
    assert b"detection" in as_csv(curve, None)
    assert json.loads(as_json(curve, None))["photometry"][0]["mag_ab"] is None


def run(code, folder=ROOT):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed_by(code, folder=ROOT):
    return {name: float(p) for name, p in (line.split() for line in run(code, folder).splitlines())}


def as_printed(result):
    return pytest.approx(dict(zip(result.model.classes, result.probabilities, strict=True)), abs=1e-4)


def test_the_snippet_of_a_table_reads_it_as_the_page_did(tmp_path):
    curve = supernova()
    rows = [
        f"{t},{'gr'[b]},{y},{e}" for t, b, y, e in zip(curve.mjd, curve.band, curve.flux, curve.flux_err, strict=True)
    ]
    table = "object_id,mjd,band,flux,fluxerr\n" + "".join(f"{oid},{row}\n" for oid in "ab" for row in rows)
    (tmp_path / "mine.csv").write_text(table)
    reading = {"survey": None, "default_survey": "ztf", "flux_unit": "njy"}
    _, second = read_file(table.encode(), "mine.csv", **reading).curves
    result = classify(second, load_model("t2-published-gr@as-trained"))  # scales by flux, so the unit tells
    assert printed_by(snippet(second, result, "file", reading), tmp_path) == as_printed(result)


def test_the_snippet_of_a_file_of_alerts_finds_the_alert_that_was_chosen(tmp_path):
    name = "fink_ztf_tde_2020.parquet"
    shutil.copy(ROOT / "tests/data/files" / name, tmp_path)
    model = load_model("t2-published-gr")
    scored = [classify(c, model) for c in read_file(tmp_path / name).curves if c.alert_id]
    result = [r for r in scored if isinstance(r, Classification)][-1]
    assert printed_by(snippet(result.curve, result, "file", {"default_survey": "ztf"}), tmp_path) == as_printed(result)


def test_the_snippet_gives_the_numbers_of_the_page():
    sample = SampleSource()
    oid = sample.examples[0]
    model = load_model("t2-ztf")
    result = classify(sample.fetch(oid), model, prior=model.equal_prior())
    code = snippet(result.curve, result, "sample")
    assert printed_by(code) == as_printed(result)


# --- links -----------------------------------------------------------------------------------------------------------


def test_links_are_encoded_and_know_the_survey():
    ztf = links(light_curve("ZTF20aaelulu", [59000.0], [1.0], [0.1], [0], ra=10.5, dec=-3.25))
    assert ztf["ALeRCE"] == "https://alerce.online/object/ZTF20aaelulu"
    assert "Coord=10.500000%20-3.250000" in ztf["SIMBAD"]
    lsst = links(light_curve("170587116732416143", [60000.0], [1.0], [0.1], [4], ra=10.5, dec=3.25))
    assert lsst["Fink"] == "https://lsst.fink-portal.org/170587116732416143"
    assert "%2B3.250000" in lsst["Aladin"]
    assert links(light_curve("my <object>", [59000.0], [1.0], [0.1], [0])) == {}


@pytest.mark.parametrize("position", [(0.0, 0.0), (359.99999999, -89.99999), (257.970417, 72.421083), (15.0, -0.0001)])
def test_sexagesimal_agrees_with_astropy(position):
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    ours = SkyCoord(sexagesimal(*position), unit=(u.hourangle, u.deg))
    assert ours.separation(SkyCoord(*position, unit="deg")).arcsec < 0.12


def test_the_python_of_the_readme_runs():
    code = (ROOT / "README.md").read_text().split("```python")[1].split("```")[0]
    assert re.fullmatch(r"\w[\w-]* 0\.\d+\n", run(textwrap.dedent(code)))
