"""The table of all variants, the published one, and what size and time buy, drawn."""

from __future__ import annotations

import streamlit as st

from core.card import SAME_F1, SAME_LOSS, ModelCard, scores_alike
from ui.compression import published
from ui.compression.records import BASELINE, SAVED_MODEL, Records, Row
from ui.figures.compression import Point, sweep_figure, trade_figure
from ui.figures.theme import Theme
from ui.forms import SERVED, served_words
from ui.state import url_choice
from ui.tables import NOTHING, Table, show, strip_html, table
from ui.wording import plain

#: How figures are drawn here: nothing to zoom on a page of small plots.
PLAIN = {"displayModeBar": False, "scrollZoom": False}


def show_headline(records: Records, card: ModelCard) -> None:
    """The smallest file that keeps the scores, against the baseline: three ratios in large type."""
    base, saved = records.row(BASELINE), records.row(BASELINE, SAVED_MODEL)
    best = recommended(records)
    if base is None or best is None:
        return
    items = [("smallest file that keeps the scores", f"{best.size / 1000:.1f} kB", best.title)]
    if saved is not None:
        items.append(("smaller than the SavedModel", f"{saved.size / best.size:.0f} ×", f"{saved.size / 1000:.0f} kB"))
        if best.timing and saved.timing:
            ratio = saved.timing["one_us"] / best.timing["one_us"]
            items.append(
                ("faster than the SavedModel", f"{ratio:.0f} ×", f"{best.timing['one_us']:.0f} µs for one light curve")
            )
    st.html(strip_html(items))
    low, high = best.change["macro_f1_survey"]["interval"]
    st.caption(
        f"Keeps the scores: macro-F1 within {SAME_F1} of the float network with its whole interval, log-loss at most {SAME_LOSS} above. "
        f"Another class leads for {best.change['flips']} of {best.change['of']:,} {records.judged_on}; macro-F1 changes by "
        f"{_signed(best.change['macro_f1_survey']['value'])} (95 % interval {_signed(low)} to {_signed(high)}) and the log-loss by "
        f"{_signed(best.change['log_loss_flat']['value'])}. {plain(served_sentence(card))}"
    )


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")


def recommended(records: Records) -> Row | None:
    """The smallest file that scores as the float network does, shipped or not."""
    kept = [row for row in records.tflite if scores_alike(row.change)]
    return min(kept, key=lambda row: row.size, default=None)


def served_sentence(card: ModelCard) -> str:
    """Which file the dashboard serves, and why: the first sentence of what the card says."""
    return (served_words(card) or "The float32 file is served.").partition(". ")[0].rstrip(".") + "."


def show_table(records: Records) -> None:
    """Every variant: sizes, times, scores, and what it changes."""
    show(variant_table(records))
    sets, timed = records.table["sets"], records.bench
    counted = f"{sets['real_objects']:,} real objects, " if sets["real_objects"] else ""
    st.caption(
        f"kB are 1,000 bytes; zip is DEFLATE at its highest level. {plain(sets['what'])} {counted}{sets['simulated_objects']:,} "
        f"simulated ones. Log-loss and macro-F1: five main classes among themselves, log-loss under equal priors, macro-F1 under the survey's, whole light curves of {records.judged_on}. Changes are "
        "against float32 on the same objects, intervals from a paired bootstrap (95 %). "
        f"Made by `{records.table['command']}`, {records.table['date']}."
    )
    if timed:
        machine = timed["machine"]
        st.caption(
            f"Times: one thread of {plain(machine['cpu'])}, {timed['light_curves']} embedded light curves, all files in turn, load "
            f"{machine['load_before']} before the run, {timed['date']}; cold is with the file out of the disk's cache. One light curve takes "
            f"the median that is shown, 99 of 100 at most what a column of its own says: other programs on the machine make it long. `{timed['command']}`."
        )


def variant_table(records: Records) -> Table:
    """The rows as text."""
    # What a file costs and what it still knows stand first; a laptop shows that much without scrolling.
    head = ["variant", "form", "kB", "zip kB", "one light curve [µs]", "log-loss", "macro-F1", "Δ log-loss", "Δ macro-F1", "flips",
            "calibration error", "load, warm [ms]", "load, cold [ms]", "99 of 100 within [ms]", "a second", "memory MB"]  # fmt: skip
    return table("Variants", head, [_cells(row) for row in records.rows])


