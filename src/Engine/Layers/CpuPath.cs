using Studio.Engine.Torch;

namespace Studio.Engine.Layers;

/// <summary>
/// When the native kernels replace composed operators: fp32 activations on the CPU while nothing is recorded for
/// autograd. The composed path computes the same on every other device and type, and in training.
/// </summary>
internal static class CpuPath
{
    /// <summary>Set by tests that compare the two paths; per thread.</summary>
    [ThreadStatic] internal static bool Disabled;

    public static int Threads => torch.get_num_threads();

    public static bool Takes(Tensor x) => !Disabled && x.dtype == ScalarType.Float32 && x.device.IsCpu && !torch.is_grad_enabled();

    /// <summary>Whether products with activations of a type take this weight as it is stored.</summary>
    public static bool ReadsAsStored(Tensor weight, ScalarType activations) =>
        activations == ScalarType.Float32 && weight.device.IsCpu && !Disabled && !torch.is_grad_enabled() && KernelTypeOf(weight.dtype) is not null;

    /// <summary>The kernels' name of a type they can read weights or caches in, or null.</summary>
    public static KernelType? KernelTypeOf(ScalarType type) => type switch
    {
        ScalarType.Float32 => KernelType.Float32,
        ScalarType.BFloat16 => KernelType.BFloat16,
        ScalarType.Float16 => KernelType.Float16,
        _ => null,
    };
}
