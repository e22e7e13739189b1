"""Java packages through Maven: a pom's dependencies in a cache folder, fetched once, checksums verified."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class NoMaven(Exception):
    """The packages are not in the cache and can't be fetched; the message says what is missing."""


def cache_folder() -> Path:
    """Where fetched packages lie: ``JAVA_PACKAGES``, or ``~/.cache/t2scope``."""
    return Path(os.environ.get("JAVA_PACKAGES") or Path.home() / ".cache" / "t2scope")


def jars(pom: Path, name: str) -> list[Path]:
    """The jar files of a pom with all that they depend on, in order of name.

    name : of the folder in the cache. Raises NoMaven.
    """
    stamp = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    folder = cache_folder() / name / stamp
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Maven's own store is not made for two at once
        if not folder.is_dir():
            _fetch(pom, folder)
    return sorted(folder.glob("*.jar"))


def java() -> str:
    """The Java program. Raises NoMaven when there is none."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(f"{home}/bin/java") if home else shutil.which("java")
    if found is None:
        raise NoMaven("Java is not installed; on Debian: apt install default-jre-headless")
    return found


def _fetch(pom: Path, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NoMaven("Maven is not installed; on Debian: apt install maven")
    with tempfile.TemporaryDirectory(prefix=".part-", dir=folder.parent) as part:
        call = [
            maven,
            "--batch-mode",
            "--quiet",
            "-Dstyle.color=never",
            "--strict-checksums",
            "--file",
            str(pom.resolve()),
        ]
        call += ["dependency:copy-dependencies", f"-DoutputDirectory={part}/jars", "-DincludeScope=runtime"]
        done = subprocess.run(call, cwd=part, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode:
            words = (done.stdout + done.stderr).strip().splitlines()
            raise NoMaven(f"Maven could not fetch the packages of {pom.name}: {words[0] if words else 'no word why'}")
        (Path(part) / "jars").rename(folder)
