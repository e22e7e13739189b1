"""The keys of objects' cards: one a card, whatever the id."""

from ui.arrival import key_of


def test_ids_that_differ_in_any_character_have_keys_of_their_own():
    ids = ["SN 2020a", "SN-2020a", "SN.2020a", "å", "ø", "ZTF18aannern"]
    keys = [key_of(i) for i in ids]
    assert len(set(keys)) == len(ids) and key_of("ZTF18aannern") == "card_ZTF18aannern"
    assert all(key.replace("_", "").replace("-", "").isascii() for key in keys)
