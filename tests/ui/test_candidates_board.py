"""The list in its order: every candidate that is shown is met once, forwards as backwards, whatever was vetted meanwhile."""

from __future__ import annotations

import numpy as np
import pytest

from core.brokers.samples import SampleSource
from core.candidates.lists import list_of_curves
from core.candidates.ranking import BY_NAME, QUANTITIES
from core.candidates.work import ScoringJob
from core.model import load_model
from core.verdicts import Verdict
from ui.candidates.agreement import agreement, judged_by_people
from ui.candidates.board import ANY, SHOW, make_board


@pytest.fixture(scope="module")
def job():
    source, model = SampleSource(), load_model("t2-ztf")
    curves = [source.fetch(str(oid)) for oid in source.catalogue()["object_id"]]
    made = ScoringJob(
        list_of_curves("t", "samples", curves, source_key="sample", otherwise="sample"), model, model.prior
    )
    made.start().join(120)
    return made


def board(job, *, rank="top", only=ANY, show="all", said=()):
    verdicts = {job.candidates.keys[i]: verdict for i, verdict in said}
    return make_board(job.candidates, job, BY_NAME[rank], only=only, show=show, said=verdicts)


def on(job, entry, kind="class", class_name="SNIa"):
    catalogue, oid = job.candidates.keys[entry]
    return entry, Verdict(oid, catalogue, kind, class_name if kind == "class" else "")


def walked(made, by):
    ids = [made.id_of(int(row)) for row in made.shown]
    at = ids[0] if by > 0 else ids[-1]
    path = [at]
    while (following := made.step(made.at(at), by)) is not None:
        path.append(at := following)
    return ids, path


@pytest.mark.parametrize("show", SHOW)
@pytest.mark.parametrize("rank", [q.name for q in QUANTITIES])
def test_every_candidate_that_is_shown_is_met_once_in_order(job, rank, show):
    said = [on(job, entry) for entry in (0, 3, 4, 17, 40)]
    made = board(job, rank=rank, show=show, said=said)
    ids, forwards = walked(made, 1)
    assert forwards == ids and walked(made, -1)[1] == ids[::-1]


def test_the_four_choices_share_the_list_out(job):
    said = [on(job, entry, "junk") for entry in (1, 2, 30)]
    sizes = {show: len(board(job, show=show, said=said).shown) for show in SHOW}
    assert sizes["open"] + sizes["vetted"] == sizes["all"] and sizes["all"] + sizes["refused"] == len(job.candidates)


def test_who_is_at_a_candidate_that_was_just_vetted_goes_on_from_its_place(job):
    whole = board(job)
    order = [whole.id_of(int(row)) for row in whole.shown]
    made = board(job, show="open", said=[on(job, whole.entry_of(int(whole.shown[5])))])
    assert made.step(made.at(order[5]), 1) == order[6] and made.step(made.at(order[5]), -1) == order[4]


def test_the_matrix_counts_every_vetted_object_and_the_test_set_holds_those_with_a_class(job):
    refused = int(job.table()["entry"][job.table()["refusal"].notna()].iloc[0])
    said = [
        on(job, 0),
        on(job, 1, class_name="TDE"),
        on(job, 2, "junk"),
        on(job, refused),
        on(job, 3, class_name="SLSN-II"),
    ]
    made = board(job, said=said)
    assert sum(map(len, agreement(made).values())) == len({entry for entry, _ in said})
    table = judged_by_people(made)
    assert set(table["class"]) <= {"SNIa", "TDE"} and refused not in [
        job.candidates.number[o] for o in table["object_id"]
    ]
    p = table[[c for c in table if c.startswith("p_")]].to_numpy()
    assert p.sum(axis=1) == pytest.approx(1) and not np.isnan(p).any()
