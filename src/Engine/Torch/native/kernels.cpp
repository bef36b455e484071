// Fast CPU kernels behind a C ABI: raw pointers, explicit strides and thread counts, no libtorch. Inference only.
//
// Build: g++ -O3 -std=c++17 -fPIC -fopenmp -fvisibility=hidden, never -march=native: the code for each instruction set
// carries its own target attribute and is chosen at run time.
//
// Results do not depend on the number of threads: work is cut into pieces whose sums are formed alike whoever runs them.
// They do depend, in the last bits, on the instruction set (4, 8 or 16 lanes of partial sums).

#include "kernels.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <omp.h>

#if defined(__x86_64__)
// GCC 12's own headers write "__m512 y = y;" for don't-care registers and then warn about it (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#define K_X86 1
#else
#define K_X86 0
#endif

#define K_LEVEL 0
#include "kernels_vector.inl"
#include "kernels_dense.inl"
#include "kernels_gemm.inl"
#include "kernels_attention.inl"
#include "kernels_decode.inl"
#undef K_LEVEL
#if K_X86
#define K_LEVEL 1
#include "kernels_vector.inl"
#include "kernels_dense.inl"
#include "kernels_gemm.inl"
#include "kernels_attention.inl"
#include "kernels_decode.inl"
#undef K_LEVEL
#define K_LEVEL 2
#include "kernels_vector.inl"
#include "kernels_dense.inl"
#include "kernels_gemm.inl"
#include "kernels_attention.inl"
#include "kernels_decode.inl"
#undef K_LEVEL
#endif

#define STUDIO_API extern "C" __attribute__((visibility("default")))

namespace {

struct Table {
    int lanes;
    decltype(&portable::rms_norm) rms_norm;
    decltype(&portable::layer_norm) layer_norm;
    decltype(&portable::silu_mul) silu_mul;
    decltype(&portable::gelu_range) gelu;
    decltype(&portable::rotate) rotate;
    decltype(&portable::convert_range) convert;
    decltype(&portable::matvec) matvec;
    decltype(&portable::gemm) gemm;
    decltype(&portable::gemm_scratch_floats) gemm_scratch_floats;
    decltype(&portable::attention_item) attention_item;
    decltype(&portable::scratch_floats) scratch_floats;
    decltype(&portable::decode_chunk) decode_chunk;
};

#define K_TABLE(ns)                                                                                                      \
    {ns::LANES, ns::rms_norm, ns::layer_norm, ns::silu_mul, ns::gelu_range, ns::rotate, ns::convert_range, ns::matvec,    \
     ns::gemm, ns::gemm_scratch_floats, ns::attention_item, ns::scratch_floats, ns::decode_chunk}

const Table s_tables[] = {
    K_TABLE(portable),
#if K_X86
    K_TABLE(avx2),
    K_TABLE(avx512),
#endif
};

int best_level() {
#if K_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) return 1;
#endif
    return 0;
}

// Per calling thread, so that a test of one level cannot change the bits another thread computes.
thread_local int t_level = -1;

const Table& table() {
    static const int best = best_level();
    return s_tables[t_level < 0 ? best : std::min(t_level, best)];
}

// Starting a team costs some microseconds: at least `grain` units of work per thread.
int team(int threads, int64_t work, int64_t grain) {
    return static_cast<int>(std::clamp<int64_t>(work / grain, 1, std::max(threads, 1)));
}

constexpr int64_t GRAIN = 16384; // elements of a row-wise kernel per thread

// Cuts [0, n) into pieces of `piece` and runs body(from, to) for each.
template <class F> void in_pieces(int64_t n, int64_t piece, int threads, F body) {
    const int64_t pieces = (n + piece - 1) / piece;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int64_t i = 0; i < pieces; i++) body(i * piece, std::min(n, (i + 1) * piece));
}

template <class F> void in_rows(int64_t rows, int64_t n, int threads, F body) {
    const int used = team(threads, rows * n, GRAIN);
    in_pieces(rows, std::max<int64_t>(1, std::min<int64_t>((rows + used - 1) / used, 64)), used, body);
}

struct Free { void operator()(void* p) const { std::free(p); } };
using Buffer = std::unique_ptr<float, Free>;

