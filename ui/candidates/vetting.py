"""One candidate at a time, by keyboard: look, say what it is, and the next one is there."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.lightcurve import LightCurve
from core.model import Model, Prior
from core.verdicts import CONFIDENCES, Key, Verdict, VerdictError
from core.verdicts.record import checked
from ui import resources
from ui.candidates.board import Board, class_names, value_text
from ui.candidates.keys import give_focus_back, open_by_key
from ui.candidates.place import go, stay, where
from ui.figures.candidate import candidate_svg, candidate_title
from ui.figures.theme import Theme, translucent
from ui.login import name_of_login
from ui.novelty_words import percent_below
from ui.shell import object_page
from ui.wording import class_title, percent, plain, prior_line, verdict

log = logging.getLogger(__name__)
#: Classes that have a key of their own; the rest are found by search.
DIGITS = 9
#: Where the session keeps which candidate is on the screen: of it alone something can be said.
_NOW = "_vet_now"
#: The verdicts of this visit stand in the address by the first letters of their uids: so many of them, so many letters.
_UNDONE_BY, _LETTERS = 5, 12
_SAID = "said"
LEGEND = (
    "Keys: **j** next, **k** previous, **1** to **9** a class, the likeliest first, **s** unsure, **x** junk, **f** follow up, **u** undo, "
    "**o** open. They rest while you type in a field or have a list open."
)
#: The classes as bars with text at the left; the link as one more button, with its key.
_STYLE = """
[class*="st-key-vet_class_"] { margin-bottom: 0.22rem; }
[class*="st-key-vet_class_"] button { justify-content: flex-start; min-height: 2.1rem; padding-block: 0.1rem; }
[class*="st-key-vet_class_"] button > div { flex-grow: 1; justify-content: flex-start; }
.st-key-vet_open, .st-key-vet_open > div, .st-key-vet_open [data-testid="stPageLink"] { margin: 0; padding: 0; }
.st-key-vet_open a { border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 0.5rem; box-sizing: border-box;
  height: 2.5rem; margin: 0; padding: 0 0.75rem; display: flex; align-items: center; }
.st-key-vet_open a::after { content: "O"; margin-left: 0.5rem; opacity: 0.6; font-size: 0.875rem; }
"""
_OTHERS = (("Unsure", "unsure", "s"), ("Junk", "junk", "x"), ("Follow up", "follow up", "f"))


@dataclass(frozen=True)
class Answer:
    """What a scored row says, in the form in which `ui.wording.verdict` reads a classification."""

    model: Model
    prior: Prior
    probabilities: NDArray[np.float64]
    spread: tuple[()] = ()
    notes: tuple[()] = ()

    @cached_property
    def order(self) -> NDArray[np.int64]:
        return np.argsort(-self.probabilities, kind="stable")

    @property
    def top_class(self) -> str:
        return self.model.classes[int(self.order[0])]


def standing() -> dict[Key, Verdict]:
    """What was said of every object so far, by anyone; empty, with the reason, when it can't be read."""
    try:
        return resources.verdicts().standing()
    except VerdictError as error:
        st.error(plain(error.message), icon=":material/database_off:")
        return {}


def show_vetting(board: Board, theme: Theme) -> None:
    """The candidate one is at, its light curve, and a key for everything that can be said of it."""
    _tell_trouble()
    place = board.at(where())
    if place is None:
        _nothing_here(board)
        return
    row = int(board.order[place])
    st.session_state["_candidates_at"] = {**st.query_params.to_dict(), "at": board.id_of(row)}
    st.session_state[_NOW] = board.id_of(row)
    with st.container(key="vet", border=True, gap="small"):
        _head(board, place, row)
        left, right = st.columns([7, 4], gap="medium")
        with left:
            _picture(board.candidates.curves[board.entry_of(row)], theme)
        with right:
            _say_what(board, place, row, theme)
        _steps(board, place, row)
        _remarks()
        _last_word(board, row)
        st.caption(f"{LEGEND}{_last_kept()}")


def _done() -> list[Verdict]:
    """The verdicts of this visit that can be taken back, the last one last; after a reload those that the address names."""
    if "_vet_done" not in st.session_state:
        named = [text for text in st.query_params.get(_SAID, "").split(".") if len(text) == _LETTERS]
        st.session_state["_vet_done"] = _named(named) if named else []
    done: list[Verdict] = st.session_state["_vet_done"]
    return done


