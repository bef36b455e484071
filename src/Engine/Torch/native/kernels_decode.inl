// Attention of few query rows over a long cache, split by keys. Included by kernels.cpp once per level after
// kernels_vector.inl.
//
// The cache is cut into chunks of DECODE_CHUNK keys, whatever the number of threads. A chunk gives, per query row and
// head ("lane" below), its maximum m, l = sum 2^(s - m) and o = sum 2^(s - m) v; the chunks are then joined in order.

namespace K_NS {

constexpr int PART_HEADS = 6;                     // probabilities per step of the value pass ...
constexpr int PART_VECTORS = K_LEVEL == 2 ? 4 : 2; // ... times registers of channels: 24 sums of 32, 12 of 16 registers

// s[lane][j .. j + W / H) for H lanes: H * (W / H) dot products at once, summed together by one transposing tree.
template <class T, int H>
K_TARGET static void dot_keys(const float* q, int64_t padded, const T* k, int64_t k_stride, int keys, int d, bool fetch,
                              float* s) {
    constexpr int N = W / H, LINE = 64 / static_cast<int>(sizeof(T));
    const int64_t ahead = fetch ? DECODE_BLOCK * k_stride : 0; // the block after this one
    for (int j = 0; j < keys; j += N) {
        const T* row[N];
#pragma GCC unroll 16
        for (int n = 0; n < N; n++) row[n] = k + std::min(j + n, keys - 1) * k_stride;
        V acc[W];
#pragma GCC unroll 16
        for (int i = 0; i < W; i++) acc[i] = zero();
        int c = 0;
        for (; c + W <= d; c += W) {
            V x[H];
#pragma GCC unroll 16
            for (int h = 0; h < H; h++) x[h] = load(q + h * padded + c);
#pragma GCC unroll 16
            for (int n = 0; n < N; n++) {
                if (c % LINE == 0) __builtin_prefetch(row[n] + ahead + c, 0, 3);
                const V y = load(row[n] + c);
#pragma GCC unroll 16
                for (int h = 0; h < H; h++) acc[h * N + n] = fma(x[h], y, acc[h * N + n]);
            }
        }
        if (c < d) {
#pragma GCC unroll 16
            for (int n = 0; n < N; n++) {
                const V y = load_n(row[n] + c, d - c);
#pragma GCC unroll 16
                for (int h = 0; h < H; h++) acc[h * N + n] = fma(load(q + h * padded + c), y, acc[h * N + n]);
            }
        }
        float lane[W];
        store(lane, sums(acc));
        if (j + N <= keys) {
#pragma GCC unroll 16
            for (int h = 0; h < H; h++) std::memcpy(s + h * DECODE_CHUNK + j, lane + h * N, N * sizeof(float));
        } else {
            for (int h = 0; h < H; h++) std::memcpy(s + h * DECODE_CHUNK + j, lane + h * N, (keys - j) * sizeof(float));
        }
    }
}

template <class T>
K_TARGET static void dot_lanes(const float* q, int64_t padded, int lanes, const T* k, int64_t k_stride, int keys, int d,
                               float* s) {
    // Blocks of keys small enough to stay in the first-level cache while every lane reads them.
    for (int from = 0; from < keys; from += DECODE_BLOCK) {
        const T* block = k + from * k_stride;
        const int count = std::min(DECODE_BLOCK, keys - from);
        int h = 0;
        for (; h + 4 <= lanes; h += 4)
            dot_keys<T, 4>(q + h * padded, padded, block, k_stride, count, d, h == 0, s + h * DECODE_CHUNK + from);
        for (; h + 2 <= lanes; h += 2)
            dot_keys<T, 2>(q + h * padded, padded, block, k_stride, count, d, h == 0, s + h * DECODE_CHUNK + from);
        for (; h < lanes; h++)
            dot_keys<T, 1>(q + h * padded, padded, block, k_stride, count, d, h == 0, s + h * DECODE_CHUNK + from);
    }
}

// o[h][C registers] = sum over keys of p[h][key] * v[key]. rest > 0: the last register has only rest channels.
template <class T, int H, int C>
K_TARGET static void weigh(const float* p, const T* v, int64_t v_stride, int keys, int rest, float* o, int64_t o_stride) {
    V acc[H][C];
#pragma GCC unroll 8
    for (int h = 0; h < H; h++)
#pragma GCC unroll 8
        for (int c = 0; c < C; c++) acc[h][c] = zero();
    for (int j = 0; j < keys; j++, v += v_stride) {
        __builtin_prefetch(v + 16 * v_stride);
        if (C * W * sizeof(T) > 64) __builtin_prefetch(reinterpret_cast<const char*>(v + 16 * v_stride) + 64);
        if (C * W * sizeof(T) > 128) __builtin_prefetch(reinterpret_cast<const char*>(v + 16 * v_stride) + 128);
        if (C * W * sizeof(T) > 192) __builtin_prefetch(reinterpret_cast<const char*>(v + 16 * v_stride) + 192);
        V x[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; c++) x[c] = c == C - 1 && rest > 0 ? load_n(v + c * W, rest) : load(v + c * W);
#pragma GCC unroll 8
        for (int h = 0; h < H; h++) {
            const V b = set1(p[h * DECODE_CHUNK + j]);
#pragma GCC unroll 8
            for (int c = 0; c < C; c++) acc[h][c] = fma(b, x[c], acc[h][c]);
        }
    }
    for (int h = 0; h < H; h++)
        for (int c = 0; c < C; c++) store(o + h * o_stride + c * W, acc[h][c]);
}

template <class T, int H>
K_TARGET static void weigh_channels(const float* p, const T* v, int64_t v_stride, int keys, int d, float* o, int64_t o_stride) {
    int c = 0;
    for (; c + PART_VECTORS * W <= d; c += PART_VECTORS * W)
        weigh<T, H, PART_VECTORS>(p, v + c, v_stride, keys, 0, o + c, o_stride);
    for (; c < d; c += W) weigh<T, H, 1>(p, v + c, v_stride, keys, c + W <= d ? 0 : d - c, o + c, o_stride);
}

template <class T>
K_TARGET static void weigh_lanes(const float* p, int lanes, const T* v, int64_t v_stride, int keys, int d, float* o,
                                 int64_t o_stride) {
    for (int h = 0; h < lanes;) {
        const int parts = (lanes - h + PART_HEADS - 1) / PART_HEADS, count = (lanes - h + parts - 1) / parts;
        const float* weights = p + h * DECODE_CHUNK;
        float* to = o + h * o_stride;
        switch (count) {
            case 1: weigh_channels<T, 1>(weights, v, v_stride, keys, d, to, o_stride); break;
            case 2: weigh_channels<T, 2>(weights, v, v_stride, keys, d, to, o_stride); break;
            case 3: weigh_channels<T, 3>(weights, v, v_stride, keys, d, to, o_stride); break;
            case 4: weigh_channels<T, 4>(weights, v, v_stride, keys, d, to, o_stride); break;
            case 5: weigh_channels<T, 5>(weights, v, v_stride, keys, d, to, o_stride); break;
            default: weigh_channels<T, 6>(weights, v, v_stride, keys, d, to, o_stride); break;
        }
        h += count;
    }
}

// p[0 .. n) = 2^(s - max); rewrites s. Returns the sum; high receives the maximum (of an empty range: -infinity).
K_TARGET static float soften(float* s, int n, float* high) {
    const V low = set1(-std::numeric_limits<float>::infinity());
    V top = low, total = zero();
    int j = 0;
    for (; j + W <= n; j += W) top = max_nan(top, load(s + j));
    float lane[W];
    store(lane, top);
    float m = -std::numeric_limits<float>::infinity();
    for (int i = 0; i < W; i++) m = std::max(m, lane[i]);
    for (; j < n; j++) m = std::max(m, s[j]);
    *high = m;
    const V centre = set1(m < -1e38f ? -1e38f : m);
    float rest = 0.0f;
    for (j = 0; j + W <= n; j += W) {
        const V p = exp2(sub(load(s + j), centre));
        store(s + j, p);
        total = add(total, p);
    }
    if (j < n) {
        store(lane, exp2(sub(load_n(s + j, n - j), centre)));
        for (int i = 0; j < n; i++, j++) rest += s[j] = lane[i];
    }
    return sum(total) + rest;
}

// One chunk of one KV head. q: [lanes][padded], scaled to log2 units, zero beyond head_dim. part: [lanes][2 + padded]
// receives m, l, o. weights (may be null): [lanes][k_tokens] receives 2^(s - m), 0 for keys a row may not see.
template <class T>
K_TARGET static void decode_typed(const AttentionArgs& a, const float* q, int padded, int lanes, int kv_head, int64_t first,
                                  float* s, float* part, float* weights) {
    const int d = static_cast<int>(a.head_dim), group = static_cast<int>(a.q_heads / a.kv_heads);
    const int keys = static_cast<int>(std::min<int64_t>(DECODE_CHUNK, a.k_tokens - first));
    const T* k = static_cast<const T*>(a.k) + kv_head * a.k_head_stride + first * a.k_token_stride;
    dot_lanes(q, padded, lanes, k, a.k_token_stride, keys, d, s);
    for (int lane = 0; lane < lanes; lane++) {
        const int64_t limit = a.causal ? a.q_offset + lane / group : a.k_tokens - 1;
        const int seen = static_cast<int>(std::clamp<int64_t>(limit + 1 - first, 0, keys));
        float* row = s + lane * DECODE_CHUNK;
        float* to = part + static_cast<int64_t>(lane) * (2 + padded);
        to[1] = soften(row, seen, to);
        std::memset(row + seen, 0, (keys - seen) * sizeof(float));
        if (weights) std::memcpy(weights + lane * a.k_tokens + first, row, keys * sizeof(float));
    }
    if (!a.v) return;
    const T* v = static_cast<const T*>(a.v) + kv_head * a.v_head_stride + first * a.v_token_stride;
    weigh_lanes(s, lanes, v, a.v_token_stride, keys, d, part + 2, 2 + padded);
}

K_TARGET static void decode_chunk(const AttentionArgs& a, const float* q, int padded, int lanes, int kv_head, int64_t first,
                                  float* s, float* part, float* weights) {
    if (a.kv_type == TYPE_BF16) decode_typed<bf16>(a, q, padded, lanes, kv_head, first, s, part, weights);
    else decode_typed<float>(a, q, padded, lanes, kv_head, first, s, part, weights);
}

} // namespace K_NS
