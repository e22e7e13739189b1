"""The figures of docs/compression.md: every variant of each model, its sizes, times and scores; and the two runtimes."""

from __future__ import annotations

from typing import Any

from core.card import SAME_F1, SAME_LOSS, load_card
from core.model import MODELS
from ui.compression.overview import recommended, variant_table
from ui.compression.records import BASELINE, SAVED_MODEL, Records, records_of


def compression_block(runtimes: dict[str, Any]) -> str:
    """The document's block: a section a model, in the order of the runtimes' figures."""
    return "\n".join(line for name in runtimes["models"] for line in _of_model(name, runtimes))


def _of_model(name: str, runtimes: dict[str, Any]) -> list[str]:
    records = records_of(load_card(MODELS / name))
    shown = variant_table(records)
    return [
        f"## {name}",
        "",
        *_words(records),
        "",
        "| " + " | ".join(shown.head) + " |",
        "|" + "---|" * len(shown.head),
        *("| " + " | ".join(row) + " |" for row in shown.rows),
        "",
        *_runtimes(name, runtimes),
        "",
    ]


def _words(records: Records) -> list[str]:
    table, bench, sets = records.table, records.bench, records.table["sets"]
    also = f", {sets['simulated_objects']:,} simulated ones" if sets["real_objects"] else ""
    lines = [
        f"Sizes and scores: `{table['command']}`, {table['date']} ({records.rows[0].change['of']:,} {records.judged_on} by the networks of the folds that have "
        f"not seen them{also}; {table['budget']['fine_tuning_steps']} steps of fine-tuning, "
        f"{table['budget']['student_steps']} for the student). Changes are paired with float32 object by object, with 95 % bootstrap intervals.",
    ]
    if bench:
        machine = bench["machine"]
        lines[0] += (
            f" Times and memory: `{bench['command']}`, {bench['date']}, one thread of {machine['cpu']}, load {machine['load_before']} before the "
            f"run, {bench['light_curves']} light curves, all files in turn; cold is with the file out of the disk's cache, memory is what loading and one answer "
            "take beyond the imported runtime."
        )
    best, saved, base = recommended(records), records.row(BASELINE, SAVED_MODEL), records.row(BASELINE)
    if best and saved and base:
        said = (
            f"The smallest file whose macro-F1 stays within {SAME_F1} of float32, with its whole interval, and whose log-loss is at most {SAME_LOSS} above is *{best.title}* "
            f"(another class leads for {best.change['flips']} of {best.change['of']:,} {records.judged_on}): {best.size:,} bytes against "
            f"{base.size:,} of the float file and {saved.size:,} of the SavedModel, {saved.size / best.size:.1f} times smaller than that"
        )
        if best.timing and saved.timing:
            said += (
                f", {saved.timing['one_us'] / best.timing['one_us']:.0f} times faster for one light curve, and loaded "
                f"{saved.timing['load_ms'] / best.timing['load_ms']:,.0f} times faster"
            )
        lines += ["", said + "."]
    return lines


def _runtimes(name: str, runtimes: dict[str, Any]) -> list[str]:
    records = records_of(load_card(MODELS / name))
    titles = {row.key: row.title for row in records.rows}
    lines = [
        f"The same files on {' and '.join(runtimes['runtimes'])} (`{runtimes['command']}`, {runtimes['light_curves']} {records.judged_on}):",
        "",
        "| variant | largest difference of a probability | same class |",
        "|---|---|---|",
    ]
    for row in runtimes["models"][name]:
        if "problem" in row:
            lines.append(f"| {titles[row['variant']]} | does not run: {row['problem'].split('.')[0]} | – |")
        else:
            lines.append(
                f"| {titles[row['variant']]} | {row['probability_max']:.1g} | {row['same_class']} of {runtimes['light_curves']} |"
            )
    return lines
