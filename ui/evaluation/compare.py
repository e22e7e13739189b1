"""Two models on the same objects: paired differences, McNemar's test, and who changed which way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.evaluate.judgement import Judgement, judge
from core.evaluate.paired import Difference, McNemar, changed, mcnemar, paired_differences
from core.refusal import BadInput
from ui import resources, tables
from ui.evaluation import sets
from ui.evaluation.choice import Chosen
from ui.evaluation.draw import download, draw
from ui.evaluation.matrix import frame
from ui.evaluation.objects import object_table, show_cards
from ui.evaluation.words import name_of
from ui.figures.confusion import confusion_figure
from ui.figures.theme import Theme
from ui.state import put_right, url_choice
from ui.wording import percent, plain

#: Ways in which the second answer differs, as the address writes them.
CHANGES = {
    "gained": "wrong, then right",
    "lost": "right, then wrong",
    "other": "wrong both times, called something else",
}


@dataclass(frozen=True)
class Pair:
    """Two judgements of the same objects, row by row."""

    first: Judgement
    second: Judgement


def show_comparison(chosen: Chosen, theme: Theme) -> None:
    """Another model or set, and how it differs on the objects that both answered for."""
    others = _others(chosen)
    if not others:
        st.info("No other model here was judged on objects of this set.")
        return
    put_right("with", "model to compare with", list(others), next(iter(others)))
    name = url_choice(st.selectbox, "Compare with", list(others), "with", next(iter(others)), width=420)
    try:
        second = sets.judgement_of(others[name], _prior(others[name], chosen.prior), chosen.of.level.key)
    except BadInput as error:
        st.error(plain(sets.problem(error)))
        return
    pair = _paired((*chosen.key, name, *map(str, others[name].token)), chosen.of, second)
    if len(pair.first) < 2:
        st.info(f"{chosen.model} and {name} have no two objects of these classes in common.")
        return
    test, differences = _tested((*chosen.key, name, *map(str, others[name].token)), pair)
    st.caption(
        f"{len(pair.first):,} objects that both answered for. {chosen.model} under the prior {chosen.prior}, {name} under "
        f"{second.evaluation.prior_name}. Differences are {name} minus {chosen.model}, with 95 % paired bootstrap intervals."
    )
    for sentence in (unequal(chosen.model, pair.first), unequal(name, pair.first)):
        if sentence:
            st.caption(f":material/info: {plain(sentence)}")
    rows = [[d.name, f"{d.first:.3f}", f"{d.second:.3f}", f"{d.difference:+.3f} [{d.low:+.3f}, {d.high:+.3f}]".replace("-", "−")]
            for d in differences]  # fmt: skip
    tables.show(tables.table("The same objects", ["score", chosen.model, name, "difference"], rows))
    download(pd.DataFrame([vars(d) for d in differences]), chosen, f"against-{name}", "Differences (CSV)")
    st.markdown(_verdict(test, chosen.model, name))
    _show_change(chosen, name, pair, theme)


def _show_change(chosen: Chosen, name: str, pair: Pair, theme: Theme) -> None:
    names = pair.first.level.names
    moved = changed(pair.first.truth, pair.first.p, pair.second.p)
    used = np.flatnonzero(moved.sum(axis=0) + moved.sum(axis=1))
    titles = [name_of(names[k]) for k in used]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown(f"**From the answer of {plain(chosen.model)} (rows) to that of {plain(name)} (columns)**")
        figure = confusion_figure(moved[used][:, used], [names[k] for k in used], titles, theme)
        figure.update_xaxes(title_text=f"called by {name}")
        figure.update_yaxes(title_text=f"called by {chosen.model}")
        with frame(len(used), "changed"):
            draw(
                figure, chosen, "changed", key=f"changed_{name}_{hash(chosen.key)}",
                alt="Which answers changed into which.",
            )  # fmt: skip
            changes = pd.DataFrame(moved[used][:, used], columns=[f"then {t}" for t in titles]).assign(first=titles)
            download(changes, chosen, "changed", "Changes (CSV)")
    with right:
        kinds = change_of(pair)
        rows = [[CHANGES[k], f"{int(np.sum(kinds == k)):,}"] for k in CHANGES]
        tables.show(tables.table("Objects whose answer changed", ["", "objects"], rows))
    kind = url_choice(
        st.segmented_control, "List the objects that are", list(CHANGES), "change", "gained", format_func=CHANGES.get
    )  # fmt: skip
    index = np.flatnonzero(kinds == kind)
    if not len(index):
        st.info("No object changed this way.")
        return
    order = index[np.argsort(-np.maximum(pair.first.top[index], pair.second.top[index]), kind="stable")]
    show_cards(chosen, _places(chosen.of, pair, order), theme, lambda k: _second(pair, name, order[k]))
    table = object_table(pair.first, order).assign(
        **{
            f"called_by_{name}": np.array(names, object)[pair.second.answer[order]],
            f"p_of_{name}": pair.second.top[order],
        }
    )
    download(table, chosen, f"changed-{kind}", f"All {len(order):,} as a table (CSV)")


def change_of(pair: Pair) -> NDArray:
    """(V,) what became of each object: a key of `CHANGES`, or empty where both gave the same answer."""
    one, two = pair.first, pair.second
    kinds = np.full(len(one), "", dtype=object)
    kinds[~one.right & two.right] = "gained"
    kinds[one.right & ~two.right] = "lost"
    kinds[~one.right & ~two.right & (one.answer != two.answer)] = "other"
    return kinds


def _second(pair: Pair, name: str, row: int) -> str:
    answer = name_of(pair.second.level.names[pair.second.answer[row]])
    return f"{name}: {answer} {percent(float(pair.second.top[row]))}"


def _places(of: Judgement, pair: Pair, order: NDArray) -> NDArray[np.int64]:
    """Places in the whole judgement of rows of the pair."""
    whole = pd.Index(of.evaluation.facts["object_id"].to_numpy()[of.rows])
    return whole.get_indexer(pair.first.evaluation.facts["object_id"].to_numpy()[pair.first.rows[order]])


def _verdict(test: McNemar, first: str, second: str) -> str:
    p = "below 0.001" if test.p_value < 0.001 else f"{test.p_value:.3f}"
    only = f"Only {plain(first)} is right on {test.first:,} objects, only {plain(second)} on {test.second:,}."
    said = (
        "Such a difference would be rare by chance"
        if test.p_value < 0.05
        else "Chance alone often makes such a difference"
    )
    return f"**McNemar's test.** {only} {said} (p {'' if p.startswith('below') else '= '}{p})."


def unequal(name: str, of: Judgement) -> str:
    """What makes a model another contender than the objects ask for: classes that it lacks, simulations alone; or nothing."""
    card = resources.cards().get(name.partition(",")[0].partition("@")[0])
    if card is None:
        return ""
    counts = of.matrix.sum(axis=1)
    lacks = [
        (class_name, int(counts[k]))
        for k, class_name in enumerate(of.level.names)
        if not set(of.level.members[class_name]) & set(card.classes)
    ]
    said = []
    if lacks:
        few = ", ".join(f"{name_of(class_name)} ({n:,} here)" for class_name, n in lacks)
        said.append(f"has no class {few}: of these it can't be right")
    if card.data["training"].get("simulated"):
        said.append("learned from simulated light curves alone, and from no real one")
    return f"{name} {'; it '.join(said)}." if said else ""


def _others(chosen: Chosen) -> dict[str, sets.TestSet]:
    """Models with a set of the same kind, and other sets of the same objects; not the shown one.

    Other models come first: that the same one knows less of younger light curves is the second question.
    """
    found: dict[str, sets.TestSet] = {}
    own = chosen.model.partition("@")[0]
    for model in sorted(_of_survey(chosen), key=lambda name: name.partition("@")[0] == own):
        for key, one in sets.sets_of(model).items():
            same = one.key == chosen.test.key or {one.key, chosen.test.key} <= _REAL or chosen.test.key == "own"
            if same and one.token != chosen.test.token:
                found[model if one.key == chosen.test.key else f"{model}, {key}"] = one
    return found


def _of_survey(chosen: Chosen) -> list[str]:
    """Judged models of the survey of the shown one; all of them where the table is one's own."""
    cards, models = resources.cards(), sets.judged_models()
    card = cards.get(chosen.model.partition("@")[0])
    if card is None:
        return models
    survey = card.recipe().survey
    return [name for name in models if cards[name.partition("@")[0]].recipe().survey == survey]


