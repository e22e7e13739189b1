"""Is a probability worth what it says? Reliability and calibration error, before and after calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluate import scores
from core.evaluate.calibration import reliability
from core.evaluate.judgement import TOP, Judgement, Pick, judge
from ui import resources, tables
from ui.card_tables import stand_ins
from ui.evaluation.choice import Chosen
from ui.evaluation.draw import download, draw
from ui.evaluation.drill import clicked
from ui.evaluation.words import name_of, small_number
from ui.figures.bins import reliability_figure
from ui.figures.theme import Theme


def show_calibration(chosen: Chosen, theme: Theme) -> None:
    """The diagram, its bins as a table, and the calibration error of both."""
    of = chosen.of
    after = _bins(of)
    before = _before(chosen.key, chosen)
    series = [("as it is shown", after, True)] + ([("before calibration", before[0], False)] if before else [])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        key = f"reliability_{hash(chosen.key)}"
        draw(
            reliability_figure(series, theme), chosen, "reliability", key=key, on_select=clicked(key, _pick),
            alt="Reliability: share of right answers against the probability that was given; the table says the same.",
        )  # fmt: skip
        st.caption("Click a filled point to list the objects of its bin. Hollow: fewer than 10 objects.")
    with right:
        ece = scores.calibration_error(of.truth, of.p, of.weight)
        items = [("calibration error", small_number(ece), "as it is shown")]
        items += [("before", small_number(before[1]), "before calibration")] if before else []
        st.html(tables.strip_html(items))
        st.caption(
            "The calibration error (ECE) is the mean distance between what was said and what was right, in 15 bins of answers, finer "
            "than those drawn, in the mix of the prior; so are the shares that were right."
            + ("" if before else " This model's probabilities were not calibrated, or the table does not say how.")
        )
        if said := _of_the_card(chosen):
            st.caption(said)
        tables.show(_table(after))
        download(after, chosen, "reliability", "Bins (CSV)")


def _of_the_card(chosen: Chosen) -> str:
    """Why the card has another calibration error of the same objects: it counts stand-ins too, where no real ones are."""
    card = resources.cards().get(chosen.model.partition("@")[0])
    if card is None or (chosen.test.key, chosen.prior, chosen.of.level.key) != (
        "real",
        card.data["prior"]["name"],
        "all",
    ):
        return ""
    error, made = card.data["figures"].get("ece_survey"), stand_ins(card.data)
    if error is None or not made:
        return ""
    return (
        f"The model's card says {small_number(error)}: it counts {sum(made.values()):,} simulated light curves besides, of the classes "
        f"without real ones ({', '.join(name_of(name) for name in made)}). Here are real objects alone."
    )


def _table(bins: pd.DataFrame) -> tables.Table:
    rows = [
        [
            f"{r.low:g} to {r.high:g}",
            f"{r.objects:,}",
            f"{100 * r.mean_probability:.1f}",
            f"{100 * r.correct / r.count:.1f}",
        ]
        for r in bins.itertuples(index=False)
        if r.count
    ]
    return tables.table("Bins of the largest probability", ["from, to", "objects", "said [%]", "right [%]"], rows)


def _bins(of: Judgement) -> pd.DataFrame:
    return pd.DataFrame(reliability(of.p, of.truth, of.weight))


@st.cache_resource(show_spinner=False, max_entries=24)
def _before(key: tuple[str, ...], _chosen: Chosen) -> tuple[pd.DataFrame, float] | None:
    """Bins and calibration error without the card's calibration; None where it has none or the table has no points."""
    card = resources.cards().get(_chosen.model.partition("@")[0])
    evaluation = _chosen.of.evaluation
    points = next((n for n in ("n_fitted", "n_points") if n in evaluation.facts), None)
    if card is None or not card.data.get("calibration") or points is None or evaluation.prior is None:
        return None
    n_points = evaluation.facts[points].to_numpy(float)
    # A class that the prior's mix does not hold can't be divided out again.
    if _chosen.prior == "sample" or not np.isfinite(n_points).all():
        return None
    of = judge(evaluation.before_calibration(card.classes, card.data["calibration"], n_points), _chosen.of.level)
    return _bins(of), scores.calibration_error(of.truth, of.p, of.weight)


def _pick(point: dict) -> Pick:
    low, high, _ = point["customdata"]
    return Pick(by=TOP, low=float(low) or None, high=None if float(high) >= 1 else float(high))
