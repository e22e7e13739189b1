"""The object page as a person uses it, without a browser: what is shown, and what is said when something is wrong."""

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.brokers.samples import SampleSource

APP = Path(__file__).resolve().parents[2] / "app.py"
SAMPLES = SampleSource()
CSV = b"""object_id,mjd,band,flux,flux_err
mine,59000.1,ztf_g,100,10
mine,59003.2,ztf_r,400,12
mine,59006.1,ztf_g,900,20
mine,59009.3,ztf_r,1000,20
mine,59013.1,ztf_g,700,20
mine,59016.3,ztf_r,800,20
other one,59000.1,ztf_g,100,10
other one,59001.1,ztf_g,120,10
"""


def opened(**query):
    at = AppTest.from_file(str(APP), default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception
    return at


def text_of(at):
    parts = [e.value for kind in (at.title, at.markdown, at.caption, at.warning, at.error, at.text) for e in kind]
    return "\n".join(str(p) for p in parts) + "\n" + html_of(at)


def html_of(at):
    return "\n".join(e.proto.body for e in at.get("html"))


def figure(at, key="light_curve"):
    (chart,) = [c for c in at.get("plotly_chart") if c.proto.id.endswith(key)]
    return json.loads(chart.proto.spec), chart.proto.alt


def test_the_page_opens_on_a_sample_without_any_query():
    at = opened()
    spec, alt = figure(at)
    assert any(t.get("type") == "heatmap" for t in spec["data"])
    assert "Light curve of" in alt and "class activation map" in alt
    assert re.search(r"\d ?%", html_of(at)), "a headline with a percentage"


def one_of_each_kind():
    """A sample of each survey, origin and class, and the shortest and the longest light curve: a page takes a second."""
    samples = SAMPLES.catalogue().sort_values("n_points")
    chosen = samples.drop_duplicates(["survey", "simulated", "true_class"]).object_id.tolist()
    return sorted({*chosen, samples.object_id.iloc[0], samples.object_id.iloc[-1]})


@pytest.mark.parametrize("oid", one_of_each_kind())
def test_a_sample_of_each_kind_opens(oid):
    at = opened(source="sample", oid=oid)
    assert at.title[0].value == oid
    assert not at.error
    row = SAMPLES.catalogue().set_index("object_id").loc[oid]
    assert ("Simulated object" if row.simulated else "Real object") in text_of(at) or not row.true_class


def test_an_unknown_sample_says_so_and_the_page_lives_on():
    at = opened(source="sample", oid="ZTF99zzzzzzz")
    assert "is not among" in at.warning[0].value
    assert at.selectbox(key="source").value == "sample"


def test_a_rubin_object_is_drawn_and_refused_by_a_model_for_ztf_with_the_reason():
    oid = next(o for o in SAMPLES.examples if o.isdigit())
    at = opened(source="sample", oid=oid, model="t2-ztf")
    assert "this model reads ZTF bands" in at.warning[0].value and "t2-lsst reads those" in at.warning[0].value
    assert figure(at)[0]["data"], "a refusal still shows the light curve"


def test_a_rubin_object_is_shown_with_the_model_that_reads_it_when_none_was_chosen():
    at = opened(source="sample", oid="313853517735395444")
    assert at.selectbox(key="model").value == "t2-lsst" and "model" not in at.query_params
    assert "This model knows simulations alone" in text_of(at)
    at.selectbox(key="oid").select("ZTF20aatqesi").run()
    assert at.selectbox(key="model").value == "t2-ztf" and not at.exception


def test_a_refused_object_claims_nothing_of_its_input():
    at = opened(source="sample", oid="313853517735395444", model="t2-ztf")
    assert any(label.startswith("Input: none of 1,210 points is used") for label in [e.label for e in at.expander])
    assert "No point was used. Not scored" in text_of(at) and "training range" not in text_of(at)


def test_the_explained_class_has_its_bar_when_it_is_not_among_the_likeliest():
    (chart,) = [c for c in opened(**{"class": "KN"}).get("plotly_chart") if c.proto.id.endswith("probabilities")]
    assert "Kilonova <1 %" in chart.proto.alt


def test_photometry_that_contradicts_itself_is_told_beside_the_answer():
    assert "contradict each other" in text_of(opened(oid="ZTF18acuxuco"))


def test_the_sentence_follows_the_axis_and_magnitudes_say_what_they_hide():
    at = opened(time="mjd", unit="magnitude", oid="ZTF17aaapphc")
    assert re.search(r"no flux above zero", text_of(at))
    assert not re.search(r"\*\*days", text_of(at))


def test_nonsense_in_the_address_falls_back():
    at = opened(source="nowhere", model="none", unit="parsec", prior="mine", **{"class": "cheese"})
    assert at.selectbox(key="source").value == "sample"
    assert at.get("plotly_chart")


def test_switching_the_prior_changes_probabilities_and_is_named():
    survey, equal = opened(), opened(prior="equal")
    assert "survey mix" in text_of(survey) and "equally likely" in text_of(equal)
    assert figure(survey, "probabilities")[1] != figure(equal, "probabilities")[1]


def test_another_class_can_be_explained():
    at = opened(**{"class": "TDE"})
    assert re.search("For TDE the (model leans|map is)|speaks against TDE", text_of(at))


def test_magnitudes_are_upside_down_on_the_page():
    assert figure(opened(unit="magnitude"))[0]["layout"]["yaxis"]["autorange"] == "reversed"


def test_two_models_stand_side_by_side():
    at = opened(compare="t2-published-gr")
    assert "Model t2-published-gr" in text_of(at)
    assert figure(at, "probabilities_a")[1] != figure(at, "probabilities_b")[1]


def test_an_object_of_the_training_set_is_opened_with_the_model_that_has_not_seen_it():
    trained = SAMPLES.catalogue().dropna(subset=["fold"]).iloc[0]
    assert f"fold model {int(trained.fold)}, which has not seen this object" in text_of(opened(oid=trained.object_id))


def test_a_broker_without_an_id_says_what_to_do():
    at = opened(source="alerce-ztf")
    assert at.title[0].value == "Which object?"
    assert "nobody else" in text_of(at)


@pytest.mark.parametrize(
    ("source", "oid", "sentence"),
    [
        ("alerce-ztf", "ZTF1", "ZTF"),
        ("fink-lsst", "../../etc", "whole number"),
        ("lasair-ztf", "ZTF20aaelulu", "token"),
    ],
)
def test_a_malformed_id_and_a_missing_token_are_sentences(source, oid, sentence):
    at = opened(source=source, oid=oid)
    assert sentence in at.error[0].value


def test_a_malformed_id_is_not_asked_for_again_and_an_iau_name_is_told_where_to_look():
    at = opened(source="fink-ztf", oid="SN 2020jfo")
    assert "ZTF id at wis-tns.org/object/2020jfo" in at.error[0].value
    assert not [b.label for b in at.button if b.label.startswith("Ask ") and b.label != "Ask them now"]


@pytest.mark.parametrize(("key", "words"), [("source", "no source 'nowhere'"), ("model", "no model 'nowhere'")])
def test_an_address_that_names_what_is_not_there_is_told_so_and_put_right(key, words):
    at = opened(**{key: "nowhere"})
    assert words in at.warning[0].value and key not in at.query_params
    at.run()
    assert not at.warning


def test_a_file_that_a_reload_lost_is_asked_for_again():
    assert "after a reload, drop it again" in text_of(opened(source="file"))


def upload(content, name="mine.csv"):
    at = opened(source="file")
    at.file_uploader[0].set_value((name, content, "text/csv")).run()
    assert not at.exception
    return at


def test_a_table_of_many_objects_can_be_dropped_and_one_chosen():
    at = upload(CSV)
    assert at.title[0].value == "mine"
    assert "2 in the file" in at.selectbox(key="oid").label
    at.selectbox(key="oid").select("other one").run()
    assert at.title[0].value == "other one"
    assert "usable point" in at.warning[0].value


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "column"),
        (CSV.replace(b"mjd", b"time_of_day"), "time"),
        (b"Obj\x01 and then nothing", "Avro"),
        (b"\x89PNG\r\n" + bytes(200), "mine.csv"),
        (CSV.replace(b"ztf_g", b"clear").replace(b"ztf_r", b"clear"), "clear"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_page_lives_on(content, sentence):
    at = upload(content)
    assert sentence in "\n".join(e.value for e in at.error)
    assert at.selectbox(key="source").value == "file"


def test_the_input_panel_says_what_was_done():
    messy = CSV + b"mine,59006.1,ztf_g,900,20\nmine,59020,ztf_r,nan,5\n"
    labels = [e.label for e in upload(messy).expander]
    assert any(label.startswith("Input:") and "merged" in label for label in labels), labels


def test_what_a_file_reader_took_for_granted_is_said():
    table = b"object_id;mjd;band;mag;magerr\n"
    table += b"".join(f"x;{59000 + i},5;ztf_{'gr'[i % 2]};19,{i};0,05\n".encode() for i in range(8))
    table += b"x;58998,5;ztf_g;<20,5;\n"
    at = upload(table)
    label = next(e.label for e in at.expander if e.label.startswith("Input:"))
    assert "decimal comma" in label and "units" not in label
    assert "read as 5σ upper limits" in text_of(at)


def test_the_cards_are_shown_with_what_the_model_cannot_do():
    at = opened()
    at.switch_page("pages/models.py").run()
    assert not at.exception
    assert "What it can't do" in [e.value for e in at.subheader]


def test_the_gallery_labels_every_sample_real_or_simulated_with_its_class():
    at = opened()
    at.switch_page("pages/samples.py").run()
    assert not at.exception
    labels = [e.value for e in at.caption]
    table = SAMPLES.catalogue()
    assert sum("simulated ·" in text for text in labels) == int(table.simulated.sum())
    assert sum("real ·" in text for text in labels) == int((~table.simulated).sum())


def test_a_curve_that_cannot_be_scored_has_no_prior_to_choose():
    keys = [c.proto.id for c in opened(oid="313853517735395444", model="t2-ztf").get("button_group")]
    assert not any("prior" in key for key in keys)


def test_what_is_drawn_and_the_rest_add_up_to_one():
    assert re.search(r"9 more classes together <?\d+ %", text_of(opened()))


HOSTILE = "![x](https://example.org/a.png) www.example.org $y$ :red[z]"


def test_ids_and_messages_from_data_never_become_markup():
    table = CSV.replace(b"mine", HOSTILE.encode())
    at = upload(table, name="**bold** [l](https://example.org).csv")
    shown = [e.value for kind in (at.title, at.caption, at.warning, at.error, at.markdown) for e in kind]
    shown += [e.label for e in at.expander]
    assert not [text for text in shown if "![x](" in text or "[l](" in text or re.search(r"(?<!\\):red\[", text)]
    assert "www\\." in at.title[0].value


def test_an_address_cannot_put_markup_on_the_page():
    at = opened(source="sample", oid=HOSTILE)
    assert not re.search(r"(?<!\\)\]\(", at.warning[0].value) and "\\[x\\]" in at.warning[0].value


def test_equal_photometry_with_another_history_is_told_its_own_history():
    clean, messy = upload(CSV), upload(CSV + b"mine,59006.1,ztf_g,900,20\nmine,59020,ztf_r,nan,5\n")
    titles = [next(e.label for e in at.expander if e.label.startswith("Input:")) for at in (clean, messy)]
    assert "merged" not in titles[0] and "merged" in titles[1]


def test_how_unlike_the_training_set_is_said_and_similar_objects_never_hold_the_object_itself():
    at = opened(oid="ZTF20aatqesi")
    assert "with about as many points" in text_of(at)
    assert "Similar objects" in [e.value for e in at.subheader]
    assert not at.dataframe, "a table is made when somebody opens it"
    at.session_state["similar_table"] = True
    at.run()
    table = next(e.value for e in at.dataframe if "known class" in e.value)
    assert len(table) == 6 and "ZTF20aatqesi" not in table["object"].tolist()


def test_facts_and_the_data_table_are_made_when_they_are_opened():
    at = opened(oid="ZTF20aatqesi")
    assert "Coordinates (ICRS)" not in text_of(at)
    at.session_state["facts"] = at.session_state["data_table"] = True
    at.run()
    assert "Coordinates (ICRS), degrees and sexagesimal" in text_of(at)
    assert "mjd" in at.dataframe[0].value and not at.exception


def test_a_model_without_an_index_shows_no_similar_objects():
    assert "Similar objects" not in [e.value for e in opened(model="t2-published-gr").subheader]


def test_similar_objects_that_come_with_the_program_show_their_light_curves():
    at = opened(source="sample", oid="ZTF20aatqesi", model="t2-ztf")
    from ui import resources

    index = resources.neighbours(str(resources.cards()["t2-ztf"].folder))
    assert index is not None
    names = {b.key.removeprefix("similar_") for b in at.button if b.key and b.key.startswith("similar_")}
    shipped = names & set(resources.embedded())
    assert shipped and len(at.get("image")) == len(shipped)
