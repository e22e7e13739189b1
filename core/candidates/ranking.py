"""Quantities by which candidates are put in order. All are functions of a table of scored rows, none of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.brokers.browse.labels import classes_of_label


@dataclass(frozen=True)
class Quantity:
    """Something to rank by. name : in addresses, and a column of `with_quantities`. title : for a person, with its unit.

    falling : the largest first. meaning : one sentence. decimals : that are shown; None for a probability.
    """

    name: str
    title: str
    falling: bool
    meaning: str
    decimals: int | None = None


QUANTITIES: tuple[Quantity, ...] = (
    Quantity("top", "Largest probability", True, "The surest answers first."),
    Quantity(
        "margin", "Margin", False, "Probability of the likeliest class less that of the runner-up; the least decided first."
    ),
    Quantity(
        "entropy", "Entropy", True, "From 0, one class has it all, to 1, all are equally likely; the least decided first.", 2
    ),
    Quantity(
        "novelty", "Novelty", True, "Share of known objects that are more typical; unlike anything in training first.", 3
    ),
    Quantity(
        "rise_rate", "Rise [mag/d]", True, "Brightening over the last 10 days of the light curve, in its best band.", 2
    ),
    Quantity("magnitude_now", "Latest [mag]", False, "AB magnitude of the latest detection, in any band; brightest first.", 1),
    Quantity("magnitude_peak", "Brightest [mag]", False, "AB magnitude of the brightest detection; brightest first.", 1),
    Quantity("last_mjd", "Last seen [MJD]", True, "Time of the last point; the most recent first.", 1),
    Quantity(
        "disagreement", "Disagreement", True,
        "One less the probability of the class that the source gives: where the model says otherwise, first.",
    ),
)  # fmt: skip
BY_NAME: dict[str, Quantity] = {quantity.name: quantity for quantity in QUANTITIES}


def quantity_of(name: str, class_titles: dict[str, str]) -> Quantity:
    """A quantity by name: one of `QUANTITIES`, or ``p_`` and a class. Raises KeyError."""
    if name.startswith("p_"):
        title = f"P({class_titles[name[2:]]})"
        return Quantity(name, title, True, f"{title}, the largest first.")
    return BY_NAME[name]


def with_quantities(rows: pd.DataFrame, classes: Sequence[str], labels: Sequence[str]) -> pd.DataFrame:
    """Scored rows with the columns top, margin, entropy and disagreement added; NaN in rows that were refused.

    rows : with a column ``p_<class>`` for each class. labels : (B,) what the source calls each object, empty where nothing.
    """
    p = rows[[f"p_{name}" for name in classes]].to_numpy(float)
    return rows.assign(
        top=np.where(np.isnan(p).any(axis=1), np.nan, np.nan_to_num(p).max(axis=1, initial=0.0)),
        margin=margin(p),
        entropy=entropy(p),
        disagreement=disagreement(p, classes, labels),
    )


def margin(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B,) probability of the likeliest class less that of the runner-up, of (B, C) probabilities."""
    if not len(p):
        return np.empty(0)
    first = np.sort(p, axis=1)
    return first[:, -1] - first[:, -2]


def entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B,) Shannon entropy of (B, C) probabilities as a share of the largest possible, ln C."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p), np.where(np.isnan(p), np.nan, 0.0))
    return np.abs(terms.sum(axis=1)) / np.log(max(p.shape[1], 2))


def disagreement(p: NDArray[np.float64], classes: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
    """(B,) one less the probability of what the source says; a broad label has the probability of all that it may mean.

    NaN where the source says nothing, or nothing that the model has a class for.
    """
    out = np.full(len(p), np.nan)
    named = np.asarray(labels, dtype=object)
    for label in set(labels):
        columns = [classes.index(name) for name in classes_of_label(label) if name in classes]
        if columns:
            here = named == label
            out[here] = 1.0 - p[here][:, columns].sum(axis=1)
    return out


def in_order(values: NDArray[np.float64], *, falling: bool) -> NDArray[np.int64]:
    """(B,) row numbers from the first to the last by value; what is not known comes last, ties stay as they are."""
    keys = -values if falling else values
    return np.argsort(np.where(np.isnan(keys), np.inf, keys), kind="stable")
