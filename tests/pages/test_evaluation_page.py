"""The evaluation page without a browser: its numbers are scikit-learn's on the same file, and its state is the address."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.bands import BANDS
from core.brokers.samples import JudgedSource
from core.model import MODELS, load_model
from core.taxonomy import CLASS_NAMES, FIVE
from ui.evaluation.views import VIEWS
from ui.evaluation.why import median_text
from ui.wording import percent

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed: make test sets it up")
APP = Path(__file__).resolve().parents[2] / "app.py"
P = [f"p_{c}" for c in CLASS_NAMES]


def opened(**query):
    at = AppTest.from_file(str(APP), default_timeout=120)
    at.switch_page("pages/evaluation.py")
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception
    return at


def html_of(at):
    return "\n".join(e.proto.body for e in at.get("html"))


def text_of(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.info))


def number(at, what):
    return float(re.search(rf"<dt>{re.escape(what)}</dt><dd>([\d.,]+)", html_of(at)).group(1).replace(",", ""))


def judged(name="t2-ztf", prior="survey"):
    table = pd.read_parquet(MODELS / name / "evaluation.parquet")
    p = table[P].to_numpy(float)
    if prior == "equal":
        p = p / load_model(name).prior.weights
    return table, p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("prior", ["survey", "equal"])
def test_the_numbers_on_the_page_are_scikit_learns_on_the_same_file(prior):
    at = opened(model="t2-ztf", prior=prior)
    table, p = judged(prior=prior)
    truth = table["class"].map(CLASS_NAMES.index).to_numpy()
    answer = p.argmax(axis=1)
    assert number(at, "objects") == len(table)
    assert number(at, "accuracy") == pytest.approx(metrics.accuracy_score(truth, answer), abs=6e-4)
    f1 = metrics.f1_score(truth, answer, average="macro", labels=np.unique(truth))
    assert number(at, "macro-F1") == pytest.approx(f1, abs=6e-4)
    weight = 1.0 / np.bincount(truth)[truth]
    loss = metrics.log_loss(truth, np.clip(p, 1e-15, 1), sample_weight=weight, labels=range(len(CLASS_NAMES)))
    assert number(at, "flat log-loss") == pytest.approx(loss, abs=2e-3)
    recall = metrics.recall_score(truth, answer, labels=[0], average=None)[0]
    assert re.search(rf">SN Ia</th><td[^>]*>{np.sum(truth == 0):,}</td><td[^>]*>{recall:.2f} \[", html_of(at))


def test_the_figure_of_five_classes_stands_beside_that_of_all_and_is_the_cards():
    figures = load_model("t2-ztf").card.data["figures"]
    for prior in ("survey", "equal"):
        at = opened(model="t2-ztf", prior=prior)
        assert number(at, "macro-F1 of five") == pytest.approx(figures["five_class"][prior]["macro_f1"], abs=6e-4)
        assert number(opened(model="t2-ztf", prior=prior, classes="five"), "macro-F1") == number(at, "macro-F1 of five")
    said = text_of(at)
    assert "means over the 12 classes that have objects here" in said and "SN Ia, SN II, SN Ib/c, SLSN-I, TDE" in said
    assert "macro-F1 of five" not in html_of(opened(model="t2-ztf", classes="groups"))


def test_the_calibration_error_of_the_card_is_named_beside_the_pages():
    figures = load_model("t2-ztf").card.data["figures"]
    said = text_of(opened(model="t2-ztf", view="calibration"))
    assert f"The model's card says {figures['ece_survey']:.3f}" in said and "simulated light curves besides" in said
    assert "The model's card says" not in text_of(opened(model="t2-ztf", view="calibration", prior="equal"))


@pytest.mark.parametrize("query", [{}, {"model": "t2-published-gr@as-trained"}, {"set": "days-10"}, {"classes": "ia"}])
def test_objects_without_an_answer_are_counted_and_listed(query):
    """Whatever age or convention is judged, judged and refused objects are the same together."""
    at = opened(**{"model": "t2-ztf", **query})
    label = next(e.label for e in at.expander if "not in these figures" in e.label)
    refused, whole = (int(n.replace(",", "")) for n in re.findall(r"[\d,]+", label)[:2])
    listed = next(d.value for d in at.dataframe if "why" in d.value)
    assert len(listed) == refused == whole - number(at, "objects") > 0
    if "classes" not in query:
        everything = {*judged_ids("t2-ztf"), *pd.read_parquet(MODELS / "t2-ztf/refused.parquet")["object_id"]}
        assert whole == len(everything)
        assert re.search(r">SN Ia-91bg</th><td[^>]*>\d+</td><td[^>]*>[1-9]", html_of(at))
    pages = listed["page"].dropna()
    assert len(pages) and pages.str.contains("oid=").all()


def test_areas_are_scikit_learns():
    at = opened(model="t2-ztf", view="curves", classes="five")
    table, p = judged()
    names = ["SNIa", "SNII", "SNIbc", "SLSN-I", "TDE"]
    table, p = (
        table[table["class"].isin(names)],
        p[table["class"].isin(names)][:, [CLASS_NAMES.index(n) for n in names]],
    )
    p = p / p.sum(axis=1, keepdims=True)
    truth = table["class"].map(names.index).to_numpy()
    for average in ("micro", "macro"):
        auc = metrics.roc_auc_score(np.eye(5)[truth], p, average=average)
        row = re.search(
            rf">{average} average</th><td[^>]*>{len(table):,}</td><td[^>]*>{auc:.3f} \[([\d.]+), ([\d.]+)\]",
            html_of(at),
        )
        assert row and float(row.group(1)) < auc < float(row.group(2))


def test_a_comparison_begins_with_another_model():
    at = opened(model="t2-ztf", view="compare")
    box = next(s for s in at.selectbox if s.label == "Compare with")
    assert not box.value.startswith("t2-ztf,") and box.value != "t2-ztf" and "t2-lsst" not in box.options


def test_what_a_contender_lacks_stands_beside_its_scores():
    table, _ = judged("t2-ztf")
    both = table["object_id"].isin(judged_ids("t2-published-gr"))
    others = int((both & (table["class"] == "other")).sum())
    for query in ({"model": "t2-ztf", "with": "t2-published-gr"}, {"model": "t2-published-gr", "with": "t2-ztf"}):
        said = text_of(opened(view="compare", **query))
        assert f"t2-published-gr has no class Other variable ({others:,} here)" in said
        assert "learned from simulated light curves alone" in said and "t2-ztf has no class" not in said
    assert "has no class" not in text_of(
        opened(view="compare", model="t2-ztf", classes="five", **{"with": "t2-published-gr"})
    )


def judged_ids(name):
    return pd.read_parquet(MODELS / name / "evaluation.parquet", columns=["object_id"])["object_id"]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("query", [{}, {"model": "t2-lsst", "set": "mallorn", "classes": "five"}, {"model": "t2-published-gr", "classes": "ia"}],
                         ids=["t2-ztf", "mallorn", "published"])  # fmt: skip
def test_every_view_of_every_kind_of_set_is_shown(view, query):
    at = opened(view=view, **query)
    assert not at.error and (at.get("plotly_chart") or at.info)


def test_the_list_holds_what_the_cell_says_worst_first_and_why():
    at = opened(truth="SNIbc", answer="SNIa")
    table, p = judged()
    cell = (table["class"] == "SNIbc").to_numpy() & (p.argmax(axis=1) == 0)
    assert f"{cell.sum()} objects\\: SN Ib/c called SN Ia" in text_of(at)
    assert "Why it was wrong" in [s.value for s in at.subheader]
    worst = table["object_id"].to_numpy()[cell][np.argmax(p[cell, 0])]
    assert at.get("page_link")[0].proto.label == f"**{worst}**"


def test_a_card_says_among_how_many_classes_it_was_judged_and_the_answer_of_all():
    """A probability among five is no probability of fifteen, which the object's own page shows."""
    table, p = judged()
    at = opened(truth="SLSN-I", answer="SNII", classes="five")
    five = p[:, [CLASS_NAMES.index(n) for n in FIVE]]
    five = five / five.sum(axis=1, keepdims=True)
    cell = np.flatnonzero((table["class"] == "SLSN-I") & (five.argmax(axis=1) == FIVE.index("SNII")))
    row = cell[np.argmax(five[cell, FIVE.index("SNII")])]
    told = next(e.value for e in at.caption if "among 5" in e.value)
    assert re.search(r"SLSN-I, called SN II [<>]?\d+ % among 5", told) and "of all classes: " in told
    best = p[row].max()
    assert f" {percent(best)}" in told.split("of all classes: ")[1]
    assert not any("of all classes" in e.value for e in opened(truth="SLSN-I", answer="SNII").caption)


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [("n_points", 14.5, "14.5"), ("n_points", 1230, "1,230"), ("span_days", 33.961, "34"), ("peak_magnitude", 18.44, "18.4"),
     ("redshift", 0.0412, "0.041"), ("snr", 9.8, "9.8")],
)  # fmt: skip
def test_a_median_has_the_digits_of_its_quantity(quantity, value, text):
    assert median_text(quantity, value) == text


