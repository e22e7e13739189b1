"""The lab asks what would change the answer; what is asked stands in the address."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.brokers.samples import SampleSource
from core.whatif import Changes
from ui.figures.theme import DARK, LIGHT
from ui.figures.timeline import drawn_lines, timeline_figure
from ui.lab.state import Bench, as_text, read_text

APP = Path(__file__).parents[2] / "app.py"
OID = "ZTF20aatqesi"
CURVE = SampleSource().fetch(OID)


def opened(**query):
    at = AppTest.from_file(str(APP), default_timeout=120).run()
    at.switch_page("pages/lab.py")
    for key, value in {"source": "sample", "oid": OID, **query}.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception
    return at


def text_of(at):
    return "\n".join(
        str(e.value) for kind in (at.title, at.subheader, at.markdown, at.caption, at.warning) for e in kind
    )


def figure(at, key):
    (chart,) = [c for c in at.get("plotly_chart") if c.proto.id.endswith(key)]
    return json.loads(chart.proto.spec), chart.proto.alt


def test_the_lab_opens_on_a_sample_with_both_timelines():
    at = opened()
    _, alt = figure(at, "timeline")
    assert "t2-ztf: " in alt and "t2-published-gr: " in alt and "leads for good from day" in alt
    assert "Light curve of" in figure(at, "as_it_stood")[1]


def test_a_rubin_object_has_a_timeline_of_the_model_that_reads_it_alone():
    at = opened(oid="313853517735395444")
    assert "t2-published" not in figure(at, "timeline")[1]


def test_the_day_in_the_address_is_the_night_looked_at():
    at = opened(day="20")
    assert "Day 20:" in text_of(at) or "Day 19:" in text_of(at)


def test_changes_in_the_address_are_told_and_undone():
    at = opened(changes=as_text(Changes(until=10.0, without_bands=("ztf_g",)), OID))
    assert "only up to day 10.0, no ZTF g" in text_of(at) and "Not scored" in text_of(at)
    next(b for b in at.button if b.label == "As measured").click().run()
    assert "changes" not in at.query_params and "With the changes" not in text_of(at)
    next(b for b in at.button if b.label == "Undo").click().run()
    assert "only up to day 10.0, no ZTF g" in text_of(at)


def test_nonsense_in_the_address_is_told_and_left_out():
    at = opened(changes=f"until=soon;of={OID}", day="never", beside="nobody")
    assert "it can't be read" in at.warning[0].value
    assert "changes" not in at.query_params and figure(at, "timeline")


def test_changes_of_another_object_are_none():
    assert read_text(as_text(Changes(fainter=1.0), "another"), CURVE) == Changes()


@pytest.mark.parametrize(
    "changes",
    [
        Changes(),
        Changes(until=12.5),
        Changes(without=(0, 5, 159), without_bands=("ztf_g",)),
        Changes(fainter=-1.5, redshift=0.05, draw=3),
        Changes(kernel="rbf", stretch=0.5, redshift=0.0),
    ],
)
def test_what_is_written_in_an_address_is_read_again(changes):
    assert read_text(as_text(changes, OID), CURVE) == changes


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("without=160", "there is no point 160; the light curve has points 0 to 159"),
        ("fainter=9", "9 was asked for; expected -2 to 4"),
        ("kernel=cosine", "unknown kernel 'cosine'"),
        ("bands=ztf_q", "unknown band"),
        ("colour=red", "it can't be read"),
    ],
)
def test_an_address_that_asks_for_too_much_is_told_what_was_expected(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_text(f"{text};of={OID}", CURVE)


def test_the_figure_names_every_line_and_hides_none_that_leads():
    from core.model import load_model
    from core.whatif import timeline

    line = timeline(CURVE, load_model("t2-ztf"))
    drawn = drawn_lines(line)
    assert set(line.leaders.tolist()) <= set(drawn)
    for theme in (LIGHT, DARK):
        spec = timeline_figure([("ours", line), ("again", line)], theme, zero=CURVE.first_detection)
        assert len(spec.data) == 2 * len(drawn)
        written = [a.text for a in spec.layout.annotations]
        assert all(written.count(trace.name) == 2 for trace in spec.data)


def test_a_bench_toggles_a_point_in_and_out(monkeypatch):
    written = []
    monkeypatch.setattr(Bench, "put", lambda self, **fields: written.append(fields))
    Bench(CURVE, Changes(without=(3, 7))).toggle(7)
    Bench(CURVE, Changes(without=(3,))).toggle(1)
    assert written == [{"without": (3,)}, {"without": (1, 3)}]
    assert np.array_equal(np.flatnonzero(~Changes(without=(1, 3)).kept(CURVE)), [1, 3])


SMALL = "ZTF18aannern"


def test_a_what_if_shows_before_and_after_and_what_scatter_would_do():
    at = opened(oid=SMALL, view="whatif", changes=as_text(Changes(fainter=1.0), SMALL))
    assert "1.0 mag fainter" in text_of(at)
    assert "Probabilities as measured and with the changes: " in figure(at, "before_after")[1]
    assert "Drawn anew within its errors" in text_of(at)
    spec, _ = figure(at, "lab_curve")
    numbers = {
        int(n) for t in spec["data"] if t.get("mode") == "markers" for n in np.atleast_1d(decoded(t["customdata"]))
    }
    assert numbers == set(range(len(SampleSource().fetch(SMALL)))), "every point can be clicked on"


def decoded(values):
    """An array as plotly sends it: a list, or bytes in base64 with their type."""
    import base64

    if isinstance(values, list):
        return values
    return np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])


def test_points_are_chosen_by_name_and_told_in_the_address():
    at = opened(oid=SMALL, view="whatif")
    at.multiselect(key="lab_without").select(2).run()
    assert (
        at.query_params["changes"] == [f"without=2;of={SMALL}"] or at.query_params["changes"] == f"without=2;of={SMALL}"
    )
    at.selectbox(key="lab_kernel").select("rbf").run()
    assert "1 point left out, kernel Squared exponential" in text_of(at)


def test_a_model_that_is_not_told_the_redshift_says_which_one_is():
    at = opened(oid=SMALL, view="whatif")
    assert "would answer the same at every one" in text_of(at)
    next(b for b in at.button if b.label.startswith("Ask t2-ztf-z")).click().run()
    assert at.selectbox(key="model").value == "t2-ztf-z"
    assert "Probability against the redshift told" in figure(at, "redshift")[1]


def test_explanations_stand_side_by_side_with_their_areas():
    at = opened(oid=SMALL, view="maps")
    html = "\n".join(e.proto.body for e in at.get("html"))
    assert "Which explanation holds for" in html and ">By chance<" in html and html.count(" out</th>") == 2
    assert "tells most of the truth" in text_of(at) or "No explanation holds" in text_of(at)
    assert figure(at, "importance") and figure(at, "proof") and figure(at, "heads")


def test_the_published_model_says_that_it_shows_no_attention():
    at = opened(oid=SMALL, view="maps", model="t2-published-gr")
    assert "does not name the weights that attention is made of" in text_of(at)


def test_the_smallest_change_is_told_and_can_be_tried_on_the_bench():
    at = opened(oid=SMALL, view="minimal")
    assert "no longer leads" in text_of(at) or "No set of observations" in text_of(at)
    buttons = [b for b in at.button if b.label == "Leave them out under What if"]
    if buttons:
        buttons[0].click().run()
        assert "It changes its mind" in text_of(at)


def test_similar_objects_and_novelty_are_in_the_lab_too():
    assert "nearest training objects" in text_of(opened(view="similar"))


def test_a_file_given_on_the_object_page_is_still_there_in_the_lab():
    table = "object_id,mjd,band,flux,flux_err\n" + "\n".join(
        f"mine,{59000 + 3 * i},ztf_{'gr'[i % 2]},{100 + 90 * min(i, 12 - i)},12" for i in range(12)
    )
    at = AppTest.from_file(str(APP), default_timeout=120)
    at.query_params["source"] = "file"
    at.run()
    at.file_uploader[0].set_value(("mine.csv", table.encode(), "text/csv")).run()
    assert at.title[0].value == "mine"
    at.switch_page("pages/lab.py")
    at.query_params["source"] = "file"
    at.run()
    assert at.title[0].value == "What would change its mind? mine" and not at.exception
    assert "mine.csv, which you gave before" in text_of(at)


def test_another_object_starts_as_measured():
    at = opened(oid=SMALL, view="whatif", changes=as_text(Changes(fainter=1.0), SMALL))
    at.selectbox(key="oid").select("ZTF19abzrhgq").run()
    assert "changes" not in at.query_params and "With the changes" not in text_of(at)
    assert "Undo" not in [b.label for b in at.button]


def test_another_kernel_is_tried_under_what_if_alone_and_the_timeline_says_so():
    text = as_text(Changes(kernel="rbf", fainter=0.5), SMALL)
    assert "the model's own Gaussian process" in text_of(opened(oid=SMALL, changes=text))
    at = opened(oid=SMALL, view="maps", changes=text)
    assert figure(at, "proof") and "kernel Squared exponential" in text_of(at)


def test_a_model_without_an_index_says_so():
    at = opened(oid=SMALL, view="similar", model="t2-published-gr")
    assert "without an index of its training objects" in at.info[0].value


def test_a_headline_softens_exactly_where_draws_change_the_class():
    from types import SimpleNamespace

    from ui.lab.words import STEADY, fragility, stability_sentence

    classes, answer = ("SNIa", "SNII"), SimpleNamespace(top_class="SNIa")
    for leading in range(0, 101, 5):
        draws = np.array([[0.9, 0.1]] * leading + [[0.1, 0.9]] * (100 - leading))
        said = fragility(draws, classes, answer)
        assert bool(said) == (leading < 100 * STEADY)
        sentence = stability_sentence(draws, classes, "SNIa")
        assert f"below {100 * STEADY:.0f} % the headline {'says' if said else 'would say'} so" in sentence
        assert not said or "draws within the errors" in said
    assert fragility(None, classes, answer) == "" == fragility(np.full((3, 2), np.nan), classes, answer)


def test_every_explanation_has_one_name_in_the_figure_and_in_the_table():
    at = opened(view="maps", oid="ZTF20aatqesi")
    drawn = {name for trace in figure(at, "proof")[0]["data"] if (name := trace.get("name"))}
    table = text_of(at) + "".join(e.proto.body for e in at.get("html"))
    assert drawn and all(f">{name}<" in table for name in drawn)


def test_a_brokers_light_curve_says_whether_it_has_a_history_of_its_own():
    from dataclasses import replace

    from core.lightcurve import Provenance
    from tests.curves import supernova
    from ui.lab.words import broker_history

    for source, said in (
        ("ALeRCE", "not what it said on earlier nights"),
        ("Fink", "single alerts"),
        ("Embedded samples", ""),
    ):
        text = broker_history(replace(supernova(), provenance=Provenance(source=source)))
        assert said in text if said else text == ""
