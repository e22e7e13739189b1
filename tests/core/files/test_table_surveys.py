"""Tables of photometry: which survey's bands bare letters are."""

import pytest

from core.bands import BANDS
from core.refusal import BadInput
from tests.core.files.test_tables import PLAIN, only, read


def test_bare_letters_need_a_survey_once_for_the_whole_table():
    text = PLAIN.replace("ztf_", "")
    with pytest.raises(BadInput, match="does not say which survey"):
        read(text)
    assert [BANDS[b].name for b in read(text, survey="lsst").curves[0].band] == ["lsst_g", "lsst_r"]
    assert [BANDS[b].name for b in read(text, default_survey="ztf").curves[0].band] == ["ztf_g", "ztf_r"]


def test_what_the_file_says_beats_the_default_and_the_caller_beats_both():
    text = PLAIN.replace("ztf_", "").replace("a,", "ZTF20aaaaaaa,").replace("b,", "ZTF20aaaaaab,")
    assert read(text, default_survey="lsst").curves[0].surveys == ("ztf",)
    assert read(text, survey="lsst").curves[0].surveys == ("lsst",)
    with_column = "survey," + "\n".join(["ztf," + line for line in PLAIN.replace("ztf_", "").splitlines()])[4:]
    assert read(with_column).curves[0].surveys == ("ztf",)


LSST_ID = "170587116732416143"


def bands_by_object(content):
    return {c.object_id: [BANDS[b].name for b in c.band] for c in content.curves}


@pytest.mark.parametrize("default", ["ztf", "lsst"])
def test_the_survey_of_bare_letters_is_settled_object_by_object(default):
    """ZTF and LSST objects in one table, their rows mixed: names, letters and ids say whose each object is."""
    rows = [("ZTF20aaaaaaa", "g"), (LSST_ID, "g"), ("SN1", "g"), ("SN2", "r"), ("SN3", "g"), ("SN4", "i")]
    rows += [("ZTF20aaaaaaa", "r"), (LSST_ID, "r"), ("SN1", "lsst_r"), ("SN2", "ztf_g"), ("SN3", "u"), ("SN4", "r")]
    text = "oid,mjd,band,mag,magerr\n" + "".join(f"{o},{60000 + i},{b},18,0.1\n" for i, (o, b) in enumerate(rows))
    assert bands_by_object(read(text, default_survey=default)) == {
        "ZTF20aaaaaaa": ["ztf_g", "ztf_r"],
        LSST_ID: ["lsst_g", "lsst_r"],
        "SN1": ["lsst_g", "lsst_r"],
        "SN2": ["ztf_r", "ztf_g"],
        "SN3": ["lsst_g", "lsst_u"],
        "SN4": [f"{default}_i", f"{default}_r"],
    }
    without = read(text)
    assert "SN4" not in bands_by_object(without) and len(without.curves) == 5
    assert "does not say which survey" in without.unreadable[0].error.message
    said_by_caller = read(text.replace(",u,", ",z,"), survey="lsst", default_survey="ztf")
    assert {n[:4] for o, names in bands_by_object(said_by_caller).items() for n in names if o != "SN2"} == {"lsst"}


def test_the_survey_of_an_object_does_not_depend_on_where_its_rows_lie(monkeypatch):
    from core.brokers.files import text as module

    lines = [f"SN1,{60000 + k},g,18,0.1" for k in range(30)] + ["SN1,60100,y,18,0.1"]
    table = "oid,mjd,band,mag,magerr\n" + "\n".join(lines)
    monkeypatch.setattr(module, "_ROWS_PER_CHUNK", 10)
    assert set(only(table, default_survey="ztf").surveys) == {"lsst"}


def test_one_object_of_two_surveys_keeps_both_and_bare_letters_take_the_default():
    text = "oid,mjd,band,mag,magerr\n" + "".join(
        f"a,{60000 + i},{b},18,0.1\n" for i, b in enumerate(["ztf_g", "lsst_u", "r"])
    )
    assert bands_by_object(read(text, default_survey="ztf")) == {"a": ["ztf_g", "lsst_u", "ztf_r"]}
    with pytest.raises(BadInput, match="does not say which survey"):
        read(text)
