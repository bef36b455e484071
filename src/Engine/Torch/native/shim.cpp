// The door from C# to libtorch: one boxed entry point over the c10 dispatcher, plus what the dispatcher does not
// offer (tensor handles, autograd, grad modes, allocator, devices). Every operator of the installed libtorch is
// reachable by name, so this file never grows with the models above it.
//
// Conventions, relied upon by Native.cs:
//  * a tensor handle is a bare TensorImpl* that owns one reference; null is the undefined tensor;
//  * arguments are borrowed, results are owned by the caller;
//  * no exception leaves this file: -1 (or null) is returned and studio_t_error() has this thread's message.
//
// Compiles against libtorch 1.13 to 2.x without change; version differences are confined to the #if blocks.

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ScalarOps.h>
#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/version.h>

#include <dlfcn.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#define STUDIO_API extern "C" __attribute__((visibility("default")))

namespace {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
template <typename T> using Optional = std::optional<T>;
constexpr auto kNone = std::nullopt;
#else
template <typename T> using Optional = c10::optional<T>;
const auto kNone = c10::nullopt;
#endif

// ---------------------------------------------------------------------------------------------------- errors

thread_local std::string t_error;
thread_local std::string t_text;
thread_local std::string t_warning;

#if TORCH_VERSION_MAJOR >= 2
struct QuietWarnings : c10::WarningHandler {
    void process(const c10::Warning& warning) override { t_warning = warning.msg(); }
};
void install_warning_handler(c10::WarningHandler* handler) { c10::WarningUtils::set_warning_handler(handler); }
#else
struct QuietWarnings : c10::WarningHandler {
    void process(const c10::SourceLocation&, const std::string& msg, const bool) override { t_warning = msg; }
};
void install_warning_handler(c10::WarningHandler* handler) { c10::Warning::set_warning_handler(handler); }
#endif

// The handler slot is per thread, so each thread installs it at its first call.
void quiet_warnings_here() {
    static QuietWarnings handler;
    thread_local bool installed = false;
    if (!installed) {
        install_warning_handler(&handler);
        installed = true;
    }
}

template <typename R, typename F> R guarded(R failed, F&& body) noexcept {
    try {
        return body();
    } catch (const c10::Error& e) {
        t_error = e.what_without_backtrace();
    } catch (const std::exception& e) {
        t_error = e.what();
    } catch (...) {
        t_error = "unknown native failure";
    }
    return failed;
}

// ------------------------------------------------------------------------------------------------- allocator

// libc returns every large block to the kernel, and each fresh one costs page faults: up to four times the cost of an
// element-wise operator. Blocks of 1 MiB and more are therefore kept in free lists by size class (8 classes a power of
// two), up to a limit; smaller ones go to libc. Bound: `limit` bytes of cached blocks.
class CachingAllocator final : public c10::Allocator {
  public:
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
    c10::DataPtr allocate(size_t n) override { return allocate_block(n); }
    void copy_data(void* dest, const void* src, std::size_t count) const override { default_copy_data(dest, src, count); }
#else
    c10::DataPtr allocate(size_t n) const override { return const_cast<CachingAllocator*>(this)->allocate_block(n); }
#endif
    c10::DeleterFnPtr raw_deleter() const override { return &release_static; }

    std::atomic<int64_t> live{0}, peak{0}, cached{0}, limit{int64_t{4} << 30};

    void trim(int64_t keep) {
        std::lock_guard<std::mutex> lock(mutex_);
        for (auto& list : free_) {
            while (!list.empty() && cached > keep) {
                cached -= static_cast<int64_t>(static_cast<Header*>(list.back())->size);
                std::free(list.back());
                list.pop_back();
            }
        }
    }

    static CachingAllocator& instance() {
        static auto* self = new CachingAllocator; // never destroyed: tensors may die after static destructors
        return *self;
    }

  private:
    // In front of the data, whose pointer must equal the deleter's context (oneDNN's scratch space asserts it).
    struct alignas(64) Header {
        size_t size; // bytes of the whole block, header included
        int32_t size_class; // -1: not cached
    };
    static constexpr size_t kCachedFrom = size_t{1} << 20;
    static constexpr size_t kHugeFrom = size_t{4} << 20;
    static constexpr int kClasses = 8 * 44;

