// The matrix product y = x w^T + b. Included by kernels.cpp once per level after kernels_vector.inl.
//
// Lanes run along the outputs, so every element is one chain of fused multiply-adds over k, in order, whatever rows,
// outputs or threads it is computed with; between blocks of k the running sum waits in y, exactly. An element's bits thus
// depend on its row, its weight row and its bias alone, and are the same with AVX2 and AVX-512 (the portable level rounds
// products by themselves).
//
// Blocks as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): a group of weight rows is
// transposed into panels [k][GEMM_NR] that stay in the second-level cache while blocks of x rows, in panels [k][GEMM_MR],
// pass by; a tile of GEMM_MR x GEMM_NR sums lives in registers. Weights are widened to fp32 on the way into a panel.

namespace K_NS {

constexpr int GEMM_NR = 2 * W;                                     // outputs of a tile
constexpr int GEMM_MR = K_LEVEL == 2 ? 12 : K_LEVEL == 1 ? 6 : 4;  // rows of a tile; GEMM_MR <= W
constexpr int GEMM_MC = 96;                                        // rows of a block of x; a multiple of every GEMM_MR
static_assert(GEMM_MR <= W && GEMM_MC % GEMM_MR == 0, "a packed column is stored as one register");

#if K_LEVEL == 2
K_INLINE V low_pairs(V a, V b) { return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b))); }
K_INLINE V high_pairs(V a, V b) { return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b))); }
#endif

// Lane c of register r becomes lane r of register c.
K_INLINE void transpose(V* r) {
#if K_LEVEL == 2
    V t[16];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) { // then lane group g of r[i + c] holds column 4 g + c of rows i .. i + 3
        r[i] = low_pairs(t[i], t[i + 2]);
        r[i + 1] = high_pairs(t[i], t[i + 2]);
        r[i + 2] = low_pairs(t[i + 1], t[i + 3]);
        r[i + 3] = high_pairs(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) {
        const V even0 = _mm512_shuffle_f32x4(r[c], r[4 + c], 0x88), odd0 = _mm512_shuffle_f32x4(r[c], r[4 + c], 0xDD);
        const V even1 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0x88), odd1 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0xDD);
        t[c] = _mm512_shuffle_f32x4(even0, even1, 0x88);
        t[8 + c] = _mm512_shuffle_f32x4(even0, even1, 0xDD);
        t[4 + c] = _mm512_shuffle_f32x4(odd0, odd1, 0x88);
        t[12 + c] = _mm512_shuffle_f32x4(odd0, odd1, 0xDD);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) r[i] = t[i];
#elif K_LEVEL == 1
    V t[8];
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) {
        t[c] = _mm256_permute2f128_ps(r[c], r[4 + c], 0x20);
        t[4 + c] = _mm256_permute2f128_ps(r[c], r[4 + c], 0x31);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) r[i] = t[i];
#else
    for (int i = 0; i < W; i++)
        for (int c = 0; c < i; c++) {
            const float swap = r[i][c];
            r[i][c] = r[c][i];
            r[c][i] = swap;
        }
#endif
}

// Rows `from` (count of them, at most W; each k long) into columns: to[c * stride + row]. A whole register is stored a
// column, so the W - 1 floats behind a column are overwritten: columns and panels are packed in ascending order.
template <class T> K_INLINE void pack_columns(const T* from, int64_t from_stride, int count, int64_t k, float* to, int64_t stride) {
    for (int64_t i = 0; i < k; i += W) {
        const int columns = static_cast<int>(std::min<int64_t>(W, k - i));
        V r[W];
        if (count == W && columns == W) {
#pragma GCC unroll 16
            for (int j = 0; j < W; j++) r[j] = load(from + j * from_stride + i);
        } else {
            for (int j = 0; j < W; j++) r[j] = j < count ? load_n(from + j * from_stride + i, columns) : zero();
        }
        transpose(r);
        if (columns == W) {
#pragma GCC unroll 16
            for (int c = 0; c < W; c++) store(to + (i + c) * stride, r[c]);
        } else {
            for (int c = 0; c < columns; c++) store(to + (i + c) * stride, r[c]);
        }
    }
}

