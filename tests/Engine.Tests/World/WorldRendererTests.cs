using System.Security.Cryptography;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

public sealed class WorldRendererTests
{
    [Fact]
    public void Frames_OfFixedScripts_AreTheSamePixelsOnEveryMachine()
    {
        // A change of this number means that seeds give other videos: raise WorldDataset.Version with it.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((int width, int height) in new[] { (64, 64), (96, 54), (130, 150) })
        {
            var renderer = new WorldRenderer(width, height);
            foreach (WorldKind kind in WorldKinds.All)
            {
                WorldScript script = Compose(kind, WorldSplit.Validation, 77, 30);
                for (int i = 0; i < script.FrameCount; i += 5)
                {
                    hash.AppendData(renderer.Frame(script, i).Rgb.Span);
                }
            }
        }

        Assert.Equal("3299bc414dc776c3efc4beebeb03e65a", Convert.ToHexStringLower(hash.GetHashAndReset())[..32]);
    }

    [Fact]
    public void Frame_AnyOrderAndRenderer_IsTheSame()
    {
        WorldScript script = Compose(WorldKind.Needle, WorldSplit.Train, 3, 90);
        var one = new WorldRenderer(48, 48);
        byte[][] forwards = [.. Enumerable.Range(0, script.FrameCount).Select(i => one.Frame(script, i).Rgb.ToArray())];
        var other = new WorldRenderer(48, 48);
        for (int i = script.FrameCount - 1; i >= 0; i -= 7)
        {
            Assert.Equal(forwards[i], other.Frame(script, i).Rgb.ToArray());
        }
    }

    [Fact]
    public void Frame_OtherRate_ShowsTheSameMoment()
    {
        WorldScript slow = Compose(WorldKind.Order, WorldSplit.Train, 3, 20);
        WorldScript fast = slow with { Fps = 8 };
        var renderer = new WorldRenderer(40, 40);
        Assert.Equal(20, slow.FrameCount);
        Assert.Equal(160, fast.FrameCount);
        for (int i = 0; i < slow.FrameCount; i++)
        {
            Assert.Equal(renderer.Frame(slow, i).Rgb.ToArray(), renderer.Frame(fast, 8 * i).Rgb.ToArray());
        }
    }

    [Fact]
    public void Frame_Haystack_NeverRepeats()
    {
        WorldScript script = Compose(WorldKind.Needle, WorldSplit.Test, 9, 5000);
        var renderer = new WorldRenderer(32, 32);
        byte[] frame = new byte[renderer.FrameBytes];
        var seen = new HashSet<string>();
        for (int i = 0; i < script.FrameCount; i++)
        {
            if (script.SegmentAt(script.TimeOf(i)) is WorldHaystack)
            {
                renderer.Draw(script, i, frame);
                Assert.True(seen.Add(Convert.ToHexString(SHA256.HashData(frame))), $"frame {i} was seen before");
            }
        }

        Assert.True(seen.Count > 4900);
    }

    [Fact]
    public void Frame_LongestVideo_NeedsNoMoreThanAnotherFrame()
    {
        WorldScript day = Compose(WorldKind.Needle, WorldSplit.Test, 4, WorldScript.MaxSeconds) with { Fps = 30 };
        Assert.Equal(24 * 3600 * 30, day.FrameCount);
        Assert.True(day.Segments.Count <= 3);
        var renderer = new WorldRenderer(32, 32);
        byte[] frame = new byte[renderer.FrameBytes];
        renderer.Draw(day, 0, frame);
        long before = GC.GetAllocatedBytesForCurrentThread();
        renderer.Draw(day, day.FrameCount - 1, frame);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
    }

    [Fact]
    public void Frame_StillShot_StaysTheSame()
    {
        // Some shots without moving actors are still pictures: all their frames are equal, and such shots do occur.
        var renderer = new WorldRenderer(32, 32);
        int stills = 0;
        for (ulong seed = 0; seed < 80; seed++)
        {
            WorldScript script = Compose(WorldKind.Where, WorldSplit.Train, seed, 4);
            foreach (WorldShot shot in script.Segments.OfType<WorldShot>().Where(s => !s.Drifts && s.Grain == 0 && s.Camera == WorldCamera.Still && s.Actors.All(a => a.Motion == WorldMotion.Still)))
            {
                byte[][] frames = [.. new[] { 0, shot.LengthMs / 2, shot.LengthMs - 1 }.Select(ms =>
                {
                    byte[] rgb = new byte[renderer.FrameBytes];
                    renderer.DrawAt(script, shot.StartMs + ms, rgb);
                    return rgb;
                })];
                Assert.Equal(frames[0], frames[1]);
                Assert.Equal(frames[0], frames[2]);
                stills++;
            }
        }

        Assert.True(stills > 3, $"{stills} still shots");
    }

    [Fact]
    public void Draw_WrongArguments_AreRefusedByName()
    {
        WorldScript script = Compose(WorldKind.Where, WorldSplit.Train, 1, 4);
        var renderer = new WorldRenderer(32, 32);
        Assert.Contains("0 to 3", Assert.Throws<ArgumentOutOfRangeException>(() => renderer.Frame(script, 4)).Message, StringComparison.Ordinal);
        Assert.Contains("3072", Assert.Throws<ArgumentException>(() => renderer.Draw(script, 0, new byte[10])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorldRenderer(8, 32));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorldRenderer(32, 5000));
        Assert.Throws<ArgumentException>(() => (script with { Fps = 61 }).Validate());
        Assert.Throws<ArgumentException>(() => (script with { Segments = [script.Segments[0] with { StartMs = 5 }] }).Validate());
    }

    [Fact]
    public void Draw_Text_WritesEveryLetterAndRefusesOthers()
    {
        var seen = new HashSet<string>();
        foreach (char letter in TextPainter.Letters)
        {
            byte[] rgb = new byte[32 * 32 * 3];
            TextPainter.Draw(rgb, 32, 32, letter.ToString(), new WorldPoint(WorldUnits.One / 2, WorldUnits.One / 2), WorldUnits.One / 2);
            Assert.True(seen.Add(Convert.ToHexString(rgb)), $"'{letter}' looks like another letter");
        }

        Assert.Contains("'a'", Assert.Throws<ArgumentException>(() => TextPainter.Draw(new byte[32 * 32 * 3], 32, 32, "a", default, 9999)).Message, StringComparison.Ordinal);
    }

    internal static WorldScript Compose(WorldKind kind, WorldSplit split, ulong seed, int seconds, int fps = 1) => WorldComposer.Compose(new WorldRequest
    {
        Kind = kind,
        Split = split,
        Seed = seed,
        Seconds = Math.Max(seconds, WorldRequest.MinSeconds(kind)),
        Fps = fps,
    });
}
