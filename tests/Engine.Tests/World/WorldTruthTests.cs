using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

/// <summary>What the answers say is what the pixels show.</summary>
public sealed class WorldTruthTests
{
    private const int Side = 96;

    // Every fourth grade is close enough to tell colours apart.
    private static readonly int[][] s_ramps = [.. WorldColours.All.Select(c => c.Ramp().Where((_, level) => level % 4 == 0).ToArray())];

    [Fact]
    public void Where_NamedPart_HoldsTheObjectInEveryFrame()
    {
        foreach ((WorldScript script, WorldQuestion question) in Many(WorldKind.Where, 40, 12))
        {
            WorldShot shot = MainShot(script);
            for (int ms = shot.StartMs; ms < shot.EndMs; ms += 500)
            {
                (double x, double y, _) = MainPixels(script, ms);
                Assert.Equal(question.Answer, WorldGrid.Names[((int)(y * 3) * 3) + (int)(x * 3)]);
            }
        }
    }

    [Fact]
    public void Direction_NamedDirection_IsTheWayOfThePixels()
    {
        foreach ((WorldScript script, WorldQuestion question) in Many(WorldKind.Direction, 40, 6))
        {
            WorldShot shot = MainShot(script);
            (double x0, double y0, _) = MainPixels(script, shot.StartMs);
            (double x1, double y1, _) = MainPixels(script, shot.EndMs - 1);
            (double dx, double dy) = (x1 - x0, y1 - y0);
            string way = Math.Abs(dx) > Math.Abs(dy) ? dx < 0 ? "left" : "right" : dy < 0 ? "up" : "down";
            Assert.Equal(question.Answer, way);
            Assert.True(Math.Max(Math.Abs(dx), Math.Abs(dy)) > 0.25);
        }
    }

    [Fact]
    public void When_NamedTime_IsWhenThePixelsComeAndGo()
    {
        foreach ((WorldScript script, WorldQuestion question) in Many(WorldKind.When, 40, 40))
        {
            WorldEvidence seen = Assert.Single(question.Evidence);
            for (int second = 0; second < 40; second++)
            {
                bool inside = second >= seen.Start && second < seen.End;
                Assert.Equal(inside, MainPixels(script, second * 1000).Count > 0);
            }

            string expected = question.Answer.Contains(':', StringComparison.Ordinal)
                ? $"00:{seen.Start:00}"
                : new[] { "the first quarter", "the second quarter", "the third quarter", "the last quarter" }[(int)seen.Start / 10];
            Assert.Equal(expected, question.Answer);
            Assert.Equal((int)seen.Start / 10, ((int)seen.End - 1) / 10 is var q && !question.Answer.Contains(':', StringComparison.Ordinal) ? q : (int)seen.Start / 10);
        }
    }

