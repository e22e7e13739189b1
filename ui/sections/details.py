"""Below the answer: what to do next, what was done to the data, where it comes from, what to take home."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from core.lightcurve import LightCurve
from core.pipeline import Classification
from core.refusal import Refusal
from ui import resources
from ui.export import as_csv, as_json, photometry_table
from ui.links import sexagesimal
from ui.sections.choose import FILE, LIST, Chosen
from ui.shell import lab_page
from ui.snippet import snippet
from ui.state import go_to
from ui.wording import input_title, plain, provenance_line, unused_title


def show_actions(chosen: Chosen, curve: LightCurve, result: Classification | Refusal, class_name: str) -> None:
    """Previous and next of the list, the way to the lab, and the take-home."""
    columns = st.columns(5 if chosen.ids else 3, vertical_alignment="center")
    if chosen.ids:
        here = st.query_params.get("oid", chosen.ids[0])
        at = chosen.ids.index(here) if here in chosen.ids else 0
        before, after = chosen.ids[at - 1], chosen.ids[(at + 1) % len(chosen.ids)]
        columns[0].button("Previous", shortcut="k", on_click=_step, args=(before,), width="stretch")
        columns[1].button("Next", shortcut="j", on_click=_step, args=(after,), width="stretch")
    query = {"source": chosen.source, "oid": st.query_params.get("oid", curve.object_id), "model": chosen.model}
    query |= {LIST: st.query_params[LIST]} if chosen.source == LIST else {}
    columns[-3].page_link(
        lab_page(), label="What would change its mind?", icon=":material/science:", query_params=query
    )
    with columns[-2].popover("Download", width="stretch", icon=":material/download:"):
        _downloads(curve, result, class_name)
    with columns[-1].popover("Link and snippet", width="stretch", icon=":material/code:"):
        _take_away(chosen, curve, result)


def _step(oid: str) -> None:
    st.query_params.pop("class", None)
    go_to(oid)


def _downloads(curve: LightCurve, result: Classification | Refusal, class_name: str) -> None:
    scored = result if isinstance(result, Classification) else None
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in curve.object_id)
    st.download_button(
        "Photometry, map shares and probabilities (CSV)", lambda: as_csv(curve, scored, class_name),
        file_name=f"{name}.csv", mime="text/csv", on_click="ignore", width="stretch",
    )  # fmt: skip
    st.download_button(
        "Everything, with the Gaussian process (JSON)", lambda: as_json(curve, scored, class_name),
        file_name=f"{name}.json", mime="application/json", on_click="ignore", width="stretch",
    )  # fmt: skip
    st.caption("The camera above the light curve saves the figure as it is on screen (SVG).")


def _take_away(chosen: Chosen, curve: LightCurve, result: Classification | Refusal) -> None:
    if chosen.source not in (FILE, LIST):
        st.markdown("**Permanent link**")
        st.code(permanent_link(chosen, curve, result), language=None, wrap_lines=True)
    if isinstance(result, Classification):
        st.markdown("**The same numbers in Python**")
        st.code(snippet(curve, result, chosen.source, chosen.reading), language="python")


def permanent_link(chosen: Chosen, curve: LightCurve, result: Classification | Refusal) -> str:
    """The address that leads here with everything said, also what is a default today."""
    here = str(st.context.url or "http://localhost:8501/").partition("?")[0]
    asked = {"source": chosen.source, "oid": curve.object_id, "model": chosen.model, **st.query_params.to_dict()}
    if isinstance(result, Classification):
        asked["prior"] = result.prior.name
    return f"{here}?{urlencode(asked)}"


def show_details(curve: LightCurve, result: Classification | Refusal, class_name: str) -> None:
    """The input panel, the object's facts, the data as a table, and one line of provenance."""
    title = input_title(result.notes) if isinstance(result, Classification) else unused_title(curve)
    with st.expander(title):
        _input_panel(curve, result)
    st.fragment(_on_request)(curve, result, class_name)
    if isinstance(result, Classification):
        st.caption(provenance_line(result))


def _on_request(curve: LightCurve, result: Classification | Refusal, class_name: str) -> None:
    """What is made when it is opened: a browser loads two megabytes of program for the first box of code and the first table."""
    facts = st.expander("Object and sources", key="facts", on_change="rerun")
    if facts.open:
        with facts:
            _facts(curve)
    table = st.expander("Data table", key="data_table", on_change="rerun")
    if table.open:
        scored = result if isinstance(result, Classification) else None
        table.dataframe(photometry_table(curve, scored, class_name), hide_index=True)


def _input_panel(curve: LightCurve, result: Classification | Refusal) -> None:
    notes = result.notes if isinstance(result, Classification) else curve.notes
    if isinstance(result, Refusal):
        st.markdown(f"No point was used. {plain(result.message)}")
    for note in notes:
        st.markdown(f"- {'**Careful:** ' if note.kind == 'warning' else ''}{plain(note.message)}.")
    if not notes and isinstance(result, Classification):
        inside = ", and nothing lies outside the training range" if result.model.card.data.get("range") else ""
        st.write(f"Nothing was dropped, merged or re-ordered{inside}.")
    if isinstance(result, Classification):
        used = len(result.selection.curve)
        st.caption(
            f"{used} points entered the Gaussian process: time scale {result.fit.time_scale:.3g} d, amplitude "
            f"{result.fit.amplitude:.3g} FLUXCAL, ln L = {result.fit.log_likelihood:.1f}. Times are {curve.time_scale.upper()}; "
            "flux is difference flux in FLUXCAL (AB zero point 27.5), not corrected for Galactic extinction."
        )


def _facts(curve: LightCurve) -> None:
    if curve.ra is not None and curve.dec is not None:
        st.markdown("Coordinates (ICRS), degrees and sexagesimal")
        st.code(f"{curve.ra:.6f} {curve.dec:+.6f}\n{sexagesimal(curve.ra, curve.dec)}", language=None)
    if curve.redshift is not None:
        st.write(f"Redshift {curve.redshift:.4f}" + (f" ± {curve.redshift_err:.2g}" if curve.redshift_err else ""))
    for key, value in curve.context.items():
        st.text(f"{key}: {value:g}")
    provenance = curve.provenance
    for title, text in (("Source", provenance.source), ("Retrieved", provenance.retrieved), ("Request", provenance.url),
                        ("Licence", provenance.licence), ("Cite", provenance.citation)):  # fmt: skip
        if text:
            st.text(f"{title}: {text}")


def show_broker_status() -> None:
    """On request: which brokers answer from here, and which expected fields are missing."""
    with st.expander("Which brokers answer?"):
        st.caption("Asks each broker for one known object. Nothing is sent until you press the button.")
        if st.button("Ask them now", key="doctor"):
            from core.brokers.doctor import check_all

            with st.spinner("Asking every broker…", show_time=True):
                reports = check_all(resources.settings())
            st.dataframe(
                [
                    {"broker": r.key, "endpoint": r.endpoint, "state": r.state, "seconds": round(r.seconds, 2),
                     "missing fields": ", ".join(r.missing), "says": r.message}
                    for r in reports
                ],
                hide_index=True,
            )  # fmt: skip
