using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

/// <summary>Train, validation and test share no instance, backdrop, place, size, pair, order, link or video.</summary>
public sealed class WorldSplitTests
{
    private const int ItemsPerKind = 24;

    [Fact]
    public void Of_EveryObjectInEveryColour_HasInstancesInEachSplit()
    {
        var counts = new Dictionary<WorldSplit, int>();
        foreach (WorldObject thing in WorldObjects.All)
        {
            for (int tint = 0; tint <= WorldColours.All.Count; tint++)
            {
                var found = Enumerable.Range(0, WorldInstance.Variants).Select(v => WorldSplits.Of(new WorldInstance(thing.Id, tint, v))).GroupBy(s => s).ToDictionary(g => g.Key, g => g.Count());
                Assert.Equal(3, found.Count);
                foreach ((WorldSplit split, int n) in found)
                {
                    counts[split] = counts.GetValueOrDefault(split) + n;
                }
            }
        }

        double all = counts.Values.Sum();
        Assert.InRange(counts[WorldSplit.Test] / all, 0.09, 0.11);
        Assert.InRange(counts[WorldSplit.Validation] / all, 0.09, 0.11);
    }

    [Fact]
    public void Items_OfDifferentSplits_ShareNothingThatBelongsToASplit()
    {
        // The recipe is rich on purpose: haystacks, chains of three hops, decoys.
        var recipe = new WorldRecipe { Seconds = [24, 60], MinHops = 1, MaxHops = 3, MaxDecoys = 3, Fps = 1 };
        var seen = new Dictionary<WorldSplit, Parts>();
        foreach (WorldSplit split in Enum.GetValues<WorldSplit>())
        {
            var parts = seen[split] = new Parts();
            var dataset = new WorldDataset(recipe, split, seed: 11); // the same seed for all three
            for (int i = 0; i < ItemsPerKind * WorldKinds.All.Count; i++)
            {
                parts.Add(dataset.Item(i).Script);
            }

            for (ulong i = 0; i < 4 * ItemsPerKind; i++)
            {
                parts.Add(AlbumMaker.Compose(split, i, pictures: 12, WorldObjects.All.Count));
            }
        }

        foreach ((WorldSplit a, WorldSplit b) in new[] { (WorldSplit.Train, WorldSplit.Test), (WorldSplit.Train, WorldSplit.Validation), (WorldSplit.Validation, WorldSplit.Test) })
        {
            foreach ((string what, HashSet<string> ofA) in seen[a].Sets)
            {
                Assert.True(ofA.Count >= 3, $"{a} has only {ofA.Count} of {what}");
                Assert.Empty(ofA.Intersect(seen[b].Sets[what]));
            }
        }

        // Names are shared: what is tested can be answered.
        Assert.True(seen[WorldSplit.Train].Names.Intersect(seen[WorldSplit.Test].Names).Count() > 200);
    }

    [Fact]
    public void Items_OfOneSplit_AreAllDifferentVideos()
    {
        var dataset = new WorldDataset(new WorldRecipe { Fps = 1 }, WorldSplit.Test, 3);
        Assert.Equal(600, Enumerable.Range(0, 600).Select(i => dataset.Item(i).Script.Fingerprint()).Distinct().Count());
    }

    /// <summary>What a script is made of, read off the script itself.</summary>
    private sealed class Parts
    {
        public Dictionary<string, HashSet<string>> Sets { get; } = new[] { "instance", "backdrop", "place", "size", "pair", "order", "link", "video" }.ToDictionary(n => n, _ => new HashSet<string>());

        public HashSet<string> Names { get; } = [];

        public void Add(WorldScript script)
        {
            Put("video", script.Fingerprint());
            foreach (WorldSegment segment in script.Segments)
            {
                switch (segment)
                {
                    case WorldShot shot:
                        AddShot(shot);
                        break;
                    case WorldCard card:
                        AddCard(card);
                        break;
                    case WorldHaystack haystack:
                        for (int at = haystack.StartMs; at < haystack.EndMs;)
                        {
                            WorldShot part = HaystackShots.At(haystack, at);
                            AddShot(part);
                            at = part.EndMs;
                        }

                        break;
                }
            }

            if (script.Kind == WorldKind.Order)
            {
                Put("order", string.Join('>', script.Segments.OfType<WorldShot>().Select(s => s.Actors.Single().Instance.ObjectId)));
            }
        }

        private void AddShot(WorldShot shot)
        {
            Put("backdrop", shot.Backdrop.ToString());
            foreach (WorldActor actor in shot.Actors)
            {
                Put("instance", $"{actor.Instance}");
                Put("place", $"{actor.From}");
                Put("place", $"{actor.To}");
                Put("size", $"{actor.Size}");
                Names.Add(actor.Instance.Thing.Name);
                foreach (WorldActor other in shot.Actors.Where(o => o.Instance.ObjectId > actor.Instance.ObjectId))
                {
                    Put("pair", $"{actor.Instance.ObjectId}+{other.Instance.ObjectId}");
                }
            }

            if (shot.Mark is { } mark)
            {
                Put("place", $"{mark.Place}");
                Put("size", $"{mark.Height}");
            }
        }

        private void AddCard(WorldCard card)
        {
            Put("instance", $"{card.Picture}");
            Put("place", $"{card.Centre}");
            Put("size", $"{card.Size}");
            if (card.Next is { } next)
            {
                Put("instance", $"{next}");
                Put("link", $"{card.Picture.ObjectId}>{next.ObjectId}");
            }
        }

        private void Put(string what, string id) => Sets[what].Add(id);
    }
}