def test_a_point_of_a_curve_tells_missed_from_false_alarms():
    """The choice names each part with its number, and every listed object says which it is."""
    table, p = judged()
    at = opened(view="curves", by="p:TDE", low="0.3")
    true, picked = (table["class"] == "TDE").to_numpy(), p[:, CLASS_NAMES.index("TDE")] >= 0.3
    control = next(c for c in at.segmented_control if c.label == "Of this threshold")
    numbers = [int(option.content.rsplit(": ")[1]) for option in control.proto.options]
    assert numbers == [picked.sum(), (picked & ~true).sum(), (picked & true).sum(), (~picked & true).sum()]
    control.set_value("missed").run()
    assert not at.exception and (at.query_params["truth"], at.query_params["high"]) == ("TDE", "0.3")
    said = text_of(at)
    assert f"{numbers[3]} objects\\: TDE, p(TDE) below 0.3" in said and "the lowest p(TDE) first" in said
    assert said.count("missed at this threshold") == min(numbers[3], 8) and "false alarm\\:" not in said
    at = opened(view="curves", by="p:TDE", low="0.3", truth="not TDE")
    assert text_of(at).count("false alarm\\: p(TDE)") == min(numbers[1], 8)


def test_a_selection_without_objects_is_told_plainly():
    assert "0 objects" in text_of(opened(truth="TDE", answer="RRL"))


