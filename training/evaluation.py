"""Evaluation files: what the fold models say of objects that they have not seen, and all that is known of each object.

    python -m training.evaluation --data DATA --model t2-ztf

Remakes ``models/<name>/evaluation.parquet`` and the files in ``models/<name>/evaluation/`` from the shipped models: no
training, and no figure of the card changes. Rows hold derived numbers, never photometry. Beside the answers stands
``refused.parquet`` of `training.refused`: the objects that the model would not answer for, and why.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import BANDS
from core.brokers.samples import JUDGED
from core.card import find_cards, load_card
from core.evaluate.table import write_evaluation
from core.explain import explain
from core.lightcurve import LightCurve
from core.measures import measures
from core.model import CHUNK, MODELS, Model, load_model
from core.pipeline import classify_many
from core.taxonomy import CLASS_NAMES
from training import card_file
from training.curves import CurveSet, read_parquet
from training.datasets import RealSet, load_real
from training.identity import N_FOLDS
from training.other_sets_lsst import MALLORN
from training.out_of_fold import AGES
from training.readers.tables import read
from training.refused import write_refused
from training.scored import ScoredSet, first_days, scored_set, sources_folder

#: Edges [d] of the bins in which maps are kept, from the brightest used point.
MAP_EDGES = np.arange(-60.0, 151.0, 6.0)
#: Models that are judged on younger light curves and on simulated ones too; the others are there to be compared.
IN_FULL = ("t2-ztf", "t2-ztf-z")
#: Simulated test objects of each class, their seed, and how many of each class come with their light curves.
PER_CLASS, SEED, SHIPPED_PER_CLASS = 200, 2611, 40
#: Probabilities of the same light curve by the same model differ by less, whoever computes them.
SAME = 1e-3
#: Sources whose photometry NOTICE covers, with their licences, and what to cite.
SHIPPED_UNDER = {
    "HSE-LAMBDA/light_curve_approx": "MIT",
    "astrolabsoftware/fink-": "Apache-2.0",
    "FusRoman/Fink_MM": "Apache-2.0",
    "b-biswas/kndetect": "BSD-3-Clause",
}
CITATIONS = {
    "HSE-LAMBDA/": "Fremling et al. 2020; Perley et al. 2020",
    "astrolabsoftware/": "Möller et al. 2021",
    "FusRoman/": "Möller et al. 2021",
    "b-biswas/": "Biswas et al. 2023",
    "": "simulated by this project",
}
REAL = (
    "Real objects with a spectroscopic or catalogued class, alert photometry or ZTF forced photometry made alert-like; each "
    "scored by the fold model that did not train on it."
)
OUT_OF_FOLD = "Simulated, told no redshift; each scored by the fold model that did not train on it."
PUBLISHED = "The same real objects, as far as the published file takes them; none was used to train it."


def probabilities(models: Sequence[Model], scored: ScoredSet) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n, C) in the order of `CLASS_NAMES` through `core.pipeline`, each by the model of its fold, and (n,) points used.

    NaN for light curves that are refused, zero for classes that the model does not have.
    """
    fold = scored.objects["fold"].to_numpy(int)
    p = np.full((len(scored.curves), len(CLASS_NAMES)), np.nan)
    n_points = np.zeros(len(scored.curves), np.int64)
    for k, model in enumerate(models):
        rows = np.flatnonzero(fold == k)
        table = classify_many([scored.curves[r] for r in rows], model)
        answered = table["refusal"].isna().to_numpy()
        p[rows[answered]] = 0.0
        for name in model.classes:
            p[rows, CLASS_NAMES.index(name)] = table[f"p_{name}"].to_numpy(float)
        n_points[rows] = table["n_points"]
    return p, n_points


def answers(scored: ScoredSet, p: NDArray, n_points: NDArray, classes: Sequence[str]) -> pd.DataFrame:
    """The columns that every evaluation file has: who, in which fold, the class, and the probabilities."""
    table = scored.objects[["object_id", "fold", "class", "origin"]].reset_index(drop=True)
    table["fold"] = table["fold"].astype(np.int8)
    table["n_points"] = n_points.astype(np.int16)
    for name in classes:
        table[f"p_{name}"] = p[:, CLASS_NAMES.index(name)].astype(np.float32)
    return table


