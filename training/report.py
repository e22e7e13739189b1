"""Write the README's figures from the model cards: ``python -m training.report``.

No figure in the README is typed by hand: `validate`, `validate_published` and `peer` measure, the cards keep, this writes.
"""

from __future__ import annotations

import json
from typing import Any

from core.model import MODELS

README = MODELS.parent / "README.md"
START, END = "<!-- figures:start -->\n", "<!-- figures:end -->"


def with_figures(readme: str) -> str:
    """The README with its block of figures made anew."""
    before, rest = readme.split(START)
    return before + START + block() + END + rest.split(END)[1]


def block() -> str:
    """The figures as Markdown: a table, and what a table can't say."""
    ours, redshift, published = (_figures(name) for name in ("t2-ztf", "t2-ztf-z", "t2-published-gr"))
    return f"{_table(ours, redshift, published['conventions'])}\n{_words(ours)}\n"


def _table(ours: dict[str, Any], redshift: dict[str, Any], conventions: dict[str, Any]) -> str:
    five, alerts, three = ours["five_class"], ours["alerts_only"], ours["alerts_snia_snii_snibc"]["survey"]
    served, trained = conventions["as-served"], conventions["as-trained"]
    rows = [
        (f"alert photometry only, five classes (SN Ia, II, Ib/c, SLSN-I, TDE), {_objects(alerts):,} objects, survey prior", alerts["survey"]),
        ("the same under the mix of these objects", alerts["sample"]),
        (f"with forced photometry of rare classes, {_objects(five):,} objects, survey prior", five["survey"]),
        ("the same under equal priors", five["equal"]),
        ("the same under the mix of these objects", five["sample"]),
        ("`t2-ztf-z`, told the spectroscopic redshift", redshift["five_class"]["survey"]),
        ("`t2-ztf-z`, told no redshift", redshift["without_redshift"]["survey"]),
    ]  # fmt: skip
    lines = ["| | macro-F1 | AUC (SN Ia) |", "|---|---|---|"]
    lines += [f"| {title} | {_with_interval(figures)} | {figures['auc_snia']:.3f} |" for title, figures in rows]
    lines += [
        f"| SN Ia, II and Ib/c of the Bright Transient Survey only | {three['macro_f1']:.2f} (accuracy {three['accuracy']:.2f}) | |",
        f"| boosted trees on the same light curves (`python -m training.peer`), equal priors / mix of these objects "
        f"| {ours['peer']['macro_f1_equal']:.2f} / {ours['peer']['macro_f1_sample']:.2f} "
        f"| {ours['peer']['auc_snia']:.3f} |",
        f"| published t2 on {_objects(served):,} of these objects, as served / as trained "
        f"| {served['macro_f1']:.2f} / {trained['macro_f1']:.2f} | {served['auc_snia']:.2f} / {trained['auc_snia']:.2f} |",
    ]
    return "\n".join(lines) + "\n"


def _words(ours: dict[str, Any]) -> str:
    ages, variables = ours["ages"], ours["variables"]
    days = ", ".join(f"{age['days']:.0f}" for age in ages)
    scores = ", ".join(f"{age['macro_f1_survey']:.2f}" for age in ages)
    return (
        f"After {days} days from the first detection the macro-F1 is {scores}: young light curves are hard, and the "
        f"probabilities say so (expected calibration error {ours['ece_survey']:.3f} on whole light curves, with simulated ones "
        f"of the classes without real ones, at most {max(age['ece_survey'] for age in ages):.3f} at those ages). Variable "
        f"stars and AGN: the page's rule catches {100 * variables['variables_caught']:.0f} % of them and loses {100 * variables['transients_lost']:.0f} % of the "
        f"transients. Among the five classes, under the survey prior, {100 * ours['five_class']['survey']['recall']['SLSN-I']:.0f} % of the "
        f"superluminous supernovae are found without a redshift, {100 * _figures('t2-ztf-z')['five_class']['survey']['recall']['SLSN-I']:.0f} % with one.\n"
    )


def _figures(model: str) -> dict[str, Any]:
    return json.loads((MODELS / model / "card.json").read_text(encoding="utf-8"))["figures"]


def _objects(figures: dict[str, Any]) -> int:
    return sum(figures["objects"].values())


def _with_interval(figures: dict[str, Any]) -> str:
    low, high = figures["macro_f1_interval"]
    return f"{figures['macro_f1']:.2f} [{low:.2f}, {high:.2f}]"


def main() -> None:
    README.write_text(with_figures(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