    static int class_of(size_t n, size_t& rounded) {
        const int log = 63 - __builtin_clzll(n);
        const size_t step = size_t{1} << (log - 3);
        rounded = (n + step - 1) & ~(step - 1);
        const int top = 63 - __builtin_clzll(rounded);
        return (top - 20) * 8 + static_cast<int>((rounded >> (top - 3)) & 7);
    }

    c10::DataPtr allocate_block(size_t n) {
        const c10::Device cpu(c10::DeviceType::CPU);
        if (n == 0) return {nullptr, nullptr, &release_static, cpu};
        size_t total = n + sizeof(Header);
        void* block = nullptr;
        int size_class = -1;
        if (total >= kCachedFrom) {
            size_class = class_of(total, total);
            TORCH_CHECK(size_class < kClasses, "allocation of ", n, " bytes is beyond the allocator's largest class");
            std::lock_guard<std::mutex> lock(mutex_);
            auto& list = free_[size_class];
            if (!list.empty()) {
                block = list.back();
                list.pop_back();
                cached -= static_cast<int64_t>(total);
            }
        }
        if (block == nullptr) {
            const size_t alignment = total >= kHugeFrom ? size_t{2} << 20 : 64;
            if (posix_memalign(&block, alignment, total) != 0) {
                trim(0);
                TORCH_CHECK(posix_memalign(&block, alignment, total) == 0, "out of memory: could not allocate ", n, " bytes");
            }
            if (total >= kHugeFrom) madvise(block, total, MADV_HUGEPAGE);
        }
        auto* header = static_cast<Header*>(block);
        header->size = total;
        header->size_class = size_class;
        const int64_t now = live += static_cast<int64_t>(total);
        int64_t seen = peak;
        while (now > seen && !peak.compare_exchange_weak(seen, now)) {}
        void* data = static_cast<char*>(block) + sizeof(Header);
        return {data, data, &release_static, cpu};
    }

    static void release_static(void* data) {
        if (data != nullptr) instance().release_block(data);
    }

    void release_block(void* data) {
        void* block = static_cast<char*>(data) - sizeof(Header);
        auto* header = static_cast<Header*>(block);
        const auto size = static_cast<int64_t>(header->size);
        live -= size;
        if (header->size_class >= 0) {
            std::lock_guard<std::mutex> lock(mutex_);
            if (cached + size <= limit) {
                free_[header->size_class].push_back(block);
                cached += size;
                return;
            }
        }
        std::free(block);
    }

    std::mutex mutex_;
    std::vector<void*> free_[kClasses];
};

// ------------------------------------------------------------------------------------------------- operators

enum Tag : int32_t {
    kDefault = 0, kNoneTag, kTensor, kInt, kDouble, kBool, kInts, kDoubles, kBools, kTensors, kString, kDevice, kOther
};

struct Val {
    int32_t tag;
    int32_t n;
    union {
        int64_t i;
        double d;
        const void* p;
    };
};
static_assert(sizeof(Val) == 16, "Val is mirrored by a C# struct");

enum class Want { Tensor, Int, Double, Number, Bool, Ints, Doubles, Bools, Tensors, OptionalTensors, Scalars, String, Device, Any };

struct Arg {
    Want want;
    bool optional;
    int32_t fixed_length; // k of int[k], 0 when free
    bool has_default;
    c10::IValue default_value;
};

struct Op {
    c10::OperatorHandle handle;
    std::vector<Arg> args;
};

Want want_of(const c10::TypePtr& type, bool& optional) {
    using K = c10::TypeKind;
    switch (type->kind()) {
        case K::OptionalType: {
            optional = true;
            bool inner = false;
            return want_of(type->castRaw<c10::OptionalType>()->getElementType(), inner);
        }
        case K::TensorType: return Want::Tensor;
        case K::IntType: return Want::Int;
        case K::FloatType: return Want::Double;
        case K::NumberType: return Want::Number;
        case K::BoolType: return Want::Bool;
        case K::StringType: return Want::String;
        case K::DeviceObjType: return Want::Device;
        case K::ListType: {
            const auto element = type->castRaw<c10::ListType>()->getElementType();
            switch (element->kind()) {
                case K::TensorType: return Want::Tensors;
                case K::OptionalType: return Want::OptionalTensors;
                case K::IntType: return Want::Ints;
                case K::FloatType: return Want::Doubles;
                case K::BoolType: return Want::Bools;
                case K::NumberType: return Want::Scalars;
                default: return Want::Any;
            }
        }
        default: return Want::Any;
    }
}

at::Tensor borrowed(const void* handle) {
    if (handle == nullptr) return {};
    auto* impl = static_cast<c10::TensorImpl*>(const_cast<void*>(handle));
    return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(impl));
}