def facts(scored: ScoredSet, models: Sequence[Model]) -> pd.DataFrame:
    """What scores are looked at against, and what the label rests on."""
    table = measures(scored.curves, [models[0].recipe.select(curve) for curve in scored.curves])
    # The catalogue's redshift, also where this model is not told any.
    table["redshift"] = scored.objects["redshift"].to_numpy(float)
    table = table.astype(
        {"n_fitted": np.int16} | dict.fromkeys(("span_days", "peak_magnitude", "snr", "redshift"), np.float32)
    )
    for name in ("type", "label_source"):
        table[name] = scored.objects[name].astype(str).to_numpy()
    return table


def maps(
    models: Sequence[Model], scored: ScoredSet, p: NDArray, table: pd.DataFrame
) -> dict[str, NDArray | list[NDArray]]:
    """Of each object: the map's percent per bin of `MAP_EDGES` for its true and its likeliest class, and the weights of
    added features for the likeliest, beside what a flat map would give each."""
    n = len(scored.curves)
    fold, peak = scored.objects["fold"].to_numpy(int), table["peak_mjd"].to_numpy()
    out = {name: np.zeros((n, len(MAP_EDGES) - 1), np.float16) for name in ("map_true", "map_answer")}
    features = models[0].recipe.features
    weights = {name: np.full(n, np.nan, np.float32) for name in ("flat_share", *(f"weight_{f}" for f in features))}
    for k, model in enumerate(models):
        rows = np.flatnonzero(fold == k)
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            tensor = model.recipe.apply([model.recipe.select(scored.curves[r]).curve for r in part])  # type: ignore[union-attr]
            activations = model.infer(tensor).activations
            for row, active, times in zip(part, activations, tensor.times, strict=True):
                of = explain(model, active, times)
                answer = CLASS_NAMES[int(np.argmax(p[row]))]
                weights["flat_share"][row] = of.flat_share
                for name, class_name in (("map_true", scored.objects["class"].iloc[row]), ("map_answer", answer)):
                    if class_name in model.classes:
                        share = of.share(model.classes.index(class_name))[: len(times)]
                        out[name][row] = np.histogram(times - peak[row], MAP_EDGES, weights=share)[0]
                for name, share in of.feature_share(model.classes.index(answer)).items():
                    weights[f"weight_{name}"][row] = share
    return {**weights, **{name: list(values) for name, values in out.items()}}


def doubts(objects: pd.DataFrame, data: Path) -> list[str]:
    """What is doubtful about each label, in words; empty where nothing is."""
    path = data / "ztf_bts/objects.parquet"
    found = pd.read_parquet(path, columns=["object_id", "all_types"]) if path.exists() else None
    types = (
        {} if found is None else dict(zip(found["object_id"].astype(str), found["all_types"].astype(str), strict=True))
    )
    out = []
    for row in objects.itertuples():
        said = []
        if row.class_conflict:
            names = types.get(str(row.object_id), "").replace("|", ", ")
            said.append(f"label lists disagree{f': {names}' if ', ' in names else ''}")
        if row.candidate_label:
            said.append("only a candidate in its catalogue")
        out.append("; ".join(said))
    return out


def licence_of(source_repo: str) -> str:
    """The licence under which an object's photometry is shipped; empty where NOTICE names none for one of its sources."""
    parts = [part.strip() for part in source_repo.replace(" + ", ";").split(";") if part.strip()]
    found = {next((v for k, v in SHIPPED_UNDER.items() if part.startswith(k)), "") for part in parts}
    return found.pop() if len(found) == 1 else ""


def may_be_shipped(objects: pd.DataFrame) -> NDArray[np.bool_]:
    """Real alert photometry under a licence that allows it."""
    if "source_repo" not in objects:
        return np.zeros(len(objects), bool)
    licensed = objects["source_repo"].astype(str).map(licence_of) != ""
    return ((objects["origin"] == "alert") & licensed).to_numpy(bool)


