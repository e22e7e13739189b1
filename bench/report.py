"""Write the figures that documents quote from the benchmarks' results: ``python -m bench.report``.

No number in those documents is typed by hand: the JSON files beside this one hold them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.compression_report import compression_block
from bench.explanations import figures as explanations_block
from bench.lab_report import lab_block, neighbours_block
from bench.prose_report import deletion_sentences, maps_block, science_block
from bench.shapes_report import draw_shapes, shapes_block
from bench.soak_report import soak_block

ROOT = Path(__file__).resolve().parent.parent
FIGURE = ROOT / "docs/throughput.svg"
START, END = "<!-- figures:start -->\n", "<!-- figures:end -->"


def with_figures(page: str, figures: str) -> str:
    """A document with its block of figures made anew."""
    before, rest = page.split(START)
    return before + START + figures + END + rest.split(END)[1]


def measured(alerts: dict[str, Any], page: dict[str, Any], deletion: dict[str, Any]) -> str:
    """What becomes of real alerts, how long a person waits, and what the deletion check says."""
    stages = ("read", "select", "gp", "recipe", "inference", "explain")
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in deletion["verdicts"].items())
    lines = [
        "## Every alert is scored or refused with its reason",
        "",
        f"`{alerts['command']}`. Times are medians per alert.",
        "",
        "| folder | read | unreadable | scored | refused | " + " | ".join(f"{s} [ms]" for s in stages) + " |",
        "|---|" + "---|" * (4 + len(stages)),
        *(
            f"| {name} | {o['read']:,} of {o['records']:,} | {_reasons(o['unreadable'])} | {o['scored']:,} | {_reasons(o['refused'])} | "
            + " | ".join(f"{o['median_ms'][s]:.2f}" if s in o["median_ms"] else "–" for s in stages) + " |"
            for name, o in alerts["folders"].items()
        ),
        "",
        "## How long a person waits",
        "",
        f"`{page['command']}` on {page['machine']}, {page['date']}: first contentful paint "
        f"{page['page']['first_contentful_paint_ms']['median']:,} ms; from a finished fetch to the next object drawn "
        f"{page['page']['next_object_drawn_ms']['p50']:,} ms (median) and {page['page']['next_object_drawn_ms']['p95']:,} ms (95 %). "
        "Of that, on the server (medians over the samples):",
        "",
        "| " + " | ".join(f"{name} [ms]" for name in page["stage_median_ms"]) + " |",
        "|" + "---|" * len(page["stage_median_ms"]),
        "| " + " | ".join(f"{value:.2f}" for value in page["stage_median_ms"].values()) + " |",
        "",
        "## Do the maps hold?",
        "",
        f"`{deletion['command']}`: on {deletion_sentences(deletion)} Verdicts by the page's rule: {verdicts}.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _reasons(counts: dict[str, int]) -> str:
    parts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items(), key=lambda pair: -pair[1]))
    return f"{sum(counts.values()):,} ({parts})" if counts else "0"


def block(results: dict[str, Any], parity: dict[str, Any]) -> str:
    """All tables as Markdown."""
    machine, alerts = results["machine"], results["alerts"]
    ways = results["us_per_classified"]
    names = {
        "memory": "from memory (flat arrays → probabilities)",
        "columnar": "from a columnar Parquet file, reading included",
        "one at a time": "one call per light curve, explained (`classify`)",
        "ours with george": "our recipe and network, george's Gaussian process",
        "published": "the published way (`bench/published_way.py`)",
    }
    lines = [
        f"Measured {results['date']} on one core of {machine['cpu']} ({machine['cores']} cores, load "
        f"{machine['load_before']:.1f} before the run; Python {machine['python']}, NumPy {machine['numpy']}, numba "
        f"{machine['numba']}, LiteRT {machine['ai-edge-litert']}) with `{results['command']}` on {alerts['real']:,} real ZTF "
        f"alerts, {100 * alerts['classified_share']:.0f} % of which can be classified ({alerts['points_mean']:.1f} points on "
        f"average, at most {alerts['points_max']}); for the timing {alerts['timed']:,} alerts were drawn from them, with fluxes "
        "redrawn within their errors.",
        "",
        "| way | µs per classified light curve | classified a second |",
        "|---|---|---|",
        *(f"| {title} | {_number(ways[n]['median_us'])} | {_number(1e6 / ways[n]['median_us'])} |" for n, title in names.items()),
        f"| packets (Avro, {results['packets']['mean_bytes'] / 1000:.0f} kB on average), reading included | "
        f"{_number(1e6 / results['classified_per_s_packets'])} | {_number(results['classified_per_s_packets'])} |",
        "",
        f"From memory that is {results['ratio_to_published']:.0f} times the published way, and {results['many_over_one']:.0f} times "
        f"one call per light curve. Packets are read at {results['packets_read_per_s']:,} a second.",
        "",
        "| stage | µs per classified light curve |",
        "|---|---|",
        *(f"| {name} | {value:.1f} |" for name, value in results["stages_us"].items()),
        "",
        f"One light curve, explained, takes {results['latency_ms']['p50']:.1f} ms (median; 99 %: {results['latency_ms']['p99']:.1f} ms).",
        "",
        "| simulated alerts in one run | µs per alert | peak memory [MB] |",
        "|---|---|---|",
        *(f"| {row['alerts']:,} | {row['us_per_alert']:.1f} | {row['peak_rss_mb']:,} |" for row in results["scaling"]),
        "",
        "| processes | classified a second, from columnar files |",
        "|---|---|",
        *(f"| {n} | {rate:,} |" for n, rate in results["workers"].items()),
        "",
        f"Rubin sends 10,000 alerts per visit, every 37 s: scoring takes {100 * results['real_time_factor']:.1f} % of that time on one "
        f"core. A night of ten million alerts takes {results['night_core_minutes']['as these alerts']:.0f} core-minutes if as many can be "
        f"classified as here, {results['night_core_minutes']['every alert classified']:.0f} if every one can: divide by the number of "
        "cores, since alerts are independent of each other. Reading packets is not in these numbers.",
        "",
        f"The Gaussian process against george (`{parity['command']}`): on {parity['light_curves']:,} real light curves "
        f"({parity['points_mean']:.0f} points on average) the log likelihood is worse by more than 10⁻⁶ on {parity['worse_by_1e-6']}, "
        f"better on {parity['better_by_1e-6']}; where the optimum is the same ({parity['same_optimum']:,}), the means differ by at most "
        f"{parity['mean_apart_max']:.0e} of the peak. Median {parity['median_ms']['compiled']:.2f} ms against "
        f"{parity['median_ms']['george']:.1f} ms.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def packets_block(packets: dict[str, Any], big: dict[str, Any]) -> str:
    """Where a packet's time goes, and a large input through the command line."""
    machine, ways = packets["machine"], packets["ways"]
    stages = list(dict.fromkeys(stage for way in ways.values() for stage in way["stages_us"]))
    return "\n".join(
        [
            "",
            f"Packets, measured {packets['date']} with `{packets['command']}` (median of {packets['rounds']} rounds, processor time of one process, load "
            f"{machine['load_before']:.1f} before the run; fastavro {machine['fastavro']}):",
            "",
            "| packets | kB | read per processor second, median (best) | µs each | " + " | ".join(f"{s} [µs]" for s in stages) + " |",
            "|---|" + "---|" * (3 + len(stages)),
            *(
                f"| {name} ({way['packets']:,}) | {way['mean_bytes'] / 1000:.0f} | {way['read_per_s']:,} ({way['best_per_s']:,}) | "
                f"{_number(way['us_per_packet'])} | "
                + " | ".join(_number(way["stages_us"][s]) if s in way["stages_us"] else "–" for s in stages) + " |"
                for name, way in ways.items()
            ),
            "",
            f"{big['bytes'] / 1e9:.1f} GB through the command line (`{big['command']}`, {big['date']}, load "
            f"{big['machine']['load_before']:.1f} before the run): {big['packets']:,} packets of "
            f"{big['bytes'] / big['packets'] / 1000:.0f} kB, {big['rows']:,} rows, {big['scored']:,} of them scored, in "
            f"{big['seconds']:,.0f} s, which is {big['packets_per_s']:,} packets a second with all that is written about them; the "
            f"largest process took {big['largest_process_mb']:,} MB.",
            "",
        ]
    )  # fmt: skip


