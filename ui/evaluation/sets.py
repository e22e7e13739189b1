"""Which models were judged on which objects: the files in their folders, read once for all sessions."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import streamlit as st

from core.evaluate.judgement import Judgement, judge
from core.evaluate.levels import LEVELS
from core.evaluate.table import METADATA_KEY, QUANTITIES, Evaluation, read_evaluation
from core.refusal import BadInput
from ui import resources

log = logging.getLogger(__name__)

#: Columns that the page reads besides answers; the maps are read only where they are shown.
COLUMNS = ["fold", "origin", "n_fitted", "peak_mjd", "type", "label_source", "doubt", "shipped", *QUANTITIES,
           "flat_share", "weight_redshift", "weight_redshift_err", "weight_absolute_magnitude"]  # fmt: skip
#: The order of sets in the list.
_ORDER = ("real", "simulated", "simulated-folds", "mallorn", "days-5", "days-10", "days-20", "days-40")


@dataclass(frozen=True)
class TestSet:
    """A set of objects that a model was judged on. key : in the address. path, stamp : the file and its time of change."""

    key: str
    title: str
    path: Path
    stamp: int
    about: dict[str, Any]

    @property
    def token(self) -> tuple[str, int]:
        """What names the content of the file: its place and time of change, not a sample of its numbers."""
        return str(self.path), self.stamp


def sets_of(model: str) -> dict[str, TestSet]:
    """The sets of a model by key, as its folder has them; empty where it was judged on none."""
    name, _, recipe = model.partition("@")
    card = resources.cards()[name]
    files = [card.folder / "evaluation.parquet", *sorted((card.folder / "evaluation").glob("*.parquet"))]
    wanted = recipe or card.data["default_recipe"]
    found = [_described(path) for path in files if path.is_file()]
    mine = {s.key: s for s in found if s is not None and s.about.get("recipe", wanted) == wanted}
    return dict(sorted(mine.items(), key=lambda item: _ORDER.index(item[0]) if item[0] in _ORDER else len(_ORDER)))


def judged_models() -> list[str]:
    """Models with at least one set, the default first."""
    return [name for name in resources.model_names() if sets_of(name)]


def evaluation_of(one: TestSet) -> Evaluation:
    """The whole set, checked. Raises BadInput naming the row that is wrong."""
    return _read(one.token)


def judgement_of(one: TestSet, prior: str, level: str, evaluation: Evaluation | None = None) -> Judgement:
    """The answers of a set under a prior and at a level of classes, computed once. Raises BadInput.

    evaluation : of a set that was uploaded, which has no file; its answers are kept for this session alone.
    """
    if one.path.name == "own" and evaluation is not None:
        return _judged_own(one.token, prior, level, evaluation)
    return _judged(one.token, prior, level)


@st.cache_resource(show_spinner=False, max_entries=64)
def _description(path: str, stamp: int) -> dict[str, Any] | None:
    try:
        return dict(json.loads((pq.read_schema(path).metadata or {}).get(METADATA_KEY, b"{}")))
    except (OSError, ValueError):
        log.exception("The evaluation file %s is not offered: it can't be read.", path)
        return None


def _described(path: Path) -> TestSet | None:
    stamp = path.stat().st_mtime_ns
    about = _description(str(path), stamp)
    if about is None:
        return None
    key = str(about.get("set", path.stem))
    return TestSet(key, str(about.get("title", key)), path, stamp, about)


@st.cache_resource(show_spinner=False, max_entries=12)
def _read(token: tuple[str, int]) -> Evaluation:
    return read_evaluation(token[0], COLUMNS)


@st.cache_resource(show_spinner=False, max_entries=24)
def _judged(token: tuple[str, int], prior: str, level: str) -> Judgement:
    return judge(_read(token).under(prior), LEVELS[level])


@st.cache_resource(show_spinner=False, max_entries=8, scope="session")
def _judged_own(token: tuple[str, int], prior: str, level: str, _evaluation: Evaluation) -> Judgement:
    return judge(_evaluation.under(prior), LEVELS[level])


def priors_of(evaluation: Evaluation) -> list[str]:
    """Priors that can be chosen: the file's own, equal ones, and the mix of its objects; its own alone where it names none."""
    if evaluation.prior is None:
        return [evaluation.prior_name]
    return list(dict.fromkeys([evaluation.prior_name, "equal", "sample"]))


def problem(error: BadInput) -> str:
    """What is wrong with a file, for the page."""
    return f"This set can't be shown. {error.message}"
