// One register of floats for one instruction-set level, under one set of names. Included by kernels.cpp once per level
// with K_LEVEL = 0 (portable C++, 4 lanes), 1 (AVX2 + FMA + F16C, 8 lanes) or 2 (AVX-512 F/BW/VL/DQ, 16 lanes).
//
// Conventions: every load and store is unaligned; load_n / store_n touch only the first n lanes' memory (missing lanes
// read as 0); max_nan(a, b) and min_nan(a, b) return b when either is NaN, so a NaN in b survives.

#undef K_TARGET
#undef K_INLINE
#undef K_NS
#if K_LEVEL == 2
#define K_NS avx512
#define K_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")))
#elif K_LEVEL == 1
#define K_NS avx2
#define K_TARGET __attribute__((target("avx2,fma,f16c")))
#else
#define K_NS portable
#define K_TARGET
#endif
#define K_INLINE K_TARGET static inline __attribute__((always_inline))

namespace K_NS {

#if K_LEVEL == 2

using V = __m512;
constexpr int W = 16;

K_INLINE __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
K_INLINE V zero() { return _mm512_setzero_ps(); }
K_INLINE V set1(float x) { return _mm512_set1_ps(x); }
K_INLINE V load(const float* p) { return _mm512_loadu_ps(p); }
K_INLINE V load_n(const float* p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
K_INLINE void store(float* p, V a) { _mm512_storeu_ps(p, a); }
K_INLINE void store_n(float* p, int n, V a) { _mm512_mask_storeu_ps(p, first(n), a); }
K_INLINE V add(V a, V b) { return _mm512_add_ps(a, b); }
K_INLINE V sub(V a, V b) { return _mm512_sub_ps(a, b); }
K_INLINE V mul(V a, V b) { return _mm512_mul_ps(a, b); }
K_INLINE V div(V a, V b) { return _mm512_div_ps(a, b); }
K_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
K_INLINE V max_nan(V a, V b) { return _mm512_max_ps(a, b); }
K_INLINE V min_nan(V a, V b) { return _mm512_min_ps(a, b); }
K_INLINE V abs(V a) { return _mm512_abs_ps(a); }
// a <= b ? yes : no, lane by lane.
K_INLINE V where_le(V a, V b, V yes, V no) { return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LE_OQ), no, yes); }
K_INLINE V round_even(V a) { return _mm512_roundscale_ps(a, 8); }
// p * 2^n, and 0 where t < -126: results that would be denormal are 0, because multiplying denormals is slow.
K_INLINE V scale2(V p, V n, V t) {
    return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(t, _mm512_set1_ps(-126.0f), _CMP_NLT_UQ), p, n);
}

K_INLINE V widen(__m256i h) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16)); }
K_INLINE V load(const bf16* p) { return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
K_INLINE V load_n(const bf16* p, int n) { return widen(_mm256_maskz_loadu_epi16(first(n), p)); }
K_INLINE V load(const f16* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
K_INLINE V load_n(const f16* p, int n) { return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(n), p)); }
K_INLINE V load(const int8_t* p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
K_INLINE V load_n(const int8_t* p, int n) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first(n), p)));
}
K_INLINE __m256i narrow(V a) {
    const __m512i u = _mm512_castps_si512(a), high = _mm512_srli_epi32(u, 16), one = _mm512_set1_epi32(1);
    const __m512i even = _mm512_add_epi32(_mm512_and_si512(high, one), _mm512_set1_epi32(0x7fff));
    const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(u, even), 16);
    const __mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
    return _mm512_cvtepi32_epi16(_mm512_mask_or_epi32(rounded, nan, high, _mm512_set1_epi32(0x40)));
}
K_INLINE void store(bf16* p, V a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(a)); }
K_INLINE void store_n(bf16* p, int n, V a) { _mm256_mask_storeu_epi16(p, first(n), narrow(a)); }

// Lane i of the result is the sum of the lanes of a[i].
K_INLINE V sum4(V a, V b, V c, V d) {
    const V x = add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    const V y = add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    return add(_mm512_shuffle_ps(x, y, 0x44), _mm512_shuffle_ps(x, y, 0xEE));
}
K_INLINE V sums(const V* a) {
    const V r0 = sum4(a[0], a[1], a[2], a[3]), r1 = sum4(a[4], a[5], a[6], a[7]);
    const V r2 = sum4(a[8], a[9], a[10], a[11]), r3 = sum4(a[12], a[13], a[14], a[15]);
    const V y = add(_mm512_shuffle_f32x4(r0, r1, 0x88), _mm512_shuffle_f32x4(r0, r1, 0xDD));
    const V z = add(_mm512_shuffle_f32x4(r2, r3, 0x88), _mm512_shuffle_f32x4(r2, r3, 0xDD));
    return add(_mm512_shuffle_f32x4(y, z, 0x88), _mm512_shuffle_f32x4(y, z, 0xDD));
}

#elif K_LEVEL == 1

using V = __m256;
constexpr int W = 8;

