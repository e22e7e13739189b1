"""A model card as a page: what the model can't do, how good it is, what it was trained on, and its files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.card import ModelCard
from ui.card_tables import (
    ScoreSet,
    class_table,
    confusion_table,
    flat_table,
    label,
    other_figures,
    records_table,
    reliability_table,
    score_sets,
    score_table,
    stand_ins,
    twins_table,
    with_interval,
    without,
)
from ui.card_training import (
    file_table,
    prior_sentence,
    prior_table,
    reads,
    rule_sentences,
    source_table,
    training_table,
)
from ui.forms import served_words
from ui.state import url_choice
from ui.tables import show, strip_html
from ui.wording import class_title, plain

_GLOSSARY = (
    "Complete: the share of a class that is called so. Pure: the share of what is called so that is. F1: their harmonic mean; "
    "macro-F1: its mean over classes. AUC: how often the model gives an object of the class the higher probability than one of another. "
    "Flat log-loss: −ln p(true class), all classes alike; lower is better. Calibration error: by how much probabilities differ from shares."
)
#: What the sections below show; whatever else a card measures stands under "Other figures".
_SHOWN = ("command", "sample", "ages", "ages_without_redshift", "by_points", "by_peak_magnitude", "by_origin", "twins",
          "variables", "calibration_cross_fitted", "peer", "held_out_called")  # fmt: skip


def show_card(card: ModelCard) -> None:
    """The whole card: limits first, then figures, training, assumptions, files."""
    data = card.data
    st.header(plain(data["title"]), anchor=False)
    st.write(plain(data["summary"]))
    st.subheader("What it can't do", anchor=False)
    _bullets(data["limits"])
    st.subheader("How good is it?", anchor=False)
    _show_figures(card)
    st.subheader("What was it trained on?", anchor=False)
    _show_training(data["training"])
    st.subheader("What does it take for granted?", anchor=False)
    _show_assumptions(card)
    if novelty := data.get("novelty"):
        st.subheader("Does it know what it does not know?", anchor=False)
        _show_novelty(novelty)
    st.subheader("Files and citations", anchor=False)
    _show_files(card)


def _show_figures(card: ModelCard) -> None:
    figures = card.data["figures"]
    sets = score_sets(figures)
    if not figures:
        st.write("Nothing has been measured yet.")
        return
    sample = figures.get("sample", {})
    if what := sample.get("what"):
        st.write(f"{sample.get('objects', 0):,} objects. {plain(what)}")
    _headline(sets)
    # Some sets have one macro-F1, others one for each prior: each kind has its own table, with few empty cells.
    one = [scored for scored in sets if "macro_f1" in scored.scores]
    show(score_table(one), score_table([scored for scored in sets if scored not in one], "Scores over all classes"))
    st.caption(_GLOSSARY)
    _show_classes(card, [scored for scored in sets if scored.by_class()])
    _show_breakdowns(figures)
    _show_calibration(card)
    _show_others(figures, sets)
    if command := figures.get("command"):
        st.caption(f"Measured by `{command}`. Intervals are 95 % bootstraps over objects.")


def _headline(sets: Iterable[ScoreSet]) -> None:
    """The first scores of the card in large type."""
    first = next((scored for scored in sets if "macro_f1" in scored.scores), None)
    if first is None:
        return
    said = {"macro_f1": "macro-F1", "accuracy": "accuracy", "auc_snia": "AUC (SN Ia)"}
    items = []
    for key, title in said.items():
        if key in first.scores:
            value, _, beside = with_interval(first.scores, key).partition(" ")
            items.append((title, value, beside))
    st.html(strip_html(items))
    names = (
        f" ({', '.join(class_title(name) for name in first.by_class())} among themselves)" if first.by_class() else ""
    )
    st.caption(f"{plain(first.title)}{names}{f', {first.count:,} objects' if first.count else ''}.")


def _show_classes(card: ModelCard, sets: list[ScoreSet]) -> None:
    """Completeness, purity and confusion for the scores that the visitor chose."""
    if not sets:
        return
    by_key = {scored.key: scored for scored in sets}
    default = next((key for key, scored in by_key.items() if "macro_f1" in scored.scores), sets[0].key)
    chosen = by_key[
        url_choice(
            st.selectbox, "Class by class for", list(by_key), "scores", default,
            format_func=lambda key: by_key[key].title if key in by_key else str(key), width=480,
        )
    ]  # fmt: skip
    show(class_table(chosen), confusion_table(chosen, card.classes))
    if note := chosen.scores.get("note"):
        st.caption(plain(note))
    show(
        records_table("Confused most often", chosen.scores.get("worst_pairs")),
        *(flat_table(label(key).capitalize(), value) for key, value in other_figures(chosen).items()),
    )


def _show_breakdowns(figures: Mapping[str, Any]) -> None:
    show(
        records_table("By age of the light curve", figures.get("ages")),
        records_table("By age, told no redshift", figures.get("ages_without_redshift")),
        records_table("By number of points", figures.get("by_points")),
        records_table("By peak magnitude", figures.get("by_peak_magnitude")),
        records_table("By origin of the photometry", figures.get("by_origin")),
    )
    rows = [row for name in ("ages", "by_points", "by_peak_magnitude") for row in figures.get(name) or []]
    if any("log_loss_flat" in row for row in rows):
        st.caption(
            "In these tables the flat log-loss is of five classes under equal priors"
            + ("; the calibration error is of all classes." if any("ece_survey" in row for row in rows) else ".")
        )
    if twins := figures.get("twins"):
        show(twins_table(twins))
        if "degradations" in twins:
            st.caption(
                f"Survey photometry made alert-like {twins['degradations']} times anew. An interval that holds zero shows no sign "
                "that the network reads the origin of the photometry."
            )
    if variables := figures.get("variables"):
        called = "called_under_survey_prior"
        show(flat_table("Variable stars and active nuclei", {k: v for k, v in variables.items() if k != called}))
        if called in variables:
            with st.expander("What each class was called, survey prior"):
                show(flat_table("Called, under the survey prior", variables[called]))


def _show_calibration(card: ModelCard) -> None:
    if bins := card.data.get("reliability"):
        show(reliability_table(bins))
        st.caption(reliability_sentence(card.data))
    else:
        st.write(
            "Its probabilities are not calibrated: nobody measured how often an answer with such a probability is right."
        )
    show(records_table("Calibrated on other folds, by age", card.data["figures"].get("calibration_cross_fitted")))


def reliability_sentence(data: Mapping[str, Any]) -> str:
    """Of which objects, under which prior, and how many of them are not real."""
    total = sum(entry.get("objects", 0) for entry in data["reliability"])
    text = f"All classes, under the {plain(data['prior']['name'])} prior"
    if not (made := stand_ins(data)):
        return f"{text}; {total:,} objects." if total else f"{text}."
    names = ", ".join(f"{n:,} {class_title(name)}" for name, n in made.items())
    return (
        f"{text}. Of the {total:,} objects {sum(made.values()):,} are simulated: of these classes no real light curve was there "
        f"({names}). The other {total - sum(made.values()):,} are real."
    )


def _show_others(figures: Mapping[str, Any], sets: Sequence[ScoreSet]) -> None:
    if peer := figures.get("peer"):
        show(flat_table("Another method on the same objects", peer))
    if called := figures.get("held_out_called"):
        show(flat_table("Types it was never taught, and what they were called", called))
    rest = {key: value for key, value in without(figures, sets).items() if key not in _SHOWN}
    if rest:
        with st.expander("Other figures of the card"):
            show(flat_table("Other figures", rest))


def _show_training(training: Mapping[str, Any]) -> None:
    st.write(f"{plain(training.get('data', 'The card does not say'))}.")
    sources = training.get("sources", [])
    show(training_table(training), source_table(sources))
    if len(sources) > 1:
        st.caption("An object that several sources hold is counted in each of them, and learned from once.")
    if folds := training.get("folds"):
        st.write(f"Folds: {plain(folds)}.")
    if command := training.get("command"):
        st.caption(f"Trained by `{command}`.")
    told = ("data", "objects", "real", "simulated_light_curves", "sources", "folds", "command")
    rest = {key: value for key, value in training.items() if key not in told}
    if rest:
        with st.expander("Augmentation, network and schedule"):
            show(flat_table("How it was trained", rest))


def _show_assumptions(card: ModelCard) -> None:
    data = card.data
    recipe = card.recipe()
    _bullets(
        [
            f"Reads {reads(card)}: {recipe.cuts.sentence()}.",
            f"Knows {len(card.classes)} classes: {', '.join(class_title(c) for c in card.classes)}.",
            prior_sentence(data["prior"]),
            *rule_sentences(data.get("rules", {})),
        ]
    )
    show(
        prior_table(data["prior"]),
        records_table("Range of the training set", {k: {"from": f"{v[0]:g}", "to": f"{v[1]:g}"} for k, v in data.get("range", {}).items()}, "what"),
    )  # fmt: skip
    with st.expander("The recipe as the card holds it"):
        show(flat_table("Recipe", data["recipes"]))


def _show_novelty(novelty: Mapping[str, Any]) -> None:
    st.write(plain(novelty["what"]))
    st.write(f"An object farther out than {100 * novelty['threshold']:g} % of the known ones is called less typical.")
    figures = novelty.get("figures", {})
    by_age, by_class = "known_above_threshold_by_age", "known_above_threshold_by_class"
    records = (by_age, by_class, "left_out", "compared")
    show(
        flat_table(
            "What lies above the threshold", {k: v for k, v in figures.items() if k not in (*records, "command")}
        ),
        records_table("Known objects above the threshold, by age", figures.get(by_age)),
        records_table("Known objects above the threshold, by class", figures.get(by_class), "class"),
        records_table("Classes left out of the training, each in turn", figures.get("left_out")),
        records_table("Measures compared", figures.get("compared")),
    )
    if command := figures.get("command"):
        st.caption(f"Measured by `{command}`.")


def _show_files(card: ModelCard) -> None:
    data = card.data
    if data.get("served"):
        st.write(plain(served_words(card)))
    show(file_table(card))
    if citations := data.get("citations"):
        st.write("Cite:")
        _bullets(citations)
    st.caption(
        f"{plain(card.name)}, version {plain(card.version)}, {data.get('parameters', 0):,} parameters. "
        f"Licence: {plain(data['licence'])}."
    )
    text = json.dumps(data, indent=2, ensure_ascii=False)
    st.download_button("Download the whole card (JSON)", text, f"{card.name}.card.json", "application/json")


def _bullets(lines: Iterable[str]) -> None:
    st.markdown("\n".join(f"- {plain(line)}" for line in lines))
