"""What the forms of a network are called on every page: float32 and its compressed variants, and which of them answers."""

from __future__ import annotations

import re

from core.card import FLOAT, ModelCard

FLOAT_TITLE = "float32, as trained"
SERVED = "served"


def form_title(card: ModelCard, key: str) -> str:
    """A form by its key in the card, in words: ``8-bit weights``."""
    return FLOAT_TITLE if key == FLOAT else str(card.variants.get(key, {}).get("title") or key)


def served_title(card: ModelCard) -> str:
    """The form that answers when no other is asked for."""
    return form_title(card, card.served)


def served_words(card: ModelCard) -> str:
    """Why this form is served, as the card says it, with every form by its name; empty where the card says nothing."""
    said = str(card.data.get("served", {}).get("why", ""))
    keys = "|".join(re.escape(key) for key in sorted(card.variants, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])({keys})(?![\w-])", lambda m: form_title(card, m[1]), said) if keys else said