def _cells(row: Row) -> list[str]:
    loss, f1 = row.change["log_loss_flat"], row.change["macro_f1_survey"]
    is_base = row.key == BASELINE
    return [
        row.title
        + (" · fine-tuned" if row.fine_tuned and "fine-tuned" not in row.title else "")
        + (f" ({SERVED})" if row.served else ""),
        row.form,
        f"{row.size / 1000:.1f}",
        f"{row.deflated / 1000:.1f}",
        _time(row, "one_us", ",.0f"),
        f"{row.loss:.3f}",
        f"{row.scores['macro_f1_survey']:.3f}",
        NOTHING if is_base else f"{loss['value']:+.4f} [{loss['interval'][0]:+.4f}, {loss['interval'][1]:+.4f}]",
        NOTHING if is_base else f"{f1['value']:+.4f} [{f1['interval'][0]:+.4f}, {f1['interval'][1]:+.4f}]",
        NOTHING if is_base else f"{row.change['flips']:,}",
        f"{row.scores['ece_survey']:.3f}",
        _time(row, "load_ms", ",.2f"),
        _time(row, "cold_ms", ",.1f"),
        f"{row.timing['one_us_p99'] / 1000:,.2f}" if "one_us_p99" in row.timing else NOTHING,
        _time(row, "per_second", ",.0f"),
        _time(row, "memory_mb", ".1f"),
    ]


def _time(row: Row, name: str, form: str) -> str:
    return format(row.timing[name], form) if name in row.timing else NOTHING


def show_published() -> None:
    """Table 5.1 as published."""
    rows = [
        [name, f"{size:,.0f}", f"{load:,.3f}", f"{seconds:.3f}", f"{loss:.3f}"]
        for name, size, load, seconds, loss in published.TABLE
    ]
    show(table("As published", ["method", "kB", "load ms", "inference s", "log-loss"], rows))
    st.caption(
        published.SOURCE + " Another network, another machine and another set: compare the ratios, not the numbers."
    )


def show_trade(records: Records, chosen: str, theme: Theme) -> None:
    """Size against loss, time against loss, and the sweeps."""
    kind = url_choice(
        st.segmented_control, "Size of", ["file", "zip"], "size", "file",
        format_func=lambda name: {"file": "the file", "zip": "the file, zipped"}[name],
    )  # fmt: skip
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Size against loss", anchor=False)
        points = [_point(row, (row.deflated if kind == "zip" else row.size) / 1000, chosen) for row in records.rows]
        figure = trade_figure(points, theme, x_title="kB")
        st.plotly_chart(figure, config=PLAIN, key="size_loss", alt=_told("Size against log-loss", points, "kB"))
    with right:
        st.subheader("Time against loss", anchor=False)
        timed = [_point(row, row.timing["one_us"], chosen) for row in records.rows if "one_us" in row.timing]
        if timed:
            figure = trade_figure(timed, theme, x_title="µs for one light curve")
            st.plotly_chart(figure, config=PLAIN, key="time_loss", alt=_told("Time against log-loss", timed, "µs"))
        else:
            st.write("No times are stored for this model. Measure them below, on this server.")
    if any(records.sweeps.values()):
        st.subheader("How far can it go without further training?", anchor=False)
        base = records.row(BASELINE)
        figure = sweep_figure(records.sweeps, base.loss if base else 1.0, theme)
        st.plotly_chart(
            figure, config=PLAIN, key="sweeps", alt="Log-loss against distinct values and against the share of zeros."
        )
        st.caption(
            "Every matrix of the float network clustered (k-means) or pruned (smallest weights), nothing fine-tuned. The dotted line is "
            "the float network. Clusters and zeros shrink the zip; the file itself stays as large unless the weights are stored in fewer bits."
        )


def _point(row: Row, x: float, chosen: str) -> Point:
    group = "SavedModel" if row.form == SAVED_MODEL else "TFLite, shipped" if row.shipped else "TFLite"
    hover = (
        f"<b>{row.title}</b> ({row.form})<br>{row.size / 1000:.1f} kB, zip {row.deflated / 1000:.1f} kB<br>"
        f"log-loss {row.loss:.4f}, macro-F1 {row.scores['macro_f1_survey']:.3f}"
    )
    if "one_us" in row.timing:
        hover += f"<br>{row.timing['one_us']:.0f} µs for one light curve"
    return Point(x, row.loss, row.title, group, hover, marked=row.key == chosen and row.form != SAVED_MODEL)


def _told(what: str, points: list[Point], unit: str) -> str:
    return f"{what} of {len(points)} variants: " + "; ".join(
        f"{p.title} {p.x:.3g} {unit}, {p.loss:.3f}" for p in points
    )
