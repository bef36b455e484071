using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

/// <summary>Patches show what the pixels show.</summary>
public sealed class PatchTruthTests
{
    private const int Side = 144, Grid = 9;

    [Fact]
    public void Read_Albums_ObjectsLieWhereDrawingThemChangesThePicture()
    {
        var renderer = new WorldRenderer(Side, Side);
        var truth = new PatchTruth(Grid);
        byte[] with = new byte[renderer.FrameBytes], without = new byte[renderer.FrameBytes];
        (int shots, int shown, int empty) = (0, 0, 0);
        for (ulong seed = 0; seed < 12; seed++)
        {
            WorldScript album = AlbumMaker.Compose(WorldSplit.Train, seed, 6, 120);
            for (int f = 0; f < album.FrameCount; f++)
            {
                truth.Read(album, f);
                if (album.Segments[f] is not WorldShot shot)
                {
                    continue;
                }

                shots++;
                WorldScript bare = album with { Segments = [.. album.Segments.Select((s, i) => i == f ? shot with { Actors = [], Mark = null } : s)] };
                renderer.Draw(album, f, with);
                renderer.Draw(bare, f, without);
                for (int patch = 0; patch < Grid * Grid; patch++)
                {
                    bool shows = truth.Objects[patch] >= 0 || truth.FirstLetters[patch] >= 0;
                    shown += shows ? 1 : 0;
                    empty += shows && Changed(with, without, patch) == 0 ? 1 : 0;
                    Assert.Equal(truth.Objects[patch] >= 0, truth.ColourNumbers[patch] >= 0);
                    Assert.Equal(truth.FirstLetters[patch] >= 0, truth.SecondLetters[patch] >= 0);
                }

                // Every object has its own patch, and nothing else is named.
                Assert.Equal(shot.Actors.Select(a => a.Instance.ObjectId).Distinct().Order(), truth.Objects.ToArray().Where(o => o >= 0).Distinct().Order());
                Assert.Equal(shot.Mark is not null, truth.FirstLetters.ToArray().Any(l => l >= 0));
            }
        }

        Assert.True(shots > 30 && shown > 300);
        Assert.True(empty * 50 < shown, $"{empty} of {shown} patches show nothing of what they are said to"); // corners of thin pictures
    }

    [Fact]
    public void Read_Cards_FrameColourRunsRoundThePicturesAndTheNumber()
    {
        var truth = new PatchTruth(Grid);
        int cards = 0, links = 0;
        for (ulong seed = 0; seed < 30; seed++)
        {
            WorldScript album = AlbumMaker.Compose(WorldSplit.Train, seed, 6, 120);
            for (int f = 0; f < album.FrameCount; f++)
            {
                if (album.Segments[f] is not WorldCard card)
                {
                    continue;
                }

                truth.Read(album, f);
                cards++;
                links += card.Next is null ? 0 : 1;
                Assert.All((int[])[0, Grid - 1, Grid * (Grid - 1), (Grid * Grid) - 1, Grid * 4], p => Check(truth, p, card));
                int[] shown = [.. truth.Objects.ToArray().Where(o => o >= 0).Distinct().Order()];
                Assert.Equal(new[] { card.Picture.ObjectId, card.Next?.ObjectId ?? card.Picture.ObjectId }.Distinct().Order(), shown);
                int[] marked = [.. Enumerable.Range(0, Grid * Grid).Where(Marked)];
                Assert.NotEmpty(marked);
                Assert.All(marked, p => Assert.Equal(card.Mark, $"{Digit(truth.FirstLetters[p])}{Digit(truth.SecondLetters[p])}"));
            }
        }

        Assert.True(cards > 25 && links > 5);

        bool Marked(int patch) => truth.FirstLetters[patch] >= 0;
        static void Check(PatchTruth truth, int patch, WorldCard card) => Assert.Equal(1 + (int)card.Frame, truth.ColourNumbers[patch]);
        static int Digit(int letter) => letter; // digits come first, so that their numbers are theirs
    }

    [Theory]
    [InlineData(Grid)]
    [InlineData(Grid - 1)]
    public void Read_Numbers_ADigitStandsWhereAnotherOneWouldChangeThePicture(int grid)
    {
        var renderer = new WorldRenderer(Side, Side);
        var truth = new PatchTruth(grid);
        byte[] drawn = new byte[renderer.FrameBytes], other = new byte[renderer.FrameBytes];
        int[] inside = [0, 0], changed = [0, 0]; // pixels of the mark's patches that the first and the second digit change, and those in patches said to hold it
        for (ulong seed = 0; seed < 8; seed++)
        {
            WorldScript album = AlbumMaker.Compose(WorldSplit.Train, seed, 4, 120, new AlbumMix(Cards: 100));
            for (int f = 0; f < album.FrameCount; f++)
            {
                WorldCard card = Assert.IsType<WorldCard>(album.Segments[f]);
                renderer.Draw(album, f, drawn);
                truth.Read(album, f);
                for (int letter = 0; letter < 2; letter++)
                {
                    char[] mark = card.Mark!.ToCharArray();
                    mark[letter] = mark[letter] == '1' ? '8' : '1';
                    renderer.Draw(album with { Segments = [.. album.Segments.Select((s, i) => i == f ? card with { Mark = new string(mark) } : s)] }, f, other);
                    for (int pixel = 0; pixel < Side * Side; pixel++)
                    {
                        int patch = (pixel / Side * grid / Side * grid) + (pixel % Side * grid / Side);
                        if (truth.FirstLetters[patch] >= 0 && !drawn.AsSpan(pixel * 3, 3).SequenceEqual(other.AsSpan(pixel * 3, 3)))
                        {
                            changed[letter]++;
                            inside[letter] += truth.StandingLetters[patch] == letter || truth.StandingLetters[patch] == PatchTruth.BothLetters ? 1 : 0;
                        }
                    }
                }

                int[] standing = [.. Enumerable.Range(0, grid * grid).Where(p => truth.FirstLetters[p] >= 0).Select(p => truth.StandingLetters[p])];
                Assert.Contains(standing, s => s is 0 or PatchTruth.BothLetters);
                Assert.Contains(standing, s => s is 1 or PatchTruth.BothLetters);
                Assert.Contains(standing, s => s != PatchTruth.BothLetters); // else their order could not be read
            }
        }

        Assert.All((int[])[0, 1], letter => Assert.True(changed[letter] > 500 && inside[letter] > changed[letter] * 0.9, $"{inside[letter]} of {changed[letter]}"));
    }

