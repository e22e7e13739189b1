"""Colours and layout that every figure shares, for a light and a dark page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.bands import Band
from core.taxonomy import BY_NAME

CLASS_GREY = "#7a8699"
#: Dash and marker of each class's line: fifteen colours are too many for anyone's eyes. No two classes share a marker, and
#: none that look alike in some kind of colour vision share a dash.
CLASS_LINES: dict[str, tuple[str, str]] = {
    "SNIa": ("solid", "circle"),
    "SNIa-91bg": ("dashdot", "circle-open"),
    "SNIax": ("dash", "square-open"),
    "SNII": ("solid", "square"),
    "SNIbc": ("solid", "diamond"),
    "SLSN-I": ("solid", "triangle-up"),
    "TDE": ("dash", "star"),
    "AGN": ("dashdot", "x"),
    "KN": ("dash", "cross"),
    "M-dwarf": ("dot", "triangle-down"),
    "RRL": ("dash", "pentagon"),
    "EB": ("longdash", "diamond-open"),
    "Mira": ("dot", "hourglass"),
    "uLens": ("dot", "triangle-up-open"),
    "other": ("longdashdot", "star-diamond"),
}
#: Groups of classes look like one of their members.
_LOOKS_LIKE = {"Supernova": "SNIa", "Kilonova": "KN", "Star or other": "RRL", "Core collapse": "SNII"}


@dataclass(frozen=True)
class Theme:
    """The inks of one mode. ink : text and axes. grid : lines. outline : of markers. limit : upper limits."""

    dark: bool
    ink: str
    grid: str
    outline: str
    page: str
    muted: str
    limit: str = CLASS_GREY

    def band(self, band: Band) -> str:
        """The colour of a band in this mode."""
        return band.dark if self.dark else band.light

    def of_class(self, name: str) -> str:
        """The colour of a class, or of a group of classes, in this mode."""
        name = _LOOKS_LIKE.get(name, name)
        if name not in BY_NAME:
            return CLASS_GREY
        return BY_NAME[name].dark if self.dark else BY_NAME[name].light


LIGHT = Theme(dark=False, ink="#1B2230", grid="#E6E9EF", outline="#1B2230", page="#FFFFFF", muted="#5b6676")
DARK = Theme(dark=True, ink="#E8ECF3", grid="#2A3242", outline="#E8ECF3", page="#0E1117", muted="#a3aab8")


def line_of(name: str) -> tuple[str, str]:
    """Dash and marker of the line of a class, or of a group of classes; a plain line of dots for anything else."""
    return CLASS_LINES.get(_LOOKS_LIKE.get(name, name), ("solid", ""))


def theme_of(mode: str | None) -> Theme:
    """The theme of Streamlit's mode ("light", "dark", or None outside a browser)."""
    return DARK if mode == "dark" else LIGHT


def translucent(colour: str, alpha: float) -> str:
    """An ``rgba()`` of a ``#rrggbb`` colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def layout(theme: Theme, **extra: Any) -> dict[str, Any]:
    """Layout settings common to all figures: transparent, no title, tight, horizontal grid only."""
    base: dict[str, Any] = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": theme.ink, "size": 13},
        "margin": {"l": 6, "r": 6, "t": 30, "b": 6},
        "hoverlabel": {"bgcolor": theme.page, "font": {"color": theme.ink}, "bordercolor": theme.grid},
    }
    return {**base, **extra}
