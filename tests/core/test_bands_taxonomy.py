"""Names at the border: bands and classes in every spelling met in the wild."""

import pytest

from core.bands import BANDS, band_index
from core.refusal import BadInput
from core.taxonomy import CLASSES, PUBLISHED_ORDER, class_of


@pytest.mark.parametrize(
    ("name", "survey", "band"),
    [("ztf_g", None, "ztf_g"), ("g", "ztf", "ztf_g"), (1, "ztf", "ztf_g"), (2.0, "ztf", "ztf_r"), ("R", "ztf", "ztf_r"),
     ("ztfr", None, "ztf_r"), ("Y", "lsst", "lsst_y"), ("lsstu", None, "lsst_u"), ("LSST-z", None, "lsst_z")],
)  # fmt: skip
def test_spellings_of_bands(name, survey, band):
    assert BANDS[band_index(name, survey)].name == band


def test_a_bare_letter_without_a_survey_is_refused_with_what_to_do():
    with pytest.raises(BadInput, match="which survey"):
        band_index("g")


def test_an_unknown_band_lists_the_known_ones():
    with pytest.raises(BadInput, match="ztf_g, ztf_r"):
        band_index("clear", "ztf")


def test_classes_are_the_fourteen_of_plasticc_and_other():
    assert len(CLASSES) == 15 and CLASSES[-1].name == "other"
    numbers = {c.name: c.plasticc for c in CLASSES}
    assert [numbers[name] for name in PUBLISHED_ORDER] == sorted(n for n in numbers.values() if n is not None)


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [("SN Ia", "SNIa"), ("SN IIb", "SNIbc"), ("SN Ia-91bg-like", "SNIa-91bg"), ("SN IIn", "SNII"), ("RRLyr", "RRL"),
     ("EB*_Candidate", "EB"), ("(TNS) SN Icn", "SNIbc"), ("Seyfert_1", "AGN"), ("CataclyV*", "other"),
     ("SN Ia-CSM", None), ("SLSN-II", None), ("Unknown", None), ("SN Ib-Ca-rich?", None), ("SN Ib-Ca-rich", None),
     ("SN Ia?", None), ("V*?", "other")],
)  # fmt: skip
def test_types_of_catalogues_map_to_classes(type_name, expected):
    assert class_of(type_name) == expected