Buffer allocate(int64_t floats) {
    const size_t bytes = (static_cast<size_t>(floats) * sizeof(float) + 63) / 64 * 64;
    return Buffer(static_cast<float*>(std::aligned_alloc(64, std::max<size_t>(bytes, 64))));
}

constexpr int OK = 0, OUT_OF_MEMORY = 1, BAD_ARGUMENT = 2;

bool valid(const AttentionArgs& a) {
    return a.head_dim > 0 && a.head_dim <= MAX_HEAD_DIM && a.kv_heads > 0 && a.q_heads > 0 && a.q_heads % a.kv_heads == 0 &&
           a.q_tokens >= 0 && a.k_tokens >= 0 && a.k_tokens < (1 << 24) && (a.kv_type == TYPE_F32 || a.kv_type == TYPE_BF16);
}

} // namespace

// ---- row-wise ----

STUDIO_API void studio_k_rms_norm(const void* x, int32_t type, int64_t x_stride, const void* weight, int32_t weight_type,
                                  void* y, int64_t y_stride, int64_t rows, int64_t n, float eps, int32_t threads) {
    const Table& k = table();
    in_rows(rows, n, threads, [&](int64_t from, int64_t to) {
        k.rms_norm(x, type, x_stride, weight, weight_type, y, y_stride, from, to, n, eps);
    });
}

STUDIO_API void studio_k_layer_norm(const float* x, int64_t x_stride, const float* weight, const float* bias, float* y,
                                    int64_t y_stride, int64_t rows, int64_t n, float eps, int32_t threads) {
    const Table& k = table();
    in_rows(rows, n, threads, [&](int64_t from, int64_t to) {
        k.layer_norm(x, x_stride, weight, bias, y, y_stride, from, to, n, eps);
    });
}

STUDIO_API void studio_k_silu_mul(const float* gate, int64_t gate_stride, const float* up, int64_t up_stride, float* out,
                                  int64_t out_stride, int64_t rows, int64_t n, int32_t threads) {
    const Table& k = table();
    in_rows(rows, n, threads, [&](int64_t from, int64_t to) {
        for (int64_t r = from; r < to; r++) k.silu_mul(gate + r * gate_stride, up + r * up_stride, out + r * out_stride, n);
    });
}

STUDIO_API void studio_k_gelu_erf(float* x, int64_t n, int32_t threads) {
    const Table& k = table();
    in_pieces(n, GRAIN, team(threads, n, GRAIN), [&](int64_t from, int64_t to) { k.gelu(x + from, to - from); });
}

// Returns -1, or the index of the first token whose position lies outside [0, max_positions); then nothing was changed.
STUDIO_API int64_t studio_k_rope(float* x, int64_t token_stride, int64_t head_stride, const float* cosine, const float* sine,
                                 int64_t max_positions, const int64_t* positions, int64_t tokens, int64_t heads,
                                 int64_t head_dim, int32_t threads) {
    for (int64_t t = 0; t < tokens; t++)
        if (positions[t] < 0 || positions[t] >= max_positions) return t;
    const Table& k = table();
    const int64_t half = head_dim / 2;
    in_rows(tokens, heads * head_dim, threads, [&](int64_t from, int64_t to) {
        for (int64_t t = from; t < to; t++)
            for (int64_t h = 0; h < heads; h++)
                k.rotate(x + t * token_stride + h * head_stride, cosine + positions[t] * half, sine + positions[t] * half, half);
    });
    return -1;
}

// bf16 -> f32 (from_type 1), f16 -> f32 (2), f32 -> bf16 (0).
STUDIO_API void studio_k_convert(const void* from, int32_t from_type, void* to, int64_t n, int32_t threads) {
    const Table& k = table();
    in_pieces(n, GRAIN, team(threads, n, GRAIN), [&](int64_t a, int64_t b) { k.convert(from, from_type, to, a, b - a); });
}

STUDIO_API void studio_k_matvec(const MatvecArgs* args, int32_t threads) {
    const Table& k = table();
    const MatvecArgs& a = *args;
    const int used = team(threads, a.n * a.k, 4 * GRAIN);
    // One run of rows per thread keeps each thread's reads sequential; a row's sum is the same in any run.
    const int64_t piece = std::max<int64_t>(8, ((a.n + used - 1) / used + 7) / 8 * 8);
    in_pieces(a.n, piece, used, [&](int64_t from, int64_t to) { k.matvec(a, from, to); });
}

