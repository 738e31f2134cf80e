"""Results of logs that are followed as Markdown."""

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import of_machine, table

_HEADS = ("", "lines", "lost", "p50 ms", "p99 ms", "of a core", "idle, of a core", "key p50 ms", "key p99 ms")


def section(result: Mapping[str, Any]) -> str:
    """The part of RESULTS.md on logs that are followed."""
    head = f"## Logs that grow by {result['rate']:,} lines a second, {result['date']}"
    about = of_machine(result["machine"], {name: result["versions"][name] for name in ("logcorr", "polars", "python")})
    parts = [head, about, *([table(_HEADS, [_row(one) for one in result["views"]])] if result["views"] else [])]
    if day := result["day"]:
        rate = day["lines"] / day["cpu_s"]
        parts.append(
            f"A day of traffic, {day['lines']:,} lines, read with `--memory {result['budget'] // 1_000_000}MB`: "
            f"{day['seconds']:,.0f} s, {day['cpu_s']:,.0f} s of CPU ({rate:,.0f} lines a second of it), "
            f"at most {day['peak_rss'] / 1e6:,.0f} MB."
        )
    return "\n\n".join(parts)


def _row(view: Mapping[str, Any]) -> list[str]:
    keys = [f"{view[name]:,.0f}" if name in view else "–" for name in ("key_p50_ms", "key_p99_ms")]
    return [
        f"`{view['title']}`", f"{view['lines']:,}", f"{view['lost']:,}", f"{view['p50_ms']:,.0f}",
        f"{view['p99_ms']:,.0f}", f"{view['cpu']:.0%}", f"{view['idle_cpu']:.1%}", *keys,
    ]  # fmt: skip
