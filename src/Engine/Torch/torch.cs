using System.Runtime.InteropServices;

namespace Studio.Engine.Torch;

/// <summary>PyTorch's top-level functions. Operators are in torch.Operators.cs; this part holds state, guards and factories.</summary>
public static unsafe partial class torch
{
    // ------------------------------------------------------------------------------------------- the library

    /// <summary>The version of the loaded libtorch, such as 1.13.1.</summary>
    public static string Version => TorchException.Text(Native.studio_t_version());

    /// <summary>Which library multiplies matrices: its own description, or the file it was loaded from.</summary>
    public static string Blas => TorchException.Text(Native.studio_t_blas());

    /// <summary>How libtorch was built, in its own words.</summary>
    public static string BuildConfiguration => TorchException.Text(Native.studio_t_build_config());

    /// <summary>The text of the last warning libtorch raised on this thread, or the empty string.</summary>
    public static string LastWarning => TorchException.Text(Native.studio_t_warning());

    /// <summary>All operators as <c>namespace::name.overload</c>.</summary>
    public static string[] OperatorNames() =>
        TorchException.Text(Native.studio_t_op_list()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static int get_num_threads() => Native.studio_t_threads(0);

    /// <summary>Sets the threads of libtorch and of OpenBLAS alike.</summary>
    public static void set_num_threads(int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        TorchException.ThrowIfFailed(Native.studio_t_threads(n));
    }

    /// <summary>Seeds libtorch's default generators (used by randn and friends, never by the models' own sampling).</summary>
    public static void manual_seed(long seed) => TorchException.ThrowIfFailed(Native.studio_t_manual_seed(seed));

    public static int device_count(DeviceType type) => Native.studio_t_device_count((int)type);

    public static bool cuda_is_available() => device_count(DeviceType.CUDA) > 0;

    /// <summary>Waits until the device has finished what was asked of it; returns at once on the CPU.</summary>
    public static void synchronize(Device device) => TorchException.ThrowIfFailed(Native.studio_t_synchronize(device.Packed));

    // --------------------------------------------------------------------------------------------- CPU memory

    /// <summary>Bytes of CPU tensor memory: alive, the peak since <see cref="ResetPeakMemory"/>, and cached for reuse.</summary>
    public static (long Live, long Peak, long Cached) CpuMemory()
    {
        long live, peak, cached;
        Native.studio_t_memory(&live, &peak, &cached);
        return (live, peak, cached);
    }

    public static void ResetPeakMemory() => Native.studio_t_memory_reset_peak();

    /// <summary>Bounds the freed CPU blocks kept for reuse (4 GiB at first) and frees what is above.</summary>
    public static void SetCpuCacheLimit(long bytes) => Native.studio_t_memory_limit(bytes);

    // ------------------------------------------------------------------------------------------------ guards

    public static DisposeScope NewDisposeScope() => new();

    /// <summary>No gradients are recorded until disposed. A ref struct, since the mode belongs to the thread.</summary>
    public static GradModeGuard no_grad() => new(false);

    public static GradModeGuard enable_grad() => new(true);

    /// <summary>Faster than <see cref="no_grad"/>; its tensors can never take part in autograd.</summary>
    public static InferenceModeGuard inference_mode() => new(Native.studio_t_inference_enter());

    public static bool is_grad_enabled() => Native.studio_t_grad_mode(-1) == 1;

    public readonly ref struct GradModeGuard
    {
        private readonly int _before;

        internal GradModeGuard(bool on) => _before = Native.studio_t_grad_mode(on ? 1 : 0);

        public void Dispose() => _ = Native.studio_t_grad_mode(_before);
    }

    public readonly ref struct InferenceModeGuard
    {
        private readonly nint _guard;

        internal InferenceModeGuard(nint guard) => _guard = guard;

        public void Dispose() => Native.studio_t_inference_exit(_guard);
    }

    /// <summary>Gradients of outputs with respect to inputs; null entries where an input is unused and that is allowed.</summary>
    public static Tensor?[] autograd_grad(ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> grad_outputs = default, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
    {
        var results = new nint[inputs.Length];
        fixed (nint* o = Handles(outputs), i = Handles(inputs), g = Handles(grad_outputs), r = results)
        {
            TorchException.ThrowIfFailed(Native.studio_t_autograd_grad(o, outputs.Length, i, inputs.Length, g, grad_outputs.Length, retain_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, r));
        }

        return Array.ConvertAll(results, Tensor.OwnOrNull);
    }

    internal static nint[] Handles(ReadOnlySpan<Tensor> tensors)
    {
        var handles = new nint[tensors.Length];
        for (var k = 0; k < handles.Length; k++) handles[k] = tensors[k].Handle;
        return handles;
    }

    // --------------------------------------------------------------------------------------------- factories

    internal static ScalarType TypeOf<T>() where T : unmanaged => Type.GetTypeCode(typeof(T)) switch
    {
        TypeCode.Byte => ScalarType.UInt8,
        TypeCode.SByte => ScalarType.Int8,
        TypeCode.Int16 => ScalarType.Int16,
        TypeCode.Int32 => ScalarType.Int32,
        TypeCode.Int64 => ScalarType.Int64,
        TypeCode.Single => ScalarType.Float32,
        TypeCode.Double => ScalarType.Float64,
        TypeCode.Boolean => ScalarType.Bool,
        _ when typeof(T) == typeof(Half) => ScalarType.Float16,
        _ => throw new ArgumentException($"no tensor element type corresponds to {typeof(T)}"),
    };

    /// <summary>A CPU tensor with a copy of the data; the shape defaults to one dimension.</summary>
    public static Tensor tensor<T>(ReadOnlySpan<T> data, params ReadOnlySpan<long> shape) where T : unmanaged
    {
        var result = empty(shape.Length == 0 ? [data.Length] : shape, TypeOf<T>());
        if (result.numel() != data.Length)
        {
            result.Dispose();
            throw new ArgumentException($"{data.Length} values do not fill the shape [{string.Join(", ", shape.ToArray())}]");
        }

        data.CopyTo(result.data<T>());
        return result;
    }

    public static Tensor tensor<T>(T[] data, params ReadOnlySpan<long> shape) where T : unmanaged => tensor((ReadOnlySpan<T>)data, shape);

    /// <summary>
    /// A CPU tensor over memory that something else owns. <paramref name="release"/> runs once, when the last reference is
    /// dropped, on whatever thread does so; it must not call libtorch.
    /// </summary>
    public static Tensor from_blob(nint data, ReadOnlySpan<long> shape, ScalarType dtype, Action? release = null)
    {
        var context = release is null ? 0 : GCHandle.ToIntPtr(GCHandle.Alloc(release));
        fixed (long* s = shape)
        {
            var handle = Native.studio_t_from_blob((void*)data, s, null, shape.Length, (int)dtype, Device.CPU.Packed, context == 0 ? null : &Release, (void*)context);
            if (handle == 0 && context != 0) GCHandle.FromIntPtr(context).Free();
            return Tensor.Own(TorchException.ThrowIfNull(handle));
        }
    }

    [UnmanagedCallersOnly]
    private static void Release(void* context)
    {
        var handle = GCHandle.FromIntPtr((nint)context);
        ((Action)handle.Target!)();
        handle.Free();
    }
}