// Each thread takes whole groups of outputs, and of rows only where there are fewer groups than threads: it then packs its
// weights once and shares nothing. How the work is cut changes no bit.
STUDIO_API int32_t studio_k_gemm(const MatvecArgs* args, int32_t threads) {
    const MatvecArgs& a = *args;
    if (a.scale || a.w_type == TYPE_I8) return BAD_ARGUMENT;
    if (a.rows == 0 || a.n == 0) return OK;
    const Table& k = table();
    const int64_t used = team(threads, a.rows * a.n * std::max<int64_t>(a.k, 1), 64 * GRAIN);
    int64_t groups = (a.n + GEMM_COLUMNS - 1) / GEMM_COLUMNS, parts = 1;
    if (const int64_t even = (groups + used - 1) / used * used; a.n / even >= 128) groups = even;
    else if (groups < used) {
        groups = std::max<int64_t>(groups, std::min<int64_t>(used, a.n / 128));
        parts = std::clamp<int64_t>(a.rows / 96, 1, (used + groups - 1) / groups);
    }
    const int64_t columns = ((a.n + groups - 1) / groups + 31) / 32 * 32, rows = ((a.rows + parts - 1) / parts + 11) / 12 * 12;
    groups = (a.n + columns - 1) / columns;
    parts = (a.rows + rows - 1) / rows;
    std::atomic<bool> failed{false};
    const int team_size = static_cast<int>(std::min<int64_t>(used, groups * parts));
#pragma omp parallel num_threads(team_size) if (team_size > 1)
    {
        const Buffer scratch = allocate(k.gemm_scratch_floats(std::min(columns, a.n)));
        if (!scratch) failed = true;
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < groups * parts; i++) {
            const int64_t n = i % groups * columns, row = i / groups * rows;
            if (scratch) k.gemm(a, row, std::min(row + rows, a.rows), n, std::min(n + columns, a.n), scratch.get());
        }
    }
    return failed ? OUT_OF_MEMORY : OK;
}

// ---- attention ----

STUDIO_API int32_t studio_k_attention(const AttentionArgs* args, int32_t threads) {
    const AttentionArgs& a = *args;
    if (!valid(a)) return BAD_ARGUMENT;
    const Table& k = table();
    const int64_t rows = a.q_tokens * (a.q_heads / a.kv_heads), tiles = (rows + k.lanes - 1) / k.lanes;
    if (tiles == 0) return OK;
    threads = std::max(threads, 1);
    // Enough items to keep all threads busy to the end, few enough to share the packing of keys.
    const int64_t most = a.head_dim > 128 ? MAX_TILES / 2 : MAX_TILES;
    const int64_t wanted = std::clamp<int64_t>(tiles * a.kv_heads / (threads * 4), 1, most);
    const int64_t items = (tiles + wanted - 1) / wanted, per_item = (tiles + items - 1) / items;
    const int64_t total = items * a.kv_heads;
    const int used = static_cast<int>(std::min<int64_t>(threads, total));
    std::atomic<bool> failed{false};
#pragma omp parallel num_threads(used) if (used > 1)
    {
        const Buffer scratch = allocate(k.scratch_floats(static_cast<int>(per_item), static_cast<int>(a.head_dim)));
        if (!scratch) failed = true;
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < total; i++) {
            // The last rows of a causal mask see most keys: longest work first.
            const int64_t item = items - 1 - i / a.kv_heads, first = item * per_item;
            const int count = static_cast<int>(std::min(per_item, tiles - first));
            if (scratch && count > 0) k.attention_item(a, static_cast<int>(i % a.kv_heads), first, count, scratch.get());
        }
    }
    return failed ? OUT_OF_MEMORY : OK;
}

