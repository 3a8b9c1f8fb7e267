"""A shop's words for a kind of garment in a small normal form, so that shops and languages can be compared.

The words are those of the shops' own fields: Zara's `familyName` ("WIND-JACKET"), Zalando's `silhouette`
("T_SHIRT_TOP"), the last step of Farfetch's breadcrumb ("knitwear-5"). What none of the words below fits has no normal
form; nothing is guessed from a title.
"""

from __future__ import annotations

import re
from functools import cache

GARMENTS: dict[str, str] = {
    "dress": "dress dresses kleid kleider robe vestido abito vestito jurk sukienka",
    "jumpsuit": "jumpsuit jumpsuits overall dungarees playsuit",
    "skirt": "skirt skirts rock röcke jupe falda gonna spódnica skort",
    "jeans": "jean jeans",
    "trousers": "trouser trousers pants chino chinos leggings joggers hose hosen pantalon pantalón pantaloni spodnie",
    "shorts": "short shorts bermuda bermudas",
    "t-shirt": "tee tees tshirt tshirts camiseta koszulka|t shirt|t shirts|t shirt top|t shirts vests",
    "shirt": "shirt shirts blouse blouses hemd hemden bluse blusen camisa camicia overshirt koszula",
    "top": "top tops vest vests bodysuit polo polos|tank top|tank tops",
    "sweatshirt": "sweatshirt sweatshirts hoodie hoodies felpa sudadera bluza",
    "knitwear": "knitwear sweater sweaters pullover pullovers jumper jumpers cardigan cardigans strick maglione",
    "blazer": "blazer blazers suit suits americana sakko",
    "jacket": "jacket jackets jacke jacken anorak bomber parka gilet cazadora giacca kurtka",
    "coat": "coat coats mantel mäntel trench abrigo cappotto płaszcz outerwear",
    "swimwear": "swimwear bikini swimsuit|swim shorts",
    "underwear": "underwear bra panty panties brief briefs boxer boxers lingerie pyjama pyjamas nightwear sock socks",
    "shoes": "shoe shoes sneaker sneakers boot boots sandal sandals trainers schuhe",
    "bag": "bag bags backpack handbag",
    "accessory": "belt belts hat hats scarf scarves glasses sunglasses gloves tie cap jewellery jewelry",
}
"""Normal form -> the words that stand for it, and after bars phrases."""


def garment_of(*texts: str) -> str:
    """The normal form of the first of `texts` that has one, or "".

    The last word that is known decides ("shirt dress" is a dress), and of words that end together the longest.
    """
    return next((form for text in texts if (form := _of(text))), "")


def _of(text: str) -> str:
    words = " ".join(re.findall(r"[^\W\d_]+", text.lower()))
    found = [
        (match.end(), len(phrase), form)
        for phrase, form in _phrases()
        for match in re.finditer(rf"(?<!\w){re.escape(phrase)}(?!\w)", words)
    ]
    return max(found)[2] if found else ""


@cache
def _phrases() -> tuple[tuple[str, str], ...]:
    found = []
    for form, listed in GARMENTS.items():
        words, *phrases = listed.split("|")
        found += [(phrase, form) for phrase in (*words.split(), *phrases)]
    return tuple(found)
