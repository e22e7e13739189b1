"""What is wrong with an evaluation table is said with its row, column and value; what is right is read as it is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluate.table import checked_evaluation, read_evaluation, write_evaluation
from core.refusal import BadInput
from core.taxonomy import CLASS_NAMES

ABOUT = {"prior": {"name": "survey", "weights": {c: float(k + 1) for k, c in enumerate(CLASS_NAMES)}}}


def table(n: int = 30, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(len(CLASS_NAMES)), n)
    frame = pd.DataFrame(p, columns=[f"p_{c}" for c in CLASS_NAMES])
    frame.insert(0, "object_id", [f"o{i}" for i in range(n)])
    frame.insert(1, "class", rng.choice(CLASS_NAMES, n))
    return frame.assign(n_points=rng.integers(3, 80, n))


def message(frame: pd.DataFrame) -> str:
    with pytest.raises(BadInput) as caught:
        checked_evaluation(frame, "mine.csv")
    return caught.value.message


def test_a_good_table_keeps_its_numbers():
    frame = table()
    found = checked_evaluation(frame, "mine.csv", ABOUT)
    assert np.allclose(found.p, frame[[f"p_{c}" for c in CLASS_NAMES]])
    assert [CLASS_NAMES[t] for t in found.truth] == frame["class"].tolist()
    assert found.prior_name == "survey" and found.counts.sum() == 30


def test_few_classes_are_enough_and_types_count_as_their_class():
    frame = pd.DataFrame(
        {"object_id": [1, 2], "class": ["SN IIb", "SN Ia-91T-like"], "p_SNIa": [0.2, 1], "p_SNIbc": [0.8, 0]}
    )
    found = checked_evaluation(frame, "mine.csv")
    assert [CLASS_NAMES[t] for t in found.truth] == ["SNIbc", "SNIa"]
    assert found.p[0, CLASS_NAMES.index("SNIbc")] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="class"), ["no column 'class'", "object_id"]),
        (lambda f: f.rename(columns={"p_TDE": "p_Nova"}), ["'p_Nova'", "known are", "TDE"]),
        (lambda f: f[["object_id", "class", "p_SNIa"]], ["1 columns of probabilities", "two or more"]),
        (lambda f: f[:0], ["0 rows"]),
        (lambda f: f.assign(object_id=["o3" if i == 7 else v for i, v in enumerate(f["object_id"])]),
         ["row 8", "'o3'", "row 4 already"]),
        (lambda f: f.assign(**{"class": ["Kilonowa" if i == 4 else v for i, v in enumerate(f["class"])]}),
         ["row 5", "'o4'", "'Kilonowa'", "expected one of"]),
        (lambda f: f.assign(p_TDE=[np.nan if i == 2 else v for i, v in enumerate(f["p_TDE"])]),
         ["row 3", "'o2'", "p_TDE", "nan", "0 to 1"]),
        (lambda f: f.assign(p_TDE=[1.7 if i == 2 else v for i, v in enumerate(f["p_TDE"])]), ["row 3", "p_TDE", "1.7"]),
        (lambda f: f.assign(p_TDE=["much" if i == 2 else v for i, v in enumerate(f["p_TDE"])]), ["row 3", "'much'"]),
        (lambda f: f.assign(p_TDE=[0.0 if i == 1 else v for i, v in enumerate(f["p_TDE"])]), ["row 2", "sum to 0.9", "expected 1"]),
        (lambda f: f.assign(n_points=["few" if i == 9 else v for i, v in enumerate(f["n_points"])]),
         ["row 10", "n_points", "'few'", "a number"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(change, said):
    told = message(change(table()))
    assert "mine.csv" in told
    for part in said:
        assert part in told, told


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_priors_are_bayes_rule_and_lead_back(seed):
    found = checked_evaluation(table(seed=seed), "mine.csv", ABOUT)
    equal = found.under("equal")
    np.testing.assert_allclose(equal.p.sum(axis=1), 1.0)
    weights = np.arange(1, len(CLASS_NAMES) + 1)
    np.testing.assert_allclose(equal.p[:, 0] / equal.p[:, 5] * weights[0] / weights[5], found.p[:, 0] / found.p[:, 5])
    back = equal.p * found.prior
    np.testing.assert_allclose(back / back.sum(axis=1, keepdims=True), found.p)
    assert found.under("survey") is found


def test_no_other_prior_where_the_table_does_not_say_its_own():
    with pytest.raises(ValueError, match="does not say under which prior"):
        checked_evaluation(table(), "mine.csv").under("equal")


def test_a_file_says_what_it_is_and_is_read_in_part(tmp_path):
    path = tmp_path / "evaluation.parquet"
    write_evaluation(table().assign(extra=1), path, {**ABOUT, "set": "real"})
    whole, part = read_evaluation(path), read_evaluation(path, ["n_points"])
    assert whole.about["set"] == "real" and whole.prior_name == "survey"
    assert "extra" in whole.facts and "extra" not in part.facts and "n_points" in part.facts
    np.testing.assert_array_equal(whole.p, part.p)


def test_a_broken_file_says_so(tmp_path):
    path = tmp_path / "evaluation.parquet"
    path.write_bytes(b"not a table")
    with pytest.raises(BadInput, match="can't be read as Parquet"):
        read_evaluation(path)


def test_taking_keeps_rows_together():
    found = checked_evaluation(table(), "mine.csv")
    some = found.take(np.array([4, 2]))
    assert some.facts["object_id"].tolist() == ["o4", "o2"] and np.array_equal(some.p, found.p[[4, 2]])
    assert len(found.take(found.truth == found.truth[0])) == np.sum(found.truth == found.truth[0])


def test_as_many_rows_as_may_be_are_read_and_one_more_is_not(monkeypatch):
    monkeypatch.setattr("core.evaluate.table.MOST_ROWS", 30)
    assert len(checked_evaluation(table(30), "mine.csv")) == 30
    assert "31 rows; expected 1 to 30" in message(table(31))


@pytest.mark.parametrize(("p", "reads"), [
    ([1.001, 0.0], True), ([1.0, -0.001], True), ([0.9991, 0.0], True), ([1.002, -0.001], False), ([0.9, 0.098], False),
    ([1.0, -0.002], False), ([0.6, 0.402], False),
])  # fmt: skip
def test_rounded_probabilities_are_read_and_scaled_to_one_and_others_are_not(p, reads):
    frame = pd.DataFrame({"object_id": ["a"], "class": ["SNIa"], "p_SNIa": p[:1], "p_SNII": p[1:]})
    if reads:
        found = checked_evaluation(frame, "mine.csv")
        assert found.p.sum() == pytest.approx(1.0) and found.p.min() == 0.0
    else:
        message(frame)
