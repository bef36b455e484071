using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

internal static class ModelLoading
{
    /// <summary>The weights of a case, which may hold only part of a model.</summary>
    public static Weights Load(string folder, Device device)
    {
        var mapped = MappedTensors.MapAll(Path.Combine(folder, "model.safetensors"));
        if (device.IsCpu) return mapped;
        using (mapped)
        {
            return new(mapped.Names.ToDictionary(n => n, n => mapped.Get(n).to(device).DetachFromDisposeScope(), StringComparer.Ordinal), folder);
        }
    }
}
