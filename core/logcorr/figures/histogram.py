"""The latency histogram: bands that are even on a logarithmic scale, and how many durations fall into each."""

import polars as pl

from logcorr.compute.group_in_parts import PartialCounts
from logcorr.model.report import HistogramBin

BAND_EDGES_PER_DECADE = 10


def band_counts(latencies: pl.DataFrame) -> pl.DataFrame:
    """(at, band, n) from counts by duration (at, duration_us, failure, n), without negative durations.

    `band` is the index of the band's lower edge in `band_edges_us`.
    """
    edges = pl.Series(band_edges_us())
    kept = latencies.filter(pl.col("duration_us") >= 0)
    bands = edges.search_sorted(kept["duration_us"], side="right").cast(pl.Int64) - 1
    return kept.with_columns(bands.alias("band")).group_by("at", "band").agg(pl.col("n").sum())


def band_edges_us() -> list[int]:
    """The lower edges (µs) of all bands: 0, then ten for each decade from 1 µs to beyond any duration."""
    edges = {round(10 ** (step / BAND_EDGES_PER_DECADE)) for step in range(18 * BAND_EDGES_PER_DECADE + 1)}
    return [0, *sorted(edges)]


def histogram(bands: PartialCounts) -> list[HistogramBin]:
    """The bands from the first to the last one that holds a duration, with the empty bands between them."""
    counts = dict(bands.merged().group_by("band").agg(pl.col("n").sum()).iter_rows())
    if not counts:
        return []
    edges = band_edges_us()
    return [
        HistogramBin(from_ms=edges[band] / 1000, to_ms=edges[band + 1] / 1000, count=counts.get(band, 0))
        for band in range(min(counts), max(counts) + 1)
    ]
