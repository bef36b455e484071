using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Checkpoints;

/// <summary>A model's tensors by their published names. Owns them: whoever borrows one must not outlive this.</summary>
/// <param name="tensors">Detached from any dispose scope.</param>
/// <param name="source">Where they come from, for messages (a folder, or how they were made).</param>
/// <param name="warnings">What a user of the model should know, such as tensors that had to be made up.</param>
public sealed class Weights(IReadOnlyDictionary<string, Tensor> tensors, string source, IReadOnlyList<string>? warnings = null) : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = tensors as Dictionary<string, Tensor> ?? new(tensors, StringComparer.Ordinal);
    private bool _isBorrowed;

    public IEnumerable<string> Names => _tensors.Keys;

    /// <summary>Bytes of all tensors as stored.</summary>
    public long Bytes => _tensors.Values.Sum(t => t.nbytes);

    public string Source => source;

    public IReadOnlyList<string> Warnings { get; } = warnings ?? [];

    /// <summary>Corrections that layers made from these weights add, by the name of the matrix; empty outside a training of such.</summary>
    public IReadOnlyDictionary<string, LowRank> Corrections { get; private init; } = new Dictionary<string, LowRank>();

    /// <summary>The same tensors with corrections on top. Owns neither; must not outlive this.</summary>
    public Weights With(IReadOnlyDictionary<string, LowRank> corrections) => new(_tensors, source, Warnings) { Corrections = corrections, _isBorrowed = true };

    /// <exception cref="KeyNotFoundException">The checkpoint has no such tensor.</exception>
    public Tensor Get(string name) => TryGet(name) ?? throw new KeyNotFoundException($"{source} has no tensor {name}");

    public Tensor? TryGet(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>Takes over a tensor that the model had not; weights <see cref="With"/> corrections share it.</summary>
    /// <exception cref="ArgumentException">It has one of that name.</exception>
    internal void Add(string name, Tensor tensor) => _tensors.Add(name, tensor);

    public void Dispose()
    {
        if (_isBorrowed) return;
        foreach (var tensor in _tensors.Values) tensor.Dispose();
    }
}