@pytest.mark.parametrize(
    "query",
    [{"model": "nowhere"}, {"set": "nothing"}, {"truth": "Kilonowa"}, {"by": "n_points", "low": "many"}, {"page": "99"}, {"threshold": "x", "view": "thresholds"}],
)  # fmt: skip
def test_an_address_that_makes_no_sense_falls_back(query):
    assert opened(**query).title[0].value == "Evaluation"


def own_table(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, n)
    logits = rng.normal(size=(n, len(CLASS_NAMES)))
    logits[np.arange(n), truth] += 2
    p = np.exp(logits)
    frame = pd.DataFrame(p / p.sum(axis=1, keepdims=True), columns=P)
    return frame.assign(object_id=[f"mine-{i}" for i in range(n)], **{"class": np.array(CLASS_NAMES)[truth]})


def test_ten_thousand_own_objects_are_evaluated():
    at = opened(model="own")
    mine = own_table(10_000)
    at.file_uploader[0].set_value(("mine.csv", mine.to_csv(index=False).encode(), "text/csv")).run()
    assert not at.exception and not at.error
    truth = mine["class"].map(CLASS_NAMES.index).to_numpy()
    assert number(at, "objects") == 10_000
    assert number(at, "accuracy") == pytest.approx(
        metrics.accuracy_score(truth, mine[P].to_numpy().argmax(axis=1)), abs=6e-4
    )


def test_what_is_wrong_with_an_own_table_is_said_with_its_row():
    at = opened(model="own")
    mine = own_table(20)
    mine.loc[6, "class"] = "Kilonowa"
    buffer = io.BytesIO()
    mine.to_parquet(buffer)
    at.file_uploader[0].set_value(("mine.parquet", buffer.getvalue(), "application/octet-stream")).run()
    assert "row 7" in at.error[0].value and "Kilonowa" in at.error[0].value


def test_own_light_curves_are_scored_here_and_get_the_probabilities_of_the_judged():
    """Photometry with a class column: what the page scores is what the evaluation file holds."""
    source = JudgedSource()
    ids = [i for i in source.catalogue()["object_id"] if i.startswith("ZTF")][:40]
    frames = []
    for oid in ids:
        curve = source.fetch(oid)
        bands = [BANDS[b].name for b in curve.band]
        points = {"object_id": oid, "mjd": curve.mjd, "band": bands, "flux": curve.flux, "flux_err": curve.flux_err}
        frames.append(pd.DataFrame({**points, "class": curve.provenance.true_class}))
    at = opened(model="own", upload="curves", scorer="t2-ztf", truth="SNIa")
    photometry = pd.concat(frames).to_csv(index=False).encode()
    at.file_uploader(key="own_curves").set_value(("mine.csv", photometry, "text/csv")).run()
    assert not at.exception and not at.error
    assert number(at, "objects") == 40
    table, p = judged()
    mine = table["object_id"].isin(ids).to_numpy()
    right = p[mine].argmax(axis=1) == table["class"][mine].map(CLASS_NAMES.index)
    assert number(at, "accuracy") == pytest.approx(right.mean(), abs=6e-4)


def test_light_curves_without_classes_are_told_what_is_missing():
    at = opened(model="own", upload="curves")
    at.file_uploader(key="own_curves").set_value(
        ("mine.csv", b"object_id,mjd,band,flux,flux_err\na,1,ztf_g,1,1\n", "text/csv")
    ).run()
    assert "with class beside it" in at.error[0].value