def _named(wanted: list[str]) -> list[Verdict]:
    """Verdicts of the history by the beginnings of their uids, in that order, less what was taken back."""
    try:
        history = resources.verdicts().history()
    except VerdictError:  # told by whoever reads what stands
        return []
    gone = {entry.withdraws for entry in history}
    known = {entry.uid[:_LETTERS]: entry for entry in history if entry.uid not in gone and not entry.withdraws}
    return [known[text] for text in wanted if text in known]


def _in_address(done: list[Verdict]) -> dict[str, str]:
    """What the address says of the verdicts of this visit."""
    return {_SAID: ".".join(one.uid[:_LETTERS] for one in done[-_UNDONE_BY:])}


def _last_kept() -> str:
    """That the last verdict of this visit is kept, and when."""
    done = _done()
    return (
        f"  \nKept at {done[-1].made_at[11:19]} UTC: {plain(done[-1].object_id)}, {plain(class_title(done[-1].said))}."
        if done
        else ""
    )


def _nothing_here(board: Board) -> None:
    if not len(board.table):
        st.info("Nothing is scored yet.")
        return
    if len(board.order):
        st.success(
            f"All {len(board.order):,} candidates of this choice have a verdict. Choose *All that are scored* under *Show* to see them."
        )
    else:
        st.info("No candidate is of this choice. Choose another class, or show others.")
    _undo_button()


def _head(board: Board, place: int, row: int) -> None:
    oid, facts = board.id_of(row), board.table.iloc[row]
    entry = board.entry_of(row)
    item, curve = board.candidates.items[entry], board.candidates.curves[entry]
    before = int(np.count_nonzero(board.visible[:place]))
    where = (
        f"{before + 1:,} of {len(board.shown):,}"
        if board.visible[place]
        else f"not among the {len(board.shown):,} shown"
    )
    st.subheader(plain(oid), anchor=False)
    parts = [where, f"{board.quantity.title} {value_text(board.quantity, facts[board.quantity.name])}"]
    if not pd.isna(facts["magnitude_now"]):
        parts.append(f"latest {facts['magnitude_now']:.1f} mag")
    if not pd.isna(facts["rise_rate"]):
        rate = facts["rise_rate"]
        parts.append(f"{'rising' if rate > 0 else 'fading'} {abs(rate):.2f} mag/d")
    parts += _known(curve, item.ra, item.dec, 0 if pd.isna(facts["n_points"]) else int(facts["n_points"]))
    if facts["label"]:
        by = f" ({plain(item.label_by)})" if item.label_by else ""
        parts.append(f"source says {plain(class_title(facts['label']))}{by}")
    if curve is not None and curve.provenance.simulated:
        parts.append("simulated")
    st.caption(" · ".join(parts))


def _known(curve: LightCurve | None, ra: float | None, dec: float | None, used: int) -> list[str]:
    """used : points that the model's cuts leave, 0 where it was not asked."""
    parts = []
    if curve is not None:
        ra, dec = (curve.ra, curve.dec) if curve.ra is not None else (ra, dec)
        parts.append(f"{len(curve):,} points" + (f", {used:,} used" if 0 < used != len(curve) else ""))
        if curve.redshift is not None:
            parts.append(f"z = {curve.redshift:.3f}")
    if ra is not None and dec is not None:
        parts.append(f"RA {ra:.5f}° Dec {dec:+.5f}°")
    return parts


def _picture(curve: LightCurve | None, theme: Theme) -> None:
    if curve is None or not len(curve):
        st.caption("There is no light curve to show.")
    else:
        st.image(candidate_svg(curve, theme), width="stretch", alt=candidate_title(curve))


