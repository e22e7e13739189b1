"""Write the card of a ZTF model: what it is, what it was trained on, how its input is made, and what it can't do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.photometry import flux_to_magnitude
from core.taxonomy import CLASS_NAMES
from training import card_file
from training.augment import Ranges
from training.calibrate import SURVEY_SENTENCE, survey_prior
from training.corpus import SIMULATED_SHARE, SIMULATED_VERSIONS, VERSIONS
from training.curves import CurveSet
from training.designs import Design
from training.export import TENSORS
from training.identity import N_FOLDS
from training.limits import limits

CITATIONS = [
    "arXiv:2105.06178 (Allam & McEwen 2021: t2)",
    "arXiv:2303.08951 (Allam, Peloton & McEwen 2023: t2 compressed, in Fink)",
    "arXiv:2009.01242 (Perley et al. 2020: ZTF Bright Transient Survey)",
    "arXiv:2308.08255 (Mummery, van Velzen et al. 2023: manyTDE)",
    "arXiv:2407.07946 (Gomez et al. 2024: hydrogen-poor superluminous supernovae)",
    "arXiv:2110.07256 (Dhawan et al. 2021: ZTF SN Ia DR1)",
    "arXiv:0910.4611 (Sesar et al. 2010: RR Lyrae of SDSS Stripe 82)",
    "arXiv:2009.10185 (Möller et al. 2020: Fink)",
]
#: Where each folder of real light curves comes from, as training/README.md tells in full.
SOURCES = {
    "ztf_bts": "ZTF Bright Transient Survey, alert photometry (HSE-LAMBDA/light_curve_approx, MIT; light-curve/test-data; "
    "ZwickyTransientFacility/ztfcosmodr; fink-science and fink-filters, Apache-2.0; ztfparsnip, MIT)",
    "tde": "tidal disruption events: ZTF forced photometry (sjoertvv/manyTDE, cited), alerts (fink-science, Apache-2.0)",
    "slsn": "hydrogen-poor superluminous supernovae (gmzsebastian/SLSNe, MIT), ZTF and other telescopes",
    "real_variables": "RR Lyrae of SDSS Stripe 82 (light-curve/test-data), ZTF alerts of stars and AGN (fink-science, "
    "Apache-2.0), white dwarfs (panelcast-ztf-wd, MIT)",
    "ztf_crossmatched": "ZTF alerts with SIMBAD, BTS or TNS types (Fink test alerts, Apache-2.0; kndetect, BSD; skyportal, BSD)",
}


def write_card(
    out: Path,
    design: Design,
    plan: dict[str, Any],
    real: CurveSet,
    simulated: CurveSet,
    *,
    calibration: dict[str, Any] | None,
) -> None:
    """Write ``out``/card.json; figures, reliability and rules of the card that stands there are kept."""
    before = card_file.read(out)
    model = out / "model.tflite"
    card: dict[str, Any] = {
        "name": out.name,
        "version": "2026.1",
        "title": design.title,
        "summary": design.summary,
        "licence": "Apache-2.0; trained on public survey data, see training and NOTICE",
        "citations": CITATIONS,
        "parameters": design.parameters,
        "classes": list(CLASS_NAMES),
        "recipes": {"ztf": design.card_recipe},
        "default_recipe": "ztf",
        "files": {
            "model": card_file.describe(model, out),
            "folds": [card_file.describe(out / f"folds/{k}.tflite", out) for k in range(N_FOLDS)],
        },
        "tensors": TENSORS,
        "golden": card_file.golden(model.read_bytes(), TENSORS),
        "prior": {"name": "survey", "weights": survey_prior(), "source": SURVEY_SENTENCE},
        "training": training_section(real, simulated, design, plan)
        | {"command": f"python -m training.train --data DATA --model {out.name}"},
        "range": ranges(real) | ({"redshift": [0.003, 1.0]} if design.shape.features else {}),
        "figures": before.get("figures", {}),
    }
    card["limits"] = limits(card)
    card_file.write(out, card_file.completed(card, before, calibration))


def training_section(real: CurveSet, simulated: CurveSet, design: Design, plan: dict[str, Any]) -> dict[str, Any]:
    """What the network learned from: objects per class and source with licence, versions, schedule, folds."""
    used = real.objects[real.objects["use_for_training"]]
    by_source = [
        {
            "source": source,
            "title": SOURCES.get(source, source),
            "objects": int(rows["physical_id"].nunique()),
            "licences": sorted(rows["licence"].unique().tolist()),
            "classes": {str(k): int(v) for k, v in rows["class"].value_counts().items()},
        }
        for source, rows in used.groupby("source")
    ]
    return {
        "data": f"{used['physical_id'].nunique():,} real objects and {len(simulated):,} simulated light curves",
        "objects": int(used["physical_id"].nunique()),
        "simulated": False,
        "real": {str(k): int(v) for k, v in used.groupby("class")["physical_id"].nunique().items()},
        "simulated_light_curves": {str(k): int(v) for k, v in simulated.objects["class"].value_counts().items()},
        "simulated_share_of_draws": SIMULATED_SHARE,
        "sources": by_source,
        "augmentation": {
            "versions_per_object": {**VERSIONS, "simulated": SIMULATED_VERSIONS},
            **Ranges()._asdict(),
        },
        "network": {"kind": design.network, **asdict(design.shape)},
        "plan": plan,
        "folds": f"{N_FOLDS}, by physical object (training/folds.csv); the shipped file is trained on all of them",
    }


def ranges(real: CurveSet) -> dict[str, list[float]]:
    """What the training covers: points, span [d] and brightest magnitude of the real objects, augmentation included."""
    used = real.take(real.objects["use_for_training"].to_numpy(bool))
    peak = np.full(len(used), -np.inf)
    np.maximum.at(peak, used.owner, used.flux)
    magnitude = flux_to_magnitude(peak)
    low = float(np.nanpercentile(magnitude, 0.5))
    return {"n_points": [3, 150], "span": [0.0, 300.0], "peak_magnitude": [round(low, 1), 20.8]}
