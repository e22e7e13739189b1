"""The command line in many processes and after kills: every row once, in the order of the input, equal to a run in peace."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import stream.lane
import stream.score as command
from core.brokers.files import iter_file
from core.brokers.files.pieces import pieces
from stream.parts import Parts
from stream.plan import units
from stream.progress import Progress, Tally
from tests.core.files.alerts import ZTF_SCHEMA, candidate, container, ztf_packet
from tests.stream.many_alerts import many_alerts

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "stream" / "small_parts.py"
MODEL = "t2-published-gr"
COUNT = 1300


def start(source, out, *options):
    call = [sys.executable, str(PROGRAM), str(source), "--model", MODEL, "--out", str(out), *map(str, options)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(call, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def finish(process):
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 0, said
    return said


def run(*arguments):
    said = io.StringIO()
    return command.main([*map(str, arguments), "--model", MODEL], stderr=said), said.getvalue()


@pytest.fixture(scope="module")
def alerts(tmp_path_factory):
    path = tmp_path_factory.mktemp("alerts") / "night.parquet"
    return path, many_alerts(path, COUNT)


@pytest.fixture(scope="module")
def peaceful(alerts, tmp_path_factory):
    out = tmp_path_factory.mktemp("peace") / "scores.parquet"
    finish(start(alerts[0], out))
    rows = pd.read_parquet(out)
    assert list(zip(rows["object_id"], rows["alert_id"], strict=True)) == alerts[1]
    return rows


def _bytes(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_killed_at_random_moments_it_goes_on_without_loss_or_double_rows(alerts, peaceful, tmp_path):
    out = tmp_path / "scores.parquet"
    folder = tmp_path / "scores.parquet.parts"
    moments = random.Random(1)
    kills = 0
    for attempt, workers in enumerate((1, 2, 1)):  # the number of workers may change on the way
        process = start(alerts[0], out, "--workers", workers)
        before, wanted = len(list(folder.glob("*.parquet"))), moments.randrange(1, 4)
        while process.poll() is None and len(list(folder.glob("*.parquet"))) < before + wanted:
            time.sleep(0.005)
        time.sleep(moments.random() * 0.1)
        process.kill()
        said = process.communicate()[1]
        kills += process.returncode == -signal.SIGKILL
        assert not out.exists() or process.returncode == 0
        if attempt and not out.exists():
            assert "going on after" in said
        if out.exists():
            break
    assert kills >= 2
    said = finish(start(alerts[0], out, "--workers", 2))
    assert "going on after" in said and "starting afresh" not in said
    pd.testing.assert_frame_equal(pd.read_parquet(out), peaceful)
    assert f"{COUNT:,} light curves:" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scores.parquet"]


def test_a_killed_worker_ends_the_run_and_the_next_one_goes_on(alerts, peaceful, tmp_path):
    out = tmp_path / "scores.parquet"
    process = start(alerts[0], out, "--workers", 2)
    while not list(tmp_path.glob("scores.parquet.parts/*.parquet")):
        assert process.poll() is None
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    worker = next(int(c) for c in children if b"spawn_main" in _bytes(Path(f"/proc/{c}/cmdline")))
    os.kill(worker, signal.SIGKILL)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 2 and "run again to go on" in said and "Traceback" not in said
    assert (
        len(list(tmp_path.glob("scores.parquet.parts/*.parquet"))) < COUNT / 128
    )  # at once, not when the others are done
    finish(start(alerts[0], out))
    pd.testing.assert_frame_equal(pd.read_parquet(out), peaceful)


def test_a_table_is_shared_by_workers_and_keeps_its_order(tmp_path):
    rows = "".join(
        f"o{i},{60000 + k},ztf_{b},{100 + i},5\n"
        for i in range(700)
        for k, b in enumerate("gr" * 2)
        if i % 50 or b == "g"
    )
    (tmp_path / "t.csv").write_text("oid,mjd,band,flux,flux_err\n" + rows)
    assert run(tmp_path / "t.csv", "--out", tmp_path / "1.parquet")[0] == 0
    finish(start(tmp_path / "t.csv", tmp_path / "2.parquet", "--workers", 2))
    one, two = (pd.read_parquet(tmp_path / f"{n}.parquet") for n in (1, 2))
    assert one["object_id"].tolist() == [f"o{i}" for i in range(700)]
    assert one["refusal"].dropna().unique().tolist() == ["missing_band"]
    pd.testing.assert_frame_equal(one, two)


class Halted(Exception):
    pass


@pytest.fixture
def halted(tmp_path, monkeypatch):
    """A run that stopped after its first part, as a kill leaves it."""
    monkeypatch.setattr(stream.lane, "PART", 20)
    (tmp_path / "t.csv").write_text(table(50))
    written = Parts.write

    def once(self, part, *rest):
        if part.number:
            raise Halted
        written(self, part, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "write", once)
        with pytest.raises(Halted):
            run(tmp_path / "t.csv", "--out", tmp_path / "o.csv")
    return tmp_path


def table(count, flux=100):
    rows = [f"o{i},{60000 + k},ztf_{b},{flux + i},5" for i in range(count) for k in range(2) for b in "gr"]
    return "\n".join(["oid,mjd,band,flux,flux_err", *rows]) + "\n"


def test_what_is_finished_is_not_scored_again(halted, monkeypatch):
    asked = []
    scored = stream.lane.classify_batches
    monkeypatch.setattr(
        stream.lane, "classify_batches", lambda curves, *a, **k: asked.extend(curves) or scored(curves, *a, **k)
    )
    code, said = run(halted / "t.csv", "--out", halted / "o.csv")
    assert code == 0 and "going on after 20 light curves" in said and "50 light curves: 50 scored" in said
    assert [c.object_id for c in asked] == [f"o{i}" for i in range(20, 50)]
    assert pd.read_csv(halted / "o.csv")["object_id"].tolist() == [f"o{i}" for i in range(50)]
    assert not (halted / "o.csv.parts").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "(the input changed)"),
        (("--survey", "ztf"), "(the input and --survey changed)"),
        (("--selection", "published"), "(the input and --selection changed)"),
    ],
)
def test_whatever_the_rows_depend_on_starts_it_afresh(options, says, halted):
    (halted / "t.csv").write_text(table(50, flux=200))
    code, said = run(halted / "t.csv", "--out", halted / "o.csv", *options)
    assert code == 0 and says in said and "going on" not in said
    assert len(pd.read_csv(halted / "o.csv")) == 50


def test_another_model_starts_afresh_and_fresh_forgets(halted):
    said = io.StringIO()
    arguments = [str(halted / "t.csv"), "--out", str(halted / "o.csv")]
    assert command.main([*arguments, "--model", f"{MODEL}@as-trained"], stderr=said) == 0
    assert "the model changed" in said.getvalue()


def test_fresh_forgets_what_was_done(halted):
    code, said = run(halted / "t.csv", "--out", halted / "o.csv", "--fresh")
    assert code == 0 and "going on" not in said and "50 light curves: 50 scored" in said


def test_a_damaged_part_is_made_again(halted):
    part = next((halted / "o.csv.parts").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:100])
    code, _said = run(halted / "t.csv", "--out", halted / "o.csv")
    assert code == 0 and len(pd.read_csv(halted / "o.csv")) == 50


def test_two_runs_do_not_share_a_folder(halted):
    parts = Parts(halted / "o.csv.parts")
    parts.open(parts._fingerprint())
    code, said = run(halted / "t.csv", "--out", halted / "o.csv")
    assert code == 2 and "another run is writing" in said
    parts.close()
    assert run(halted / "t.csv", "--out", halted / "o.csv")[0] == 0


@pytest.mark.parametrize("name", ["alerts.parquet", "alerts.avro"])
def test_pieces_of_a_file_hold_what_the_file_holds(name, alerts, tmp_path):
    path = tmp_path / name
    if name.endswith("parquet"):
        many_alerts(path, 100, per_group=7)
    else:
        packets = [ztf_packet(candidate(), objectId=f"o{i}" if i != 55 else "") for i in range(100)]
        path.write_bytes(container(ZTF_SCHEMA, packets, sync_interval=4000))
    cut = pieces(path, 20)
    assert len(cut) > 2 and sum(p.records for p in cut) == 100
    whole = [what(item) for item in iter_file(path)]
    assert [what(item) for piece in cut for item in iter_file(path, piece=piece)] == whole


def what(item):
    return (item.object_id, item.photometry_sha256() if hasattr(item, "mjd") else item.where)


def test_units_cover_the_input_once(tmp_path, monkeypatch):
    monkeypatch.setattr("stream.plan.UNIT_BYTES", 50_000)
    monkeypatch.setattr("stream.plan.PIECE_RECORDS", 30)
    many_alerts(tmp_path / "a.parquet", 200, per_group=20)
    for i in range(5):
        (tmp_path / f"b{i}.csv").write_text(table(3))
    files = sorted(tmp_path.iterdir())
    work = units(files)
    assert [u.number for u in work] == list(range(len(work)))
    assert sum(u.size for u in work) == pytest.approx(sum(f.stat().st_size for f in files), abs=len(work))
    assert [f.name for u in work if u.piece is None for f in u.files] == [f.name for f in files if f.suffix == ".csv"]


def test_progress_tells_the_time_left_of_a_file(tmp_path):
    progress = Progress(io.StringIO(), total=100.0)
    progress._start -= 30
    progress.resume(Tally(size=40.0, scored=1000))
    progress.add(Tally(size=30.0, scored=600))
    assert "70 %, 30 s left" in progress.line() and "20 scored/s" in progress.line()
    progress.add(Tally(size=30.0))
    assert "left" not in progress.line()


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "alerts.parquet", "folder"])
def test_sizes_add_up_to_the_input(name, tmp_path, monkeypatch):
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
        for i in range(3):
            (path / f"{i}.csv").write_text(table(4))
    elif name == "t.csv":
        path.write_text(table(30))
    elif name == "t.parquet":
        (tmp_path / "t.csv").write_text(table(30))
        pd.read_csv(tmp_path / "t.csv").to_parquet(path)
    else:
        many_alerts(path, 30)
    shown = []
    monkeypatch.setattr(stream.lane, "BATCH", 5)
    monkeypatch.setattr("stream.progress.Progress.show", lambda self: shown.append(self.size / self.total))
    assert run(path, "--out", tmp_path / "o.parquet")[0] == 0
    assert shown == sorted(shown) and shown[-1] == pytest.approx(1.0)
    assert name == "folder" or 0.1 < shown[2] < 0.9


def test_dead_letters_name_file_record_and_reason_and_the_stream_goes_on(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    good = container(ZTF_SCHEMA, [ztf_packet(candidate(), candidate(-1, 2)), ztf_packet(objectId="")])
    (folder / "a.avro").write_bytes(good)
    (folder / "b.avro").write_bytes(good[: len(good) - 30])
    (folder / "c.csv").write_text("oid,mjd,band,mag,magerr\nx,60000,g,18,0.1\nx,60001,r,18,0.1\nx,never,g,18,0.1\n")
    (folder / "d.avro").write_bytes(b"Obj\x01nonsense")
    out, dead = tmp_path / "scores.parquet", tmp_path / "dead.jsonl"
    code, said = run(folder, "--out", out, "--dead-letters", dead)
    assert code == 0
    letters = [json.loads(line) for line in dead.read_text().splitlines()]
    assert next((d["file"], d["reason"]) for d in letters) == ("a.avro", "no_id")
    assert letters[0]["record"] == 2 and letters[0]["message"] == "the alert has no objectId"
    assert [d["file"] for d in letters] == ["a.avro", "b.avro", "c.csv", "d.avro"]
    assert letters[2]["object_id"] == "x" and "never" in letters[2]["message"]
    assert letters[3]["where"] == "file"
    rows = pd.read_parquet(out)
    assert rows["object_id"].tolist() == ["ZTF23aaaaaaa", "", "b.avro", "x", "d.avro"]
    assert "(without 3 " in said or "readable (without" in said


def test_an_exception_in_a_reader_is_a_row_and_a_dead_letter(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(table(2))
    real = iter_file

    def poisoned(path, **options):
        yield from real(path, **options)
        if path.name == "a.csv":
            raise ZeroDivisionError("bomb")

    monkeypatch.setattr("core.brokers.files.many.iter_file", poisoned)
    assert run(tmp_path, "--out", tmp_path / "o.csv", "--dead-letters", tmp_path / "dead.json")[0] == 0
    rows = pd.read_csv(tmp_path / "o.csv")
    assert rows["refusal"].fillna("-").tolist() == ["-", "-", "error", "-", "-"]
    assert "bomb" in (tmp_path / "dead.json").read_text()


def test_the_published_selection_is_a_funnel(tmp_path):
    folder = ROOT / "tests" / "data" / "files"
    everything = tmp_path / "all.parquet"
    assert run(folder / "fink_ztf_2022.parquet", "--out", everything)[0] == 0
    out = tmp_path / "o.parquet"
    code, said = run(folder / "fink_ztf_2022.parquet", "--out", out, "--selection", "published")
    assert code == 0
    rows = pd.read_parquet(out)
    assert rows["refusal"].value_counts().to_dict() == {"too_few_points": 5, "too_old": 3, "missing_band": 3}
    assert rows["photometry_sha256"].tolist() == pd.read_parquet(everything)["photometry_sha256"].tolist()
    lines = [line.split("(")[0].split(maxsplit=1) for line in said.split("funnel:\n")[1].splitlines()[:7]]
    assert [int(n) for n, _ in lines] == [11, 11, 3, 0, 0, 0, 0]
    assert lines[0][1].strip() == "found" and lines[-1][1].strip() == "scored"
    assert "3 too_old" in said
    assert pq.read_schema(out).names == pq.read_schema(everything).names
