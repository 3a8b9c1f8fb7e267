"""How exactly a network is computed."""

from __future__ import annotations

from typing import Literal, get_args

Precision = Literal["float32", "fast", "bf16"]
"""`float32`: as the reference does, to rounding. `fast`: in bfloat16 where parts, U and V hardly show it. `bf16`: in
bfloat16 everywhere. A processor without units for it computes all three alike; on CUDA, `fast` is `bf16`."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
