"""What redshift and the other added features weigh in the maps of a whole test set, and class by class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from ui import tables
from ui.evaluation.choice import Chosen
from ui.evaluation.draw import download, draw
from ui.evaluation.words import name_of, small_number
from ui.figures.letter_values import letter_value_figure
from ui.figures.probabilities import feature_title
from ui.figures.theme import Theme
from ui.state import url_choice

PREFIX = "weight_"
PERCENT, TIMES = "percent", "times"
_UNITS = {PERCENT: "percent of the map of the likeliest class", TIMES: "times what a flat map gives"}


def show_weights(chosen: Chosen, theme: Theme) -> None:
    """Letter-value plot of one feature's weight: all objects, then each true class."""
    of = chosen.of
    features = [c for c in of.evaluation.facts if str(c).startswith(PREFIX) and np.isfinite(of.quantity(c)).any()]
    if not features:
        st.info(
            "This model is told nothing besides the light curve, or the table has no weights. t2-ztf-z and t2-lsst are told "
            "the redshift: choose one of them above."
        )
        return
    feature = url_choice(
        st.segmented_control, "Weight of", features, "feature", features[0],
        format_func=lambda c: feature_title(c.removeprefix(PREFIX)),
    )  # fmt: skip
    unit = url_choice(
        st.segmented_control, "In", list(_UNITS), "weights_in", PERCENT, format_func=_UNITS.get
    )  # fmt: skip
    flats = of.quantity("flat_share")
    values = of.quantity(feature) / (flats if unit == TIMES else 1.0)
    named = {"all objects": values} | {name_of(of.level.names[k]): values[of.truth == k] for k in of.shown if of.met[k]}
    known = np.isfinite(of.quantity("redshift"))
    if known.any() and not known.all():
        named = {"all objects": values, "redshift known": values[known], "redshift unknown": values[~known]} | {
            k: v for k, v in named.items() if k != "all objects"
        }
    plain = "#4aa8e0" if theme.dark else "#0072B2"
    colours = dict.fromkeys(named, plain) | {name_of(n): theme.of_class(n) for n in of.level.names}
    flat = 1.0 if unit == TIMES else float(np.median(flats[np.isfinite(flats)])) if np.isfinite(flats).any() else None
    draw(
        letter_value_figure(named, colours, _UNITS[unit], flat, theme), chosen, feature,
        key=f"{feature}_{hash(chosen.key)}",
        alt=f"Letter-value plot of the weight of {feature_title(feature.removeprefix(PREFIX))}, for all objects and by class.",
    )  # fmt: skip
    st.caption(
        "Boxes hold the middle half of the objects, then three quarters, seven eighths and so on; the bar is the median. The "
        "weight is the share of the class activation map (Allam & McEwen 2021, fig. of redshift weights); the map is scaled "
        "from its lowest row, so the lowest row weighs nothing. A flat map gives more where a light curve is short: the dotted "
        "line is the median of these objects. Choose a class and this weight below to list objects."
    )
    table = weight_table(named)
    rows = [[r["objects of"], f"{r['objects']:,}", *(small_number(r[q], 2) for q in ("p5", "p25", "median", "p75", "p95"))]
            for r in table.to_dict("records")]  # fmt: skip
    tables.show(
        tables.table(
            f"Weight, {_UNITS[unit]}", ["objects of", "objects", "5 %", "25 %", "median", "75 %", "95 %"], rows
        )
    )
    download(table, chosen, feature, "Weights (CSV)")


def weight_table(named: dict[str, np.ndarray]) -> pd.DataFrame:
    """Quantiles of the weight [%] by group."""
    rows = []
    for name, values in named.items():
        known = values[np.isfinite(values)]
        if len(known):
            quantiles = dict(
                zip(
                    ("p5", "p25", "median", "p75", "p95"),
                    np.quantile(known, [0.05, 0.25, 0.5, 0.75, 0.95]),
                    strict=True,
                )
            )
            rows.append({"objects of": name, "objects": len(known), **quantiles})
    return pd.DataFrame(rows)