def in_order(model: Model) -> list[str]:
    """The model's classes in the order of every table."""
    return [name for name in CLASS_NAMES if name in model.classes]


def about_of(model: Model, key: str, title: str, what: str, command: str, **more: Any) -> dict[str, Any]:
    """What a file says of itself."""
    prior = model.prior
    weights = None if prior.weights is None else dict(zip(model.classes, map(float, prior.weights), strict=True))
    features = {"features": list(model.recipe.features), "map_edges": MAP_EDGES.tolist()}
    return {
        "set": key, "title": title, "what": what, "model": model.name, "recipe": model.recipe_name, "command": command,
        "prior": {"name": prior.name, "weights": weights}, **features, **more,
    }  # fmt: skip


def judged(models: Sequence[Model], scored: ScoredSet, doubt: Sequence[str]) -> pd.DataFrame:
    """The whole table of objects that the models don't refuse. doubt : of each object's label, in words."""
    p, n_points = probabilities(models, scored)
    kept = np.isfinite(p[:, 0])
    scored, p, n_points = scored.take(kept), p[kept], n_points[kept]
    table = answers(scored, p, n_points, in_order(models[0]))
    table = pd.concat([table, facts(scored, models)], axis=1)
    table["doubt"] = np.asarray(doubt, dtype=object)[kept]
    table["shipped"] = may_be_shipped(scored.objects)
    return table.assign(**maps(models, scored, p, table))


def measured(table: pd.DataFrame, curves: CurveSet, models: Sequence[Model]) -> pd.DataFrame:
    """A table of answers that were made without redshifts, with all that is known of its light curves besides.

    table : object_id, fold, class, origin, n_points and the probabilities. curves : of all its objects, and any others.
    models : of the folds. Raises ValueError where a light curve is missing, or is not the one that was answered for.
    """
    rows = pd.Index(curves.objects["object_id"].astype(str)).get_indexer(table["object_id"])
    if (rows < 0).any():
        raise ValueError(f"the simulation has no light curve of {table['object_id'][rows < 0].iloc[0]!r}")
    some = curves.take(rows)
    objects = some.objects.assign(fold=table["fold"].to_numpy())
    scored = ScoredSet([some.light_curve(i) for i in range(len(some))], objects).without_redshift()
    p, _ = probabilities(models, scored)
    told = table[[f"p_{name}" for name in in_order(models[0])]].to_numpy(float)
    columns = [CLASS_NAMES.index(name) for name in in_order(models[0])]
    off = ~(np.abs(p[:, columns] - told).max(axis=1) < SAME)
    if off.any():
        raise ValueError(
            f"{off.sum():,} light curves of the simulation are not those that were judged, {table['object_id'][off].iloc[0]!r} "
            "among them: they give other probabilities"
        )
    table = pd.concat([table.reset_index(drop=True), facts(scored, models)], axis=1)
    return table.assign(doubt="", shipped=False, **maps(models, scored, p, table))


def ages(models: Sequence[Model], scored: ScoredSet, folder: Path, command: str) -> None:
    """The same objects as they stood some days after their first detection: answers alone."""
    for days in AGES[:-1]:
        young = ScoredSet([first_days(c, models[0].recipe, days) for c in scored.curves], scored.objects)
        p, n_points = probabilities(models, young)
        kept = np.isfinite(p[:, 0])
        table = answers(young.take(kept), p[kept], n_points[kept], in_order(models[0]))
        about = about_of(
            models[0], f"days-{days:g}", f"Real ZTF objects, {days:g} days after the first detection",
            f"{REAL} Only what was measured until {days:g} days after the first detection that is used.", command,
            days=days,
        )  # fmt: skip
        write_evaluation(table, folder / f"evaluation/days-{days:g}.parquet", about)


def by_final_model(model: Model, curves: CurveSet, key: str, title: str, what: str, command: str, **more: Any) -> None:
    """A set that the model was not trained on at all, scored by the model that is shipped; fold −1 says so."""
    objects = curves.objects.assign(fold=0, class_conflict=False, candidate_label=False)
    scored = ScoredSet([curves.light_curve(i) for i in range(len(curves))], objects)
    table = judged([model], scored, [""] * len(curves)).assign(fold=np.int8(-1))
    table["shipped"] = table["object_id"].isin(more.pop("shipped", ()))
    about = about_of(model, key, title, what, command, **more)
    write_evaluation(table, model.card.folder / f"evaluation/{key}.parquet", about)


