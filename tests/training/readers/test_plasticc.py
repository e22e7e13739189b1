"""Reading a large CSV in blocks is reading it at once: nothing lost at a border, nothing twice after a stop."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bands import BANDS
from tests.training.readers.plasticc_files import survey, write_csv
from training.curves import CurveSet, concatenate, read_parquet
from training.readers import plasticc
from training.readers.csv_blocks import Place
from training.readers.write import file_source, parts, write

LETTERS = "ugrizy"


def same(one: CurveSet, other: CurveSet) -> bool:
    arrays = ("offsets", "mjd", "flux", "flux_err", "band", "detected")
    return one.objects.equals(other.objects) and all(np.array_equal(getattr(one, a), getattr(other, a)) for a in arrays)


@pytest.fixture(scope="module", params=[".csv", ".csv.gz"])
def files(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plasticc")
    metadata, light_curves = survey(40)
    write_csv(metadata, folder / f"plasticc_test_metadata{request.param}")
    write_csv(light_curves, folder / f"plasticc_test_lightcurves_01{request.param}")
    return folder, metadata, light_curves


def opened(files) -> tuple[Path, plasticc.Metadata]:
    folder = files[0]
    return next(folder.glob("*lightcurves_01*")), plasticc.Metadata([next(folder.glob("*metadata*"))])


def test_what_is_read_is_what_was_written(files):
    path, metadata = opened(files)
    _, described, rows = files
    curves = concatenate([chunk.curves for chunk in plasticc.chunks(path, metadata)])
    assert np.array_equal(curves.objects["object_id"].astype(int), described["object_id"])
    assert np.array_equal(curves.objects["object_id"].astype(int).to_numpy()[curves.owner], rows["object_id"])
    for name in ("mjd", "flux", "flux_err"):
        assert np.allclose(getattr(curves, name), rows[name], rtol=1e-6)
    assert [BANDS[b].name for b in curves.band] == [f"lsst_{LETTERS[p]}" for p in rows["passband"]]
    assert np.array_equal(curves.detected, rows["detected_bool"] == 1)
    assert np.allclose(curves.objects["ra"], described["ra"])
    stars = described["target"].isin([65, 92, 16, 53, 6]).to_numpy()
    assert np.array_equal(curves.objects["redshift"].isna(), stars)
    assert set(curves.objects["class"][described["target"] > 990]) == {""}


@settings(max_examples=8, deadline=None)
@given(size=st.integers(20, 4000))
def test_blocks_of_any_size_give_the_same_light_curves(files, size):
    path, metadata = opened(files)
    whole = concatenate([chunk.curves for chunk in plasticc.chunks(path, metadata)])
    pieces = [chunk.curves for chunk in plasticc.chunks(path, metadata, size=size)]
    assert same(concatenate(pieces), whole)
    ids = [name for piece in pieces for name in piece.objects["object_id"]]
    assert len(ids) == len(set(ids))


@settings(max_examples=6, deadline=None)
@given(stop=st.integers(0, 20))
def test_reading_goes_on_from_the_end_of_any_chunk(files, stop):
    path, metadata = opened(files)
    all_chunks = list(plasticc.chunks(path, metadata, size=300))
    stop = min(stop, len(all_chunks) - 1)
    start = all_chunks[stop].end
    rest = list(plasticc.chunks(path, metadata, start=start, size=300))
    whole = concatenate([c.curves for c in all_chunks])
    assert same(concatenate([c.curves for c in all_chunks[: stop + 1] + rest]), whole)
    assert [c.last for c in all_chunks] == [False] * (len(all_chunks) - 1) + [True]


def test_a_stopped_run_goes_on_and_ends_as_an_undisturbed_one(files, tmp_path):
    path, metadata = opened(files)

    def stopping(after):
        def chunks(path, start):
            for i, chunk in enumerate(plasticc.chunks(path, metadata, start=start, size=400)):
                if i == after:
                    raise KeyboardInterrupt
                yield chunk

        return chunks

    with pytest.raises(KeyboardInterrupt):
        write([file_source(path, stopping(3))], tmp_path / "stopped", progress=lambda _: None)
    (tmp_path / "stopped/plasticc_test_lightcurves_01-00003.part").write_bytes(b"half a part")
    assert len(parts(tmp_path / "stopped")) == 3
    for folder in ("stopped", "peace", "peace"):  # the second time there is nothing left to do
        n = write([file_source(path, stopping(-1))], tmp_path / folder, progress=lambda _: None)
        assert n == 40
    one, other = (concatenate([read_parquet(p) for p in parts(tmp_path / f)]) for f in ("stopped", "peace"))
    assert same(one, other)


def test_another_file_of_the_same_name_is_not_mixed_in(files, tmp_path):
    path, metadata = opened(files)
    source = file_source(path, lambda path, start: plasticc.chunks(path, metadata, start=start))
    write([source], tmp_path, progress=lambda _: None)
    other = type(source)(source.name, source.size + 1, source.chunks)
    with pytest.raises(ValueError, match="another file called plasticc_test_lightcurves_01"):
        write([other], tmp_path, progress=lambda _: None)


def test_an_object_in_two_places_is_refused(files, tmp_path):
    _, metadata = opened(files)
    twice = pd.concat([files[2], files[2].iloc[:1]])
    torn = write_csv(twice, tmp_path / "torn.csv")
    with pytest.raises(ValueError, match=r"object \d+ stands in two places"):
        list(plasticc.chunks(torn, metadata))
    source = file_source(torn, lambda path, start: plasticc.chunks(path, metadata, start=start, size=300))
    with pytest.raises(ValueError, match=r"object plasticc:\d+ of torn was read before"):
        write([source], tmp_path / "out", progress=lambda _: None)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("flux", "bright", r"torn.csv, row 9: flux is 'bright'; expected a number"),
        ("object_id", "SN1987A", r"torn.csv, row 9: object_id is 'SN1987A'; expected a whole number"),
        ("passband", "7", r"torn.csv, row 9: passband is 7; expected 0 … 5"),
        ("detected_bool", "0,1", r"torn.csv, row 9: 7 cells; expected 6"),
    ],
)
def test_a_bad_cell_is_named_by_row_column_and_value(files, tmp_path, column, value, message):
    _, metadata = opened(files)
    lines = files[2].to_csv(index=False).splitlines()
    cells = lines[8].split(",")
    cells[lines[0].split(",").index(column)] = value
    lines[8] = ",".join(cells)
    torn = tmp_path / "torn.csv"
    torn.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=message):
        list(plasticc.chunks(torn, metadata))


def test_kaggles_names_and_metadata_without_answers_are_read(files, tmp_path):
    described = files[1].drop(columns=["target", "true_target", "true_z", "true_peakmjd", "ddf_bool"])
    path = write_csv(files[2].rename(columns={"detected_bool": "detected"}), tmp_path / "test_set.csv")
    metadata = plasticc.Metadata([write_csv(described, tmp_path / "test_set_metadata.csv")])
    (chunk,) = plasticc.chunks(path, metadata)
    assert len(metadata) == len(chunk.curves) == 40
    assert set(chunk.curves.objects["class"]) == {""}


def test_what_is_missing_is_named(files, tmp_path):
    path, _ = opened(files)
    few = plasticc.Metadata([write_csv(files[1].iloc[:5], tmp_path / "few.csv")])
    with pytest.raises(ValueError, match=r"object \d+ has light curves and no metadata"):
        list(plasticc.chunks(path, few))
    bare = write_csv(files[2].drop(columns="flux_err"), tmp_path / "bare.csv")
    with pytest.raises(ValueError, match=r"bare.csv has no column 'flux_err'; its columns are object_id"):
        list(plasticc.chunks(bare, few))
    assert list(plasticc.chunks(path, few, start=Place(10**9, 10**6))) == []