// M x GEMM_NR sums over k steps. The first block of k starts at zero, a later one where y stands; the last adds the bias.
template <int M, bool Whole>
K_INLINE void gemm_tile(int64_t k, const float* x, const float* w, float* y, int64_t y_stride, const float* bias, bool first, bool last, int n0, int n1) {
    V a0[M], a1[M];
#pragma GCC unroll 16
    for (int r = 0; r < M; r++) {
        a0[r] = first ? zero() : Whole ? load(y + r * y_stride) : load_n(y + r * y_stride, n0);
        a1[r] = first || (!Whole && n1 == 0) ? zero() : Whole ? load(y + r * y_stride + W) : load_n(y + r * y_stride + W, n1);
    }
    for (int64_t i = 0; i < k; i++) {
        const V w0 = load(w + i * GEMM_NR), w1 = load(w + i * GEMM_NR + W);
#pragma GCC unroll 16
        for (int r = 0; r < M; r++) {
            const V xs = set1(x[i * GEMM_MR + r]);
            a0[r] = fma(xs, w0, a0[r]);
            a1[r] = fma(xs, w1, a1[r]);
        }
    }
    if (last && bias) {
        const V b0 = Whole ? load(bias) : load_n(bias, n0), b1 = Whole ? load(bias + W) : n1 ? load_n(bias + W, n1) : zero();
#pragma GCC unroll 16
        for (int r = 0; r < M; r++) {
            a0[r] = add(a0[r], b0);
            a1[r] = add(a1[r], b1);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < M; r++) {
        if (Whole) {
            store(y + r * y_stride, a0[r]);
            store(y + r * y_stride + W, a1[r]);
        } else {
            store_n(y + r * y_stride, n0, a0[r]);
            if (n1) store_n(y + r * y_stride + W, n1, a1[r]);
        }
    }
}

template <int M>
K_TARGET static void gemm_tiles(int64_t k, const float* x, const float* w, float* y, int64_t y_stride, const float* bias, bool first, bool last, int columns) {
    if (columns == GEMM_NR) gemm_tile<M, true>(k, x, w, y, y_stride, bias, first, last, W, W);
    else gemm_tile<M, false>(k, x, w, y, y_stride, bias, first, last, std::min(columns, W), std::max(columns - W, 0));
}

using GemmTiles = void (*)(int64_t, const float*, const float*, float*, int64_t, const float*, bool, bool, int);
#if K_LEVEL == 2
constexpr GemmTiles s_gemm_tiles[] = {nullptr, gemm_tiles<1>, gemm_tiles<2>, gemm_tiles<3>, gemm_tiles<4>, gemm_tiles<5>, gemm_tiles<6>,
                                      gemm_tiles<7>, gemm_tiles<8>, gemm_tiles<9>, gemm_tiles<10>, gemm_tiles<11>, gemm_tiles<12>};
#elif K_LEVEL == 1
constexpr GemmTiles s_gemm_tiles[] = {nullptr, gemm_tiles<1>, gemm_tiles<2>, gemm_tiles<3>, gemm_tiles<4>, gemm_tiles<5>, gemm_tiles<6>};
#else
constexpr GemmTiles s_gemm_tiles[] = {nullptr, gemm_tiles<1>, gemm_tiles<2>, gemm_tiles<3>, gemm_tiles<4>};
#endif

// Floats of scratch for `columns` outputs: their panels, a block of x, and the overhang of the last packed column.
K_TARGET static int64_t gemm_scratch_floats(int64_t columns) {
    return (columns + GEMM_NR - 1) / GEMM_NR * GEMM_NR * GEMM_KC + int64_t{GEMM_MC} * GEMM_KC + 2 * W;
}

template <class T>
K_TARGET static void gemm_typed(const MatvecArgs& a, int64_t row_from, int64_t row_to, int64_t from, int64_t to, float* scratch) {
    const T* weights = static_cast<const T*>(a.w);
    float* const block = scratch;                                 // x panels
    float* const panels = scratch + int64_t{GEMM_MC} * GEMM_KC + W; // weight panels, behind the overhang of x
    for (int64_t k0 = 0;; k0 += GEMM_KC) {
        const int64_t k = std::min<int64_t>(GEMM_KC, a.k - k0);
        const bool first = k0 == 0, last = k0 + GEMM_KC >= a.k;
        for (int64_t n = from; n < to; n += GEMM_NR) {
            float* const panel = panels + (n - from) * GEMM_KC;
            for (int half = 0; half < 2; half++) {
                const int64_t at = n + half * W;
                const int count = static_cast<int>(std::clamp<int64_t>(to - at, 0, W));
                pack_columns(weights + std::min(at, a.n - 1) * a.w_stride + k0, a.w_stride, count, k, panel + half * W, GEMM_NR);
            }
        }
        for (int64_t row = row_from; row < row_to; row += GEMM_MC) {
            const int64_t rows = std::min<int64_t>(GEMM_MC, row_to - row);
            for (int64_t r = 0; r < rows; r += GEMM_MR)
                pack_columns(a.x + (row + r) * a.x_stride + k0, a.x_stride, static_cast<int>(std::min<int64_t>(GEMM_MR, rows - r)), k,
                             block + r * GEMM_KC, GEMM_MR);
            for (int64_t n = from; n < to; n += GEMM_NR) {
                const int columns = static_cast<int>(std::min<int64_t>(GEMM_NR, to - n));
                for (int64_t r = 0; r < rows; r += GEMM_MR)
                    s_gemm_tiles[std::min<int64_t>(GEMM_MR, rows - r)](k, block + r * GEMM_KC, panels + (n - from) * GEMM_KC,
                                                                     a.y + (row + r) * a.y_stride + n, a.y_stride, a.bias ? a.bias + n : nullptr,
                                                                     first, last, columns);
            }
        }
        if (last) return;
    }
}

K_TARGET static void gemm(const MatvecArgs& a, int64_t row_from, int64_t row_to, int64_t from, int64_t to, float* scratch) {
    if (a.w_type == TYPE_BF16) gemm_typed<bf16>(a, row_from, row_to, from, to, scratch);
    else if (a.w_type == TYPE_F16) gemm_typed<f16>(a, row_from, row_to, from, to, scratch);
    else gemm_typed<float>(a, row_from, row_to, from, to, scratch);
}

} // namespace K_NS
