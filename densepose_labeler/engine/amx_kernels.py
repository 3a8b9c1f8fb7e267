"""Convolution on AMX tiles, with float32 in and out.

A float32 number is nearly the sum of two bfloat16 numbers, `high` and `low`: 16 of its 24 bits remain. The product of
two such sums without low * low takes three tile products, and its error is about 2**-17 of each factor's size; sums
are kept in float32. One product, of the high parts alone, is ordinary bfloat16 arithmetic.

A block of output rows is computed at a time. Its input rows, padded, are split into `high` and `low` first, laid out so
that 32 channels of 16 pixels are a tile, and stay in the cache until all output channels are done. Pixels are counted
along the padded rows, which makes a tap of the kernel a fixed distance; the few pixels computed in the padding are
dropped. Each output value is the same sum in the same order however the rows are divided.
"""

# mypy: ignore-errors
# numba infers the types.

from __future__ import annotations

import numpy as np
from numba import njit

from densepose_labeler.engine import amx_tiles as tiles

CHANNELS, PIXELS = 32, 32
"""Channels of one step of the sums, and pixels and output channels computed together."""

SMALL_WEIGHTS = 1 << 18
"""Weights that stay in a core's cache whole."""

TILES = 1
"""Raised when `amx_tiles` changes: numba keeps compiled code until this file is another."""

_total0, _total1, _total2, _total3 = (tiles.load(tile) for tile in range(4))
_store0, _store1, _store2, _store3 = (tiles.store(tile) for tile in range(4))
_left0, _left1, _right0, _right1 = (tiles.load(tile) for tile in (4, 5, 6, 7))
_multiply00, _multiply01 = tiles.multiply(0, 4, 6), tiles.multiply(1, 4, 7)
_multiply10, _multiply11 = tiles.multiply(2, 5, 6), tiles.multiply(3, 5, 7)
_configure, _release = tiles.configure, tiles.release
_split, _round = tiles.split, tiles.round_to_bfloat16
_finish_plain, _finish_relu = tiles.finish(False, False), tiles.finish(False, True)
_finish_added, _finish_added_relu = tiles.finish(True, False), tiles.finish(True, True)