#: Sets of the same real objects at several ages.
_REAL = {"real", "days-5", "days-10", "days-20", "days-40"}


def _prior(one: sets.TestSet, wanted: str) -> str:
    offered = sets.priors_of(sets.evaluation_of(one))
    return wanted if wanted in offered else offered[0]


@st.cache_resource(show_spinner=False, max_entries=12)
def _paired(key: tuple[str, ...], _first: Judgement, _second: Judgement) -> Pair:
    ids = [pd.Index(j.evaluation.facts["object_id"].to_numpy()[j.rows]) for j in (_first, _second)]
    both = ids[0].intersection(ids[1], sort=False)
    first, second = (
        j.evaluation.take(j.rows[i.get_indexer(both)]) for j, i in zip((_first, _second), ids, strict=True)
    )
    # One truth for both: that of the first. Lists of labels may differ between sets.
    one, two = judge(first, _first.level), judge(second, _first.level)
    same = one.truth == two.truth if len(one) == len(two) else np.zeros(len(one), bool)
    if not same.all():
        keep = np.flatnonzero(first.truth == second.truth)
        one, two = judge(first.take(keep), _first.level), judge(second.take(keep), _first.level)
    return Pair(one, two)


@st.cache_resource(show_spinner="Comparing…", max_entries=12)
def _tested(key: tuple[str, ...], _pair: Pair) -> tuple[McNemar, list[Difference]]:
    one, two = _pair.first, _pair.second
    return mcnemar(one.right, two.right), paired_differences(one.truth, one.p, two.p, np.random.default_rng(0))
