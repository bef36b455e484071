using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

/// <summary>Objects of a video are taken once each, and running out of them is said.</summary>
public sealed class WorldComposerTests
{
    private static readonly WorldRequest s_request = new() { Kind = WorldKind.Appears, Split = WorldSplit.Train, Seed = 1, Seconds = 4, Objects = WorldRequest.MinObjects };

    [Fact]
    public void Take_UntilNoneIsLeft_GivesEachOnceThenSaysSo()
    {
        int even = WorldObjects.InPlay(s_request.Objects).Count(o => o % 2 == 0);
        var taken = new List<int>();
        string message = Assert.Throws<InvalidOperationException>(() => WorldComposer.Compose(s_request, composer =>
        {
            while (true)
            {
                taken.Add(composer.Take(o => o % 2 == 0));
            }
        })).Message;
        Assert.Equal((even, even), (taken.Count, taken.Distinct().Count()));
        Assert.All(taken, o => Assert.Equal(0, o % 2));
        Assert.Contains($"{s_request.Objects} objects", message, StringComparison.Ordinal);
    }
}
