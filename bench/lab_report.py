"""What docs/measured.md says of the Lab: how long a what-if takes, and how neighbours are found among a million."""

from __future__ import annotations

from typing import Any


def lab_block(lab: dict[str, Any]) -> str:
    """Milliseconds of each task of the Lab."""
    screen = lab.get("on_screen_ms")
    shown = (
        f" From the press of a button to the new answer on the screen: {screen['p50']:,} ms (median) and {screen['p95']:,} ms (95 %) of "
        f"{screen['steps']}."
        if screen
        else ""
    )
    lines = [
        "",
        "## How long the Lab takes",
        "",
        f"`{lab['command']}` on {lab['machine']}, {lab['date']}, load {lab['load_before']:.1f} before the run, over "
        f"{lab['light_curves']} real samples, on the server.{shown}",
        "",
        "| task | median [ms] | 95 % [ms] |",
        "|---|---|---|",
        *(f"| {name} | {ms['median']:,.1f} | {ms['p95']:,.1f} |" for name, ms in lab["server_ms"].items()),
        "",
    ]
    return "\n".join(lines)


def neighbours_block(found: dict[str, Any]) -> str:
    """Recall and latency of each way to search."""
    lines = [
        "## Neighbours among a million",
        "",
        f"`{found['command']}` on {found['machine']}, {found['date']}, load {found['load_before']:.1f} before the run: {found['embeddings']:,} embeddings "
        f"of {found['dimensions']} numbers, of {found['light_curves']:,} real light curves at random ages, and {found['queries']} queries of other "
        "objects. The pages search the shipped index, some thousands of entries, exactly; hashing is for what a stream leaves behind.",
        "",
        "| index | recall of the nearest ten | median [ms] | 95 % [ms] | built in [s] | bytes each |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {row['recall_at_10']:.3f} | {row['median_ms']:.2f} | {row['p95_ms']:.2f} | {row['build_s']:.1f} | {row['bytes_each']:.0f} |"
            for name, row in found["indexes"].items()
        ),
        "",
    ]
    return "\n".join(lines)
