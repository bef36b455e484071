using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>
/// A module's weights in its compute type on its device. A tensor that already has both is borrowed, so that training
/// the checkpoint's tensor trains the module; any other is converted once, here, and owned.
/// </summary>
/// <param name="prefix">What precedes the module's own names in the checkpoint.</param>
internal sealed class TowerWeights(Weights weights, string prefix, Device device, ScalarType dtype) : IDisposable
{
    private readonly List<Tensor> _owned = []; // bounded by the module's tensors

    internal Device Device => device;

    internal ScalarType Dtype => dtype;

    /// <summary>The named tensor; a shape entry of -1 fits any size.</summary>
    /// <exception cref="InvalidDataException">The stored shape is another one.</exception>
    internal Tensor Get(string name, params ReadOnlySpan<long> shape)
    {
        var stored = weights.Get(prefix + name);
        Check(prefix + name, stored.shape, shape);
        return stored.dtype == dtype && stored.device == device ? stored : Adopt(stored);
    }

    /// <summary>The tensor as stored, for what is reworked at load.</summary>
    internal Tensor Stored(string name) => weights.Get(prefix + name);

    /// <summary>A tensor in the compute type on the device, as a constant owned by this.</summary>
    internal Tensor Adopt(Tensor tensor)
    {
        using var constant = torch.no_grad();
        var owned = tensor.to(device, dtype).DetachFromDisposeScope();
        _owned.Add(owned);
        return owned;
    }

    public void Dispose()
    {
        foreach (var tensor in _owned) tensor.Dispose();
        _owned.Clear();
    }

    private void Check(string name, long[] actual, ReadOnlySpan<long> expected)
    {
        var fits = actual.Length == expected.Length;
        for (var k = 0; fits && k < actual.Length; k++) fits = expected[k] == -1 || expected[k] == actual[k];
        if (!fits)
        {
            throw new InvalidDataException($"{weights.Source}: {name} has shape [{string.Join(", ", actual)}], but the "
                + $"configuration asks for [{string.Join(", ", expected.ToArray())}]; "
                + "config.json and weights belong to different models");
        }
    }
}
