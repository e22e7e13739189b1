"""A draft of reports says what is known and puts in brackets what is not."""

from core.taxonomy import CLASS_NAMES
from core.verdicts import Verdict
from core.verdicts.tns import TYPES, Reported, draft, type_of


def test_a_draft_has_what_is_known_and_brackets_for_the_rest():
    said = Verdict(
        "ZTF20aatqesi", "ztf", "class", "SNIa", "high", "blue,\nhostless", "Ann", "t2-ztf", "ab" * 32, "survey",
        {"SNIa": 0.9, "TDE": 0.1}, made_at="2026-11-21T17:00:00.000Z",
    )  # fmt: skip
    junk = Verdict("x", "ztf", "junk")
    text = draft([Reported(said, 187.5, -12.25, 0.05), Reported(junk)])
    for words in (
        "SN Ia",
        "187.500000 -12.250000",
        "0.0500",
        "Ann",
        "blue, hostless",
        "abababababab",
        "SN Ia 0.90",
        "1 more verdict",
    ):
        assert words in text
    assert "[IAU name]" in text and "[file, instrument" in text and "DRAFT" in text
    assert "SNIa" not in text, "one spelling of a class in one report"
    assert "[coordinates]" in draft([Reported(Verdict("x", "f", "class", "uLens"))])
    assert "[uLens: no type" in draft([Reported(Verdict("x", "f", "class", "uLens"))])


def test_a_type_that_was_typed_gets_the_spelling_of_the_name_server():
    typed = {
        "sn iib": "SN IIb",
        "IIn": "SN IIn",
        "slsn-ii": "SLSN-II",
        "SN Ia": "SN Ia",
        "SNIbc": "SN Ib/c",
        "cv": "CV",
    }
    assert {text: type_of(text) for text in typed} == typed
    assert type_of("green bean") == ""


def test_every_type_of_the_draft_is_of_one_of_our_classes():
    assert set(TYPES) <= set(CLASS_NAMES)
