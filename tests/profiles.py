"""How many examples hypothesis draws, and whether they are the same in every run.

By default they are the same: what passes today passes tomorrow, and what each rule needs is pinned beside its test
(``@example``, tests/language/strategies.py). The profile ``long`` draws other ones in every run, 20 times as many; the
profile ``first`` ends at the first example that fails, for tests/mutation.py: to find a smaller one can take minutes.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings


def register_profiles() -> None:
    """Make the profiles known, and load the one of every run; ``--hypothesis-profile`` comes after it."""
    settings.register_profile(
        "fixed",
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],  # examples share a tmp_path
    )
    settings.register_profile("long", settings.get_profile("fixed"), derandomize=False, max_examples=2000)
    settings.register_profile("first", settings.get_profile("fixed"), phases=[Phase.explicit, Phase.generate])
    settings.load_profile("fixed")


def examples(count: int) -> settings:
    """Return settings that draw ``count`` examples by default, and in proportion in other profiles."""
    return settings(max_examples=max(1, count * settings().max_examples // 100))
