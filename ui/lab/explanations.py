"""Explanations side by side, and which of them tells the truth about this light curve."""

from __future__ import annotations

import streamlit as st

from core.pipeline import Classification
from core.removal import MEANINGS, METHODS, Comparison, attention_by_head, compare_maps
from ui.figures.importance import BY_CHANCE, heads_figure, importance_figure, proof_figure
from ui.figures.probabilities import feature_title
from ui.figures.theme import Theme
from ui.lab.state import Bench
from ui.lab.words import proof_sentence
from ui.sections.curve import choose_class
from ui.sections.score import result_key
from ui.sections.side import STATIC
from ui.tables import Table, show, style
from ui.wording import class_title


def show_explanations(bench: Bench, result: Classification, theme: Theme) -> None:
    """Rows of marks over time, the sentence on which row to believe, the curves and areas behind it, and the heads."""
    class_name = choose_class(result)
    comparison = _comparison(bench, result, class_name)
    days = result.selection.curve.mjd - bench.curve.first_detection
    best = METHODS[comparison.best.method]
    st.markdown(proof_sentence(comparison))
    st.plotly_chart(
        importance_figure(comparison, result.selection.curve, bench.curve.first_detection, theme), config=STATIC, key="importance",
        alt=f"What each of {len(days)} observations counts for {class_title(class_name)}, by {len(comparison.maps)} methods; "
        f"truest here: {best}.",
    )  # fmt: skip
    st.caption(
        f"Red speaks for {class_title(class_name)}, blue against it; each row is scaled by its own largest mark. Attention has no "
        "sign: it says where a head looks, not what for. The rows stand in the order in which the methods held over hundreds of real "
        "objects (docs/explanations.md)."
    )
    style()
    show(proof_table(comparison), *feature_tables(comparison))
    st.plotly_chart(
        proof_figure(comparison, theme), config=STATIC, key="proof",
        alt="Deletion and insertion curves of every method: their areas stand in the table.",
    )  # fmt: skip
    st.caption(
        "Observations are taken away in each method's order, most important first, and every time the Gaussian process is fitted anew "
        "and the network asked again. A true explanation falls early under deletion (small area) and rises early under insertion (large "
        "area); the area is the mean height, the gain their difference. What can't be scored any more counts as the prior."
    )
    _show_heads(result, days, theme)


def proof_table(comparison: Comparison) -> Table:
    """Areas of every method, the largest gain first, and of random orders."""
    ranked = sorted(comparison.maps, key=lambda each: -each.curves.gain)
    rows = [(METHODS[each.method], MEANINGS[each.method], each.curves) for each in ranked] + [
        (BY_CHANCE, "random orders, mean of several", comparison.chance)
    ]
    return Table(
        f"Which explanation holds for {class_title(comparison.class_name)}",
        ("method", "what it is", "deletion area", "insertion area", "gain"),
        tuple(
            (name, meaning, f"{c.deletion_area:.3f}", f"{c.insertion_area:.3f}", f"{c.gain:+.3f}".replace("-", "−"))
            for name, meaning, c in rows
        ),
    )


def feature_tables(comparison: Comparison) -> list[Table]:
    """What added numbers count for, by the method that counts them among its players."""
    shapley = comparison.of("shap")
    if shapley is None or not shapley.features:
        return []
    rows = tuple(
        (feature_title(name), f"{100 * value:+.1f}".replace("-", "−")) for name, value in shapley.features.items()
    )
    return [Table("Shapley values of added numbers", ("told to the model", "points of probability [%]"), rows)]


def _comparison(bench: Bench, result: Classification, class_name: str) -> Comparison:
    key = (*result_key(bench.curve, result.model, result.prior), repr(bench.changes), class_name)
    return _kept_comparison(key, result, class_name)


@st.cache_resource(max_entries=64, show_spinner="Taking observations away, thousands of times…", show_time=True)
def _kept_comparison(key: tuple[str, ...], _result: Classification, class_name: str) -> Comparison:
    return compare_maps(_result, class_name)


def _show_heads(result: Classification, days: object, theme: Theme) -> None:
    with st.expander("Attention, head by head"):
        heads = attention_by_head(result)
        if heads is None:
            st.write(
                f"The file of {result.model.name} does not name the weights that attention is made of, so its maps can't be drawn."
            )
            return
        st.plotly_chart(
            heads_figure(heads, days, theme), config=STATIC, key="heads",
            alt=f"Attention that each observation receives in each of {len(heads)} heads.",
        )  # fmt: skip
        st.caption(
            "Mean over the rows that ask; each row of the grid is given to the observation nearest in time. Yellow is most."
        )