// q_tokens <= 8 and q_tokens * q_heads / kv_heads <= 64. v and out may both be null; probs may be null.
STUDIO_API int32_t studio_k_attention_decode(const AttentionArgs* args, int32_t threads) {
    const AttentionArgs& a = *args;
    if (!valid(a) || (a.v == nullptr) != (a.out == nullptr)) return BAD_ARGUMENT;
    const int64_t group = a.q_heads / a.kv_heads, lanes = a.q_tokens * group;
    if (lanes > DECODE_LANES) return BAD_ARGUMENT;
    if (lanes == 0) return OK;
    const Table& k = table();
    const int d = static_cast<int>(a.head_dim), padded = (d + 15) / 16 * 16;
    const int64_t chunks = (a.k_tokens + DECODE_CHUNK - 1) / DECODE_CHUNK, part = lanes * (2 + padded);
    const int used = team(threads, a.k_tokens * a.kv_heads, 128);

    const Buffer q = allocate(a.kv_heads * lanes * padded), parts = allocate(chunks * a.kv_heads * part);
    const Buffer scores = allocate(static_cast<int64_t>(used) * lanes * DECODE_CHUNK);
    const Buffer weights = a.probs ? allocate(a.kv_heads * lanes * a.k_tokens) : Buffer();
    const Buffer factors = a.probs ? allocate(chunks * a.kv_heads * lanes) : Buffer();
    if (!q || !parts || !scores || (a.probs && (!weights || !factors))) return OUT_OF_MEMORY;

    const float to_log2 = a.scale * 1.44269504088896340736f;
    for (int64_t g = 0; g < a.kv_heads; g++)
        for (int64_t lane = 0; lane < lanes; lane++) {
            const float* from = a.q + lane / group * a.q_token_stride + (g * group + lane % group) * a.q_head_stride;
            float* to = q.get() + (g * lanes + lane) * padded;
            for (int c = 0; c < padded; c++) to[c] = c < d ? from[c] * to_log2 : 0.0f;
        }

#pragma omp parallel for num_threads(used) schedule(dynamic, 1) if (used > 1)
    for (int64_t i = 0; i < chunks * a.kv_heads; i++) {
        const int64_t g = i / chunks, chunk = i % chunks;
        k.decode_chunk(a, q.get() + g * lanes * padded, padded, static_cast<int>(lanes), static_cast<int>(g),
                       chunk * DECODE_CHUNK, scores.get() + omp_get_thread_num() * lanes * DECODE_CHUNK,
                       parts.get() + i * part, weights ? weights.get() + g * lanes * a.k_tokens : nullptr);
    }

    for (int64_t g = 0; g < a.kv_heads; g++)
        for (int64_t lane = 0; lane < lanes; lane++) {
            const float* first = parts.get() + g * chunks * part + lane * (2 + padded);
            float high = -std::numeric_limits<float>::infinity(), total = 0.0f;
            for (int64_t c = 0; c < chunks; c++) high = std::max(high, first[c * part]);
            float o[MAX_HEAD_DIM] = {};
            for (int64_t c = 0; c < chunks; c++) {
                const float* p = first + c * part;
                // A chunk without visible keys has m = -infinity; its weights are 0 as they stand.
                const bool unseen = p[0] == -std::numeric_limits<float>::infinity() && p[1] == 0.0f;
                const float fade = unseen ? 0.0f : std::exp2(p[0] - high);
                total += p[1] * fade;
                if (factors) factors.get()[(g * lanes + lane) * chunks + c] = fade;
                if (a.v)
                    for (int i = 0; i < d; i++) o[i] += p[2 + i] * fade;
            }
            const float inverse = total == 0.0f ? 0.0f : 1.0f / total;
            if (factors)
                for (int64_t c = 0; c < chunks; c++) factors.get()[(g * lanes + lane) * chunks + c] *= inverse;
            if (a.out) {
                float* to = a.out + lane / group * a.out_token_stride + (g * group + lane % group) * a.out_head_stride;
                for (int i = 0; i < d; i++) to[i] = o[i] * inverse;
            }
        }

    if (!a.probs) return OK;
    const float share = 1.0f / static_cast<float>(a.q_heads);
    in_pieces(a.k_tokens, DECODE_CHUNK, used, [&](int64_t from, int64_t to) {
        for (int64_t t = 0; t < a.q_tokens; t++) {
            float* row = a.probs + t * a.probs_stride;
            for (int64_t j = from; j < to; j++) row[j] = 0.0f;
            for (int64_t g = 0; g < a.kv_heads; g++)
                for (int64_t h = 0; h < group; h++) {
                    const int64_t lane = g * lanes + t * group + h;
                    const float f = factors.get()[lane * chunks + from / DECODE_CHUNK] * share;
                    const float* w = weights.get() + lane * a.k_tokens;
                    for (int64_t j = from; j < to; j++) row[j] += w[j] * f;
                }
        }
    });
    return OK;
}