void* owned(at::Tensor tensor) { return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr; }

[[noreturn]] void mismatch(const Op& op, size_t index, const Val& v) {
    const auto& schema = op.handle.schema();
    TORCH_CHECK(false, schema.operator_name(), ": argument ", index, " (", schema.arguments()[index].name(),
                ") cannot be made from a value of tag ", v.tag);
    __builtin_unreachable();
}

double as_double(const Val& v) { return v.tag == kDouble ? v.d : static_cast<double>(v.i); }

c10::IValue convert(const Op& op, size_t index, const Val& v) {
    const Arg& arg = op.args[index];
    if (v.tag == kDefault) {
        if (arg.has_default) return arg.default_value;
        if (arg.optional) return {};
        TORCH_CHECK(false, op.handle.schema().operator_name(), ": argument ", index, " (",
                    op.handle.schema().arguments()[index].name(), ") has no default");
    }
    if (v.tag == kNoneTag) return arg.want == Want::Tensor && !arg.optional ? c10::IValue(at::Tensor()) : c10::IValue();
    const bool number = v.tag == kInt || v.tag == kDouble || v.tag == kBool;
    switch (arg.want) {
        case Want::Tensor:
            if (v.tag == kTensor) return borrowed(v.p);
            if (number) {
                auto scalar = c10::scalar_to_tensor(v.tag == kDouble ? c10::Scalar(v.d) : c10::Scalar(v.i));
                scalar.unsafeGetTensorImpl()->set_wrapped_number(true); // type promotion as for a Python number
                return scalar;
            }
            break;
        case Want::Int:
            if (v.tag == kInt || v.tag == kBool) return v.i;
            break;
        case Want::Double:
            if (number) return as_double(v);
            break;
        case Want::Number:
            if (v.tag == kDouble) return v.d;
            if (v.tag == kBool) return v.i != 0;
            if (v.tag == kInt) return v.i;
            break;
        case Want::Bool:
            if (v.tag == kInt || v.tag == kBool) return v.i != 0;
            break;
        case Want::Ints: {
            if (v.tag == kInt) return c10::List<int64_t>(std::vector<int64_t>(std::max(1, arg.fixed_length), v.i));
            if (v.tag != kInts) break;
            const auto* p = static_cast<const int64_t*>(v.p);
            return c10::List<int64_t>(at::ArrayRef<int64_t>(p, v.n));
        }
        case Want::Doubles: {
            if (number) return c10::List<double>(std::vector<double>(std::max(1, arg.fixed_length), as_double(v)));
            c10::List<double> list;
            if (v.tag == kDoubles) {
                for (int k = 0; k < v.n; k++) list.push_back(static_cast<const double*>(v.p)[k]);
            } else if (v.tag == kInts) {
                for (int k = 0; k < v.n; k++) list.push_back(static_cast<double>(static_cast<const int64_t*>(v.p)[k]));
            } else {
                break;
            }
            return list;
        }
        case Want::Bools: {
            if (v.tag != kBools) break;
            c10::List<bool> list;
            for (int k = 0; k < v.n; k++) list.push_back(static_cast<const uint8_t*>(v.p)[k] != 0);
            return list;
        }
        case Want::Scalars: {
            c10::List<at::Scalar> list;
            if (v.tag == kInts) {
                for (int k = 0; k < v.n; k++) list.push_back(at::Scalar(static_cast<const int64_t*>(v.p)[k]));
            } else if (v.tag == kDoubles) {
                for (int k = 0; k < v.n; k++) list.push_back(at::Scalar(static_cast<const double*>(v.p)[k]));
            } else {
                break;
            }
            return list;
        }
        case Want::Tensors: {
            c10::List<at::Tensor> list;
            if (v.tag == kTensor) {
                list.push_back(borrowed(v.p));
            } else if (v.tag == kTensors) {
                for (int k = 0; k < v.n; k++) list.push_back(borrowed(static_cast<void* const*>(v.p)[k]));
            } else {
                break;
            }
            return list;
        }
        case Want::OptionalTensors: {
            if (v.tag != kTensors) break;
            c10::List<Optional<at::Tensor>> list;
            for (int k = 0; k < v.n; k++) {
                const auto* handle = static_cast<void* const*>(v.p)[k];
                list.push_back(handle == nullptr ? Optional<at::Tensor>() : Optional<at::Tensor>(borrowed(handle)));
            }
            return list;
        }
        case Want::String:
            if (v.tag == kString) return std::string(static_cast<const char*>(v.p), static_cast<size_t>(v.n));
            break;
        case Want::Device:
            if (v.tag == kDevice) {
                return c10::Device(static_cast<c10::DeviceType>(v.i & 0xff), static_cast<c10::DeviceIndex>(v.i >> 8));
            }
            break;
        case Want::Any: break;
    }
    mismatch(op, index, v);
}

