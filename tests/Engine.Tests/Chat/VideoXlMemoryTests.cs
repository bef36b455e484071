using Studio.Engine.Chat;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Tests.Chat.Planning;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Chat;

/// <summary>Reads the process-wide meter of tensor memory.</summary>
[Collection(nameof(MemoryModelTests))]
public sealed class VideoXlMemoryTests(TinyXl tiny) : IClassFixture<TinyXl>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(128, 0)]
    [InlineData(512, 0)]
    [InlineData(512, long.MaxValue)]
    [InlineData(2048, 0)]
    public void Peak_IsTheFormulas_Within15Percent(int frames, long keepTokensUpTo)
    {
        var settings = tiny.Settings("vst:8", frames, trace: false);
        using var cache = new VisualTokenCache(null);
        var encoder = new MediaEncoder(MediaTools.Locate(), cache) { KeepTokensUpTo = keepTokensUpTo };
        var live = torch.CpuMemory().Live;
        var answer = tiny.Ask(encoder, "What happens?", settings, Ct);
        var memory = CostModel.Of(new()
        {
            Model = tiny.Model.Config, Visuals = [VisualInput.Video(frames)], TextTokens = answer.TextTokens, NewTokens = 6, ReserveAhead = 7, Compression = settings.Compression, KeepTokensUpTo = keepTokensUpTo,
        }).Memory;
        var peak = answer.PeakBytes - live;
        Assert.InRange((double)peak / memory.WorkingPeak, 0.85, 1.15);
    }
}