    [Fact]
    public void Read_AMovingObject_FollowsItAndForgetsTheFrameBefore()
    {
        var recipe = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Direction] = 1 }, Seconds = [8], Fps = 4, Objects = 120 };
        WorldScript script = new WorldDataset(recipe, WorldSplit.Train, 3).Item(0).Script;
        (WorldShot shot, WorldActor mover) = script.Segments.OfType<WorldShot>().SelectMany(s => s.Actors.Select(a => (s, a))).First(p => p.a.Role == WorldRole.Main);
        var truth = new PatchTruth(Grid);
        var places = new HashSet<int>();
        for (int f = 0; f < script.FrameCount; f++)
        {
            int ms = script.TimeOf(f);
            truth.Read(script, f);
            int[] at = [.. Enumerable.Range(0, Grid * Grid).Where(p => truth.Objects[p] == mover.Instance.ObjectId)];
            if (ms < shot.StartMs || ms >= shot.EndMs || !mover.IsSeenAt(ms - shot.StartMs))
            {
                continue;
            }

            WorldPose pose = shot.Camera.See(mover.At(ms - shot.StartMs), ms - shot.StartMs, shot.LengthMs);
            Assert.Contains((int)((long)pose.Place.Y * Grid >> 16) * Grid + (int)((long)pose.Place.X * Grid >> 16), at);
            Assert.True(at.Length <= 36);
            places.Add(at[0]);
        }

        Assert.True(places.Count > 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => truth.Read(script, script.FrameCount));
    }

    /// <summary>The same truth as the questions': where a thing is, which way it goes, what it stands in front of.</summary>
    [Theory]
    [InlineData(WorldKind.Where)]
    [InlineData(WorldKind.Direction)]
    [InlineData(WorldKind.Describe)]
    public void Read_Shots_SaysWhereThingsStandHowTheyMoveAndWhatIsBehind(WorldKind kind)
    {
        var truth = new PatchTruth(Grid);
        (int standing, int going) = (0, 0);
        for (ulong seed = 0; seed < 12; seed++)
        {
            WorldScript script = WorldRendererTests.Compose(kind, WorldSplit.Train, seed, 4, fps: 2);
            string answer = WorldQuestions.Main(script, seed, kind == WorldKind.Describe ? WorldForm.Open : WorldForm.Lettered).Answer;
            for (int f = 0; f < script.FrameCount; f++)
            {
                truth.Read(script, f);
                WorldShot shot = Assert.IsType<WorldShot>(script.SegmentAt(script.TimeOf(f)));
                Assert.Equal(shot.Backdrop, truth.Backdrop!.Number);
                Assert.EndsWith(truth.Backdrop.Pattern == "plain" ? "background" : truth.Backdrop.Pattern, truth.Backdrop.Name, StringComparison.Ordinal);
                for (int patch = 0; patch < Grid * Grid; patch++)
                {
                    (int thing, int cell, int motion, int way) = (truth.Objects[patch], truth.Cells[patch], truth.Motions[patch], truth.Directions[patch]);
                    if (thing < 0)
                    {
                        Assert.Equal((patch / Grid / 3 * 3) + (patch % Grid / 3), cell);
                        Assert.Equal((PatchTruth.Nothing, PatchTruth.Nothing), (motion, way));
                        continue;
                    }

                    Assert.True(cell >= 0 ^ way >= 0); // what goes somewhere has no one place
                    (standing, going) = (standing + (cell >= 0 ? 1 : 0), going + (way >= 0 ? 1 : 0));
                    if (shot.Actors.First(a => a.Instance.ObjectId == thing).Role != WorldRole.Main)
                    {
                        continue;
                    }

                    switch (kind)
                    {
                        case WorldKind.Where:
                            Assert.Equal(answer, WorldGrid.Names[cell]);
                            break;
                        case WorldKind.Direction:
                            Assert.Equal(answer, WorldCaptions.Directions[way]);
                            break;
                        default:
                            Assert.Contains(motion < 0 ? "still" : WorldCaptions.Verb((WorldMotion)motion)[..4], answer, StringComparison.Ordinal); // "grow" of one and of several
                            Assert.Contains(way < 0 ? "" : WorldCaptions.Directions[way], answer, StringComparison.Ordinal);
                            break;
                    }
                }
            }
        }

        Assert.True(kind == WorldKind.Where ? standing > 100 : going > 100, $"{standing} standing, {going} going");
    }

    private static int Changed(byte[] a, byte[] b, int patch)
    {
        const int Patch = Side / Grid;
        (int row, int column, int changed) = (patch / Grid * Patch, patch % Grid * Patch, 0);
        for (int y = row; y < row + Patch; y++)
        {
            int from = ((y * Side) + column) * 3;
            changed += a.AsSpan(from, Patch * 3).SequenceEqual(b.AsSpan(from, Patch * 3)) ? 0 : 1;
        }

        return changed;
    }
}
