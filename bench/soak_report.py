"""What docs/soak.md says: people at the dashboard, and many alerts."""

from __future__ import annotations

from typing import Any


def soak_block(found: dict[str, Any]) -> str:
    """Figures of `bench.soak`."""
    return "\n".join([*_people(found.get("dashboard")), *_alerts(found.get("alerts"))])


def _where(part: dict[str, Any]) -> str:
    return f"{part['cpu']}, {part['cores']} threads, {part['date']}, load {part['load_before']:.1f} before the run"


def _people(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return []
    memory = part["server"]
    troubles = "; ".join(f"{text} ({n})" for text, n in part["troubles"].items())
    lines = [
        "## People at the dashboard",
        "",
        f"`python -m bench.soak --minutes {part['minutes']:g} --vetters {part['vetters']} --alerts 0 --json bench/soak.json` on {_where(part)}: "
        f"{part['vetters']} people, {part['steps']:,} steps, {part['errors']} failed{f' ({troubles})' if troubles else ''}. Half of the steps took less than "
        f"{part['p50_s']:.2f} s, 95 % less than {part['p95_s']:.2f} s: {part['steps'] / (60 * part['minutes']):.1f} steps a second were done, where "
        f"{part['vetters']} people who think {part['pause_s']:g} s and never wait would ask for {part['vetters'] / part['pause_s']:.1f}.",
        "",
        "| step | steps | median [s] | 95 % [s] |",
        "|---|---|---|---|",
        *(
            f"| {kind} | {row['steps']:,} | {row['p50_s']:.2f} | {row['p95_s']:.2f} |"
            for kind, row in part["by_step"].items()
        ),
        "",
    ]
    if "mb_per_minute" in memory:
        lines += [
            f"The server held {memory['second_quarter_mb']:.0f} MB in the second quarter of the run and {memory['last_quarter_mb']:.0f} MB in the last "
            f"({memory['mb_per_minute']:+.2f} MB a minute), {memory['largest_mb']:.0f} MB at most.".replace("(-", "(−"),
            "",
        ]
    return lines


def _alerts(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return []
    memory = part["memory"]
    exact = "each once, in order" if part["exact"] else "**not the alerts that went in**"
    slope = (
        f"{memory['mb_per_minute']:+.2f} MB a minute".replace("-", "−")
        if "mb_per_minute" in memory
        else "too short a run for a slope"
    )
    return [
        f"## {part['alerts']:,} alerts",
        "",
        f"`python -m bench.soak --minutes 0 --alerts {part['alerts']} --workers {part['workers']} --json bench/soak.json` on {_where(part)}: "
        f"{part['alerts']:,} alerts ({part['input_mb']:,} MB) gave {part['rows']:,} rows, {exact}; {part['scored']:,} were scored. It took "
        f"{part['seconds']:,.0f} s, {part['alerts_per_s']:,} alerts a second. All processes together held {memory['largest_mb']:.0f} MB at most; {slope} "
        "after the first quarter.",
        "",
    ]