def draw(results: dict[str, Any]) -> None:
    """Bars of all ways on a logarithmic axis."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "t2scope"
    rates = {name: 1e6 / way["median_us"] for name, way in results["us_per_classified"].items()}
    figure, axes = plt.subplots(figsize=(7.2, 2.6))
    axes.barh(list(rates)[::-1], list(rates.values())[::-1], color="#0072B2", height=0.6)
    axes.set_xscale("log")
    axes.set_xlim(10, 1e5)
    axes.set_xlabel("classified light curves a second, one core")
    for y, value in enumerate(list(rates.values())[::-1]):
        axes.text(value * 1.1, y, _number(value), va="center", fontsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(FIGURE, metadata={"Date": None})


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _read(name: str) -> dict[str, Any]:
    return json.loads((ROOT / f"bench/{name}.json").read_text(encoding="utf-8"))


def _if_measured(name: str, block: Callable[[dict[str, Any]], str]) -> str:
    """A block of what not every machine measures."""
    return block(_read(name)) if (ROOT / f"bench/{name}.json").is_file() else ""


def pages() -> dict[Path, str]:
    """Documents and their blocks of figures."""
    load = {ROOT / "docs/soak.md": soak_block(_read("soak"))} if (ROOT / "bench/soak.json").is_file() else {}
    return load | {
        ROOT / "docs/throughput.md": block(_read("results"), _read("gp_parity"))
        + packets_block(_read("packets"), _read("big_input"))
        + shapes_block(_read("shapes")),
        ROOT / "docs/compression.md": compression_block(_read("runtimes")),
        ROOT / "docs/measured.md": measured(_read("alerts_table"), _read("page_speed"), _read("deletion"))
        + _if_measured("lab_speed", lab_block)
        + _if_measured("neighbour_search", neighbours_block),
        ROOT / "docs/explanations.md": explanations_block(_read("explanations")),
        ROOT / "docs/science.md": science_block(),
        ROOT / "docs/class-activation-maps.md": maps_block(_read("deletion"), _read("explanations")),
    }


def main() -> None:
    for page, figures in pages().items():
        page.write_text(with_figures(page.read_text(encoding="utf-8"), figures), encoding="utf-8")
    draw(_read("results"))
    draw_shapes(_read("shapes"))


if __name__ == "__main__":
    main()
