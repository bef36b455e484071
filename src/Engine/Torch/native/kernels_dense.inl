// Row-wise kernels and the matrix-vector product. Included by kernels.cpp once per level after kernels_vector.inl.
// Each function works on a range of rows or elements; kernels.cpp splits the ranges over threads. A row's result never
// depends on which other rows share its range.

namespace K_NS {

// Sum of (x - centre)^2 over a row in four independent registers; the order depends on n only.
template <bool Centred, class T> K_TARGET static float sum_squares(const T* x, int64_t n, float centre) {
    V acc[4] = {zero(), zero(), zero(), zero()};
    const V c = set1(centre);
    int64_t i = 0;
    for (; i + 4 * W <= n; i += 4 * W)
#pragma GCC unroll 4
        for (int u = 0; u < 4; u++) {
            V a = load(x + i + u * W);
            if (Centred) a = sub(a, c);
            acc[u] = fma(a, a, acc[u]);
        }
    for (; i + W <= n; i += W) {
        V a = load(x + i);
        if (Centred) a = sub(a, c);
        acc[0] = fma(a, a, acc[0]);
    }
    float rest = 0.0f;
    if (i < n) {
        float tail[W];
        const int count = static_cast<int>(n - i);
        store(tail, load_n(x + i, count));
        for (int r = 0; r < count; r++) rest += (tail[r] - (Centred ? centre : 0.0f)) * (tail[r] - (Centred ? centre : 0.0f));
    }
    return sum(add(add(acc[0], acc[1]), add(acc[2], acc[3]))) + rest;
}

K_TARGET static float sum_row(const float* x, int64_t n) {
    V acc[4] = {zero(), zero(), zero(), zero()};
    int64_t i = 0;
    for (; i + 4 * W <= n; i += 4 * W)
#pragma GCC unroll 4
        for (int u = 0; u < 4; u++) acc[u] = add(acc[u], load(x + i + u * W));
    for (; i + W <= n; i += W) acc[0] = add(acc[0], load(x + i));
    if (i < n) acc[1] = add(acc[1], load_n(x + i, static_cast<int>(n - i)));
    return sum(add(add(acc[0], acc[1]), add(acc[2], acc[3])));
}

template <class T, class U>
K_TARGET static void rms_rows(const T* x, int64_t x_stride, const U* weight, T* y, int64_t y_stride, int64_t from, int64_t to,
                              int64_t n, float eps) {
    for (int64_t r = from; r < to; r++) {
        const T* in = x + r * x_stride;
        T* out = y + r * y_stride;
        const V scale = set1(1.0f / std::sqrt(sum_squares<false>(in, n, 0.0f) / static_cast<float>(n) + eps));
        int64_t i = 0;
        for (; i + W <= n; i += W) store(out + i, mul(mul(load(in + i), scale), load(weight + i)));
        if (i < n) {
            const int count = static_cast<int>(n - i);
            store_n(out + i, count, mul(mul(load_n(in + i, count), scale), load_n(weight + i, count)));
        }
    }
}

template <class T>
K_TARGET static void rms_typed(const void* x, int64_t x_stride, const void* weight, int weight_type, void* y, int64_t y_stride,
                               int64_t from, int64_t to, int64_t n, float eps) {
    const T* in = static_cast<const T*>(x);
    T* out = static_cast<T*>(y);
    if (weight_type == TYPE_BF16) rms_rows(in, x_stride, static_cast<const bf16*>(weight), out, y_stride, from, to, n, eps);
    else rms_rows(in, x_stride, static_cast<const float*>(weight), out, y_stride, from, to, n, eps);
}

K_TARGET static void rms_norm(const void* x, int type, int64_t x_stride, const void* weight, int weight_type, void* y,
                              int64_t y_stride, int64_t from, int64_t to, int64_t n, float eps) {
    if (type == TYPE_BF16) rms_typed<bf16>(x, x_stride, weight, weight_type, y, y_stride, from, to, n, eps);
    else rms_typed<float>(x, x_stride, weight, weight_type, y, y_stride, from, to, n, eps);
}

K_TARGET static void layer_norm(const float* x, int64_t x_stride, const float* weight, const float* bias, float* y,
                                int64_t y_stride, int64_t from, int64_t to, int64_t n, float eps) {
    for (int64_t r = from; r < to; r++) {
        const float* in = x + r * x_stride;
        float* out = y + r * y_stride;
        const float mean = sum_row(in, n) / static_cast<float>(n);
        const V scale = set1(1.0f / std::sqrt(sum_squares<true>(in, n, mean) / static_cast<float>(n) + eps)), m = set1(mean);
        for (int64_t i = 0; i < n; i += W) {
            const int count = static_cast<int>(std::min<int64_t>(W, n - i));
            V a = mul(sub(load_n(in + i, count), m), scale);
            if (weight) a = mul(a, load_n(weight + i, count));
            if (bias) a = add(a, load_n(bias + i, count));
            store_n(out + i, count, a);
        }
    }
}

// x / (1 + e^-x). The clamp keeps 2^t finite-or-infinity for large negative x, whose limit is -0.
K_INLINE V silu(V x) {
    const V t = min_nan(set1(128.0f), mul(x, set1(-1.44269504088896340736f)));
    return div(x, add(set1(1.0f), exp2(t)));
}

K_TARGET static void silu_mul(const float* gate, const float* up, float* out, int64_t n) {
    int64_t i = 0;
    for (; i + W <= n; i += W) store(out + i, mul(silu(load(gate + i)), load(up + i)));
    if (i < n) {
        const int count = static_cast<int>(n - i);
        store_n(out + i, count, mul(silu(load_n(gate + i, count)), load_n(up + i, count)));
    }
}

// x * Phi(x). With a = |x| and h = erfc(a / sqrt 2) / 2: x < 0 gives x * h, x > 0 gives x - x * h, so nothing cancels.
// h = 2^-P(a), P a degree-11 Chebyshev fit of -log2 h on [0, 6]: |x| * error of h below 4e-8; from 6 on h is 0
// (its true value is below 1e-9).
K_INLINE V gelu(V x) {
    const V a = abs(x);
    V p = fma(a, set1(-1.993345044581929e-09f), set1(7.757566322652565e-08f));
    p = fma(p, a, set1(-1.3364928008741117e-06f));
    p = fma(p, a, set1(1.3290108654473443e-05f));
    p = fma(p, a, set1(-8.163977327058092e-05f));
    p = fma(p, a, set1(0.00027966336347162724f));
    p = fma(p, a, set1(2.581307307991665e-05f));
    p = fma(p, a, set1(-0.007002426311373711f));
    p = fma(p, a, set1(0.052492186427116394f));
    p = fma(p, a, set1(0.4592001140117645f));
    p = fma(p, a, set1(1.1511071920394897f));
    p = fma(p, a, set1(1.0f));
    const V six = set1(6.0f), none = zero();
    const V h = where_le(six, a, none, exp2(sub(none, p)));
    const V tail = where_le(six, a, none, mul(x, h)); // also keeps infinity * 0 out
    return where_le(none, x, sub(x, tail), tail);
}

K_TARGET static void gelu_range(float* x, int64_t n) {
    int64_t i = 0;
    for (; i + W <= n; i += W) store(x + i, gelu(load(x + i)));
    if (i < n) store_n(x + i, static_cast<int>(n - i), gelu(load_n(x + i, static_cast<int>(n - i))));
}

// (a, b) -> (a cos - b sin, b cos + a sin) for the two halves of one head's row.
K_TARGET static void rotate(float* row, const float* cosine, const float* sine, int64_t half) {
    for (int64_t i = 0; i < half; i += W) {
        const int count = static_cast<int>(std::min<int64_t>(W, half - i));
        const V a = load_n(row + i, count), b = load_n(row + half + i, count);
        const V c = load_n(cosine + i, count), s = load_n(sine + i, count);
        store_n(row + i, count, sub(mul(a, c), mul(b, s)));
        store_n(row + half + i, count, add(mul(b, c), mul(a, s)));
    }
}

template <class T, class U> K_TARGET static void convert(const T* from, U* to, int64_t n) {
    int64_t i = 0;
    for (; i + W <= n; i += W) store(to + i, load(from + i));
    if (i < n) store_n(to + i, static_cast<int>(n - i), load_n(from + i, static_cast<int>(n - i)));
}

K_TARGET static void convert_range(const void* from, int from_type, void* to, int64_t at, int64_t n) {
    if (from_type == TYPE_BF16) convert(static_cast<const bf16*>(from) + at, static_cast<float*>(to) + at, n);
    else if (from_type == TYPE_F16) convert(static_cast<const f16*>(from) + at, static_cast<float*>(to) + at, n);
    else convert(static_cast<const float*>(from) + at, static_cast<bf16*>(to) + at, n);
}

// R weight rows times B activation rows: one register of sums per pair, so that y[b][i] is formed in the same order for
// every R and B. The same place of the next tile is fetched meanwhile: the hardware prefetcher alone restarts at each of
// the R short rows.
template <class T, int B, int R> K_INLINE void matvec_tile(const MatvecArgs& a, int64_t row, int64_t batch) {
    const T* w[R];
    for (int r = 0; r < R; r++) w[r] = static_cast<const T*>(a.w) + (row + r) * a.w_stride;
    const float* x[B];
    for (int b = 0; b < B; b++) x[b] = a.x + (batch + b) * a.x_stride;
    V acc[R][B];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
        for (int b = 0; b < B; b++) acc[r][b] = zero();
    constexpr int LINE = 64 / static_cast<int>(sizeof(T)) < W ? W : 64 / static_cast<int>(sizeof(T)); // weights per step
    const int64_t ahead = R * a.w_stride;
    int64_t i = 0;
    for (; i + LINE <= a.k; i += LINE) {
#pragma GCC unroll 8
        for (int r = 0; r < R; r++)
            __builtin_prefetch(w[r] + ahead + i, 0, 2);
#pragma GCC unroll 16
        for (int u = 0; u < LINE; u += W) {
            V xs[B];
#pragma GCC unroll 8
            for (int b = 0; b < B; b++) xs[b] = load(x[b] + i + u);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) {
                const V weight = load(w[r] + i + u);
#pragma GCC unroll 8
                for (int b = 0; b < B; b++) acc[r][b] = fma(weight, xs[b], acc[r][b]);
            }
        }
    }
    for (; i < a.k; i += W) {
        const int count = static_cast<int>(std::min<int64_t>(W, a.k - i));
        for (int r = 0; r < R; r++) {
            const V weight = load_n(w[r] + i, count);
            for (int b = 0; b < B; b++) acc[r][b] = fma(weight, load_n(x[b] + i, count), acc[r][b]);
        }
    }
    for (int r = 0; r < R; r++) {
        const float scale = a.scale ? a.scale[row + r] : 1.0f, shift = a.bias ? a.bias[row + r] : 0.0f;
        for (int b = 0; b < B; b++) {
            float y = sum(acc[r][b]) * scale;
            a.y[(batch + b) * a.y_stride + row + r] = a.bias ? y + shift : y;
        }
    }
}

