"""The Python that reproduces what the page shows."""

from __future__ import annotations

from collections.abc import Mapping

from core.brokers.samples import EMBEDDED
from core.lightcurve import LightCurve
from core.model import MODELS
from core.pipeline import Classification


def snippet(
    curve: LightCurve, result: Classification, source_key: str, reading: Mapping[str, str | None] | None = None
) -> str:
    """A script that fetches the same light curve, scores it with the same model, and prints the same probabilities.

    reading : options with which a file was read (arguments of `core.brokers.files.read_file`).
    """
    card = result.model.card
    name = card.name if card.folder.parent == MODELS else str(card.folder)
    if result.model.recipe_name != card.data["default_recipe"]:
        name += f"@{result.model.recipe_name}"
    equal = result.prior.name == "equal" and result.model.prior.name != "equal"
    prior = ", prior=model.equal_prior()" if equal else ""
    variant = f", variant={result.model.variant!r}" if result.model.variant is not None else ""
    return f"""from core.model import load_model
from core.pipeline import classify
{_fetch(curve, source_key, reading or {})}
model = load_model({name!r}{variant})
result = classify(curve, model{prior})
for name, p in sorted(zip(model.classes, result.probabilities), key=lambda pair: -pair[1]):
    print(f"{{name:10s}} {{p:.4f}}")
"""


def _fetch(curve: LightCurve, source_key: str, reading: Mapping[str, str | None]) -> str:
    if source_key in EMBEDDED:
        name = EMBEDDED[source_key].__name__
        return f"from core.brokers.samples import {name}\n\ncurve = {name}().fetch({curve.object_id!r})"
    if source_key in ("file", "list"):
        name = curve.provenance.source.removeprefix("file ").strip() or "your_file.csv"
        options = "".join(f", {key}={value!r}" for key, value in reading.items() if value is not None)
        alert = f" and c.alert_id == {curve.alert_id!r}" if curve.alert_id is not None else ""
        return (
            "from core.brokers.files import read_file\n\n"
            f"curves = read_file({name!r}{options}).curves\n"
            f"curve = next(c for c in curves if c.object_id == {curve.object_id!r}{alert})"
        )
    return (
        "from core.brokers.registry import sources\nfrom core.settings import read_settings\n\n"
        f"curve = sources(read_settings())[{source_key!r}].fetch({curve.object_id!r})"
    )
