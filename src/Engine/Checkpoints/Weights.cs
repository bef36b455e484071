using Studio.Engine.Torch;

namespace Studio.Engine.Checkpoints;

/// <summary>A model's tensors by their published names. Owns them: whoever borrows one must not outlive this.</summary>
/// <param name="tensors">Detached from any dispose scope.</param>
/// <param name="source">Where they come from, for messages (a folder, or how they were made).</param>
public sealed class Weights(IReadOnlyDictionary<string, Tensor> tensors, string source) : IDisposable
{
    public IEnumerable<string> Names => tensors.Keys;

    /// <summary>Bytes of all tensors as stored.</summary>
    public long Bytes => tensors.Values.Sum(t => t.nbytes);

    public string Source => source;

    /// <exception cref="KeyNotFoundException">The checkpoint has no such tensor.</exception>
    public Tensor Get(string name) => TryGet(name) ?? throw new KeyNotFoundException($"{source} has no tensor {name}");

    public Tensor? TryGet(string name) => tensors.GetValueOrDefault(name);

    public void Dispose()
    {
        foreach (var tensor in tensors.Values) tensor.Dispose();
    }
}
