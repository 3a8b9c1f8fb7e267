from __future__ import annotations

import pytest

from scrapers.pages.garments import GARMENTS, garment_of


@pytest.mark.parametrize(
    ("words", "garment"),
    [
        ("T_SHIRT_TOP", "t-shirt"),
        ("WIND-JACKET", "jacket"),
        ("PULLOVER", "knitwear"),
        ("TROUSER", "trousers"),
        ("knitwear-5", "knitwear"),
        ("t-shirts-vests-2", "t-shirt"),
        ("shirt dress", "dress"),
        ("Midi Dresses", "dress"),
        ("T-shirt con stampa", "t-shirt"),
        ("Clothing", ""),
        ("address", ""),
        ("", ""),
    ],
)
def test_the_last_known_word_decides(words: str, garment: str) -> None:
    assert garment_of(words) == garment


def test_the_first_text_that_says_something_decides() -> None:
    assert garment_of("COMBINATION_CLOTHING", "Jumpsuit", "Jacket") == "jumpsuit"


def test_no_word_stands_for_two_garments() -> None:
    words = [
        word for listed in GARMENTS.values() for part in [listed.split("|")] for word in (*part[0].split(), *part[1:])
    ]
    assert len(words) == len(set(words))
