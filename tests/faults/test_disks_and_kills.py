"""A kill at any moment, a full disk, a disk that can't be written: nothing half written, and a sentence for the person."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: What the scripts below have in common. `unwritable` makes a folder one that this process may read and not write: root
#: may write anywhere, so it becomes nobody first.
PREAMBLE = """
    import os, random, resource, signal, sys, time
    from pathlib import Path
    from core.brokers.cache import ObjectCache
    from core.verdicts import Verdict, VerdictError, VerdictStore
    from tests.core.brokers.test_cache import OID, some_curve
    folder = Path(sys.argv[1])

    def unwritable(path):
        for part in (path, *path.iterdir()):
            part.chmod(0o555 if part.is_dir() else 0o444)
        if os.getuid() == 0:
            os.setgid(65534), os.setuid(65534)
"""


def script(folder: Path, text: str) -> str:
    """Run a script in a process of its own, which may lose its rights; what it said on both streams."""
    for part in (folder, *folder.parents):
        if any(above.name.startswith("pytest-of-") for above in (part, *part.parents)):
            part.chmod(0o755)  # nobody has to get to the folder
    folder.chmod(0o755)
    command = [sys.executable, "-c", textwrap.dedent(PREAMBLE) + textwrap.dedent(text), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout + "".join(line for line in done.stderr.splitlines(True) if "XNNPACK" not in line)


def test_a_writer_of_the_cache_killed_at_any_moment_leaves_a_whole_copy(tmp_path):
    said = script(
        tmp_path,
        """
        moments = random.Random(0)
        cache = ObjectCache(folder)
        cache.put("k", OID, some_curve(2000))
        met = set()
        for _ in range(30):
            writer = os.fork()
            if not writer:
                while True:
                    for n in (1990, 2000, 2010):
                        cache.put("k", OID, some_curve(n))
            (path,) = folder.glob("*.json")
            before = path.stat().st_ino
            while path.stat().st_ino == before:
                time.sleep(0.001)
            time.sleep(moments.random() * 0.02)
            os.kill(writer, signal.SIGKILL)
            os.waitpid(writer, 0)
            copy = cache.get("k", OID)
            assert copy is not None, "a copy was lost"
            met.add(len(copy))
        assert met <= {1990, 2000, 2010}
        print(len(list(folder.glob("*.json"))), len(met))
        """,
    )
    copies, versions = map(int, said.split()[:2])
    assert copies == 1 and versions > 1, "the writers were killed before they wrote"


def test_a_cache_on_a_disk_that_cannot_be_written_still_gives_its_copies(tmp_path):
    said = script(
        tmp_path,
        """
        cache = ObjectCache(folder)
        cache.put("k", OID, some_curve(7))
        unwritable(folder)
        cache.put("k", OID, some_curve(9))
        assert len(cache.get("k", OID)) == 7
        """,
    )
    assert "no copy of ZTF26aaaldio from k kept" in said and "Traceback" not in said


@pytest.mark.parametrize("how", ["unwritable(folder)", "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"])
def test_a_verdict_that_no_disk_takes_is_told_and_the_earlier_ones_stay(how, tmp_path):
    """The second stands for a full disk: this process may not make any file larger than nothing."""
    said = script(
        tmp_path,
        f"""
        store = VerdictStore(folder / "v.sqlite", patience=0.5)
        store.add(Verdict("a", "file", "junk"))
        if not os.fork():
            {how}
            try:
                store.add(Verdict("b", "file", "junk", note="n" * 1000))
            except VerdictError as error:
                print(error.message)
            else:
                print("kept")
            os._exit(0)
        os.wait()
        for path in folder.iterdir():
            path.chmod(0o644)
        folder.chmod(0o755)
        assert [entry.object_id for entry in VerdictStore(folder / "v.sqlite").history()] == ["a"]
        """,
    )
    sentence = said.strip().splitlines()[0]
    assert sentence.endswith(".") and ("can't be written" in sentence or "was not kept" in sentence), said


def test_a_disk_that_fills_up_while_scoring_is_a_sentence_and_no_half_file(tmp_path):
    said = script(
        tmp_path,
        """
        import io
        from stream.score import main
        from tests.stream.test_score import CURVES
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        for name in ("scores.parquet", "scores.csv"):
            said = io.StringIO()
            out = str(folder / name)
            code = main([str(CURVES), "--model", "t2-published-gr", "--survey", "ztf", "--out", out], stderr=said)
            print(code, said.getvalue().splitlines()[-1])
        print(sorted(path.name for path in folder.iterdir()))
        """,
    )
    *told, left = said.strip().splitlines()
    assert len(told) == 2 and all(line.startswith("2 ") and "can't be written" in line for line in told), said
    assert left == "[]", said