def _say_what(board: Board, place: int, row: int, theme: Theme) -> None:
    """The answer in words, a button with a key for each of the nine likeliest classes, and what else can be said."""
    facts, model = board.table.iloc[row], board.job.model
    base, following = _base(board, row), board.step(place, 1)
    if pd.isna(facts["top"]):
        st.markdown(plain(facts["refusal_message"]))
        ordered, shares = list(model.classes), {}
    else:
        p = facts[[f"p_{name}" for name in model.classes]].to_numpy(float)
        answer = Answer(model, board.job.prior, p)
        st.markdown(f"**{plain(verdict(answer).headline)}**")
        ordered = [model.classes[i] for i in answer.order]
        shares = dict(zip(model.classes, p.tolist(), strict=True))
        if model.novelty_measure is not None and facts["novelty"] >= model.novelty_measure.threshold:
            st.caption(f":material/explore: Less typical than {percent_below(facts['novelty'])} % of known objects.")
    with st.container(gap=None, key="vet_classes"):
        for i, name in enumerate(ordered[:DIGITS]):
            with st.container(key=f"vet_class_{i}"):
                share = f" · {percent(shares[name])}" if shares else ""
                st.button(
                    f"{class_title(name)}{share}", key=f"say_{base.object_id}_{i}", shortcut=str(i + 1), width="stretch",
                    on_click=_say, args=(replace(base, kind="class", class_name=name), following),
                )  # fmt: skip
    _bars(ordered[:DIGITS], shares, theme)
    rest = [name for name in [*ordered, *class_names()] if name not in ordered[:DIGITS]]
    st.selectbox(
        "Another class", list(dict.fromkeys(rest)), index=None, key=f"other_{base.object_id}", placeholder="Another class…",
        format_func=class_title, label_visibility="collapsed", accept_new_options=True,
        on_change=_say_other, args=(base, following),
    )  # fmt: skip
    st.caption(prior_line(model, board.job.prior.name, spread=0))


def _bars(names: list[str], shares: dict[str, float], theme: Theme) -> None:
    """Probabilities as bars behind the names, in each class's colour."""
    rules = [_STYLE]
    for i, name in enumerate(names if shares else []):
        to, colour = 100 * shares[name], translucent(theme.of_class(name), 0.30)
        rules.append(
            f".st-key-vet_class_{i} button {{ background-image: linear-gradient(90deg, {colour} {to:.1f}%, transparent {to:.1f}%); }}"
        )
    st.html(f"<style>{' '.join(rules)}</style>")


def _remarks() -> None:
    """What goes along with the next verdict."""
    note, sure, who = st.columns([5, 4, 3], vertical_alignment="bottom")
    note.text_input("Note", key="vet_note", max_chars=2000, placeholder="goes with the next verdict")
    sure.segmented_control("Confidence", [c for c in CONFIDENCES if c], key="vet_confidence")
    # Who has logged in speaks under that name: an address that somebody sent must not put words into another's mouth.
    known = name_of_login()
    st.session_state["vet_who"] = known or st.query_params.get("who", "")
    who.text_input(
        "Your name", key="vet_who", max_chars=80, placeholder="optional", on_change=_call_me, disabled=bool(known)
    )


def _me() -> str:
    """Who speaks: as the server's login knows them, or where there is none, as they call themselves."""
    return name_of_login() or str(st.query_params.get("who", ""))[:80]


def _call_me() -> None:
    name = "" if name_of_login() else st.session_state["vet_who"].strip()
    if name:
        st.query_params["who"] = name
    else:
        st.query_params.pop("who", None)


def _steps(board: Board, place: int, row: int) -> None:
    base, following, before = _base(board, row), board.step(place, 1), board.step(place, -1)
    with st.container(horizontal=True, vertical_alignment="center", key="vet_steps"):
        st.button("Previous", shortcut="k", key="vet_k", disabled=before is None, on_click=_go, args=(before,))
        st.button("Next", shortcut="j", key="vet_j", disabled=following is None, on_click=_go, args=(following,))
        for title, kind, key in _OTHERS:
            st.button(
                title, shortcut=key, key=f"say_{base.object_id}_{key}", on_click=_say,
                args=(replace(base, kind=kind), following),
            )  # fmt: skip
        _undo_button()
        with st.container(key="vet_open", width="content"):
            st.page_link(object_page(), label="Open", query_params=_address(board, row))
    open_by_key("o", ".st-key-vet_open a")
    give_focus_back()