thread_local std::vector<void*> t_lists; // tensor lists returned by this thread's last call

} // namespace

// ---------------------------------------------------------------------------------------------------- set-up

/// Once a process, before any operator: quick errors without a symbolised backtrace, and the caching allocator.
STUDIO_API int32_t studio_t_init(int32_t use_caching_allocator) {
    return guarded(-1, [&] {
        c10::SetStackTraceFetcher(std::function<std::string(void)>([] { return std::string(); }));
        if (use_caching_allocator != 0) c10::SetCPUAllocator(&CachingAllocator::instance(), /*priority=*/100);
        return 0;
    });
}

STUDIO_API const char* studio_t_error() { return t_error.c_str(); }
STUDIO_API const char* studio_t_warning() { return t_warning.c_str(); }
STUDIO_API const char* studio_t_version() { return TORCH_VERSION; }

/// Which library answers sgemm: its own description where it has one, else the file it was loaded from.
STUDIO_API const char* studio_t_blas() {
    return guarded<const char*>("unknown", [] {
        using Config = char* (*)();
        if (auto* config = reinterpret_cast<Config>(dlsym(RTLD_DEFAULT, "openblas_get_config"))) {
            // libtorch may list OpenBLAS among its needs and still resolve sgemm_ elsewhere: report what sgemm_ is.
            Dl_info info{};
            auto* gemm = dlsym(RTLD_DEFAULT, "sgemm_");
            const bool known = gemm != nullptr && dladdr(gemm, &info) != 0 && info.dli_fname != nullptr;
            t_text = std::string(config()) + (known ? std::string(" (") + info.dli_fname + ")" : "");
            return t_text.c_str();
        }
        if (at::hasMKL()) return "MKL";
        Dl_info info{};
        auto* gemm = dlsym(RTLD_DEFAULT, "sgemm_");
        t_text = gemm != nullptr && dladdr(gemm, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "built in";
        return t_text.c_str();
    });
}

STUDIO_API const char* studio_t_build_config() {
    return guarded<const char*>("", [] {
        t_text = at::show_config();
        return t_text.c_str();
    });
}

/// Threads of libtorch and of OpenBLAS; n = 0 only reads.
STUDIO_API int32_t studio_t_threads(int32_t n) {
    return guarded(-1, [&] {
        if (n > 0) {
            at::set_num_threads(n);
            using Set = void (*)(int);
            if (auto* set = reinterpret_cast<Set>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(n);
        }
        return static_cast<int32_t>(at::get_num_threads());
    });
}

STUDIO_API int32_t studio_t_manual_seed(int64_t seed) {
    return guarded(-1, [&] {
        at::manual_seed(static_cast<uint64_t>(seed));
        return 0;
    });
}

/// The CPU allocator's bytes: live, peak since the last reset, cached for reuse.
STUDIO_API void studio_t_memory(int64_t* live, int64_t* peak, int64_t* cached) {
    auto& a = CachingAllocator::instance();
    *live = a.live;
    *peak = a.peak;
    *cached = a.cached;
}

STUDIO_API void studio_t_memory_reset_peak() {
    auto& a = CachingAllocator::instance();
    a.peak = a.live.load();
}

STUDIO_API void studio_t_memory_limit(int64_t cached_bytes) {
    auto& a = CachingAllocator::instance();
    a.limit = cached_bytes;
    a.trim(cached_bytes);
}

STUDIO_API int32_t studio_t_device_count(int32_t device_type) {
    return guarded(0, [&] {
        const auto type = static_cast<c10::DeviceType>(device_type);
        if (type == c10::DeviceType::CPU) return 1;
        if (!c10::impl::hasDeviceGuardImpl(type)) return 0;
        return static_cast<int32_t>(c10::impl::VirtualGuardImpl(type).deviceCount());
    });
}

STUDIO_API int32_t studio_t_synchronize(int64_t device) {
    return guarded(-1, [&] {
        const auto type = static_cast<c10::DeviceType>(device & 0xff);
        if (type == c10::DeviceType::CPU) return 0;
        c10::impl::VirtualGuardImpl impl(type);
        impl.synchronizeStream(impl.getStream(c10::Device(type, static_cast<c10::DeviceIndex>(device >> 8))));
        return 0;
    });
}

// ------------------------------------------------------------------------------------------------- operators

/// Null when this libtorch has no such operator. Records live as long as the process; C# keeps one per operator.
STUDIO_API void* studio_t_op_find(const char* name, const char* overload) {
    return guarded<void*>(nullptr, [&]() -> void* {
        auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
        if (!handle.has_value()) {
            t_error = std::string("libtorch ") + TORCH_VERSION + " has no operator " + name + "." + overload;
            return nullptr;
        }
        auto* op = new Op{*handle, {}};
        for (const auto& a : handle->schema().arguments()) {
            Arg arg{};
            arg.want = want_of(a.type(), arg.optional);
            arg.fixed_length = a.N() ? *a.N() : 0;
            arg.has_default = a.default_value().has_value();
            if (arg.has_default) arg.default_value = *a.default_value();
            op->args.push_back(std::move(arg));
        }
        return op;
    });
}

STUDIO_API const char* studio_t_op_schema(void* op) {
    return guarded<const char*>(nullptr, [&] {
        t_text = c10::toString(static_cast<Op*>(op)->handle.schema());
        return t_text.c_str();
    });
}

/// Names of all operators, one a line, as namespace::name.overload.
STUDIO_API const char* studio_t_op_list() {
    return guarded<const char*>(nullptr, [] {
        t_text.clear();
        for (const auto& name : c10::Dispatcher::singleton().getAllOpNames()) {
            t_text += name.name + "." + name.overload_name + "\n";
        }
        return t_text.c_str();
    });
}

/// Number of results, or -1. Missing trailing arguments take the schema's defaults.
STUDIO_API int32_t studio_t_op_call(void* op_handle, const Val* args, int32_t nargs, Val* results, int32_t capacity) {
    return guarded(-1, [&] {
        quiet_warnings_here();
        const auto& op = *static_cast<Op*>(op_handle);
        TORCH_CHECK(nargs <= static_cast<int32_t>(op.args.size()), op.handle.schema().operator_name(), ": ", nargs,
                    " arguments given, ", op.args.size(), " expected");
        std::vector<c10::IValue> stack;
        stack.reserve(op.args.size() + 2);
        const Val missing{};
        for (size_t k = 0; k < op.args.size(); k++) {
            stack.push_back(convert(op, k, static_cast<int32_t>(k) < nargs ? args[k] : missing));
        }
        op.handle.callBoxed(&stack);
        TORCH_CHECK(static_cast<int32_t>(stack.size()) <= capacity, op.handle.schema().operator_name(), ": ", stack.size(),
                    " results, room for ", capacity);

        t_lists.clear();
        std::vector<std::pair<int32_t, size_t>> lists; // result index, offset into t_lists (which may still grow)
        for (size_t k = 0; k < stack.size(); k++) {
            auto& value = stack[k];
            Val& r = results[k];
            r = Val{};
            if (value.isTensor()) {
                r.tag = kTensor;
                r.p = owned(std::move(value).toTensor());
            } else if (value.isTensorList()) {
                const auto list = value.toTensorVector();
                r.tag = kTensors;
                r.n = static_cast<int32_t>(list.size());
                lists.emplace_back(static_cast<int32_t>(k), t_lists.size());
                for (const auto& t : list) t_lists.push_back(owned(t));
            } else if (value.isInt()) {
                r.tag = kInt;
                r.i = value.toInt();
            } else if (value.isDouble()) {
                r.tag = kDouble;
                r.d = value.toDouble();
            } else if (value.isBool()) {
                r.tag = kBool;
                r.i = value.toBool() ? 1 : 0;
            } else if (value.isScalar()) {
                const auto s = value.toScalar();
                r.tag = s.isFloatingPoint() ? kDouble : kInt;
                if (s.isFloatingPoint()) r.d = s.toDouble(); else r.i = s.toLong();
            } else if (value.isNone()) {
                r.tag = kNoneTag;
            } else {
                r.tag = kOther;
            }
        }
        for (const auto& [index, offset] : lists) results[index].p = t_lists.data() + offset;
        return static_cast<int32_t>(stack.size());
    });
}

// --------------------------------------------------------------------------------------------------- tensors

STUDIO_API void studio_t_release(void* handle) {
    if (handle == nullptr) return;
    auto dead = c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(static_cast<c10::TensorImpl*>(handle));
}

STUDIO_API void* studio_t_retain(void* handle) {
    return guarded<void*>(nullptr, [&] { return owned(borrowed(handle)); });
}

STUDIO_API int64_t studio_t_use_count(void* handle) {
    return guarded(int64_t{-1}, [&] { return static_cast<int64_t>(borrowed(handle).use_count()) - 1; });
}

struct Info {
    int32_t dtype, rank;
    int64_t device; // type | index << 8, index -1 when none
    int64_t numel, item_size, storage_offset, storage_bytes;
    int32_t flags; // 1 requires_grad, 2 leaf, 4 contiguous, 8 inference
    int32_t reserved;
    void* data; // null for sparse and other storage-less tensors
};

STUDIO_API int32_t studio_t_info(void* handle, Info* info, int64_t* sizes, int64_t* strides, int32_t capacity) {
    return guarded(-1, [&] {
        const auto t = borrowed(handle);
        TORCH_CHECK(t.defined(), "undefined tensor");
        info->dtype = static_cast<int32_t>(t.scalar_type());
        info->rank = static_cast<int32_t>(t.dim());
        const auto device = t.device();
        info->device = static_cast<int64_t>(static_cast<int>(device.type())) | (static_cast<int64_t>(device.index()) << 8);
        info->numel = t.numel();
        info->item_size = static_cast<int64_t>(t.element_size());
        const bool storage = t.has_storage();
        info->storage_offset = storage ? t.storage_offset() : 0;
        info->storage_bytes = storage ? static_cast<int64_t>(t.storage().nbytes()) : 0;
        info->flags = (t.requires_grad() ? 1 : 0) | (t.is_leaf() ? 2 : 0) | (t.is_contiguous() ? 4 : 0) | (t.is_inference() ? 8 : 0);
        info->reserved = 0;
        info->data = storage ? t.data_ptr() : nullptr;
        for (int32_t k = 0; k < info->rank && k < capacity; k++) {
            sizes[k] = t.size(k);
            strides[k] = t.stride(k);
        }
        return 0;
    });
}

using Deleter = void (*)(void*);

/// A tensor over foreign memory. `deleter(context)` runs once, on whatever thread drops the last reference.
STUDIO_API void* studio_t_from_blob(void* data, const int64_t* sizes, const int64_t* strides, int32_t rank, int32_t dtype,
                                    int64_t device, Deleter deleter, void* context) {
    return guarded<void*>(nullptr, [&] {
        const auto options = at::TensorOptions()
                                 .dtype(static_cast<at::ScalarType>(dtype))
                                 .device(c10::Device(static_cast<c10::DeviceType>(device & 0xff),
                                                     static_cast<c10::DeviceIndex>(device >> 8)));
        const at::IntArrayRef shape(sizes, rank);
        const auto release = [deleter, context](void*) {
            if (deleter != nullptr) deleter(context);
        };
        return owned(strides == nullptr ? at::from_blob(data, shape, release, options)
                                        : at::from_blob(data, shape, at::IntArrayRef(strides, rank), release, options));
    });
}

// -------------------------------------------------------------------------------------------------- autograd

STUDIO_API int32_t studio_t_set_requires_grad(void* handle, int32_t on) {
    return guarded(-1, [&] {
        borrowed(handle).set_requires_grad(on != 0);
        return 0;
    });
}

STUDIO_API void* studio_t_grad(void* handle) {
    return guarded<void*>(nullptr, [&] { return owned(borrowed(handle).grad()); });
}

STUDIO_API int32_t studio_t_set_grad(void* handle, void* grad) {
    return guarded(-1, [&] {
        borrowed(handle).mutable_grad() = borrowed(grad);
        return 0;
    });
}

namespace {
torch::autograd::variable_list variables(void* const* handles, int32_t n) {
    torch::autograd::variable_list list;
    for (int32_t k = 0; k < n; k++) list.push_back(borrowed(handles[k]));
    return list;
}
} // namespace

STUDIO_API int32_t studio_t_backward(void* const* tensors, int32_t n, void* const* grads, int32_t ngrads, int32_t retain,
                                     int32_t create) {
    return guarded(-1, [&] {
        torch::autograd::backward(variables(tensors, n), variables(grads, ngrads), retain != 0, create != 0);
        return 0;
    });
}

/// Fills results[0..ninputs) with owned handles (null where unused and allowed).
STUDIO_API int32_t studio_t_autograd_grad(void* const* outputs, int32_t noutputs, void* const* inputs, int32_t ninputs,
                                          void* const* grads, int32_t ngrads, int32_t retain, int32_t create,
                                          int32_t allow_unused, void** results) {
    return guarded(-1, [&] {
        auto found = torch::autograd::grad(variables(outputs, noutputs), variables(inputs, ninputs), variables(grads, ngrads),
                                           retain != 0, create != 0, allow_unused != 0);
        for (int32_t k = 0; k < ninputs; k++) results[k] = owned(std::move(found[k]));
        return 0;
    });
}

namespace {
// Gradients of a function's inputs from those of its outputs: owned handles both ways, null where there is none. Not 0: it
// failed, and wrote why into the text.
using Recompute = int32_t (*)(void* context, void** grads, int32_t ngrads, void** results, int32_t nresults, char* text, int32_t capacity);

/// A stretch of the graph whose inner part is computed anew when gradients come.
struct RecomputedNode final : torch::autograd::Node {
    RecomputedNode(Recompute recompute, Deleter drop, void* context) : recompute_(recompute), drop_(drop), context_(context) {}
    ~RecomputedNode() override { forget(); }

    torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) override {
        void* context = context_.load();
        TORCH_CHECK(context != nullptr, "this part of the graph was freed by an earlier backward; keep it with retain_graph");
        std::vector<void*> given, found(num_outputs(), nullptr);
        for (auto& grad : grads) given.push_back(owned(std::move(grad)));
        char text[1024] = "";
        const int32_t failed = recompute_(context, given.data(), static_cast<int32_t>(given.size()), found.data(),
                                          static_cast<int32_t>(found.size()), text, sizeof text);
        torch::autograd::variable_list results;
        for (void* handle : found) {
            results.push_back(borrowed(handle));
            studio_t_release(handle);
        }
        TORCH_CHECK(failed == 0, text);
        return results;
    }

    void release_variables() override { forget(); }
    std::string name() const override { return "Recomputed"; }

  private:
    void forget() {
        void* context = context_.exchange(nullptr);
        if (context != nullptr) drop_(context);
    }

    Recompute recompute_;
    Deleter drop_;
    std::atomic<void*> context_;
};
} // namespace

/// Puts outputs, which have no history yet, behind inputs: `recompute` gives the gradients. `drop(context)` runs once, when the
/// graph is freed; not where this fails.
STUDIO_API int32_t studio_t_recomputed(void* const* inputs, int32_t ninputs, void* const* outputs, int32_t noutputs,
                                       Recompute recompute, Deleter drop, void* context) {
    return guarded(-1, [&] {
        auto edges = torch::autograd::collect_next_edges(variables(inputs, ninputs));
        std::shared_ptr<torch::autograd::Node> node(new RecomputedNode(recompute, drop, context), torch::autograd::deleteNode);
        node->set_next_edges(std::move(edges));
        for (int32_t k = 0; k < noutputs; k++) {
            at::Tensor output = borrowed(outputs[k]);
            torch::autograd::set_history(output, node);
        }
        return 0;
    });
}

/// Sets this thread's gradient mode (-1: leave it) and returns the former one.
STUDIO_API int32_t studio_t_grad_mode(int32_t on) {
    return guarded(-1, [&] {
        const int32_t before = c10::GradMode::is_enabled() ? 1 : 0;
        if (on >= 0) c10::GradMode::set_enabled(on != 0);
        return before;
    });
}

STUDIO_API void* studio_t_inference_enter() {
    return guarded<void*>(nullptr, [] { return static_cast<void*>(new c10::InferenceMode(true)); });
}

STUDIO_API void studio_t_inference_exit(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }
