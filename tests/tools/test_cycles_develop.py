"""The developed picture keeps order and colour of the light, and its grain is repeatable."""

import numpy as np

from tools.cycles.develop import develop, grain


def test_more_light_is_never_darker() -> None:
    ramp = np.linspace(0, 4, 500, dtype=np.float16)[None, :, None].repeat(3, 2)
    picture = develop(ramp)[0, :, 0].astype(int)
    assert (np.diff(picture) >= 0).all()
    assert picture[0] < 8
    assert picture[-1] == 255


def test_middle_grey_stays_in_the_middle() -> None:
    assert abs(int(develop(np.full((1, 1, 3), 0.2140, np.float32), exposure=1.0)[0, 0, 0]) - 128) <= 3


def test_grain_repeats_and_is_as_strong_as_asked() -> None:
    flat = np.full((200, 200, 3), 90, np.uint8)
    noisy = grain(flat, 0.01, 5)
    np.testing.assert_array_equal(noisy, grain(flat, 0.01, 5))
    assert not np.array_equal(noisy, grain(flat, 0.01, 6))
    assert abs(noisy.mean() - 90) < 0.1
    assert 1.8 < noisy.std() < 3.2