def _last_word(board: Board, row: int) -> None:
    """The verdict that stands, and a way to take it back."""
    said = board.verdict_on(row)
    if said is None:
        return
    parts = [f"**{plain(class_title(said.said))}**", said.confidence and f"{said.confidence} confidence"]
    parts += [plain(said.who), said.made_at[:16].replace("T", " ") + " UTC"]
    if top := said.top_class():
        parts.append(f"the model said {class_title(top)}, {percent(said.probabilities[top])}")
    if said.note:
        parts.append(f"“{plain(said.note)}”")
    left, right = st.columns([9, 2], vertical_alignment="center")
    left.markdown("Verdict: " + " · ".join(part for part in parts if part))
    right.button("Take back", key=f"withdraw_{said.uid}", width="stretch", on_click=_withdraw, args=(said,))


def _undo_button() -> None:
    done = _done()
    st.button(
        "Undo",
        shortcut="u",
        key="vet_u",
        disabled=not done,
        on_click=_undo,
        help="The last verdict of this visit",
    )


def _address(board: Board, row: int) -> dict[str, str]:
    """The query of the object's own page, with the same model and prior."""
    here = {key: st.query_params[key] for key in ("model", "prior") if key in st.query_params}
    source = board.candidates.source_key
    listed = {"list": board.candidates.token} if source == "list" else {}
    return {"source": source, "oid": board.id_of(row), **here, **listed}


def _base(board: Board, row: int) -> Verdict:
    """A verdict on a candidate with all that the model said, but for what is said."""
    facts, job = board.table.iloc[row], board.job
    catalogue, oid = board.candidates.keys[board.entry_of(row)]
    scored = not pd.isna(facts["top"])
    p = {name: round(float(facts[f"p_{name}"]), 6) for name in job.model.classes} if scored else {}
    sha = facts["photometry_sha256"]
    return Verdict(
        oid, catalogue, "unsure", model=str(facts["model"]), model_sha256=str(facts["model_sha256"]),
        prior=str(facts["prior"]), probabilities=p, photometry_sha256="" if pd.isna(sha) else str(sha),
    )  # fmt: skip


# Callbacks: what fails in one would blank the page, so trouble is kept and told on the next draw.


def _go(oid: str | None) -> None:
    if oid is not None:
        go(oid, left=st.session_state.get(_NOW))
        st.session_state[_NOW] = None


def _say(verdict_: Verdict, following: str | None) -> None:
    # While a page is redrawn the browser holds the buttons of two candidates, and a key presses both.
    if st.session_state.get(_NOW) != verdict_.object_id:
        stay()
        return
    said = replace(
        verdict_,
        note=str(st.session_state.get("vet_note") or "").strip(),
        confidence=st.session_state.get("vet_confidence") or "",
        who=_me(),
    )
    done = _done()
    try:
        said = checked(said)
        # First on to the next, then to the disk: a key pressed meanwhile starts another run of the page, which takes the
        # session over from this one, and nothing that this one writes there after that is kept.
        st.session_state[_NOW], st.session_state["_vet_done"] = following, [*done, said]
        st.session_state["vet_note"], st.session_state["vet_confidence"] = "", None
        go(following or said.object_id, left=said.object_id, **_in_address([*done, said]))
        resources.verdicts().add(said)
    except VerdictError as error:
        log.warning("a verdict on %s was not kept: %s", said.object_id, error.message)
        st.session_state["_vet_trouble"], st.session_state["_vet_done"] = error.message, done
        st.session_state["vet_note"], st.session_state["vet_confidence"] = said.note, said.confidence or None
        go(said.object_id)


def _say_other(base: Verdict, following: str | None) -> None:
    name = str(st.session_state.get(f"other_{base.object_id}") or "").strip()
    if name:
        _say(replace(base, kind="class", class_name=name[:40]), following)


def _undo() -> None:
    if done := _done():
        _withdraw(done[-1])


def _withdraw(said: Verdict) -> None:
    st.session_state["_vet_done"] = [v for v in _done() if v.uid != said.uid]
    go(said.object_id, left=st.session_state.get(_NOW), **_in_address(st.session_state["_vet_done"]))
    st.session_state[_NOW] = None
    try:
        resources.verdicts().withdraw(said, who=_me())
    except VerdictError as error:
        log.warning("a verdict on %s was not taken back: %s", said.object_id, error.message)
        st.session_state["_vet_trouble"] = error.message


def _tell_trouble() -> None:
    if trouble := st.session_state.pop("_vet_trouble", ""):
        st.error(plain(trouble), icon=":material/database_off:")
