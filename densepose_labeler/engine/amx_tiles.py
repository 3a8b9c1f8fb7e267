"""Intel AMX tile instructions for numba functions, and whether this machine has them.

Eight tile registers hold 16 rows of 64 bytes each. `multiply` adds the product of a tile of 16 x 32 bfloat16 values and
one of 32 x 16 (stored as 16 rows of 16 pairs) to a tile of 16 x 16 float32 values: 16,384 operations in 16 cycles, an
eighth of what AVX-512 needs in float32. Register numbers are part of the instructions, so each has its own function.

Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18, and
https://docs.kernel.org/arch/x86/xstate.html for the permission that Linux wants asked.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import sys
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA = 158, 0x1023, 18

_byte, _long = ir.IntType(8), ir.IntType(64)
_pointer = ir.PointerType(_byte)


@functools.cache
def available() -> bool:
    """Whether this process may use AMX with bfloat16; asks Linux for the permission on the first call."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    features = llvm.get_host_cpu_features()
    if not all(features.get(name, False) for name in ("amx-tile", "amx-bf16", "avx512f")):
        return False
    refused: int = ctypes.CDLL(None).syscall(_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA)
    return not refused


def configuration() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The 64 bytes that give all eight tiles their full size, for `configure`."""
    result = np.zeros(64, np.uint8)
    result[0] = 1  # palette
    result[16:32].view(np.uint16)[:] = 64  # bytes a row
    result[48:56] = 16  # rows
    return result


def _call(builder: Any, name: str, argument_types: list[Any], arguments: list[Any]) -> None:
    kind = ir.FunctionType(ir.VoidType(), argument_types)
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.{name}")  # type: ignore[no-untyped-call]
    builder.call(function, arguments)


def _memory(name: str, tile: int) -> Any:
    @intrinsic
    def instruction(typing_context: Any, address: Any, row_bytes: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], _pointer)
            _call(builder, name, [_byte, _pointer, _long], [_byte(tile), pointer, arguments[1]])
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), generate

    return instruction


def load(tile: int) -> Any:
    """A function (address, bytes between rows) that fills the tile."""
    return _memory("tileloadd64", tile)


def store(tile: int) -> Any:
    """A function (address, bytes between rows) that writes the tile."""
    return _memory("tilestored64", tile)


def zero(tile: int) -> Any:
    """A function () that clears the tile."""

    @intrinsic
    def instruction(typing_context: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            _call(builder, "tilezero", [_byte], [_byte(tile)])
            return context.get_dummy_value()

        return types.void(), generate

    return instruction


def multiply(total: int, left: int, right: int) -> Any:
    """A function () that adds the product of two tiles to a third."""

    @intrinsic
    def instruction(typing_context: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            _call(builder, "tdpbf16ps", [_byte] * 3, [_byte(total), _byte(left), _byte(right)])
            return context.get_dummy_value()

        return types.void(), generate

    return instruction


@intrinsic
def configure(typing_context: Any, address: Any) -> Any:
    """Take the tiles' shapes from the 64 bytes at an address; each thread does so before it uses them."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _call(builder, "ldtilecfg", [_pointer], [builder.inttoptr(arguments[0], _pointer)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def release(typing_context: Any) -> Any:
    """Give the tiles back, so that the thread's switches are cheap again."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _call(builder, "tilerelease", [], [])
        return context.get_dummy_value()

    return types.void(), generate


_bits, _floats = ir.VectorType(ir.IntType(32), 16), ir.VectorType(ir.FloatType(), 16)


def _all(value: int) -> Any:
    return ir.Constant(_bits, [value] * 16)


def _read(builder: Any, address: Any, kind: Any, index: int) -> Any:
    pointer = builder.inttoptr(builder.add(address, _long(64 * index)), ir.PointerType(kind))
    return builder.load(pointer, align=4)


def _rounded(builder: Any, bits: Any) -> Any:
    """The upper halves of float32 numbers rounded to the nearest bfloat16, ties to even."""
    odd = builder.and_(builder.lshr(bits, _all(16)), _all(1))
    return builder.lshr(builder.add(bits, builder.add(odd, _all(0x7FFF))), _all(16))


def _write_halves(builder: Any, values: Any, address: Any, index: int) -> None:
    kind = ir.VectorType(ir.IntType(16), 16)
    pointer = builder.inttoptr(builder.add(address, _long(32 * index)), ir.PointerType(kind))
    builder.store(builder.trunc(values, kind), pointer, align=2)


@intrinsic
def split(typing_context: Any, source: Any, first: Any, second: Any) -> Any:
    """Write 32 float32 numbers at an address as sums of two bfloat16 numbers, each the nearest."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        for index in range(2):
            bits = _read(builder, arguments[0], _bits, index)
            high = _rounded(builder, bits)
            rest = builder.fsub(builder.bitcast(bits, _floats), builder.bitcast(builder.shl(high, _all(16)), _floats))
            _write_halves(builder, high, arguments[1], index)
            _write_halves(builder, _rounded(builder, builder.bitcast(rest, _bits)), arguments[2], index)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def round_to_bfloat16(typing_context: Any, source: Any, target: Any) -> Any:
    """Write 32 float32 numbers at an address as the nearest bfloat16 numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        for index in range(2):
            _write_halves(builder, _rounded(builder, _read(builder, arguments[0], _bits, index)), arguments[1], index)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


def finish(adding: bool, relu: bool) -> Any:
    """A function (values, added, target) that copies 32 float32 numbers, adding others and clamping at 0 if asked."""

    @intrinsic
    def instruction(typing_context: Any, source: Any, added: Any, target: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            for index in range(2):
                values = _read(builder, arguments[0], _floats, index)
                if adding:
                    values = builder.fadd(values, _read(builder, arguments[1], _floats, index))
                if relu:
                    nothing = ir.Constant(_floats, [0.0] * 16)
                    values = builder.select(builder.fcmp_ordered(">", values, nothing), values, nothing)
                pointer = builder.inttoptr(builder.add(arguments[2], _long(64 * index)), ir.PointerType(_floats))
                builder.store(values, pointer, align=4)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.int64), generate

    return instruction
