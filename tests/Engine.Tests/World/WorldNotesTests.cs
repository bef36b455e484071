using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

/// <summary>Notes hold what an answer needs, and not the answer.</summary>
public sealed class WorldNotesTests
{
    [Theory]
    [InlineData(WorldKind.Appears)]
    [InlineData(WorldKind.Where)]
    [InlineData(WorldKind.Colour)]
    [InlineData(WorldKind.Mark)]
    [InlineData(WorldKind.Needle)]
    public void Of_AVideo_HoldsTheWordsOfTheAnswer(WorldKind kind)
    {
        foreach ((WorldScript script, WorldQuestion question) in Some(kind, 8))
        {
            Assert.Contains(question.Answer, WorldNotes.Of(script), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Of_Copies_AreNamedOneByOne()
    {
        foreach ((WorldScript script, WorldQuestion question) in Some(WorldKind.Count, 8))
        {
            WorldShot shot = Assert.Single(script.Segments.OfType<WorldShot>());
            string name = shot.Actors.First(a => a.Role == WorldRole.Main).Instance.Name;
            string note = WorldNotes.Of(script).Split(". ").First(n => n.Contains(name, StringComparison.Ordinal));
            Assert.Equal(question.Answer, (note.Split(name + " ").Length - 1).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void Of_SomethingThatMoves_SaysWhereItIsAndNotWhereItGoes()
    {
        int moved = 0;
        foreach ((WorldScript script, WorldQuestion question) in Some(WorldKind.Direction, 8))
        {
            string notes = WorldNotes.Of(script);
            Assert.DoesNotContain("move", notes, StringComparison.Ordinal);
            moved += notes.Split(". ").Distinct(StringComparer.Ordinal).Count() > 1 ? 1 : 0;
        }

        Assert.True(moved > 20, $"the notes of {moved} of 30 moving things change");
    }

    [Fact]
    public void Of_ALinkedCard_SaysWhatItPointsTo()
    {
        foreach ((WorldScript script, WorldQuestion question) in Some(WorldKind.Chain, 32))
        {
            string notes = WorldNotes.Of(script);
            Assert.Contains($" {question.Chain[^2]} to {question.Chain[^1]}.", Uncoloured(notes), StringComparison.Ordinal);
        }

        static string Uncoloured(string notes) => WorldColours.All.Aggregate(notes, (text, colour) => text.Replace($" {colour.Name()} ", " ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(16, 16, 16)]
    [InlineData(17, 16, 17)]
    [InlineData(600, 16, 17)]
    public void Of_AnyLength_HasSixteenStretchesAndTheNeedle(int seconds, int fewest, int most)
    {
        for (ulong seed = 0; seed < 8; seed++)
        {
            WorldScript script = WorldComposer.Compose(new WorldRequest { Kind = WorldKind.Needle, Split = WorldSplit.Train, Seed = seed, Seconds = seconds, Objects = 80, Decoys = 0 });
            string notes = WorldNotes.Of(script);
            Assert.InRange(notes.Split(". ").Length, fewest, most);
            WorldCard card = Assert.Single(script.Segments.OfType<WorldCard>());
            Assert.Contains($"card {card.Frame.Name()} {card.Mark} {card.Picture.Name}", notes, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<(WorldScript Script, WorldQuestion Question)> Some(WorldKind kind, int seconds)
    {
        var dataset = new WorldDataset(new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [kind] = 1 }, Seconds = [seconds], Fps = 2, Objects = 120 }, WorldSplit.Train, 3);
        return Enumerable.Range(0, 30).Select(i => dataset.Item(i)).Select(item => (item.Script, item.Questions[0]));
    }
}