@njit(nogil=True, cache=True, error_model="numpy")
def convolve(
    image, first_channel, high_weight, low_weight, bias, added, shift, relu, out, first_row, last_row,
    block_rows, kernel, stride, dilation, configuration, exact,
):  # fmt: skip
    """Output rows `first_row`..`last_row` (exclusive) of one image, `block_rows` at a time.

    Args:
        image: float32 [H, W, C], of which `first_channel`.. as many as the weights have count.
        high_weight: uint16 [N' / 16, kernel ** 2, channels / 32, 16, 32] with N' = N rounded up to 32: for 16 output
            channels, a tap and 32 channels, 16 rows of 16 pairs of neighbouring channels in bfloat16.
        low_weight: likewise what is missing from `high_weight`; not read unless `exact`.
        bias: float32 [N'].
        added: float32 [OH >> shift, OW >> shift, N], added before `relu` (empty: none); it may be `out` itself.
        out: float32 [OH, OW, N].
    """
    padding = dilation * (kernel // 2)
    padded_width = out.shape[1] + 2 * padding
    room = (block_rows + 2 * padding) * padded_width + PIXELS
    high = np.empty((high_weight.shape[2], room, CHANNELS), np.uint16)
    low = np.empty_like(high)
    accumulator = np.empty((PIXELS, 32), np.float32)
    _configure(configuration.ctypes.data)
    for row in range(first_row, last_row, block_rows):
        rows = min(block_rows, last_row - row)
        _fill(image, first_channel, row, rows, stride, padding, padded_width, high, low, exact)
        _multiply(
            high, low, high_weight, low_weight, bias, added, shift, relu, out, row, rows, kernel, dilation,
            padded_width, accumulator, exact,
        )  # fmt: skip
    _release()


@njit(nogil=True, cache=True, error_model="numpy")
def _fill(image, first_channel, first_row, rows, stride, padding, padded_width, high, low, exact):
    """Split the padded input of some output rows into uint16 [channels / 32, pixels, 32] each."""
    height, width, _ = image.shape
    chunks, plane = high.shape[0], high.strides[0]
    for row in range(rows + 2 * padding):
        y = (first_row + row - padding) * stride
        for column in range(padded_width):
            x = (column - padding) * stride
            pixel = row * padded_width + column
            if y < 0 or y >= height or x < 0 or x >= width:
                high[:, pixel] = 0
                low[:, pixel] = 0
                continue
            source = image.ctypes.data + (y * image.strides[0] + x * image.strides[1] + first_channel * 4)
            offset = pixel * CHANNELS * 2
            for _ in range(chunks):
                if exact:
                    _split(source, high.ctypes.data + offset, low.ctypes.data + offset)
                else:
                    _round(source, high.ctypes.data + offset)
                source += CHANNELS * 4
                offset += plane


@njit(nogil=True, cache=True, error_model="numpy")
def _multiply(
    high, low, high_weight, low_weight, bias, added, shift, relu, out, first_row, rows, kernel, dilation,
    padded_width, accumulator, exact,
):  # fmt: skip
    chunks, plane, taps = high.shape[0], high.strides[0], kernel * kernel
    panel = high_weight.strides[0]
    pixels = (rows - 1) * padded_width + out.shape[1]
    panels, blocks = high_weight.shape[0] // 2, (pixels + PIXELS - 1) // PIXELS
    pixels_first = high_weight.size <= SMALL_WEIGHTS
    target, row_bytes = accumulator.ctypes.data, accumulator.strides[0]
    for step in range(panels * blocks):
        if pixels_first:  # all channels of some pixels: what is written and added lies together
            n, first_pixel = step % panels * 32, step // panels * PIXELS
        else:  # some channels of all pixels: their weights stay in the cache
            n, first_pixel = step // blocks * 32, step % blocks * PIXELS
        high_right = high_weight.ctypes.data + n // 16 * panel
        low_right = low_weight.ctypes.data + n // 16 * panel
        biases = bias.ctypes.data + n * 4
        _total0(biases, 0)  # every row of the tile
        _total1(biases + 64, 0)
        _total2(biases, 0)
        _total3(biases + 64, 0)
        for tap in range(taps):
            distance = (tap // kernel * padded_width + tap % kernel) * dilation
            offset = (first_pixel + distance) * CHANNELS * 2
            for _ in range(chunks):
                _left0(high.ctypes.data + offset, 64)
                _left1(high.ctypes.data + offset + 1024, 64)
                if exact:
                    _right0(low_right, 64)
                    _right1(low_right + panel, 64)
                    _multiply00()
                    _multiply01()
                    _multiply10()
                    _multiply11()
                _right0(high_right, 64)
                _right1(high_right + panel, 64)
                _multiply00()
                _multiply01()
                _multiply10()
                _multiply11()
                if exact:
                    _left0(low.ctypes.data + offset, 64)
                    _left1(low.ctypes.data + offset + 1024, 64)
                    _multiply00()
                    _multiply01()
                    _multiply10()
                    _multiply11()
                offset += plane
                high_right += 1024
                low_right += 1024
        _store0(target, row_bytes)
        _store1(target + 64, row_bytes)
        _store2(target + 16 * row_bytes, row_bytes)
        _store3(target + 16 * row_bytes + 64, row_bytes)
        count = min(PIXELS, pixels - first_pixel)
        _finish(accumulator, first_pixel, count, padded_width, first_row, n, added, shift, relu, out)


@njit(nogil=True, cache=True, error_model="numpy")
def _finish(values, first_pixel, count, padded_width, first_row, n, added, shift, relu, out):
    """Write 32 channels of some pixels of a block, float32 [32, 32], to out [OH, OW, N], where they are no padding."""
    width = min(32, out.shape[2] - n)
    y, x = first_row + first_pixel // padded_width, first_pixel % padded_width
    adding = added.shape[0] > 0
    for index in range(count):
        if x < out.shape[1] and width == 32:
            source = values.ctypes.data + index * values.strides[0]
            target = out.ctypes.data + (y * out.strides[0] + x * out.strides[1] + n * 4)
            addend = added.ctypes.data + ((y >> shift) * added.strides[0] + (x >> shift) * added.strides[1] + n * 4)
            if adding and relu:
                _finish_added_relu(source, addend, target)
            elif adding:
                _finish_added(source, addend, target)
            elif relu:
                _finish_relu(source, addend, target)
            else:
                _finish_plain(source, addend, target)
        elif x < out.shape[1]:
            for c in range(width):
                value = values[index, c]
                if adding:
                    value += added[y >> shift, x >> shift, n + c]
                out[y, x, n + c] = max(value, np.float32(0)) if relu else value
        x += 1
        if x == padded_width:
            x = 0
            y += 1
