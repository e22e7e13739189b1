"""Tables and records that people bring: verdicts, evaluation tables, model cards, copies in the cache."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd

from core.brokers.cache import ObjectCache
from core.brokers.files import UPLOAD
from core.brokers.files.any_table import read_table
from core.brokers.samples import SampleSource
from core.card import CardError, load_card
from core.evaluate.table import MOST_ROWS, checked_evaluation, read_evaluation
from core.model import MODELS
from core.refusal import BadInput
from core.verdicts import Verdict, VerdictError, VerdictStore
from core.verdicts.exchange import as_csv, as_json, read_verdicts
from core.verdicts.record import checked
from tests.fuzz.laws import Broken, sentence, whole
from tests.fuzz.mutate import of_bytes, of_json, of_table
from tests.fuzz.targets import Target

#: As an upload, but read in this process, which is the one that may die.
CAPS = replace(UPLOAD, stranger=False)

# --- verdicts -----------------------------------------------------------------------------------------------------------


def _some() -> list[Verdict]:
    said = [
        Verdict("ZTF18aabtxvd", "ztf", "class", "SNIa", "high", "=1+1 is a note, with a comma", "me", "t2-ztf", "0" * 64, "survey",
                {"SNIa": 0.9, "SNII": 0.1}, "1" * 64, "2026-11-20T21:40:00Z", "u1"),
        Verdict("170032921165955139", "lsst", "junk", uid="u2", made_at="2026-11-20T21:41:00Z"),
        Verdict("ZTF18aabtxvd", "ztf", "withdrawn", uid="u3", withdraws="u1", made_at="2026-11-20T21:42:00Z"),
    ]  # fmt: skip
    return [checked(verdict) for verdict in said]


def _verdict_rows() -> list[bytes]:
    return [as_csv(_some()).encode(), b"object_id,kind,class\nZTF18aabtxvd,class,SN Ia\n17,junk,\n"]


def _verdict_json() -> list[bytes]:
    return [as_json(_some()).encode(), b'[{"object_id": "x", "kind": "unsure"}]']


@cache
def _store() -> VerdictStore:
    return VerdictStore(Path(tempfile.mkdtemp(prefix="fuzz-")) / "verdicts.sqlite")


def _verdicts(data: bytes) -> None:
    try:
        found = read_verdicts(data, "mine")
    except VerdictError as error:
        sentence(error.message)
        return
    for text in found.refused:
        sentence(text)
    for write in (as_csv, as_json):
        again = read_verdicts(write(found.verdicts).encode(), "mine")
        if again.refused or [v.uid for v in again.verdicts] != [v.uid for v in found.verdicts]:
            raise Broken(f"what was read can't be brought in again: {again.refused[:1]}")
    if found.verdicts and hashlib.sha256(data).digest()[0] < 8:  # a commit is slow
        _store().add_new(found.verdicts)


# --- evaluation tables --------------------------------------------------------------------------------------------------


def _evaluation_rows() -> list[bytes]:
    wide = "object_id,class,p_SNIa,p_SNII,p_TDE,n_points,redshift,snr\n"
    wide += "".join(f"o{i},{['SNIa', 'SN II', 'TDE'][i % 3]},0.5,0.3,0.2,{10 + i},0.0{i},{i}.5\n" for i in range(6))
    return [wide.encode(), b"object_id,true_class,p_SNIa,p_SNII\na,SNIa,1,0\n# a comment\nb,SNII,0.25,0.75\n"]


def _evaluation_parquet() -> list[bytes]:
    return [_as_parquet(pd.read_csv(io.BytesIO(rows), comment="#")) for rows in _evaluation_rows()]


def _as_parquet(table: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    table.to_parquet(out, index=False)
    return out.getvalue()


def _evaluation(data: bytes, name: str = "own.csv") -> None:
    from ui.evaluation.own import classes_of

    try:
        table = read_table(data, name, rows=MOST_ROWS, caps=CAPS)
    except BadInput as error:
        sentence(error.message)
        return
    for read in (lambda: checked_evaluation(table, name), lambda: classes_of(table)):
        try:
            found = read()
        except BadInput as error:
            sentence(error.message)
        else:
            if not isinstance(found, dict) and abs(found.p.sum(axis=1) - 1).max() > 1e-9:
                raise Broken("probabilities do not sum to one")


def _evaluation_file(data: bytes) -> None:
    _evaluation(data, "own.parquet")
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(data)
        file.flush()
        try:
            read_evaluation(file.name)
        except BadInput as error:
            sentence(error.message)


# --- model cards --------------------------------------------------------------------------------------------------------


def _cards() -> list[bytes]:
    whole_cards = [
        json.loads((MODELS / name / "card.json").read_text()) for name in ("t2-published-gr", "t2-ztf", "t2-ztf-z")
    ]
    for card in whole_cards:  # what is long and never looked into
        for name in ("training", "figures", "reliability"):
            card[name] = [] if name == "reliability" else {"command": "x"}
    return [json.dumps(card).encode() for card in whole_cards]


def _card(data: bytes) -> None:
    folder = _folder()
    (folder / "card.json").write_bytes(data)
    try:
        card = load_card(folder)
    except CardError as error:
        sentence(str(error)[:3000])
        return
    for name in card.recipe_names:
        recipe = card.recipe(name)
        if recipe.width < 1 or recipe.survey not in ("ztf", "lsst"):
            raise Broken(f"a recipe of {recipe.width} channels for {recipe.survey!r}")
    for variant in (None, *card.variants):
        entry = card.entry(variant=variant)
        place = (folder / str(entry["path"])).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise Broken(f"the card leads out of its folder: {entry['path']!r}")


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


# --- copies in the cache ------------------------------------------------------------------------------------------------


def _copies() -> list[bytes]:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    cache_ = ObjectCache(folder)
    for oid in ("ZTF20aatqesi", "313853517735395444"):
        curve = SampleSource().fetch(oid)
        cache_.put("k", oid, curve.subset(slice(0, 12)))
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def _copy(data: bytes) -> None:
    """Damage of any kind counts as no copy. (The folder is the server's own: whoever writes there is trusted.)"""
    folder = _folder()
    (folder / "k_ZTF20aatqesi.json").write_bytes(data)
    copy = ObjectCache(folder).get("k", "ZTF20aatqesi")
    if copy is not None:
        whole(copy)


TARGETS = (
    Target("verdicts (CSV)", _verdict_rows, of_table, _verdicts),
    Target("verdicts (JSON)", _verdict_json, of_json, _verdicts),
    Target("evaluation table (CSV)", _evaluation_rows, of_table, _evaluation),
    Target("evaluation table (Parquet)", _evaluation_parquet, of_bytes, _evaluation_file, may_die=True, weight=0.5),
    Target("model card", _cards, of_json, _card),
    Target("copy in the cache", _copies, of_bytes, _copy, weight=0.5),
)