K_INLINE V zero() { return _mm256_setzero_ps(); }
K_INLINE V set1(float x) { return _mm256_set1_ps(x); }
K_INLINE V load(const float* p) { return _mm256_loadu_ps(p); }
K_INLINE void store(float* p, V a) { _mm256_storeu_ps(p, a); }
K_INLINE V add(V a, V b) { return _mm256_add_ps(a, b); }
K_INLINE V sub(V a, V b) { return _mm256_sub_ps(a, b); }
K_INLINE V mul(V a, V b) { return _mm256_mul_ps(a, b); }
K_INLINE V div(V a, V b) { return _mm256_div_ps(a, b); }
K_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
K_INLINE V max_nan(V a, V b) { return _mm256_max_ps(a, b); }
K_INLINE V min_nan(V a, V b) { return _mm256_min_ps(a, b); }
K_INLINE V abs(V a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
K_INLINE V where_le(V a, V b, V yes, V no) { return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LE_OQ)); }
K_INLINE V round_even(V a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
K_INLINE V scale2(V p, V n, V t) {
    const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    const V kept = _mm256_cmp_ps(t, _mm256_set1_ps(-126.0f), _CMP_NLT_UQ);
    return _mm256_and_ps(kept, _mm256_mul_ps(p, _mm256_castsi256_ps(power)));
}

K_INLINE V widen(__m128i h) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16)); }
K_INLINE V load(const bf16* p) { return widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
K_INLINE V load(const f16* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
K_INLINE V load(const int8_t* p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
K_INLINE void store(bf16* p, V a) {
    const __m256i u = _mm256_castps_si256(a), high = _mm256_srli_epi32(u, 16);
    const __m256i even = _mm256_add_epi32(_mm256_and_si256(high, _mm256_set1_epi32(1)), _mm256_set1_epi32(0x7fff));
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(u, even), 16);
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
    const __m256i r = _mm256_blendv_epi8(rounded, _mm256_or_si256(high, _mm256_set1_epi32(0x40)), nan);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(r, r), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
}

K_INLINE V sum4(V a, V b, V c, V d) {
    const V x = add(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    const V y = add(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    return add(_mm256_shuffle_ps(x, y, 0x44), _mm256_shuffle_ps(x, y, 0xEE));
}
K_INLINE V sums(const V* a) {
    const V r0 = sum4(a[0], a[1], a[2], a[3]), r1 = sum4(a[4], a[5], a[6], a[7]);
    return add(_mm256_permute2f128_ps(r0, r1, 0x20), _mm256_permute2f128_ps(r0, r1, 0x31));
}

#else

typedef float V __attribute__((vector_size(16)));
constexpr int W = 4;

K_INLINE V set1(float x) { return V{x, x, x, x}; }
K_INLINE V zero() { return set1(0.0f); }
K_INLINE V load(const float* p) { V a; std::memcpy(&a, p, sizeof a); return a; }
K_INLINE void store(float* p, V a) { std::memcpy(p, &a, sizeof a); }
K_INLINE V add(V a, V b) { return a + b; }
K_INLINE V sub(V a, V b) { return a - b; }
K_INLINE V mul(V a, V b) { return a * b; }
K_INLINE V div(V a, V b) { return a / b; }
K_INLINE V fma(V a, V b, V c) { return a * b + c; }
K_INLINE V max_nan(V a, V b) { return a > b ? a : b; }
K_INLINE V min_nan(V a, V b) { return a < b ? a : b; }
K_INLINE V abs(V a) { return a < 0.0f ? -a : a; }
K_INLINE V where_le(V a, V b, V yes, V no) { return a <= b ? yes : no; }
K_INLINE V round_even(V a) {
    const V magic = set1(12582912.0f); // 1.5 * 2^23: adding it leaves no fraction bits; right for |a| < 2^22
    return (a + magic) - magic;
}
K_INLINE V scale2(V p, V n, V t) {
    V r = zero();
    for (int i = 0; i < W; i++) {
        // -128 .. 128 covers every finite result; the comparison is false for NaN, which must stay NaN.
        const int32_t power = (static_cast<int32_t>(n[i] > 128.0f ? 128.0f : n[i] > -127.0f ? n[i] : -127.0f) + 127) << 23;
        float f;
        std::memcpy(&f, &power, sizeof f);
        r[i] = t[i] < -126.0f ? 0.0f : p[i] * f;
    }
    return r;
}

K_INLINE V load(const bf16* p) { return V{to_float(p[0]), to_float(p[1]), to_float(p[2]), to_float(p[3])}; }
K_INLINE V load(const f16* p) { return V{to_float(p[0]), to_float(p[1]), to_float(p[2]), to_float(p[3])}; }
K_INLINE V load(const int8_t* p) {
    return V{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2]), static_cast<float>(p[3])};
}
K_INLINE void store(bf16* p, V a) {
    for (int i = 0; i < W; i++) p[i] = to_bf16(a[i]);
}
K_INLINE V sums(const V* a) {
    V r = zero();
    for (int i = 0; i < W; i++) r[i] = (a[i][0] + a[i][2]) + (a[i][1] + a[i][3]);
    return r;
}

#endif

#if K_LEVEL != 2
template <class T> K_INLINE V load_n(const T* p, int n) {
    T buffer[W] = {};
    std::memcpy(buffer, p, n * sizeof(T));
    return load(buffer);
}
template <class T> K_INLINE void store_n(T* p, int n, V a) {
    T buffer[W];
    store(buffer, a);
    std::memcpy(p, buffer, n * sizeof(T));
}
#endif

// Lanes in a fixed tree order: half against half.
K_INLINE float sum(V a) {
    float lane[W];
    store(lane, a);
    for (int half = W / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lane[i] += lane[i + half];
    return lane[0];
}

// 2^t for t <= 128. Degree-6 Chebyshev fit of 2^f on |f| <= 1/2: relative error below 7e-8. t < -126 gives exactly 0.
K_INLINE V exp2(V t) {
    const V n = round_even(t), f = sub(t, n);
    V p = fma(f, set1(0.00015461444854736328f), set1(0.0013400427997112274f));
    p = fma(p, f, set1(0.009618056938052177f));
    p = fma(p, f, set1(0.05550327152013779f));
    p = fma(p, f, set1(0.24022650718688965f));
    p = fma(p, f, set1(0.6931471824645996f));
    p = fma(p, f, set1(1.0f));
    return scale2(p, n, t);
}

} // namespace K_NS