template <class T, int B> K_TARGET static void matvec_rows(const MatvecArgs& a, int64_t from, int64_t to, int64_t batch) {
    constexpr int SUMS = K_LEVEL == 2 ? 24 : 12; // registers for sums
    constexpr int R = B <= 3 ? (K_LEVEL == 2 ? 8 : 4) : SUMS / B;
    int64_t row = from;
    for (; row + R <= to; row += R) matvec_tile<T, B, R>(a, row, batch);
    for (; row < to; row++) matvec_tile<T, B, 1>(a, row, batch);
}

template <class T> K_TARGET static void matvec_typed(const MatvecArgs& a, int64_t from, int64_t to) {
    // More than eight rows read the weights once per eight.
    for (int64_t batch = 0; batch < a.rows; batch += 8) {
        switch (std::min<int64_t>(8, a.rows - batch)) {
            case 1: matvec_rows<T, 1>(a, from, to, batch); break;
            case 2: matvec_rows<T, 2>(a, from, to, batch); break;
            case 3: matvec_rows<T, 3>(a, from, to, batch); break;
            case 4: matvec_rows<T, 4>(a, from, to, batch); break;
            case 5: matvec_rows<T, 5>(a, from, to, batch); break;
            case 6: matvec_rows<T, 6>(a, from, to, batch); break;
            case 7: matvec_rows<T, 7>(a, from, to, batch); break;
            default: matvec_rows<T, 8>(a, from, to, batch); break;
        }
    }
}

K_TARGET static void matvec(const MatvecArgs& a, int64_t from, int64_t to) {
    switch (a.w_type) {
        case TYPE_BF16: matvec_typed<bf16>(a, from, to); break;
        case TYPE_F16: matvec_typed<f16>(a, from, to); break;
        case TYPE_I8: matvec_typed<int8_t>(a, from, to); break;
        default: matvec_typed<float>(a, from, to); break;
    }
}

} // namespace K_NS
