using System.Text.Json;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Vision;

/// <summary>Tensors, weights, sizes and tolerance of a golden case.</summary>
internal sealed class GoldenCase : IDisposable
{
    private readonly Weights _tensors;
    private readonly double _absolute, _relative;

    internal GoldenCase(string name)
    {
        Weights = MappedTensors.MapAll(Path.Combine(Golden.Folder(name), "model.safetensors"));
        _tensors = MappedTensors.MapAll(Path.Combine(Golden.Folder(name), "case.safetensors"));
        Info = Golden.Json(name, "case.json");
        Config = ModelConfig.Load(Golden.Folder(name)).Vision;
        var tolerance = Info.GetProperty("tolerance");
        (_absolute, _relative) = (tolerance.GetProperty("abs").GetDouble(), tolerance.GetProperty("rel").GetDouble());
    }

    internal JsonElement Info { get; }

    internal Weights Weights { get; }

    internal VisionConfig Config { get; }

    internal Tensor this[string name] => _tensors.Get(name);

    /// <summary>Pixels as the reference saw them: bytes / 32 - 4.</summary>
    internal Tensor Pixels(string name) => (this[name].to(ScalarType.Float32) / 32) - 4;

    /// <summary>Compares with an expected tensor of the case within its tolerance, abs + rel * |expected|.</summary>
    internal void AssertClose(string name, Tensor actual)
    {
        var expected = this[name];
        Assert.Equal(expected.shape, actual.shape);
        float[] want = expected.ToArray<float>(), got = actual.ToArray<float>();
        for (var k = 0; k < want.Length; k++)
        {
            if (!(Math.Abs(want[k] - got[k]) <= _absolute + (_relative * Math.Abs(want[k])))) Assert.Fail($"{name}[{k}]: {got[k]}, expected {want[k]}");
        }
    }

    public void Dispose()
    {
        Weights.Dispose();
        _tensors.Dispose();
    }
}
