"""Write the card of an LSST model: what it is, what simulation it was trained on, and what it can't do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.taxonomy import CLASS_NAMES
from training import atx, card_file
from training import network as t2
from training.corpus_lsst import VERSIONS, Telling, Variety
from training.curves import CurveSet
from training.export import TENSORS
from training.identity import N_FOLDS
from training.network import Shape
from training.recipe_lsst import RECIPE_LSST

CITATIONS = [
    "arXiv:2105.06178 (Allam & McEwen 2021: t2 and atx)",
    "arXiv:2303.08951 (Allam, Peloton & McEwen 2023: t2 compressed)",
    "arXiv:0805.2366 (Ivezić et al. 2019: LSST)",
    "arXiv:2012.12392 (Hložek et al. 2020: PLAsTiCC, whose mix of classes is the prior)",
]
#: Objects of each class in PLAsTiCC's test set (Allam & McEwen 2021, table 1 of the classes): what an LSST of volumetric
#: rates detects in three years.
PLASTICC_COUNTS = {
    "SNIa": 1_659_684, "SNII": 1_000_033, "SNIbc": 175_083, "SNIa-91bg": 40_192, "SNIax": 63_660, "SLSN-I": 35_780,
    "TDE": 13_552, "AGN": 101_412, "KN": 132, "M-dwarf": 93_480, "RRL": 197_131, "EB": 96_560, "Mira": 1_453,
    "uLens": 1_303,
}  # fmt: skip
#: Of a training that is told no other number.
STEPS = 1600
#: "other" is in no simulated survey that has the rest: a fiftieth of the stream is a choice.
OTHER = 0.02
PRIOR_SENTENCE = (
    "The 3,479,456 objects of PLAsTiCC's simulated test set: volumetric rates of transients and a Galactic model, seen "
    "through three years of LSST. PLAsTiCC has no class 'other': that it is 2 % is a choice. Nobody has measured the mix "
    "of Rubin's alerts yet, and the raw stream has far more variable stars."
)
SIMULATED = (
    "Trained, calibrated and judged on simulations alone: every figure is a simulated one. No Rubin light curve with a "
    "known class was there to learn from; real ones will be scored worse, and nobody knows yet by how much."
)
LIMITS = (
    "Stars, AGN and whatever has no redshift in the catalogue were told those of random galaxies in training, so that "
    "having a redshift says nothing about the class.",
    "Upper limits and forced photometry below four sigma are not read.",
    "SLSN-II, Ia-CSM, LBV, LRN, ILRT and anything else it has not seen is given to a class all the same.",
    "Only LSST's u, g, r, i, z and y are read; ZTF light curves are refused.",
    "Not corrected for Galactic extinction, which the simulation has in it.",
)


def survey_prior() -> dict[str, float]:
    """Class -> weight, summing to one."""
    total = sum(PLASTICC_COUNTS.values())
    weights = {name: (1 - OTHER) * n / total for name, n in PLASTICC_COUNTS.items()} | {"other": OTHER}
    return {name: round(weights[name], 8) for name in CLASS_NAMES}


def write_card(
    out: Path, curves: CurveSet, *, calibration: dict[str, Any] | None, shape: dict[str, Any], plan: dict[str, Any]
) -> None:
    """Write ``out``/card.json; figures, reliability and rules of the card that stands there are kept."""
    before = card_file.read(out)
    model, kind = out / "model.tflite", plan["network"]
    parameters = int({"t2": t2.build, "atx": atx.build}[kind](Shape(**shape), 0).count_params())
    what = {"t2": "time-series transformer", "atx": "small convolutional network"}[kind]
    card: dict[str, Any] = {
        "name": out.name,
        "version": "2026.1",
        "title": f"{kind} for LSST (u g r i z y), from simulations",
        "summary": f"A {what} of {parameters:,} parameters for Rubin's six bands, trained on simulated light curves "
        "alone; told the redshift where one is known, and works without; calibrated at every age; fifteen classes.",
        "licence": "Apache-2.0; trained on simulations of this project, see training",
        "citations": CITATIONS,
        "parameters": parameters,
        "classes": list(CLASS_NAMES),
        "recipes": {"lsst": RECIPE_LSST},
        "default_recipe": "lsst",
        "files": {
            "model": card_file.describe(model, out),
            "folds": [card_file.describe(out / f"folds/{k}.tflite", out) for k in range(N_FOLDS)],
        },
        "tensors": TENSORS,
        "golden": card_file.golden(model.read_bytes(), TENSORS),
        "prior": {"name": "survey", "weights": survey_prior(), "source": PRIOR_SENTENCE},
        "training": training_section(curves, shape, plan, out.name),
        "range": ranges(curves),
        "figures": before.get("figures", {}),
    }
    card["limits"] = limits(card)
    card_file.write(out, card_file.completed(card, before, calibration))


def training_section(curves: CurveSet, shape: dict[str, Any], plan: dict[str, Any], name: str) -> dict[str, Any]:
    """What the network learned from: the simulation, its versions, the schedule, the folds."""
    counts = {str(k): int(v) for k, v in curves.objects["class"].value_counts().items()}
    network = "" if plan["network"] == "t2" else f" --network {plan['network']}"
    steps = plan["schedule"]["steps"]
    steps = "" if steps == STEPS else f" --steps {steps}"
    return {
        "data": f"{len(curves):,} simulated LSST light curves, and no real one",
        "objects": len(curves),
        "simulated": True,
        "real": {},
        "simulated_light_curves": counts,
        "sources": [
            {
                "source": "simulation",
                "title": "training.simulate --survey lsst: visits and depths of the baseline v3.0 strategy, spectral "
                "templates read at training time and not shipped",
                "objects": len(curves),
                "licences": ["own"],
                "classes": counts,
            }
        ],
        "augmentation": {"versions_per_object": VERSIONS, **Variety()._asdict()},
        "redshift_told": Telling()._asdict(),
        "network": shape,
        "plan": plan,
        "folds": f"{N_FOLDS}, by a hash of the simulated object's name; the shipped file is trained on all of them",
        "command": f"python -m training.lsst --data DATA --out models/{name}{network}{steps}",
    }


def ranges(curves: CurveSet) -> dict[str, list[float]]:
    """What the training covers: points, span [d], brightest magnitude and redshift of the simulated objects."""
    low, high = np.nanpercentile(curves.objects["peak_magnitude"], [0.5, 99.5])
    far = np.nanpercentile(curves.objects["redshift"], 99.5)
    return {
        "n_points": [2, 150],
        "span": [0.0, 300.0],
        "peak_magnitude": [round(float(low), 1), round(float(high), 1)],
        "redshift": [0.001, round(float(far), 1)],
    }


def limits(card: Mapping[str, Any]) -> list[str]:
    """The card's ``limits``; what is measured is said with the figures of the same card."""
    return [SIMULATED, *measured_limits(card["figures"], card_file.judged_on(card)), *LIMITS]


