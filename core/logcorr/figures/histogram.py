"""The latency histogram: bands that are even on a logarithmic scale, and how many durations fall into each."""

import polars as pl

from logcorr.compute.count_table import NamedCounts
from logcorr.figures.latency_counts import band_edges_us
from logcorr.model.report import HistogramBin


def histogram(bands: NamedCounts) -> list[HistogramBin]:
    """The bands from the first to the last one that holds a duration, with the empty bands between them."""
    counts = dict(bands.merged().group_by("band").agg(pl.col("n").sum()).iter_rows())
    if not counts:
        return []
    edges = band_edges_us()
    return [
        HistogramBin(from_ms=edges[band] / 1000, to_ms=edges[band + 1] / 1000, count=counts.get(band, 0))
        for band in range(min(counts), max(counts) + 1)
    ]
