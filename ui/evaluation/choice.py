"""What is judged: model, objects, prior, and which classes are told apart. All of it in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from core.evaluate.judgement import Judgement
from core.evaluate.levels import LEVELS
from core.evaluate.table import Evaluation
from core.refusal import BadInput
from ui.evaluation import sets
from ui.evaluation.own import OWN, ask_for_own
from ui.evaluation.sets import TestSet
from ui.state import put_right, url_choice
from ui.wording import plain

PRIORS = {
    "equal": "equal: every class alike",
    "sample": "the mix of these objects",
    "survey": "survey: a broker's transient filter",
}


@dataclass(frozen=True)
class Chosen:
    """What is on the page. key : names content, prior and level, for caches and for widgets that must start anew."""

    model: str
    test: TestSet
    prior: str
    of: Judgement

    @property
    def key(self) -> tuple[str, ...]:
        return (self.model, *map(str, self.test.token), self.prior, self.of.level.key)

    @property
    def name(self) -> str:
        """Model, set, prior and date, for the names of files."""
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        parts = (self.model, self.test.key, self.of.level.key, f"prior-{self.prior}", day)
        return "_".join("".join(c if c.isalnum() or c in "-." else "-" for c in part) for part in parts)

    @property
    def title(self) -> str:
        """The same for a person."""
        return f"{self.model} · {self.test.title} · prior: {self.prior} · {datetime.now(UTC):%Y-%m-%d}"


def choose() -> Chosen | None:
    """The row of choices on top, and the answers they lead to; None after saying what is wrong."""
    models = sets.judged_models()
    if not models:
        st.info("No model here has an evaluation file. `python -m training.evaluation` writes them.")
        return None
    put_right("model", "judged model", [*models, OWN], models[0])
    with st.container(key="choose"):
        first, second, third, fourth = st.columns([3, 4, 3, 3])
        with first:
            model = url_choice(
                st.selectbox, "Model", [*models, OWN], "model", models[0],
                format_func=lambda m: "Your own test set" if m == OWN else m,
            )  # fmt: skip
        with second:
            found = _own() if model == OWN else _shipped(model)
        if found is None:
            return None
        test, evaluation = found
        with third:
            prior = choose_prior(sets.priors_of(evaluation), simulated=bool(test.about.get("simulated")))
        with fourth:
            level = choose_level()
    of = sets.judgement_of(test, prior, level, evaluation)
    if not len(of):
        st.info(f"No object of this set belongs to {LEVELS[level].title.lower()}. Choose other classes above.")
        return None
    return Chosen(model, test, prior, of)


def _shipped(model: str) -> tuple[TestSet, Evaluation] | None:
    offered = sets.sets_of(model)
    keys = list(offered)
    put_right("set", f"set of {model}", keys, offered[keys[0]].title)
    key = url_choice(st.selectbox, "Judged on", keys, "set", keys[0], format_func=lambda k: offered[k].title)
    try:
        return offered[key], sets.evaluation_of(offered[key])
    except BadInput as error:
        st.error(plain(sets.problem(error)), icon=":material/error:")
        return None


def _own() -> tuple[TestSet, Evaluation] | None:
    found = ask_for_own()
    if found is None:
        return None
    digest, evaluation = found
    return TestSet(OWN, "Your own test set", Path(OWN), int(digest[:15], 16), dict(evaluation.about)), evaluation


def choose_prior(names: Sequence[str], *, simulated: bool) -> str:
    """The prior under which probabilities hold: the file's own, or equal ones where as many of each class were made."""
    default = "equal" if simulated and "equal" in names else names[0]
    return url_choice(
        st.selectbox, "Prior", names, "prior", default, format_func=lambda n: PRIORS.get(n, n)
    )  # fmt: skip


def choose_level() -> str:
    """Which classes are told apart."""
    return url_choice(
        st.selectbox, "Classes", list(LEVELS), "classes", "all", format_func=lambda k: LEVELS[k].title
    )  # fmt: skip
