"""Write docs/models.md, the validation report, from the model cards: ``python -m training.model_report``.

Every number comes from a card, and each card says which command made it. What a card lacks is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.model import MODELS
from core.taxonomy import FIVE
from training import ablation_report, card_file, repeat, tune_report

DOC = MODELS.parent / "docs/models.md"
HEAD = """# The models, and how good they are

Written by `python -m training.model_report` from the cards in `models/`; the command under each title measured the figures
that follow. Real objects are scored by the fold model that has not seen them, through `core.pipeline`, the way pages and
streams score. The shipped file is trained on all folds: cross-validated figures are those of the recipe.

Three priors: *survey* is what a broker's transient filter lets through (the default of page and command line), *equal* makes
every class as likely as any other, *sample* is the mix of the scored objects themselves, which hold several times more
superluminous supernovae and tidal disruptions than any night does. Answers are the largest probability, with no offsets.
Intervals are 95 % bootstraps over objects. About a dozen variants were compared on the same folds: a little of what is
quoted is luck.

For scale, on their own data: Superphot+ reports macro-F1 0.61 on its five classes (0.71 with redshift), ORACLE-2 0.73 with images
and metadata, the published t2 a loss of 0.507 on simulated LSST light curves of six bands.
"""
ORDER = ("t2-ztf", "t2-ztf-z", "atx-ztf", "t2-ztf-published-recipe", "t2-published-gr")


def document() -> str:
    """The whole report as Markdown."""
    names = sorted(
        (path.parent.name for path in MODELS.glob("*/card.json")),
        key=lambda n: (n not in ORDER, ORDER.index(n) if n in ORDER else n),
    )
    cards = {name: card_file.read(MODELS / name) for name in names}
    parts = [HEAD, overview(cards), ablation_report.section(), tune_report.section(), repeat.section()]
    parts += [of_model(card) for card in cards.values() if "five_class" in card["figures"]]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def overview(cards: Mapping[str, Mapping[str, Any]]) -> str:
    """All models that were judged on real ZTF objects, side by side."""
    rows = []
    for name, card in cards.items():
        figures = card["figures"]
        if "five_class" not in figures:
            continue
        five = figures["five_class"]
        rows.append(
            [
                f"`{name}`",
                f"{card['parameters']:,}",
                *(_interval(five.get(prior), "macro_f1") for prior in ("survey", "equal", "sample")),
                _number(figures.get("alerts_only", {}).get("sample"), "macro_f1"),
                _number(five["survey"], "auc_snia", 3),
                _number(five["equal"], "log_loss_flat"),
                f"{figures['ece_survey']:.3f}" if "ece_survey" in figures else "",
            ]
        )
    head = [
        "model",
        "parameters",
        "survey",
        "equal",
        "sample",
        "alerts only, sample",
        "AUC (SN Ia)",
        "flat log-loss",
        "ECE",
    ]
    peer = cards.get("t2-ztf", {}).get("figures", {}).get("peer")
    text = "## Side by side: five classes, real ZTF objects\n\n" + _table(head, rows)
    if peer:
        text += (
            f"\nBoosted trees on the same tensors, versions, folds and objects (`{peer['command']}`): macro-F1 "
            f"{peer['macro_f1_equal']:.3f} under equal priors{_sample(peer)}, AUC {peer['auc_snia']:.3f}, flat log-loss {peer['log_loss_flat']:.3f}.\n"
        )
    return text


def of_model(card: Mapping[str, Any]) -> str:
    """One model's figures."""
    figures = card["figures"]
    parts = [f"## {card['name']}\n\n{card['summary']}\n\n`{figures['command']}`: {figures['sample']['what']}\n"]
    parts.append(_by_class(figures["five_class"]))
    if "confusion" in figures["five_class"]["survey"]:
        parts.append(_confusion(figures["five_class"]["survey"]["confusion"]))
    parts += [
        _ages(figures["ages"], "Versus age"),
        _bins(figures, "by_points", "points"),
        _bins(figures, "by_peak_magnitude", "magnitude"),
    ]
    if "ages_without_redshift" in figures:
        parts.append(_ages(figures["ages_without_redshift"], "Versus age, told no redshift"))
    parts += [_origin(figures.get("by_origin", [])), _twins(figures.get("twins")), _variables(figures.get("variables"))]
    parts.append("### What it can't do\n\n" + "\n".join(f"- {limit}" for limit in card["limits"]) + "\n")
    return "\n".join(part for part in parts if part)