// ---- what the machine offers ----

// Bit set: 0 avx2, 1 fma, 2 f16c, 3 avx512f, 4 avx512bw, 5 avx512vl, 6 avx512dq, 7 avx512-vnni, 8 avx512-bf16,
// 9 amx-tile, 10 amx-int8, 11 amx-bf16.
STUDIO_API int64_t studio_k_cpu_features() {
    int64_t bits = 0;
#if K_X86
#define K_BIT(i, name) if (__builtin_cpu_supports(name)) bits |= int64_t{1} << (i)
    K_BIT(0, "avx2");
    K_BIT(1, "fma");
    K_BIT(2, "f16c");
    K_BIT(3, "avx512f");
    K_BIT(4, "avx512bw");
    K_BIT(5, "avx512vl");
    K_BIT(6, "avx512dq");
    K_BIT(7, "avx512vnni");
    K_BIT(8, "avx512bf16");
    K_BIT(9, "amx-tile");
    K_BIT(10, "amx-int8");
    K_BIT(11, "amx-bf16");
#undef K_BIT
#endif
    return bits;
}

// The level in use on this thread: 0 portable, 1 AVX2, 2 AVX-512. level >= 0 caps it (never beyond what the CPU has),
// -1 lifts the cap, -2 only asks.
STUDIO_API int32_t studio_k_level(int32_t level) {
    if (level >= -1) t_level = std::min(level, 2);
    return static_cast<int32_t>(&table() - s_tables);
}

namespace {

// Best of `repeats` passes; each thread reads its own part and, when copying, writes as much elsewhere.
double bandwidth(int64_t bytes, int threads, int repeats, bool copy) {
    threads = std::max(threads, 1);
    const int64_t part = bytes / threads / 256 * 256;
    if (part == 0) return 0.0;
    const Buffer from = allocate(part * threads / 4), to = copy ? allocate(part * threads / 4) : Buffer();
    if (!from || (copy && !to)) return -1.0;
    double best = 0.0;
    uint64_t sink = 0;
    for (int r = -1; r < repeats; r++) { // pass -1 touches the pages
        double start = 0.0;
#pragma omp parallel num_threads(threads) reduction(+ : sink)
        {
            char* mine = reinterpret_cast<char*>(from.get()) + omp_get_thread_num() * part;
            char* target = copy ? reinterpret_cast<char*>(to.get()) + omp_get_thread_num() * part : nullptr;
            if (r < 0) {
                std::memset(mine, 1, part);
                if (copy) std::memset(target, 0, part);
            }
#pragma omp barrier
#pragma omp master
            start = omp_get_wtime();
            if (copy) std::memcpy(target, mine, part);
            else {
                const uint64_t* p = reinterpret_cast<const uint64_t*>(mine);
                uint64_t acc[8] = {};
                for (int64_t i = 0; i < part / 8; i += 8) {
                    __builtin_prefetch(p + i + 128);
                    for (int u = 0; u < 8; u++) acc[u] += p[i + u];
                }
                for (uint64_t v : acc) sink += v;
            }
        }
        const double seconds = omp_get_wtime() - start;
        if (r >= 0 && seconds > 0.0) best = std::max(best, static_cast<double>(part) * threads / seconds);
    }
    volatile uint64_t keep = sink; // the sums must look used
    (void)keep;
    return best;
}

} // namespace

// Bytes read per second, best of `repeats`; 0 when `bytes` is below 256 per thread, -1 when memory is short.
STUDIO_API double studio_k_read_bandwidth(int64_t bytes, int32_t threads, int32_t repeats) {
    return bandwidth(bytes, threads, repeats, false);
}

// Bytes copied per second (each is read once and written once).
STUDIO_API double studio_k_copy_bandwidth(int64_t bytes, int32_t threads, int32_t repeats) {
    return bandwidth(bytes, threads, repeats, true);
}