def measured_limits(figures: Mapping[str, Any], judged_on: str) -> list[str]:
    """What a model gets wrong, from its figures; nothing where nobody has measured yet."""
    if not figures:
        return []
    told, blind = figures["simulated"]["with_redshift"], figures["simulated"]["without_redshift"]
    sentences = [
        f"On {judged_on} the log-loss of fourteen classes alike is {told['log_loss_flat_14']:.2f} with "
        f"redshift and {blind['log_loss_flat_14']:.2f} without; five days after the first point {_young(figures):.2f}.",
        _mixed_up(blind),
    ]
    other = figures["other_sets"].get("mallorn")
    if other:
        sentences.append(
            f"On MALLORN, simulated by others from real light curves, macro-F1 of six groups is "
            f"{other['with_redshift']['macro_f1']:.2f} with redshift and {other['without_redshift']['macro_f1']:.2f} "
            f"without: {other['with_redshift']['recall']['AGN']:.0%} of its AGN are told as such, the rest mostly as tidal "
            "disruption events and superluminous supernovae. How far scores fall between two simulations says something "
            "about how far they will fall on the sky."
        )
    return sentences


def _young(figures: Mapping[str, Any]) -> float:
    return float(next(row["log_loss_flat_14"] for row in figures["ages"] if row["days"] == 5.0))


def _mixed_up(scores: Mapping[str, Any]) -> str:
    worst = [f"{row['share']:.0%} of {row['class']} are called {row['called']}" for row in scores["worst_pairs"][:3]]
    return f"What it mixes up most without redshift, all classes alike: {', '.join(worst)}."