def _by_class(five: Mapping[str, Any]) -> str:
    rows = []
    for prior in ("survey", "equal", "sample"):
        of = five.get(prior)
        for name in FIVE if of else ():
            spread = [of.get(f"{kind}_interval", {}).get(name) for kind in ("recall", "precision")]
            rows.append(
                [
                    prior,
                    name,
                    f"{five['objects'][name]:,}",
                    *(
                        f"{of[kind][name]:.2f}" + (f" [{s[0]:.2f}, {s[1]:.2f}]" if s else "")
                        for kind, s in zip(("recall", "precision"), spread, strict=True)
                    ),
                    f"{of['f1'][name]:.2f}",
                ]
            )
    survey = five["survey"]
    text = "### By class\n\n" + _table(["prior", "class", "objects", "recall", "precision", "F1"], rows)
    if "snia_purity_at_85_percent" in survey:
        text += f"\nPurity of SN Ia at 85 % completeness: {survey['snia_purity_at_85_percent']:.3f}.\n"
    return text


def _confusion(matrix: Sequence[Sequence[int]]) -> str:
    rows = [[name, *(f"{n:,}" for n in row)] for name, row in zip(FIVE, matrix, strict=True)]
    return "### Confusion, survey prior (true class in rows)\n\n" + _table(["", *FIVE], rows)


def _ages(ages: Iterable[Mapping[str, Any]], title: str) -> str:
    rows = [
        [
            f"{age['days']:.0f}",
            f"{age['scored']:,}",
            *(_number(age, f"macro_f1_{prior}") for prior in ("survey", "equal", "sample")),
            _number(age, "auc_snia", 3),
            _number(age, "log_loss_flat"),
            _number(age, "ece_survey", 3),
        ]
        for age in ages
    ]
    head = [
        "days since first detection",
        "scored",
        "macro-F1, survey",
        "equal",
        "sample",
        "AUC (SN Ia)",
        "flat log-loss",
        "ECE",
    ]
    return f"### {title}\n\n" + _table(head, rows)


def _bins(figures: Mapping[str, Any], key: str, name: str) -> str:
    if not figures.get(key):
        return ""
    rows = [
        [
            f"{row[name][0]:g} to {row[name][1]:g}" if row[name][1] is not None else f"{row[name][0]:g} and more",
            f"{row['objects']:,}",
            _number(row, "macro_f1_sample"),
            _number(row, "accuracy_sample"),
            _number(row, "auc_snia", 3),
        ]
        for row in figures[key]
    ]
    title = {"points": "Versus number of points", "magnitude": "Versus peak magnitude"}[name]
    head = [
        {"points": "points", "magnitude": "peak [mag]"}[name],
        "objects",
        "macro-F1, bin's mix",
        "accuracy",
        "AUC (SN Ia)",
    ]
    return f"### {title}\n\n" + _table(head, rows)


def _origin(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    body = [
        [r["class"], r["origin"], f"{r['objects']:,}", _number(r, "recall_survey"), _number(r, "recall_equal")]
        for r in rows
    ]
    return "### Recall by origin of the photometry\n\n" + _table(
        ["class", "origin", "objects", "survey", "equal"], body
    )


def _twins(twins: Mapping[str, Any] | None) -> str:
    if not twins or "degradations" not in twins:
        return ""
    body = []
    for name, row in twins.items():
        if name != "degradations":
            low, high = row["difference_interval"]
            body.append(
                [
                    name.replace("_", " "),
                    str(row["events"]),
                    _number(row, "recall_alert"),
                    _number(row, "recall_survey"),
                    f"{row['difference']:+.3f} [{low:+.3f}, {high:+.3f}]",
                ]
            )
    head = ["class", "events", "recall, alerts", "recall, survey photometry made alert-like", "difference of p(true)"]
    return (
        "### Twins: the same event by alerts and by degraded survey photometry\n\n"
        + _table(head, body)
        + f"\nThe survey photometry was degraded {twins['degradations']} times anew. An interval that holds zero shows no sign that "
        "the network reads the origin of the photometry. *Same light*: without the events whose brightest alert is weeks away from the "
        "survey's peak, as when the transient stands in the reference image and its alerts are the negative ones that follow.\n"
    )


def _variables(of: Mapping[str, Any] | None) -> str:
    if not of or "objects" not in of:
        return ""
    return (
        f"### Variable stars and AGN\n\n{of['objects']} real ones, light curve alone: AUC against transients "
        f"{of['auc_variable_or_transient']:.3f}; {of['caught_at_3_percent_loss']:.0%} are rejected at a loss of 3 % of the transients. The "
        f"page's rule ({of['rule']}) catches {of['variables_caught']:.0%} and loses {of['transients_lost']:.1%} of the transients; after it "
        f"and the rule to abstain, {of['called_transient']:.0%} are still called a transient.\n"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def _number(of: Mapping[str, Any] | None, key: str, places: int = 2) -> str:
    return f"{of[key]:.{places}f}" if of and of.get(key) is not None else ""


def _sample(peer: Mapping[str, Any]) -> str:
    return f", {peer['macro_f1_sample']:.3f} under the sample's mix" if "macro_f1_sample" in peer else ""


def _interval(of: Mapping[str, Any] | None, key: str) -> str:
    spread = (of or {}).get(f"{key}_interval")
    return _number(of, key) + (f" [{spread[0]:.2f}, {spread[1]:.2f}]" if spread else "")


def main() -> None:
    DOC.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
