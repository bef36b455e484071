using System.Text.Json;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

public sealed class WorldDatasetTests
{
    [Fact]
    public void Item_AskedTwice_IsTheSame()
    {
        var recipe = new WorldRecipe { Fps = 1 };
        WorldItem a = new WorldDataset(recipe, WorldSplit.Train, 3).Item(1234);
        var other = new WorldDataset(recipe, WorldSplit.Train, 3);
        other.Item(5);
        WorldItem b = other.Item(1234);
        Assert.Equal(a.Id, b.Id);
        Assert.Equal(a.Script.ToJson(), b.Script.ToJson());
        Assert.Equal(JsonSerializer.Serialize(a.Questions), JsonSerializer.Serialize(b.Questions));
        Assert.NotEqual(a.Script.Fingerprint(), new WorldDataset(recipe, WorldSplit.Train, 4).Item(1234).Script.Fingerprint());
        Assert.Throws<ArgumentOutOfRangeException>(() => other.Item(-1));
    }

    [Fact]
    public void Items_Kinds_ComeByTheirWeights()
    {
        var recipe = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Where] = 3, [WorldKind.Colour] = 1, [WorldKind.Mark] = 0 }, Seconds = [2], Fps = 1 };
        var dataset = new WorldDataset(recipe, WorldSplit.Train, 1);
        var counts = Enumerable.Range(0, 400).GroupBy(i => dataset.Item(i).Question.Kind).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(new Dictionary<WorldKind, int> { [WorldKind.Where] = 300, [WorldKind.Colour] = 100 }, counts.OrderByDescending(c => c.Value).ToDictionary());
    }

    [Fact]
    public void Items_LengthsDepthsAndLetters_ComeEquallyOften()
    {
        var recipe = new WorldRecipe
        {
            Kinds = new Dictionary<WorldKind, int> { [WorldKind.Needle] = 1 },
            Seconds = [32, 64],
            Depths = [0, 0.5, 1],
            MaxDecoys = 0,
            Form = WorldForm.Lettered,
            Fps = 1,
        };
        var dataset = new WorldDataset(recipe, WorldSplit.Test, 1);
        WorldItem[] items = [.. Enumerable.Range(0, 48).Select(i => dataset.Item(i))];
        Assert.All(items.GroupBy(i => (i.Script.FrameCount, i.Depth)), g => Assert.Equal(8, g.Count()));
        Assert.Equal(6, items.Select(i => (i.Script.FrameCount, i.Depth)).Distinct().Count());
        Assert.All(items.GroupBy(i => i.Question.Letter), g => Assert.Equal(12, g.Count()));
        Assert.All(items, i => Assert.Equal((int)(i.Depth!.Value * (i.Script.FrameCount - 4)), i.Script.Segments.OfType<WorldCard>().Single().StartMs / 1000));
        Assert.Equal(48, items.Select(i => i.Id).Distinct().Count());
        Assert.All(items, i => Assert.True(i.Script.Seed < 1UL << 53));
    }

    [Fact]
    public void Items_YesAndNo_ComeEquallyOften()
    {
        var dataset = new WorldDataset(new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Presence] = 1 }, Seconds = [2], Fps = 1 }, WorldSplit.Test, 1);
        Assert.Equal(100, Enumerable.Range(0, 200).Count(i => dataset.Item(i).Question.Answer == "yes"));
    }

    [Fact]
    public void Lengths_Range_GrowsByAnEighth()
    {
        Assert.Equal([4, 5, 6, 7, 8, 9, 10], WorldRecipe.Lengths(4, 10));
        IReadOnlyList<int> lengths = WorldRecipe.Lengths(64, 512);
        Assert.Equal((64, 512), (lengths[0], lengths[^1]));
        Assert.All(lengths.Zip(lengths.Skip(1)), pair => Assert.InRange(pair.Second / (double)pair.First, 1, 1.13));
        Assert.Equal([7], WorldRecipe.Lengths(7, 7));
        Assert.Throws<ArgumentException>(() => WorldRecipe.Lengths(8, 7));
    }

    [Fact]
    public void Recipe_AsJson_ComesBackTheSame()
    {
        var recipe = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Chain] = 2 }, Depths = [0.5], Form = WorldForm.Open };
        WorldRecipe back = JsonSerializer.Deserialize<WorldRecipe>(JsonSerializer.Serialize(recipe))!;
        Assert.Equal(JsonSerializer.Serialize(recipe), JsonSerializer.Serialize(back));
        Assert.Equal(2, back.Kinds[WorldKind.Chain]);
    }

    [Fact]
    public void Recipe_ImpossibleValue_IsNamed()
    {
        void Refused(WorldRecipe recipe, string named) => Assert.Contains(named, Assert.Throws<ArgumentException>(() => new WorldDataset(recipe, WorldSplit.Train, 1).Item(0)).Message, StringComparison.Ordinal);
        Refused(new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Mark] = 0 } }, "mark=0");
        Refused(new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Mark] = 101 } }, "mark=101");
        Refused(new WorldRecipe { Seconds = [] }, "0 lengths");
        Refused(new WorldRecipe { Seconds = [.. Enumerable.Repeat(4, WorldRecipe.MaxChoices + 1)] }, "257 lengths");
        Refused(new WorldRecipe { Seconds = [0] }, "lengths of 0 s");
        Refused(new WorldRecipe { Seconds = [WorldScript.MaxSeconds + 1] }, "86401");
        Refused(new WorldRecipe { Depths = [1.5] }, "1.5");
        Refused(new WorldRecipe { MinHops = 2, MaxHops = 1 }, "2 to 1 hops");
        Refused(new WorldRecipe { MaxHops = CardMaker.MaxHops + 1 }, "7 hops");
        Refused(new WorldRecipe { MaxDecoys = CardMaker.MaxDecoys + 1 }, "7 decoy");
        Refused(new WorldRecipe { Fps = 61 }, "61 frames");
        Refused(new WorldRecipe { Objects = 59 }, "59 objects");
        Refused(new WorldRecipe { EventSeconds = 0 }, "events of 0 s");
        Refused(new WorldRecipe { CardSeconds = 61 }, "cards of 61 s");
    }

    [Fact]
    public void Compose_FewestObjects_WorksForEveryKindAndSplit()
    {
        foreach (WorldSplit split in Enum.GetValues<WorldSplit>())
        {
            var dataset = new WorldDataset(new WorldRecipe { Objects = WorldRequest.MinObjects, Seconds = [60], Fps = 1 }, split, 2);
            var names = new HashSet<int>();
            for (int i = 0; i < 8 * WorldKinds.All.Count; i++)
            {
                names.UnionWith(dataset.Item(i).Script.Cast());
            }

            Assert.Subset(WorldObjects.InPlay(WorldRequest.MinObjects).ToHashSet(), names);
        }
    }

    [Theory]
    [InlineData(WorldKind.When, 4, "'when' video of 4 s")]
    [InlineData(WorldKind.Chain, 7, "'chain' video of 7 s")]
    [InlineData(WorldKind.Where, 0, "'where' video of 0 s")]
    public void Compose_TooShort_SaysWhatIsNeeded(WorldKind kind, int seconds, string named) =>
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => WorldComposer.Compose(new WorldRequest { Kind = kind, Split = WorldSplit.Train, Seed = 1, Seconds = seconds })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("where", WorldKind.Where)]
    [InlineData("Needle", WorldKind.Needle)]
    public void Parse_Kind_IgnoresCase(string name, WorldKind kind) => Assert.Equal(kind, WorldKinds.Parse(name));

    [Theory]
    [InlineData("who")]
    [InlineData("3")]
    public void Parse_UnknownKind_NamesIt(string name) => Assert.Contains($"'{name}'", Assert.Throws<ArgumentException>(() => WorldKinds.Parse(name)).Message, StringComparison.Ordinal);
}