    [Fact]
    public void When_SlotsOfAnyLength_LeaveLessThanHalfOfAVideoOut()
    {
        for (int seconds = 5; seconds <= 600; seconds++)
        {
            int shown = Math.Clamp(seconds / 8, 1, 4), starts = seconds - shown + 1;
            (int slots, int step) = EventMaker.TimeSlots(seconds, shown);
            Assert.InRange(slots * step, (starts / 2) + 1, starts);
        }

        // In eight seconds any of them may be the one.
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], Many(WorldKind.When, 200, 8).Where(m => m.Question.Answer.Contains(':', StringComparison.Ordinal))
            .Select(m => (int)m.Question.Evidence[0].Start).Distinct().Order());
    }

    [Fact]
    public void Count_AtOnce_CopiesAreApartAndInsideThePicture()
    {
        foreach ((WorldScript script, WorldQuestion question) in Many(WorldKind.Count, 60, 10))
        {
            WorldActor[] copies = [.. MainShot(script).Actors.Where(a => a.Role == WorldRole.Main)];
            Assert.Equal(question.Answer, copies.Length.ToString());
            for (int i = 0; i < copies.Length; i++)
            {
                // Alone, each copy changes pixels of its own: none lies behind another or outside.
                (_, _, int all) = Changed(script, MainShot(script).StartMs, a => a.Role == WorldRole.Main);
                (_, _, int others) = Changed(script, MainShot(script).StartMs, a => a.Role == WorldRole.Main && a != copies[i]);
                Assert.True(all - others > 12, $"copy {i} of {copies.Length} adds {all - others} pixels");
            }
        }
    }

    [Fact]
    public void Count_OverTime_AppearancesAreSeparate()
    {
        int found = 0;
        foreach ((WorldScript script, WorldQuestion question) in Many(WorldKind.Count, 40, 40))
        {
            if (question.Evidence.Count > 1)
            {
                found++;
                Assert.Equal(question.Answer, question.Evidence.Count.ToString());
                Assert.All(question.Evidence.Zip(question.Evidence.Skip(1)), pair => Assert.True(pair.Second.Start - pair.First.End >= 1));
            }
        }

        Assert.True(found > 5);
    }

    [Fact]
    public void Colour_NamedColour_IsWhatTheObjectIsDrawnIn()
    {
        foreach ((WorldScript script, WorldQuestion question) in Many(WorldKind.Colour, 90, 4))
        {
            WorldInstance instance = MainShot(script).Actors.Single(a => a.Role == WorldRole.Main).Instance;
            Assert.Equal(question.Answer, instance.Colour?.Name());
            Assert.True(ObjectPicture.Of(instance.ObjectId).ShowsColour, $"nobody can see the colour of {instance.Thing.Name}");
        }
    }

    [Fact]
    public void ShowsColour_EveryObjectThatDoes_IsMostlyInItsColour()
    {
        var looksLike = new Dictionary<int, WorldColour>();
        foreach (WorldObject thing in WorldObjects.All.Where(o => ObjectPicture.Of(o.Id).ShowsColour))
        {
            WorldColour colour = WorldColours.All[thing.Id % WorldColours.All.Count];
            byte[] rgb = new byte[Side * Side * 3];
            rgb.AsSpan().Fill(255);
            SpritePainter.Draw(rgb, Side, Side, new WorldInstance(thing.Id, 1 + (int)colour, 0), new WorldPose(new(WorldUnits.One / 2, WorldUnits.One / 2), WorldUnits.One, 0));

            // Ramps meet at their dark ends, and thin edges fade to white: of the rest, most pixels must lie on the named one.
            WorldColour[] seen = [.. Enumerable.Range(0, Side * Side).Select(i => (R: rgb[3 * i], G: rgb[(3 * i) + 1], B: rgb[(3 * i) + 2]))
                .Where(p => Math.Max(p.R, Math.Max(p.G, p.B)) > 90 && Math.Min(p.R, Math.Min(p.G, p.B)) < 210).Select(p => Nearest(looksLike, p.R, p.G, p.B))];
            Assert.True(seen.Length > Side * Side / 20, $"{thing.Name} has {seen.Length} coloured pixels");
            int own = seen.Count(c => c == colour);
            Assert.True(own > seen.Length * 6 / 10, $"{own} of {seen.Length} pixels of the {colour.Name()} {thing.Name} are {colour.Name()}");
        }
    }

    [Fact]
    public void ShowsColour_ThinPictures_DoNotAndStayNatural()
    {
        string[] without = [.. WorldObjects.All.Where(o => !ObjectPicture.Of(o.Id).ShowsColour).Select(o => o.Name)];
        Assert.Superset(new HashSet<string>(["bicycle", "scales", "shopping cart"]), without.ToHashSet());
        Assert.InRange(without.Length, 3, WorldObjects.All.Count / 20);
        Assert.All(WorldObjects.All.Where(o => o.Source == ObjectSource.Shape), o => Assert.DoesNotContain(o.Name, without));
        var maker = new ShotMaker(new WorldRandom(5), WorldSplit.Train);
        foreach (string name in without)
        {
            Assert.All(Enumerable.Range(0, 40), _ => Assert.Equal(0, maker.Tint(WorldObjects.Named(name).Id)));
        }
    }

    [Fact]
    public void Colours_AnyTwo_AreFarApart()
    {
        foreach (WorldColour a in WorldColours.All)
        {
            foreach (WorldColour b in WorldColours.All.Where(b => b > a))
            {
                (int r, int g, int blue) = ((b.Rgb() >> 16) & 255, (b.Rgb() >> 8) & 255, b.Rgb() & 255);
                Assert.True(Distance(a.Rgb(), r, g, blue) > 60 * 60, $"{a} and {b}");
            }
        }
    }

    [Fact]
    public void Order_NamedObjects_AreShownInThatOrder()
    {
        foreach ((WorldScript script, WorldQuestion question) in Many(WorldKind.Order, 60, 20))
        {
            string[] shown = [.. script.Segments.OfType<WorldShot>().Select(s => s.Actors.Single().Instance.Thing.Name)];
            int at = Array.IndexOf(shown, question.Answer);
            int named = Array.FindIndex(shown, n => question.Text.Contains($"after the {n}", StringComparison.Ordinal) || question.Text.Contains($"before the {n}", StringComparison.Ordinal));
            int expected = question.Text.Contains("first", StringComparison.Ordinal) ? 0
                : question.Text.Contains("last", StringComparison.Ordinal) ? shown.Length - 1
                : question.Text.Contains("after", StringComparison.Ordinal) ? named + 1 : named - 1;
            Assert.Equal(expected, at);
        }
    }

    [Fact]
    public void Needle_Card_IsSeenAtItsDepthAndNowhereElse()
    {
        foreach (double depth in new[] { 0, 0.25, 0.5, 1 })
        {
            WorldScript script = WorldComposer.Compose(new WorldRequest { Kind = WorldKind.Needle, Split = WorldSplit.Test, Seed = 8, Seconds = 104, Fps = 1, Depth = depth });
            WorldCard card = script.Segments.OfType<WorldCard>().Single();
            Assert.Equal((int)(depth * 100), card.StartMs / 1000);
            var renderer = new WorldRenderer(Side, Side);
            for (int i = 0; i < script.FrameCount; i++)
            {
                ReadOnlySpan<byte> rgb = renderer.Frame(script, i).Rgb.Span;
                bool framed = Near(rgb, 2, 2, card.Frame.Rgb()) && Near(rgb, Side - 3, 2, card.Frame.Rgb()) && Near(rgb, 2, Side - 3, card.Frame.Rgb()) && Near(rgb, 12, 12, 0xF6F2E6);
                Assert.Equal(i >= depth * 100 && i < (depth * 100) + 4, framed);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void Chain_FollowedCardByCard_EndsAtTheAnswer(int hops)
    {
        foreach (WorldSplit split in Enum.GetValues<WorldSplit>())
        {
            for (ulong seed = 0; seed < 12; seed++)
            {
                WorldScript script = WorldComposer.Compose(new WorldRequest { Kind = WorldKind.Chain, Split = split, Seed = seed, Seconds = 100, Fps = 1, Hops = hops });
                WorldQuestion question = WorldQuestions.Main(script, seed, WorldForm.Lettered);
                WorldCard[] cards = [.. script.Segments.OfType<WorldCard>()];
                string start = cards.Select(c => c.Picture.Thing.Name).Single(n => question.Text.Contains($"the {n} ", StringComparison.Ordinal) && n == question.Chain[0]);
                WorldCard at = cards.Single(c => c.Picture.Thing.Name == start);
                var path = new List<string> { start };
                while (at.Next is { } next)
                {
                    at = cards.Single(c => c.Picture == next); // one card shows exactly the instance that was pointed to
                    path.Add(at.Picture.Thing.Name);
                }

                Assert.Equal(question.Chain, path);
                Assert.Equal(hops, question.Hops);
                Assert.Contains(question.Answer, (string[])[at.Picture.Thing.Name, at.Frame.Name(), at.Mark!]);
                Assert.Equal(CardMaker.Chains, cards.Count(c => c.Next is null));
                Assert.Equal(hops + 1, question.Evidence.Count);
                if (question.Answer == at.Picture.Thing.Name)
                {
                    Assert.Equal(question.Options!.Order(), cards.Where(c => c.Next is null).Select(c => c.Picture.Thing.Name).Order());
                }
            }
        }
    }

    [Fact]
    public void Presence_Answer_IsWhetherTheCastHasIt()
    {
        foreach ((WorldScript script, WorldQuestion question) in Many(WorldKind.Presence, 80, 20))
        {
            IReadOnlySet<int> cast = script.Cast();
            bool named = WorldObjects.All.Any(o => cast.Contains(o.Id) && question.Text.Contains($" {o.WithArticle} ", StringComparison.Ordinal) | question.Text.Contains($" {o.WithArticle}?", StringComparison.Ordinal));
            Assert.Equal(question.Answer == "yes", named);
        }
    }

    private static List<(WorldScript Script, WorldQuestion Question)> Many(WorldKind kind, int count, int seconds)
    {
        var all = new List<(WorldScript, WorldQuestion)>();
        for (int i = 0; i < count; i++)
        {
            WorldScript script = WorldRendererTests.Compose(kind, (WorldSplit)(i % 3), (ulong)i, seconds);
            all.Add((script, WorldQuestions.Main(script, (ulong)i)));
        }

        return all;
    }

    private static WorldShot MainShot(WorldScript script) => script.Segments.OfType<WorldShot>().First(s => s.Actors.Any(a => a.Role == WorldRole.Main));

    private static (double X, double Y, int Count) MainPixels(WorldScript script, int ms) => Changed(script, ms, a => a.Role == WorldRole.Main);

    /// <summary>Middle and number of the pixels that change when actors are added to a picture without grain and without any of the main ones.</summary>
    private static (double X, double Y, int Count) Changed(WorldScript script, int ms, Func<WorldActor, bool> added)
    {
        byte[] with = Draw(script, ms, a => a.Role != WorldRole.Main || added(a));
        byte[] without = Draw(script, ms, a => a.Role != WorldRole.Main);
        (double x, double y, int count) = (0, 0, 0);
        for (int i = 0; i < Side * Side; i++)
        {
            if (!with.AsSpan(3 * i, 3).SequenceEqual(without.AsSpan(3 * i, 3)))
            {
                (x, y, count) = (x + (i % Side) + 0.5, y + (i / Side) + 0.5, count + 1);
            }
        }

        return count == 0 ? (0, 0, 0) : (x / count / Side, y / count / Side, count);
    }

    private static byte[] Draw(WorldScript script, int ms, Func<WorldActor, bool> kept)
    {
        WorldScript changed = script with
        {
            Segments = [.. script.Segments.Select(s => s is WorldShot shot ? shot with { Grain = 0, Actors = [.. shot.Actors.Where(kept)] } : s)],
        };
        var renderer = new WorldRenderer(Side, Side);
        byte[] rgb = new byte[renderer.FrameBytes];
        renderer.DrawAt(changed, ms, rgb);
        return rgb;
    }

    private static int Distance(int rgb, int r, int g, int b)
    {
        (int dr, int dg, int db) = (((rgb >> 16) & 255) - r, ((rgb >> 8) & 255) - g, (rgb & 255) - b);
        return (dr * dr) + (dg * dg) + (db * db);
    }

    private static WorldColour Nearest(Dictionary<int, WorldColour> known, int r, int g, int b)
    {
        int rgb = (r << 16) | (g << 8) | b;
        if (!known.TryGetValue(rgb, out WorldColour colour))
        {
            colour = WorldColours.All.MinBy(c => s_ramps[(int)c].Min(level => Distance(level, r, g, b)));
            known.Add(rgb, colour);
        }

        return colour;
    }

    private static bool Near(ReadOnlySpan<byte> rgb, int x, int y, int colour)
    {
        int at = ((y * Side) + x) * 3;
        return Math.Abs(rgb[at] - ((colour >> 16) & 255)) < 8 && Math.Abs(rgb[at + 1] - ((colour >> 8) & 255)) < 8 && Math.Abs(rgb[at + 2] - (colour & 255)) < 8;
    }
}
