"""Timestamps: the careful path and the fast path, told the form of the batch or another, against the oracle."""

from random import Random

import polars as pl

from logcorr.formats.timestamps import CommonForm, careful, common_form, fast
from tests.fuzz.batch import Batch, Target
from tests.fuzz.mutate import mutated_text
from tests.oracle.pair_oracle import instant
from tests.support.pair_strategies import EDGE_TIMES, NO_TIMES
from tests.unit.formats.test_timestamps import ZONES, stamp


def make(chance: Random) -> Batch:
    """Thousands of texts, most of them nearly of one form."""
    model = stamp(chance)
    near = [model] * 3 + [stamp(chance) for _ in range(3)]
    pool = [*near, *EDGE_TIMES, *NO_TIMES]
    texts = [stamp(chance) for _ in range(500)]
    texts += [mutated_text(chance.choice(near), chance, pool) for _ in range(2500)]
    texts += [mutated_text(chance.choice(pool), chance, pool) for _ in range(1000)]
    form = common_form([model])
    if chance.random() < 0.3:
        form = CommonForm(chance.choice("T "), chance.choice((0, 1, 3, 6, 9)), chance.choice(("", "Z", "z")))
    elif chance.random() < 0.2:
        form = common_form([f"2025-03-01 12:00:00.5{chance.choice(ZONES)}"])
    options = {name: getattr(form, name) for name in ("separator", "digits", "zone", "zone_us")}
    return Batch(texts, options)


def check(batch: Batch) -> list[str]:
    """Where either path thinks otherwise; the fast one may leave a text to the careful one."""
    texts = pl.Series(batch.pieces, dtype=pl.String)
    wanted = [instant(text) for text in batch.pieces]
    slow = careful(texts).to_list()
    quick = pl.select(pl.lit(texts).alias("t")).select(fast(pl.col("t"), CommonForm(**batch.options))).to_series()
    rows = zip(batch.pieces, wanted, slow, quick.to_list(), strict=True)
    return [
        f"{text!r}: oracle {right}, careful {found}, fast {hasty}"
        for text, right, found, hasty in rows
        if found != right or hasty not in (right, None)
    ]


TARGET = Target("stamps", make, check)
