"""Which catalogue entries are one physical object, and in which of five folds that object lies, once and for all."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

N_FOLDS = 5
#: Two entries closer than this on the sky are one physical object, and lie in one fold.
MATCH_ARCSEC = 2.0


def physical_ids(objects: pd.DataFrame) -> pd.Series:
    """One name per physical object: entries that share a ZTF id, an IAU name, an ``also_in`` link or a position.

    objects : columns object_id, source, ztf_id, iau_name, also_in ("folder:id"), ra, dec [deg]; missing is fine.
    The name is the smallest ZTF id of the group, else its smallest IAU name, else its smallest source:id.
    """
    n = len(objects)
    parent = np.arange(n)

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def join(i: int, j: int) -> None:
        parent[root(i)] = root(j)

    first: dict[str, int] = {}
    names = [_names(row) for row in objects[["object_id", "source", "ztf_id", "iau_name", "also_in"]].itertuples(False)]
    for i, keys in enumerate(names):
        for key in keys:
            join(i, first.setdefault(key, i))
    for i, j in _close_pairs(objects):
        join(i, j)

    groups: dict[int, set[str]] = {}
    for i, keys in enumerate(names):
        groups.setdefault(root(i), set()).update(keys)
    title = {r: min(keys, key=_rank) for r, keys in groups.items()}
    return pd.Series([title[root(i)] for i in range(n)], index=objects.index, name="physical_id")


def fold_of(physical_id: str) -> int:
    """The fold of an object, 0 … 4: SHA-256 of its name modulo five, the same on every machine."""
    return int(hashlib.sha256(physical_id.encode()).hexdigest(), 16) % N_FOLDS


def folds(objects: pd.DataFrame, committed: pd.DataFrame | None) -> pd.Series:
    """The fold of every entry: the committed one of any member of its physical object, else by hash.

    objects : object_id, source, physical_id. committed : object_id, source, fold, as decided before, or None.

    Raises ValueError when newly found identities would join objects that the committed table put in different folds.
    """
    by_hash = objects["physical_id"].map(fold_of)
    if committed is None or committed.empty:
        return by_hash
    known = objects.merge(committed[["object_id", "source", "fold"]], on=["object_id", "source"], how="left")["fold"]
    known.index = objects.index
    per_object = known.groupby(objects["physical_id"]).agg(["min", "max"])
    split = per_object.index[per_object["min"] < per_object["max"]]
    if len(split):
        raise ValueError(f"{split[0]} and {len(split) - 1} more objects lie in two committed folds each; expected one")
    return objects["physical_id"].map(per_object["min"]).fillna(by_hash).astype(int)


def normalised_iau(name: object) -> str:
    """``2020adv`` from "SN 2020adv", "AT2020adv" or "SN2020adv"; empty when it is no IAU name."""
    found = re.search(r"((?:19|20)\d{2}[A-Za-z]{1,4})$", str(name).strip().replace(" ", ""))
    if not found:
        return ""
    # One letter is written large (2011A), more are written small.
    text = found.group(1)
    return text[:4] + (text[4:].upper() if len(text) == 5 else text[4:].lower())


def _names(row: tuple) -> list[str]:
    object_id, source, ztf_id, iau_name, also_in = ("" if pd.isna(v) else str(v) for v in row)
    keys = [f"{source}:{object_id}"]
    keys += [text for text in (object_id, ztf_id) if re.fullmatch(r"ZTF\d\d[a-z]{7}", text)]
    keys += ["IAU" + name for name in (normalised_iau(iau_name), normalised_iau(object_id)) if name]
    for link in filter(None, also_in.split(";")):
        keys.append(link.strip())
    return keys


def _rank(key: str) -> tuple[int, str]:
    return (0 if key.startswith("ZTF") else 1 if key.startswith("IAU") else 2, key)


def _close_pairs(objects: pd.DataFrame) -> set[tuple[int, int]]:
    ra, dec = (np.deg2rad(objects[c].to_numpy(float)) for c in ("ra", "dec"))
    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    if len(known) < 2:
        return set()
    ra, dec = ra[known], dec[known]
    sky = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    pairs = cKDTree(sky).query_pairs(np.deg2rad(MATCH_ARCSEC / 3600.0))
    return {(int(known[i]), int(known[j])) for i, j in pairs}
