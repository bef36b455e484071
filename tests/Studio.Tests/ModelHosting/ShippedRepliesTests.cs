using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Engine.Tokenization;
using Studio.Engine.World;
using Studio.Tests.Hosting;
using Xunit;

namespace Studio.Tests.ModelHosting;

public sealed class ShippedRepliesTests
{
    [Fact]
    public void Replies_WithWhatLeadsToThem_FitIntoTheTokensOfTheirTasks()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(ReadmeTests.Checkout(), "data", "models", "flash-mini", "tokenizer.json"));
        int Longest(WorldKind kind, int[] lengths) => Enumerable.Range(0, 150).Max(seed =>
        {
            var request = new WorldRequest { Kind = kind, Split = WorldSplit.Test, Seed = (ulong)seed, Seconds = lengths[seed % lengths.Length], Fps = 2, Objects = 120, Hops = kind == WorldKind.Chain ? 2 : 1 };
            return tokenizer.Encode(WorldQuestions.Main(WorldComposer.Compose(request), (ulong)seed).AnswerWithRationale(), parseSpecial: false).Length;
        });

        // One more token ends the reply.
        var longest = WorldKinds.All.Max(kind => Longest(kind, kind is WorldKind.Needle or WorldKind.Chain ? [32] : [8, 16, 32, 64]));
        Assert.InRange(longest, 30, new WorldSet().Limits.MaxNewTokens - 1);
        Assert.InRange(Longest(WorldKind.Needle, [32]), 1, new WorldNeedle().Limits.MaxNewTokens - 1);
        Assert.InRange(Longest(WorldKind.Chain, [32]), 8, new WorldNeedle(multi: true).Limits.MaxNewTokens - 1);
    }
}