def simulated(data: Path, survey: str) -> CurveSet:
    """Light curves of every class from a seed that no training has used, made once and kept in build/."""
    path = Path("build") / f"evaluation-{survey}.parquet"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "training.simulate", "--data", str(data), "--survey", survey]
        command += ["--per-class", str(PER_CLASS), "--seed", str(SEED), "--out", str(path.with_suffix(".part"))]
        subprocess.run(command, check=True)
        path.with_suffix(".part").rename(path)
    curves = read_parquet(path)
    names = survey + "-" + curves.objects["object_id"].str.removeprefix("sim-")
    return replace(curves, objects=curves.objects.assign(object_id="sim-" + names))


def ship(curves: Sequence[LightCurve], objects: pd.DataFrame, folder: Path) -> None:
    """Light curves that may be shipped, in the form that `core.brokers.samples` reads."""
    points = [
        pd.DataFrame(
            {
                "object_id": c.object_id,
                "mjd": np.round(c.mjd, 5),
                "band": [BANDS[b].name for b in c.band],
                "flux": c.flux.astype(np.float32),
                "flux_err": c.flux_err.astype(np.float32),
                "forced": c.forced,
                "limit": False,
            }
        )
        for c in curves
    ]
    table = pd.concat(points, ignore_index=True).astype({"object_id": "category", "band": "category"})
    folder.mkdir(parents=True, exist_ok=True)
    split = {"use_dictionary": ["object_id", "band"], "use_byte_stream_split": ["mjd", "flux", "flux_err"]}
    for name, one, extra in (("photometry", table, split), ("objects", objects, {})):
        one.to_parquet(folder / f"{name}.parquet", compression="zstd", compression_level=19, index=False, **extra)


def catalogue(curves: Sequence[LightCurve], objects: pd.DataFrame) -> pd.DataFrame:
    """The objects' table beside shipped light curves."""
    made = (objects["origin"] == "simulation").to_numpy()
    return pd.DataFrame(
        {
            "object_id": [c.object_id for c in curves],
            "title": np.where(made, "simulated test object", "judged by cross-validation"),
            "group": np.where(made, "Simulated", "Real"),
            "survey": [c.surveys[0] for c in curves],
            "simulated": made,
            "true_class": objects["class"].astype(str).to_numpy(),
            "true_class_source": objects["label_source"].astype(str).to_numpy(),
            "ra": np.where(made, np.nan, objects["ra"].to_numpy(float)),
            "dec": np.where(made, np.nan, objects["dec"].to_numpy(float)),
            "redshift": objects["redshift"].to_numpy(float),
            "redshift_err": objects["redshift_err"].to_numpy(float),
            "time_scale": "utc",
            "licence": np.where(made, "Apache-2.0", objects["source_repo"].astype(str).map(licence_of)),
            "citation": [
                CITATIONS[next((k for k in CITATIONS if str(r).startswith(k)), "")] for r in objects["source_repo"]
            ],
            "source_repo": np.where(made, "training/simulate", objects["source_repo"].astype(str)),
            "n_points": [len(c) for c in curves],
        }
    )


def of_ztf(name: str, data: Path, real: RealSet) -> None:
    """All files of a model that is judged on real objects."""
    command = f"python -m training.evaluation --data DATA --model {name}"
    card = load_card(MODELS / name)
    for recipe in (None, *(r for r in card.recipe_names if r != card.data["default_recipe"])):
        whole = load_model(f"{name}@{recipe}" if recipe else name)
        folds = [load_model(name, fold=k) for k in range(N_FOLDS)] if whole.card.data["files"].get("folds") else []
        models = folds or [whole] * N_FOLDS
        scored = scored_set(real, models[0].recipe, real.objects["use_for_scores"].to_numpy(bool))
        about = about_of(whole, "real", "Real ZTF objects", REAL if folds else PUBLISHED, command)
        path = "evaluation.parquet" if recipe is None else f"evaluation/{recipe}.parquet"
        table = judged(models, scored, doubts(scored.objects, data))
        write_evaluation(table, whole.card.folder / path, about)
        if name in IN_FULL:
            ages(models, scored, whole.card.folder, command)
            of_simulation(whole, simulated(data, "ztf"), command)
    write_refused(name, real)


