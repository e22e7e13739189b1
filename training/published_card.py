"""Write the card of the published t2 file: what it is, how it was made, and its two conventions.

    python -m training.published_card

Measured figures are kept from the card that stands there; `python -m training.validate_published` makes them.
"""

from __future__ import annotations

from core.model import MODELS
from core.taxonomy import PUBLISHED_ORDER
from training import card_file

FOLDER = MODELS / "t2-published-gr"
TENSORS = {
    "activations": "model/transformer_block/layer_normalization_1/batchnorm/add_1",
    "logits": "model/cluster_dense_6/MatMul;model/cluster_dense_6/BiasAdd",
    "probabilities": "StatefulPartitionedCall:0",
    "head_weights": "model/cluster_dense_6/MatMul",
    "head_bias": "model/cluster_dense_6/BiasAdd/ReadVariableOp",
}


def main() -> None:
    model = FOLDER / "model.tflite"
    recipe = {"kind": "published", "length": 100, "bands": ["ztf_g", "ztf_r"]}
    served_cuts = {"min_points": 2, "min_points_per_band": 1, "detections_only": True}
    card = {
        "name": "t2-published-gr",
        "version": "2022-09",
        "title": "t2, published (g, r)",
        "summary": "The compressed time-series transformer of Allam, Peloton & McEwen (2023), as Fink ran it on ZTF until "
        "February 2025. Trained on simulated LSST light curves. Here for comparison: it fails on real alerts.",
        "licence": "Apache-2.0 (AstroLab Software, Tarek Allam Jr.); see NOTICE",
        "citations": ["arXiv:2105.06178", "arXiv:2303.08951"],
        "parameters": 13262,
        "classes": list(PUBLISHED_ORDER),
        "recipes": {
            "as-served": {**recipe, "convention": "as-served", "cuts": served_cuts},
            "as-trained": {
                **recipe,
                "convention": "as-trained",
                "scaler": {"ztf_g": [13.0, 62.0], "ztf_r": [27.0, 92.0]},
                "cuts": served_cuts,
            },
        },
        "default_recipe": "as-served",
        "files": {
            "model": card_file.describe(model, FOLDER),
            "variants": {"int8": card_file.describe(FOLDER / "variants/int8.tflite", FOLDER, kind="dynamic")},
        },
        "tensors": TENSORS,
        "golden": card_file.golden(model.read_bytes(), TENSORS),
        "prior": {"name": "as published", "weights": {}},
        "training": {
            "data": "PLAsTiCC test set: 3,479,456 simulated LSST objects of 14 classes, g and r of a six-band Gaussian process",
            "simulated": True,
            "objects": 3479456,
        },
        "figures": card_file.read(FOLDER).get("figures", {}),
        "limits": [
            "Trained on simulated LSST light curves only; on real ZTF alerts it does worse than a random forest on twelve numbers.",
            "As served, time runs backwards and each object is scaled by its own grid, unlike in training.",
            "The scaling constants of its training were never stored: as trained uses fixed medians and interquartile ranges of PLAsTiCC-like light curves, an approximation.",
            "The sign of the difference flux was ignored when it was served; here it is kept.",
            "Not calibrated: no figure says how often a probability is right.",
            "It has no class for other variable stars.",
        ],
    }
    card_file.write(FOLDER, card)


if __name__ == "__main__":
    main()
