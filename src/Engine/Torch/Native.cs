using System.Reflection;
using System.Runtime.InteropServices;

namespace Studio.Engine.Torch;

/// <summary>The C functions of native/shim.cpp. Handles are bare tensor pointers that own one reference each.</summary>
internal static unsafe class Native
{
    internal const string Library = "studio_native";

    /// <summary>Runs before the first native call of this assembly, from either file of P/Invokes.</summary>
    static Native()
    {
        NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);
        var cachingAllocator = Environment.GetEnvironmentVariable("STUDIO_ALLOCATOR") != "libc";
        TorchException.ThrowIfFailed(studio_t_init(cachingAllocator ? 1 : 0));
        var wanted = Environment.GetEnvironmentVariable("STUDIO_THREADS");
        _ = studio_t_threads(int.TryParse(wanted, out var n) && n > 0 ? n : Environment.ProcessorCount);
    }

    /// <summary>Forces the static constructor: for callers that reach the library through other P/Invokes first.</summary>
    internal static void EnsureLoaded() => _ = studio_t_threads(0);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        // libtorch reads these once, from the C environment, which Environment.SetEnvironmentVariable does not reach:
        // version 1.13 stops at AVX2 by itself, and idle OpenMP threads that spin long steal the machine from others.
        SetDefault("ATEN_CPU_CAPABILITY", CpuHas("avx512f") ? "avx512" : null);
        SetDefault("GOMP_SPINCOUNT", "2000");
        // OpenBLAS up to 0.3.21 does not know AMD's CPUs with AVX-512 and takes its Haswell kernels there: half the speed, and
        // a row's last bits then depend on how many rows it is multiplied with. Newer ones choose what is chosen here.
        SetDefault("OPENBLAS_CORETYPE", CpuIs("AuthenticAMD") && CpuHas("avx512vl") && CpuHas("avx512dq") && CpuHas("avx512bw") ? "SkylakeX" : null);
        var file = Environment.GetEnvironmentVariable("STUDIO_NATIVE") ?? System.IO.Path.Combine(AppContext.BaseDirectory, "libstudio_native.so");
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (DllNotFoundException e)
        {
            throw new TorchException($"cannot load {file}: {e.Message} Remedy: build with ./run (it installs libtorch), or set TORCH_DIR.");
        }
    }

    private static void SetDefault(string name, string? value)
    {
        if (value is not null) _ = setenv(name, value, overwrite: 0);
    }

    private static bool CpuHas(string flag) => CpuLine("flags").Contains(flag);

    private static bool CpuIs(string vendor) => CpuLine("vendor_id").Contains(vendor);

    /// <summary>The words of one line about the first core; empty where the system does not tell.</summary>
    private static string[] CpuLine(string name)
    {
        try
        {
            return File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))?.Split([' ', '\t']) ?? [];
        }
        catch (IOException)
        {
            return [];
        }
    }

    [DllImport("libc", BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int setenv([MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);

    [StructLayout(LayoutKind.Sequential)]
    internal struct Info
    {
        public int Dtype, Rank;
        public long Device, Numel, ItemSize, StorageOffset, StorageBytes;
        public int Flags, Reserved;
        public nint Data;
    }

    [DllImport(Library)] internal static extern int studio_t_init(int useCachingAllocator);
    [DllImport(Library)] internal static extern byte* studio_t_error();
    [DllImport(Library)] internal static extern byte* studio_t_warning();
    [DllImport(Library)] internal static extern byte* studio_t_version();
    [DllImport(Library)] internal static extern byte* studio_t_blas();
    [DllImport(Library)] internal static extern byte* studio_t_build_config();
    [DllImport(Library)] internal static extern int studio_t_threads(int n);
    [DllImport(Library)] internal static extern int studio_t_manual_seed(long seed);
    [DllImport(Library)] internal static extern void studio_t_memory(long* live, long* peak, long* cached);
    [DllImport(Library)] internal static extern void studio_t_memory_reset_peak();
    [DllImport(Library)] internal static extern void studio_t_memory_limit(long cachedBytes);
    [DllImport(Library)] internal static extern int studio_t_device_count(int deviceType);
    [DllImport(Library)] internal static extern int studio_t_synchronize(long device);

    [DllImport(Library)] internal static extern nint studio_t_op_find(byte* name, byte* overload);
    [DllImport(Library)] internal static extern byte* studio_t_op_schema(nint op);
    [DllImport(Library)] internal static extern byte* studio_t_op_list();
    [DllImport(Library)] internal static extern int studio_t_op_call(nint op, Val* args, int nargs, Val* results, int capacity);

    [DllImport(Library)] internal static extern void studio_t_release(nint tensor);
    [DllImport(Library)] internal static extern nint studio_t_retain(nint tensor);
    [DllImport(Library)] internal static extern long studio_t_use_count(nint tensor);
    [DllImport(Library)] internal static extern int studio_t_info(nint tensor, Info* info, long* sizes, long* strides, int capacity);
    [DllImport(Library)] internal static extern nint studio_t_from_blob(void* data, long* sizes, long* strides, int rank, int dtype, long device, delegate* unmanaged<void*, void> deleter, void* context);

    [DllImport(Library)] internal static extern int studio_t_set_requires_grad(nint tensor, int on);
    [DllImport(Library)] internal static extern nint studio_t_grad(nint tensor);
    [DllImport(Library)] internal static extern int studio_t_set_grad(nint tensor, nint grad);
    [DllImport(Library)] internal static extern int studio_t_backward(nint* tensors, int n, nint* grads, int ngrads, int retain, int create);
    [DllImport(Library)] internal static extern int studio_t_autograd_grad(nint* outputs, int noutputs, nint* inputs, int ninputs, nint* grads, int ngrads, int retain, int create, int allowUnused, nint* results);
    [DllImport(Library)] internal static extern int studio_t_recomputed(nint* inputs, int ninputs, nint* outputs, int noutputs, delegate* unmanaged<void*, nint*, int, nint*, int, byte*, int, int> recompute, delegate* unmanaged<void*, void> drop, void* context);
    [DllImport(Library)] internal static extern int studio_t_grad_mode(int on);
    [DllImport(Library)] internal static extern nint studio_t_inference_enter();
    [DllImport(Library)] internal static extern void studio_t_inference_exit(nint guard);
}
