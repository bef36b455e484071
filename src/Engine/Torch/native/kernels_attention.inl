// Exact attention with query rows in the lanes. Included by kernels.cpp once per level after kernels_vector.inl.
//
// A tile is LANES query rows of one KV head (all query heads of the group, token-major). Scores are formed transposed,
// S[key][lane] = sum_d K[key][d] * Q[d][lane], and so is the output, O[d][lane] += V[key][d] * P[key][lane]: both
// products read K and V element by element through broadcasts, so nothing is transposed but the (small) query tile, and
// maximum, exponential and sum of the online softmax run down the lanes without one shuffle.

namespace K_NS {

#if K_LEVEL == 2
constexpr int VECTORS = 3; // registers of query rows in a full tile: 8 x 3 sums + 3 + 1 of 32 registers
constexpr int STEP = 8;    // keys (scores) or channels (output) per register tile
#elif K_LEVEL == 1
constexpr int VECTORS = 3; // 4 x 3 sums + 3 + 1 of 16 registers
constexpr int STEP = 4;
#else
constexpr int VECTORS = 2; // without FMA a product needs a register too
constexpr int STEP = 4;
#endif
constexpr int LANES = VECTORS * W;

// s[keys][N*W] = scores in log2 units, and high = max(high, scores). k is [keys][d], keys a multiple of STEP.
// Masked: lane i sees key j only when j <= limit[i]; others become -infinity.
template <int N, bool Masked>
K_TARGET static void scores_block(const float* q, int d, const float* k, int keys, float first_key, const float* limit,
                                  float* s, float* high) {
    const float low = -std::numeric_limits<float>::infinity();
    for (int j = 0; j < keys; j += STEP) {
        V acc[STEP][N];
#pragma GCC unroll 8
        for (int r = 0; r < STEP; r++)
#pragma GCC unroll 8
            for (int v = 0; v < N; v++) acc[r][v] = zero();
        const float* row = k + static_cast<int64_t>(j) * d;
        const float* column = q;
        for (int c = 0; c < d; c++, column += N * W) {
            V x[N];
#pragma GCC unroll 8
            for (int v = 0; v < N; v++) x[v] = load(column + v * W);
#pragma GCC unroll 8
            for (int r = 0; r < STEP; r++) {
                const V b = set1(row[static_cast<int64_t>(r) * d + c]);
#pragma GCC unroll 8
                for (int v = 0; v < N; v++) acc[r][v] = fma(b, x[v], acc[r][v]);
            }
        }
#pragma GCC unroll 8
        for (int v = 0; v < N; v++) {
            V top = load(high + v * W);
#pragma GCC unroll 8
            for (int r = 0; r < STEP; r++) {
                if (Masked)
                    acc[r][v] = where_le(set1(first_key + static_cast<float>(j + r)), load(limit + v * W), acc[r][v], set1(low));
                top = max_nan(top, acc[r][v]);
                store(s + (j + r) * N * W + v * W, acc[r][v]);
            }
            store(high + v * W, top);
        }
    }
}

// s = 2^(s - high); total = total * fade + sum s; fade = 2^(old maximum - high).
template <int N>
K_TARGET static void softmax_block(float* s, int keys, float* old_high, const float* high, float* total, float* fade) {
    V top[N], run[N];
#pragma GCC unroll 8
    for (int v = 0; v < N; v++) {
        top[v] = load(high + v * W);
        run[v] = zero();
    }
    for (int j = 0; j < keys; j++) {
#pragma GCC unroll 8
        for (int v = 0; v < N; v++) {
            const V p = exp2(sub(load(s + (j * N + v) * W), top[v]));
            store(s + (j * N + v) * W, p);
            run[v] = add(run[v], p);
        }
    }
#pragma GCC unroll 8
    for (int v = 0; v < N; v++) {
        const V f = exp2(sub(load(old_high + v * W), top[v]));
        store(fade + v * W, f);
        store(total + v * W, fma(load(total + v * W), f, run[v]));
        store(old_high + v * W, top[v]);
    }
}

// o[channel][N*W] = o * fade + sum over keys of v * p. v is [channels / STEP][KEY_BLOCK][STEP].
template <int N>
K_TARGET static void output_block(const float* p, int keys, const float* v, int channels, const float* fade, float* o) {
    for (int c = 0; c < channels; c += STEP, v += KEY_BLOCK * STEP) {
        V acc[STEP][N];
#pragma GCC unroll 8
        for (int r = 0; r < STEP; r++)
#pragma GCC unroll 8
            for (int i = 0; i < N; i++) acc[r][i] = zero();
        const float *weight = p, *value = v;
        for (int j = 0; j < keys; j++, weight += N * W, value += STEP) {
            V x[N];
#pragma GCC unroll 8
            for (int i = 0; i < N; i++) x[i] = load(weight + i * W);
#pragma GCC unroll 8
            for (int r = 0; r < STEP; r++) {
                const V b = set1(value[r]);
#pragma GCC unroll 8
                for (int i = 0; i < N; i++) acc[r][i] = fma(b, x[i], acc[r][i]);
            }
        }
#pragma GCC unroll 8
        for (int i = 0; i < N; i++) {
            const V f = load(fade + i * W);
#pragma GCC unroll 8
            for (int r = 0; r < STEP; r++) {
                float* place = o + (static_cast<int64_t>(c + r) * N + i) * W;
                store(place, fma(load(place), f, acc[r][i]));
            }
        }
    }
}

// What one tile keeps between key blocks. Rows [row, row + count) of the KV head's rows (token * group + head).
struct Tile {
    int64_t row;
    int count, vectors;
    int64_t first_limit, last_limit; // last key that the first and the last row may see
    float *q, *o, *high, *total, *limit;
};

template <int N>
K_TARGET static void tile_block(const Tile& t, int d, int channels, const float* k, const float* v, int64_t first, int seen,
                                float* s, float* high, float* fade) {
    std::memcpy(high, t.high, N * W * sizeof(float));
    const int padded = (seen + STEP - 1) / STEP * STEP;
    const bool whole = padded == seen && first + seen - 1 <= t.first_limit;
    if (whole) scores_block<N, false>(t.q, d, k, padded, static_cast<float>(first), t.limit, s, high);
    else scores_block<N, true>(t.q, d, k, padded, static_cast<float>(first), t.limit, s, high);
    softmax_block<N>(s, seen, t.high, high, t.total, fade);
    output_block<N>(s, seen, v, channels, fade, t.o);
}

// K: rows one after the other, missing rows 0 up to a multiple of STEP.
template <class T> K_TARGET static void pack_keys(const T* k, int64_t stride, int keys, int d, float* to) {
    for (int j = 0; j < keys; j++, k += stride, to += d) {
        int c = 0;
        for (; c + W <= d; c += W) store(to + c, load(k + c));
        if (c < d) store_n(to + c, d - c, load_n(k + c, d - c));
    }
    const int padded = (keys + STEP - 1) / STEP * STEP;
    std::memset(to, 0, static_cast<size_t>(padded - keys) * d * sizeof(float));
}

// V: panels of STEP channels, so that the output loop reads one stream; missing channels 0.
template <class T> K_TARGET static void pack_values(const T* v, int64_t stride, int keys, int d, int channels, float* to) {
    for (int j = 0; j < keys; j++, v += stride) {
        float row[MAX_HEAD_DIM + W] = {};
        int c = 0;
        for (; c + W <= d; c += W) store(row + c, load(v + c));
        if (c < d) store_n(row + c, d - c, load_n(v + c, d - c));
        for (c = 0; c < channels; c += STEP)
            std::memcpy(to + static_cast<int64_t>(c) * KEY_BLOCK + j * STEP, row + c, STEP * sizeof(float));
    }
}

K_TARGET static int64_t scratch_floats(int tiles, int d) {
    const int channels = (d + STEP - 1) / STEP * STEP;
    const int64_t tile = static_cast<int64_t>(LANES) * (d + channels + 3);
    return tiles * tile + static_cast<int64_t>(KEY_BLOCK) * (LANES + d + channels) + 2 * LANES;
}

// Tiles [first_tile, first_tile + tiles) of one KV head, all keys they may see. tiles <= MAX_TILES.
K_TARGET static void attention_item(const AttentionArgs& a, int kv_head, int64_t first_tile, int tiles, float* scratch) {
    const int d = static_cast<int>(a.head_dim), channels = (d + STEP - 1) / STEP * STEP;
    const int64_t group = a.q_heads / a.kv_heads, rows = a.q_tokens * group;
    const float to_log2 = a.scale * 1.44269504088896340736f;
    auto take = [&scratch](int64_t n) { float* p = scratch; scratch += n; return p; };
    float* s = take(static_cast<int64_t>(KEY_BLOCK) * LANES);
    float* k = take(static_cast<int64_t>(KEY_BLOCK) * d);
    float* v = take(static_cast<int64_t>(KEY_BLOCK) * channels);
    float *high = take(LANES), *fade = take(LANES);

    Tile list[MAX_TILES];
    int64_t last_seen = -1;
    for (int i = 0; i < tiles; i++) {
        Tile& t = list[i];
        t.row = (first_tile + i) * LANES;
        t.count = static_cast<int>(std::min<int64_t>(LANES, rows - t.row));
        t.vectors = (t.count + W - 1) / W;
        const int width = t.vectors * W;
        t.q = take(static_cast<int64_t>(d) * LANES);
        t.o = take(static_cast<int64_t>(channels) * LANES);
        t.high = take(LANES);
        t.total = take(LANES);
        t.limit = take(LANES);
        std::memset(t.o, 0, static_cast<size_t>(channels) * width * sizeof(float));
        for (int r = 0; r < width; r++) {
            const int64_t row = std::min(t.row + r, rows - 1), token = row / group;
            const int64_t limit = a.causal ? std::min(a.k_tokens - 1, a.q_offset + token) : a.k_tokens - 1;
            if (r == 0) t.first_limit = limit;
            t.last_limit = limit;
            t.limit[r] = static_cast<float>(limit);
            t.high[r] = -1e38f; // finite, so that a row that has seen no key yet fades by 0 and not by NaN
            t.total[r] = 0.0f;
            const float* from = a.q + token * a.q_token_stride + (kv_head * group + row % group) * a.q_head_stride;
            for (int c = 0; c < d; c++) t.q[static_cast<int64_t>(c) * width + r] = from[c] * to_log2;
        }
        last_seen = std::max(last_seen, t.last_limit);
    }

    for (int64_t first = 0; first <= last_seen; first += KEY_BLOCK) {
        const int keys = static_cast<int>(std::min<int64_t>(KEY_BLOCK, last_seen + 1 - first));
        const int64_t k_at = kv_head * a.k_head_stride + first * a.k_token_stride;
        const int64_t v_at = kv_head * a.v_head_stride + first * a.v_token_stride;
        if (a.kv_type == TYPE_BF16) {
            pack_keys(static_cast<const bf16*>(a.k) + k_at, a.k_token_stride, keys, d, k);
            pack_values(static_cast<const bf16*>(a.v) + v_at, a.v_token_stride, keys, d, channels, v);
        } else {
            pack_keys(static_cast<const float*>(a.k) + k_at, a.k_token_stride, keys, d, k);
            pack_values(static_cast<const float*>(a.v) + v_at, a.v_token_stride, keys, d, channels, v);
        }
        for (int i = 0; i < tiles; i++) {
            const Tile& t = list[i];
            if (t.last_limit < first) continue;
            const int seen = static_cast<int>(std::min<int64_t>(keys, t.last_limit + 1 - first));
            if (t.vectors == 1) tile_block<1>(t, d, channels, k, v, first, seen, s, high, fade);
            else if (t.vectors == 2) tile_block<2>(t, d, channels, k, v, first, seen, s, high, fade);
            else tile_block<VECTORS>(t, d, channels, k, v, first, seen, s, high, fade);
        }
    }

    for (int i = 0; i < tiles; i++) {
        const Tile& t = list[i];
        const int width = t.vectors * W;
        for (int r = 0; r < t.count; r++) {
            const int64_t row = t.row + r, token = row / group;
            const float inverse = t.total[r] == 0.0f ? 0.0f : 1.0f / t.total[r];
            float* to = a.out + token * a.out_token_stride + (kv_head * group + row % group) * a.out_head_stride;
            for (int c = 0; c < d; c++) to[c] = t.o[static_cast<int64_t>(c) * width + r] * inverse;
        }
    }
}

} // namespace K_NS