def of_lsst(name: str, data: Path, simulation: Path) -> None:
    """The sets of a model that knows simulated light curves only. simulation : the light curves that it was judged on, where they were kept."""
    command = f"python -m training.evaluation --data DATA --model {name}"
    model = load_model(name)
    # Written by training.validate_lsst, whose simulation takes half an hour: what is known of its light curves joins it
    # where they were kept.
    path = model.card.folder / "evaluation.parquet"
    what = f"{OUT_OF_FOLD} The light curves are of {card_file.judged_on(model.card.data)}."
    about = about_of(model, "simulated-folds", "Simulated light curves, cross-validated", what, command, simulated=True)
    table = pd.read_parquet(path)
    if simulation.exists():
        answered = ["object_id", "fold", "class", "origin", "n_points", *(f"p_{c}" for c in in_order(model))]
        table = measured(table[answered], read_parquet(simulation), [load_model(name, fold=k) for k in range(N_FOLDS)])
    write_evaluation(table, path, about)
    of_simulation(model, simulated(data, "lsst"), command)
    mallorn = read("mallorn", data)
    mallorn = mallorn.take(mallorn.objects["class"].isin(MALLORN).to_numpy())
    by_final_model(
        model, mallorn, "mallorn", "MALLORN (simulated by others)",
        "Simulated from real ZTF light curves by others (Magill et al. 2025); the model is told the redshift. It was "
        "neither trained nor calibrated on any of these.", command, simulated=True,
    )  # fmt: skip


def of_simulation(model: Model, curves: CurveSet, command: str) -> None:
    """The set of this project's own simulation, as many of each class."""
    told = ", told the redshift" if model.recipe.features else ""
    by_final_model(
        model, curves, "simulated", f"Simulated light curves{told}",
        f"{PER_CLASS} of each class, simulated with a seed that no training has used{told}: how a model does on what its "
        "simulation can draw, which is not the sky.", command, simulated=True, shipped=set(shown(curves)["object_id"]),
    )  # fmt: skip


def shown(curves: CurveSet) -> pd.DataFrame:
    """The simulated objects whose light curves are shipped: the first of each class."""
    return curves.objects[curves.objects.groupby("class").cumcount() < SHIPPED_PER_CLASS]


def ship_all(data: Path, real: RealSet, folder: Path) -> None:
    """The light curves of all files' rows that say ``shipped``."""
    recipe = load_model("t2-ztf").recipe
    scored = scored_set(real, recipe, real.objects["use_for_scores"].to_numpy(bool) & may_be_shipped(real.objects))
    curves, tables = list(scored.curves), [scored.objects]
    for survey in ("ztf", "lsst"):
        made = simulated(data, survey)
        made = made.take(shown(made).index.to_numpy())
        curves += [made.light_curve(i) for i in range(len(made))]
        tables.append(made.objects.assign(source_repo=""))
    ship(curves, catalogue(curves, pd.concat(tables, ignore_index=True)), folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=sources_folder)
    parser.add_argument("--model", choices=[*find_cards(MODELS), "curves"], required=True,
                        help="a model, or: the light curves that come with the files")  # fmt: skip
    parser.add_argument("--simulation", type=Path, default=Path("build/lsst/simulated.parquet"),
                        help="LSST: the light curves that the training simulated and kept (%(default)s)")  # fmt: skip
    args = parser.parse_args()
    if args.model != "curves" and load_model(args.model).recipe.survey == "lsst":
        of_lsst(args.model, args.data, args.simulation)
        return
    real = load_real(args.data)
    if args.model == "curves":
        ship_all(args.data, real, JUDGED)
    else:
        of_ztf(args.model, args.data, real)


if __name__ == "__main__":
    main()
