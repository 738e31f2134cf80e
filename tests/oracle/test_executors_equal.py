"""Both executors of profiles and the plain oracle say the same of every line, for made-up profiles and their logs.

LOGCORR_EXAMPLES=n tries n times as many logs, fresh ones; `make fuzz` goes on for longer (target `readings`).
"""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from logcorr.formats import profile_toml
from logcorr.formats.profile_kernel import executes
from tests.fuzz.readings import differences_of
from tests.support.kernels_or_numpy import needs_kernels, search
from tests.support.made_profiles import made_log
from tests.support.readings import profile_of


@given(st.randoms(use_true_random=False))
@search(30)
def test_made_up_logs(chance: Random) -> None:
    log = made_log(chance)
    assert differences_of(log) == []


@given(st.randoms(use_true_random=False))
@search(60)
def test_a_made_up_profile_reads_back(chance: Random) -> None:
    profile = profile_of(made_log(chance, most=1).table)
    assert profile_toml.read(profile_toml.text(profile), profile.origin) == {profile.name: profile}


@needs_kernels
def test_most_made_up_profiles_are_executed_by_kernels() -> None:
    made = [profile_of(made_log(Random(seed), most=1).table) for seed in range(100)]
    for syntax in ("json", "logfmt", "csv", "text"):
        of_syntax = [executes(profile) for profile in made if profile.syntax == syntax]
        assert sum(of_syntax) * 3 > len(of_syntax), syntax
