#!/bin/sh
# polars sorts by two integer columns many times slower with nulls_last=True, also where no value is null.
#
# One would guess that where nulls go costs nothing when there are none, as it does for a sort by one column: there,
# both ways take the same. With two columns and nulls first, polars 2.1.0 takes a fast way that nulls last does not
# have. Whoever sorts without nulls gains by asking for nulls last only where null_count() says so.
#
# Installs a pinned polars in a temporary folder, compares the CPU time of both on 3 million rows without nulls, and
# fails when the ratio that it sees is another: at least 3 with two columns, at most 2 with one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'polars==2.1.0'
"$folder/venv/bin/python" - <<'P'
import sys
import time

import polars as pl

rows = pl.select(number=pl.int_range(3_000_000)).with_columns(
    key=(pl.col("number").hash(1) % 1_000_000_007).cast(pl.Int64)
)


def ratio(*keys: str) -> float:
    """CPU time of a sort with nulls last against one with nulls first, the least of three in turn."""
    seconds = {False: [], True: []}
    for _ in range(3):
        for last in seconds:
            begun = time.process_time()
            rows.sort(*keys, nulls_last=last)
            seconds[last].append(time.process_time() - begun)
    return min(seconds[True]) / min(seconds[False])


one, two = ratio("key"), ratio("key", "number")
print(f"polars {pl.__version__}: nulls last take {one:.1f} times the CPU time by one column, {two:.1f} times by two")
sys.exit(0 if one < 2 and two > 3 else "this has changed: about 1 and 12 times were seen")
P
