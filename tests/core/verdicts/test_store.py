"""No verdict is lost: not between threads, not between processes, not when one of them is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.verdicts import Standing, Verdict, VerdictError, VerdictStore
from core.verdicts.record import checked

ROOT = Path(__file__).resolve().parents[3]
#: Writes verdicts without end and says of each that it is kept, once it is.
WRITER = """
import itertools, sys
from core.verdicts import Verdict, VerdictStore
store, name, most = VerdictStore(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for i in itertools.islice(itertools.count(), most or None):
    print(store.add(Verdict(f"{name}-{i}", "file-1", "junk", note="n" * 500)).uid, flush=True)
"""


def writer(path, name, most=0):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(most)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def said(oid, kind="junk", **more):
    return Verdict(oid, "file-1", kind, **more)


def test_what_was_said_is_there_after_a_restart_with_all_that_belongs_to_it(tmp_path):
    verdict = said(
        "170587116732416143", "class", class_name="SNIa", confidence="high", note="bright · 明るい\nsecond line", who="Ann",
        model="t2-ztf", model_sha256="ab" * 32, prior="survey", probabilities={"SNIa": 0.875, "TDE": 0.125},
    )  # fmt: skip
    kept = VerdictStore(tmp_path / "deep" / "v.sqlite").add(verdict)
    assert VerdictStore(tmp_path / "deep" / "v.sqlite").standing()[verdict.key] == kept
    assert kept.probabilities == verdict.probabilities and kept.top_class() == "SNIa" and kept.made_at.endswith("Z")


def test_two_processes_that_write_at_once_lose_nothing(tmp_path):
    path = tmp_path / "v.sqlite"
    writers = [writer(path, name, 60) for name in "ab"]
    told = {uid for process in writers for uid in process.communicate(timeout=60)[0].split()}
    assert len(told) == 120 and [process.returncode for process in writers] == [0, 0]
    assert {entry.uid for entry in VerdictStore(path).history()} == told


def test_a_process_killed_while_it_writes_loses_nothing_that_it_was_told_is_kept(tmp_path):
    path = tmp_path / "v.sqlite"
    process = writer(path, "a")
    told = [process.stdout.readline().strip() for _ in range(25)]
    os.kill(process.pid, signal.SIGKILL)
    told += process.stdout.read().split("\n")[:-1]  # whole lines that were still in the pipe
    process.communicate(timeout=60)
    kept = [entry.uid for entry in VerdictStore(path).history()]
    # The last one may have been kept without there being time to say so.
    assert kept[: len(told)] == told and len(kept) - len(told) <= 1
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    VerdictStore(path).add(said("next"))


def test_threads_that_share_a_store_lose_nothing(tmp_path):
    store = VerdictStore(tmp_path / "v.sqlite")
    threads = [threading.Thread(target=lambda n=n: [store.add(said(f"{n}-{i}")) for i in range(10)]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.standing()) == 60


def test_a_store_sees_what_another_process_added_since(tmp_path):
    mine, other = VerdictStore(tmp_path / "v.sqlite"), VerdictStore(tmp_path / "v.sqlite")
    mine.standing()
    kept = other.add(said("x"))
    assert mine.standing()[kept.key] == kept


@pytest.mark.parametrize("change", ["UPDATE history SET kind = 'class'", "DELETE FROM history"])
def test_the_database_itself_refuses_to_change_history(tmp_path, change):
    VerdictStore(tmp_path / "v.sqlite").add(said("x"))
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        sqlite3.connect(tmp_path / "v.sqlite").execute(change)


def test_taking_back_brings_the_verdict_before_back_and_keeps_both_in_the_history(tmp_path):
    store = VerdictStore(tmp_path / "v.sqlite")
    first, second = store.add(said("x", note="first")), store.add(said("x", note="second"))
    store.withdraw(second, who="Ann")
    assert store.standing()[first.key] == first and len(store.history([first.key])) == 3
    store.withdraw(first)
    assert not store.standing()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 8)), max_size=20), st.randoms())
def test_what_stands_depends_on_what_was_said_and_not_on_the_order_in_which_it_came(steps, random):
    entries = []
    for i, (oid, takes_back, which) in enumerate(steps):
        earlier = [e for e in entries if e.object_id == str(oid) and e.kind != "withdrawn"]
        time = f"2026-11-21T00:00:{i:02d}Z"
        if takes_back and earlier:
            entries.append(
                checked(said(str(oid), "withdrawn", withdraws=earlier[which % len(earlier)].uid, made_at=time))
            )
        else:
            entries.append(checked(said(str(oid), made_at=time)))
    straight, shuffled = Standing(), Standing()
    straight.take(enumerate(entries, 1))
    random.shuffle(entries)
    shuffled.take(enumerate(entries, 1))
    assert straight.all() == shuffled.all()


def test_bringing_in_what_is_known_adds_nothing(tmp_path):
    store = VerdictStore(tmp_path / "v.sqlite")
    entries = [store.add(said("x")), store.add(said("y", "unsure"))]
    assert store.add_new(entries) == (0, 2)
    assert VerdictStore(tmp_path / "other.sqlite").add_new(entries) == (2, 0)
    assert VerdictStore(tmp_path / "other.sqlite").history() == entries


@pytest.mark.parametrize(
    ("verdict", "said_of_it"),
    [
        (Verdict("", "ztf", "junk"), "object_id is empty"),
        (Verdict("x", "ztf", "nova"), "kind is 'nova'; expected one of"),
        (Verdict("x", "ztf", "junk", class_name="SNIa"), "named by that kind alone"),
        (Verdict("x", "ztf", "junk", confidence="90 %"), "confidence is '90 %'"),
        (Verdict("x", "ztf", "junk", note="n" * 2001), "note has 2,001 characters; at most 2,000"),
        (Verdict("x", "ztf", "junk", made_at="yesterday"), "made_at is 'yesterday'"),
        (Verdict("x", "ztf", "junk", probabilities={"SNIa": 1.5}), "expected a number from 0 to 1"),
    ],
)
def test_a_verdict_that_makes_no_sense_is_refused_with_the_field_and_its_value(tmp_path, verdict, said_of_it):
    store = VerdictStore(tmp_path / "v.sqlite")
    with pytest.raises(VerdictError, match=said_of_it):
        store.add(verdict)
    assert not store.history()


def test_a_damaged_file_a_folder_that_cannot_be_made_and_a_later_layout_are_told_in_sentences(tmp_path):
    (tmp_path / "damaged.sqlite").write_bytes(b"this is no database" * 100)
    (tmp_path / "file").write_text("")
    VerdictStore(tmp_path / "later.sqlite").add(said("x"))
    connection = sqlite3.connect(tmp_path / "later.sqlite")
    connection.execute("PRAGMA user_version = 99")
    for path, words in [
        ("damaged.sqlite", "can't be read as a file of verdicts"),
        ("file/v.sqlite", "Set T2SCOPE_VERDICTS"),
        ("later.sqlite", "has layout 99"),
    ]:
        with pytest.raises(VerdictError, match=words):
            VerdictStore(tmp_path / path).add(said("x"))


def test_who_waits_too_long_for_the_others_is_told_that_nothing_was_kept(tmp_path):
    store = VerdictStore(tmp_path / "v.sqlite", patience=0.05)
    store.add(said("x"))
    other = sqlite3.connect(tmp_path / "v.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(VerdictError, match="this one was not kept"):
        store.add(said("y"))
    other.execute("ROLLBACK")
    store.add(said("y"))


def test_who_only_looks_leaves_no_file_behind(tmp_path):
    store = VerdictStore(tmp_path / "deep" / "v.sqlite")
    assert store.standing() == {} and store.history() == [] and not list(tmp_path.iterdir())
