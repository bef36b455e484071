using Studio.Engine.Language;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.EngineBench;

/// <summary>Random visual tokens as small as the decoder's own embeddings, made when they are read.</summary>
/// <param name="onRead">Called with the tokens read so far.</param>
internal sealed class NoiseTokens(BenchContext context, int frames, Action<int>? onRead = null) : IVisualTokens
{
    public int Count { get; } = checked(frames * context.Model.Config.Connector.TokensPerFrame);

    public int TokensPerFrame => context.Model.Config.Connector.TokensPerFrame;

    public Tensor Read(int from, int count, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var language = context.Model.Config.Language;
        torch.manual_seed(context.Options.Seed + from);
        onRead?.Invoke(from + count);
        return torch.randn([count, language.HiddenSize], context.Model.Dtype, context.Model.Device).mul_(language.InitializerRange);
    }
}
