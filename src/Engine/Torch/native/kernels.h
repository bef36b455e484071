// Types shared by kernels.cpp and the per-level files. The two argument structs are part of the C ABI: Kernels.cs
// declares them field by field.
#pragma once

#include <cstdint>
#include <cstring>

struct bf16 { uint16_t bits; };
struct f16 { uint16_t bits; };

enum ElementType : int32_t { TYPE_F32 = 0, TYPE_BF16 = 1, TYPE_F16 = 2, TYPE_I8 = 3 };

constexpr int MAX_HEAD_DIM = 256;
constexpr int KEY_BLOCK = 96;     // keys packed at a time in `attention`: a tile's scores then stay in a 32 KB cache
constexpr int MAX_TILES = 8;      // query tiles that share one packed key block: packing is 1/MAX_TILES of its cost
constexpr int DECODE_CHUNK = 512; // keys per unit of work in `decode`; fixed, so that threads cannot change a sum
constexpr int DECODE_BLOCK = 32;  // keys of a chunk that every query head reads while they are in the first-level cache
constexpr int DECODE_LANES = 64;  // most query rows x query heads of one KV head in `decode`

constexpr int GEMM_KC = 256;      // steps of k between two visits of a tile: a weight panel then stays in a 32 KB cache
constexpr int GEMM_COLUMNS = 768; // most outputs whose panels are held at once: 768 KB, in the second-level cache

// All strides in elements. q [q_tokens, q_heads, head_dim], k and v [k_tokens, kv_heads, head_dim], out as q; the last
// dimension is contiguous. causal: query i sees keys 0 .. q_offset + i.
struct AttentionArgs {
    const float* q;
    int64_t q_token_stride, q_head_stride;
    const void* k;
    int64_t k_token_stride, k_head_stride;
    const void* v;
    int64_t v_token_stride, v_head_stride;
    float* out;
    int64_t out_token_stride, out_head_stride;
    float* probs; // decode only: [q_tokens, probs_stride]
    int64_t probs_stride;
    int64_t q_tokens, k_tokens, q_heads, kv_heads, head_dim, q_offset;
    int32_t kv_type, causal;
    float scale;
    int32_t reserved;
};

// y[rows, n] = x[rows, k] * w[n, k]^T * scale[n] + bias[n]; scale (matvec only) and bias may be null.
struct MatvecArgs {
    const void* w;
    int64_t w_stride;
    const float *scale, *bias, *x;
    int64_t x_stride;
    float* y;
    int64_t y_stride;
    int64_t rows, n, k;
    int32_t w_type, reserved;
};

static inline float to_float(bf16 h) {
    const uint32_t u = static_cast<uint32_t>(h.bits) << 16;
    float f;
    std::memcpy(&f, &u, sizeof f);
    return f;
}

static inline float to_float(f16 h) {
    const uint32_t sign = (h.bits & 0x8000u) << 16, magnitude = h.bits & 0x7fffu;
    uint32_t u = magnitude << 13;
    if (magnitude >= 0x7c00u) u |= 0x7f800000u;                                      // infinity, NaN
    else if (magnitude >= 0x0400u) u += (127u - 15u) << 23;                          // normal
    else {                                                                           // denormal: magnitude * 2^-24
        const float f = static_cast<float>(magnitude) * 5.9604644775390625e-08f;
        std::memcpy(&u, &f, sizeof u);
    }
    u |= sign;
    float f;
    std::memcpy(&f, &u, sizeof f);
    return f;
}

// Round to nearest, ties to even; a NaN stays a (quiet) NaN.
static inline bf16 to_bf16(float f) {
    uint32_t u;
    std::memcpy(&u, &f, sizeof u);
    if ((u & 0x7fffffffu) > 0x7f800000u) return bf16{static_cast<uint16_t>((u >> 16) | 0x40u)};
    return bf16{static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}
