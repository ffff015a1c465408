"""Matrix products of small float32 matrices, without a library: one tile of the result stays in vector registers.

Every element is summed in the order of the inner index with fused multiply-adds, so the same product of the same rows
gives the same bits whatever the tile, the number of rows and the width of the machine's vectors.
"""

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from include.evaluation.kernels.jit import kernel

LANES = 16
# 16 sums of 16 lanes fill the registers of AVX-512, and 4 those of AVX2, whose vectors are half as wide
ROWS, VECTORS = (8, 2) if binding.get_host_cpu_features().get("avx512f") else (4, 1)
_WIDE = LANES * VECTORS

Floats = NDArray[np.float32]
_FLOAT, _INDEX, _LANE = ir.FloatType(), ir.IntType(64), ir.IntType(32)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_ZEROS, _UNDEFINED = ir.Constant(_VECTOR, None), ir.Constant(_VECTOR, ir.Undefined)
_FIRST_LANE = ir.Constant(ir.VectorType(_LANE, LANES), None)
_PLACES = types.UniTuple(types.int64, 8)


def _tile(rows: int, vectors: int) -> Any:
    """Return a function of kernels that fills `rows` × (`vectors` · LANES) elements of a product.

    ``tile(a, b, c, (a_at, a_row, a_column, b_at, b_row, c_at, c_row, depth))``: where the tile's first elements lie in
    the flat arrays, how far apart rows and columns are, and the inner size.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a_at, a_row, a_column, b_at, b_row, c_at, c_row, depth = cgutils.unpack_tuple(builder, args[3], 8)
        a, b, c = (
            builder.gep(context.make_array(kind)(context, builder, array).data, [at])
            for kind, array, at in zip(signature.args[:3], args[:3], (a_at, b_at, c_at), strict=True)
        )
        before, loop, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
        builder.branch(loop)
        builder.position_at_end(loop)
        k = builder.phi(_INDEX)
        sums = [[builder.phi(_VECTOR) for _ in range(vectors)] for _ in range(rows)]
        a_k, b_k = builder.gep(a, [builder.mul(k, a_column)]), builder.gep(b, [builder.mul(k, b_row)])
        factors = [builder.load(_vector(builder, b_k, j), align=4) for j in range(vectors)]
        totals = []
        for i in range(rows):
            same = _in_every_lane(builder, builder.load(builder.gep(a_k, [builder.mul(a_row, _INDEX(i))])))
            totals.append([_multiply_add(builder, same, factors[j], sums[i][j]) for j in range(vectors)])
        following = builder.add(k, _INDEX(1))
        builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)
        k.add_incoming(_INDEX(0), before)
        k.add_incoming(following, loop)
        builder.position_at_end(after)
        for i in range(rows):
            c_i = builder.gep(c, [builder.mul(c_row, _INDEX(i))])
            for j in range(vectors):
                sums[i][j].add_incoming(_ZEROS, before)
                sums[i][j].add_incoming(totals[i][j], loop)
                builder.store(totals[i][j], _vector(builder, c_i, j), align=4)
        return context.get_dummy_value()

    def tile(_: Any, a: Any, b: Any, c: Any, places: Any) -> Any:
        return (types.void(a, b, c, _PLACES), emit) if places == _PLACES else None

    return intrinsic(tile)


def _vector(builder: Any, start: Any, number: int) -> Any:
    return builder.bitcast(builder.gep(start, [_INDEX(LANES * number)]), _VECTOR.as_pointer())


def _in_every_lane(builder: Any, value: Any) -> Any:
    return builder.shuffle_vector(builder.insert_element(_UNDEFINED, value, _LANE(0)), _UNDEFINED, _FIRST_LANE)


def _multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32"), [a, b, c])


_block, _column, _wide_row, _row = _tile(ROWS, VECTORS), _tile(ROWS, 1), _tile(1, VECTORS), _tile(1, 1)


@kernel
def multiply(
    a: Floats, a_at: int, a_row: int, a_column: int, b: Floats, b_at: int, c: Floats, c_at: int, m: int, n: int, k: int
) -> None:
    """Write the product of an (m, k) and a (k, n) matrix, which lie within flat arrays, to an (m, n) matrix.

    Parameters
    ----------
    a : float32, flat
        Element (i, j) of the first factor lies at a_at + i · a_row + j · a_column, so a transposed factor is read in
        place.
    b, c : float32, flat
        Second factor and product, row after row from `b_at` and `c_at`.
    m, n, k : int
        Sizes; n is a multiple of `LANES`, k at least 1.
    """
    whole_rows, whole_columns = m - m % ROWS, n - n % _WIDE
    for j in range(0, whole_columns, _WIDE):
        for i in range(0, whole_rows, ROWS):
            _block(a, b, c, (a_at + i * a_row, a_row, a_column, b_at + j, n, c_at + i * n + j, n, k))
        for i in range(whole_rows, m):
            _wide_row(a, b, c, (a_at + i * a_row, a_row, a_column, b_at + j, n, c_at + i * n + j, n, k))
    for j in range(whole_columns, n, LANES):
        for i in range(0, whole_rows, ROWS):
            _column(a, b, c, (a_at + i * a_row, a_row, a_column, b_at + j, n, c_at + i * n + j, n, k))
        for i in range(whole_rows, m):
            _row(a, b, c, (a_at + i * a_row, a_row, a_column, b_at + j, n, c_at + i * n + j, n, k))
