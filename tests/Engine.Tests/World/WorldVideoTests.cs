using Studio.Engine.Video;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

/// <summary>Real files through ffmpeg, and folders of them.</summary>
public sealed class WorldVideoTests : IDisposable
{
    private static readonly MediaTools s_tools = MediaTools.Locate();

    private readonly string _folder = Directory.CreateTempSubdirectory("world").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Write_Video_ShowsTheScriptsFrames()
    {
        WorldScript script = WorldRendererTests.Compose(WorldKind.Order, WorldSplit.Test, 6, 8, fps: 4);
        string path = Path.Combine(_folder, "a.mp4");
        await new WorldVideoWriter(s_tools).WriteAsync(script, path, new WorldVideoSettings { Width = 96, Height = 64 }, cancellationToken: Ct);
        VideoInfo info = await new VideoProbe(s_tools).ProbeAsync(path, cancellationToken: Ct);
        Assert.Equal((96, 64, 32L, 4.0, 8.0, "h264"), (info.Width, info.Height, info.FrameCount, info.AverageFrameRate, info.Duration, info.Codec));

        // Without files: the same selection, and nearly the same pixels.
        var frames = new WorldFrames(96, 64);
        FrameSelection selection = FrameSampling.Select(info, SamplingSettings.AtRate(1));
        FrameSelection drawn = frames.Select(script, SamplingSettings.AtRate(1));
        Assert.Equal(selection.Indices, drawn.Indices);
        Assert.Equal(selection.Times, drawn.Times);
        Assert.Equal(selection.Message, drawn.Message);
        using IEnumerator<VideoFrame> pictures = frames.Read(script, drawn).GetEnumerator();
        await foreach (VideoFrame frame in new FrameReader(s_tools).ReadAsync(info, selection, Ct))
        {
            Assert.True(pictures.MoveNext());
            using VideoFrame picture = pictures.Current;
            Assert.Equal((frame.Position, frame.FrameIndex), (picture.Position, picture.FrameIndex));
            long difference = 0;
            for (int i = 0; i < picture.Rgb.Length; i++)
            {
                difference += Math.Abs(picture.Rgb.Span[i] - frame.Rgb.Span[i]);
            }

            Assert.InRange(difference / (double)picture.Rgb.Length, 0, 9);
            frame.Dispose();
        }

        Assert.False(pictures.MoveNext());
    }

    [Fact]
    public async Task Write_Twice_GivesTheSameBytes()
    {
        WorldScript script = WorldRendererTests.Compose(WorldKind.Where, WorldSplit.Test, 6, 3, fps: 5);
        var writer = new WorldVideoWriter(s_tools);
        var settings = new WorldVideoSettings { Width = 64, Height = 64 };
        await writer.WriteAsync(script, Path.Combine(_folder, "a.mp4"), settings, cancellationToken: Ct);
        await writer.WriteAsync(script, Path.Combine(_folder, "b.mp4"), settings, cancellationToken: Ct);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(_folder, "a.mp4"), Ct), await File.ReadAllBytesAsync(Path.Combine(_folder, "b.mp4"), Ct));
    }

    [Fact]
    public async Task Write_Cancelled_LeavesNothingBehind()
    {
        WorldScript script = WorldRendererTests.Compose(WorldKind.Needle, WorldSplit.Test, 6, 600, fps: 8);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new WorldVideoWriter(s_tools).WriteAsync(
            script, Path.Combine(_folder, "a.mp4"), new WorldVideoSettings(), frame => { if (frame == 20) stop.Cancel(); }, stop.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Write_WhereNothingCanBeWritten_NamesTheFile()
    {
        WorldScript script = WorldRendererTests.Compose(WorldKind.Where, WorldSplit.Test, 6, 3);
        string path = Path.Combine(_folder, "missing", "a.mp4");
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => new WorldVideoWriter(s_tools).WriteAsync(script, path, new WorldVideoSettings(), cancellationToken: Ct));
        Assert.Equal(MediaError.NotFound, e.Reason);
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_EncoderFails_SaysWhatItSaid()
    {
        // Takes some input and then fails, as ffmpeg does on a full disk.
        MediaTools tools = FakeTools("head -c 1000 >/dev/null\necho 'No space left on device' >&2\nexit 1");
        WorldScript script = WorldRendererTests.Compose(WorldKind.Needle, WorldSplit.Test, 6, 60);
        string path = Path.Combine(_folder, "a.mp4");
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => new WorldVideoWriter(tools).WriteAsync(script, path, new WorldVideoSettings(), cancellationToken: Ct));
        Assert.Equal(MediaError.EncodeFailed, e.Reason);
        Assert.Contains("No space left", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Write_EncoderStalls_IsStopped()
    {
        MediaTools tools = FakeTools("sleep 600");
        var limits = new MediaLimits { FrameStall = TimeSpan.FromMilliseconds(300) };
        WorldScript script = WorldRendererTests.Compose(WorldKind.Needle, WorldSplit.Test, 6, 60);
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => new WorldVideoWriter(tools, limits).WriteAsync(script, Path.Combine(_folder, "a.mp4"), new WorldVideoSettings(), cancellationToken: Ct));
        Assert.Equal(MediaError.TimedOut, e.Reason);
    }

    [Theory]
    [InlineData(63, 64, 20, "63x64")]
    [InlineData(64, 8, 20, "64x8")]
    [InlineData(64, 4098, 20, "64x4098")]
    [InlineData(64, 64, 52, "52")]
    public async Task Write_ImpossibleSettings_AreNamed(int width, int height, int quality, string named)
    {
        WorldScript script = WorldRendererTests.Compose(WorldKind.Where, WorldSplit.Test, 6, 3);
        ArgumentException e = await Assert.ThrowsAsync<ArgumentException>(() => new WorldVideoWriter(s_tools).WriteAsync(
            script, Path.Combine(_folder, "a.mp4"), new WorldVideoSettings { Width = width, Height = height, Quality = quality }, cancellationToken: Ct));
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Frames_ReusesBuffersAndAgreesWithFill()
    {
        WorldScript script = WorldRendererTests.Compose(WorldKind.Needle, WorldSplit.Train, 2, 200);
        var frames = new WorldFrames(32, 32);
        FrameSelection selection = frames.Select(script, SamplingSettings.Uniform(64));
        byte[] all = new byte[64 * 32 * 32 * 3];
        frames.Fill(script, selection.Indices, all);
        int at = 0;
        foreach (VideoFrame frame in frames.Read(script, selection))
        {
            Assert.Equal(all.AsSpan(at, frame.Rgb.Length), frame.Rgb.Span);
            at += frame.Rgb.Length;
            frame.Dispose();
        }

        Assert.Equal(all.Length, at);
        Assert.Equal(1, frames.BuffersAllocated);
        Assert.Throws<ArgumentException>(() => frames.Fill(script, selection.Indices, all.AsSpan(1)));
    }

    [Fact]
    public async Task Make_StartedAgain_KeepsWhatIsFinished()
    {
        WorldFolder folder = new(_folder, s_tools);
        WorldProgress first = await folder.MakeAsync(Settings(6), cancellationToken: Ct);
        Assert.Equal((6, 0, 6), (first.Done, first.Kept, first.Total));
        string[] lines = await File.ReadAllLinesAsync(folder.AnnotationsPath, Ct);
        WorldAnnotation[] annotations = [.. lines.Select(WorldAnnotation.Parse)];
        Assert.Equal(6, annotations.Length);
        Assert.All(annotations, a => Assert.True(File.Exists(Path.Combine(_folder, a.Video))));
        Assert.Equal(lines, annotations.Select(a => a.ToJson()));

        // One video is lost, a part of another was left by a process that was killed.
        string lost = Path.Combine(_folder, annotations[2].Video);
        byte[] bytes = await File.ReadAllBytesAsync(lost, Ct);
        File.Delete(lost);
        string left = Path.Combine(_folder, "videos", "x.mp4.123.tmp");
        await File.WriteAllTextAsync(left, "half", Ct);
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(_folder, annotations[0].Video));
        var reports = new List<WorldProgress>();
        WorldProgress second = await folder.MakeAsync(Settings(8), reports.Add, Ct);
        Assert.Equal((8, 5, 8), (second.Done, second.Kept, second.Total));
        Assert.Equal(8, reports[^1].Done);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(lost, Ct));
        Assert.False(File.Exists(left));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(_folder, annotations[0].Video)));
        string[] more = await File.ReadAllLinesAsync(folder.AnnotationsPath, Ct);
        Assert.Equal(8, more.Length);
        Assert.Equal(lines, more[..6]);
    }

    [Fact]
    public async Task Make_OtherSettings_AreRefusedByName()
    {
        WorldFolder folder = new(_folder, s_tools);
        await folder.MakeAsync(Settings(1), cancellationToken: Ct);
        async Task Refused(WorldFolderSettings settings, params string[] named)
        {
            string message = (await Assert.ThrowsAsync<ArgumentException>(() => folder.MakeAsync(settings, cancellationToken: Ct))).Message;
            Assert.All(named, n => Assert.Contains(n, message, StringComparison.Ordinal));
        }

        await Refused(Settings(1) with { Seed = 8 }, "seed 7 instead of 8");
        await Refused(Settings(1) with { Split = WorldSplit.Train }, "split \"test\" instead of \"train\"");
        await Refused(Settings(1) with { Recipe = Settings(1).Recipe with { Seconds = [3] } }, "recipe.seconds [2] instead of [3]");
        await Refused(Settings(1) with { Video = new WorldVideoSettings { Width = 48, Height = 32 } }, "video.width 32 instead of 48");
        await Refused(Settings(0), "0 videos");
        await Refused(Settings(WorldFolderSettings.MaxCount + 1), "1000001 videos");
        await Refused(Settings(1) with { Jobs = WorldFolderSettings.MaxJobs + 1 }, "65");
        await Refused(Settings(1) with { Questions = 0 }, "0 questions");
        await File.WriteAllTextAsync(Path.Combine(_folder, WorldFolder.ManifestName), "{", Ct);
        await Refused(Settings(1), WorldFolder.ManifestName);
        File.Delete(Path.Combine(_folder, WorldFolder.ManifestName));
        await Refused(Settings(1), "no world.json");
    }

    [Fact]
    public async Task Make_WhileAnotherWrites_IsRefused()
    {
        WorldFolder folder = new(_folder, s_tools);
        using (new FileStream(Path.Combine(_folder, "world.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Contains("Another process", (await Assert.ThrowsAsync<IOException>(() => folder.MakeAsync(Settings(1), cancellationToken: Ct))).Message, StringComparison.Ordinal);
        }

        await folder.MakeAsync(Settings(1), cancellationToken: Ct);
        Assert.False(File.Exists(Path.Combine(_folder, "world.lock")));
    }

    [Fact]
    public async Task Make_Cancelled_GoesOnLater()
    {
        WorldFolder folder = new(_folder, s_tools);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => folder.MakeAsync(Settings(6), p => { if (p.Done == 2) stop.Cancel(); }, stop.Token));
        Assert.False(File.Exists(folder.AnnotationsPath));
        int finished = Directory.GetFiles(Path.Combine(_folder, "videos")).Length;
        Assert.InRange(finished, 2, 3);
        Assert.All(Directory.GetFiles(Path.Combine(_folder, "videos")), f => Assert.EndsWith(".mp4", f, StringComparison.Ordinal));
        Assert.Equal(finished, (await folder.MakeAsync(Settings(6), cancellationToken: Ct)).Kept);
    }

    /// <summary>Stand-ins for both tools that run some shell lines.</summary>
    private MediaTools FakeTools(string lines)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "tools")).FullName;
        foreach (string tool in (string[])["ffmpeg", "ffprobe"])
        {
            string file = Path.Combine(folder, tool);
            File.WriteAllText(file, $"#!/bin/sh\n{lines}\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }
        }

        return MediaTools.Locate(folder, searchPath: null);
    }

    private static WorldFolderSettings Settings(int count) => new()
    {
        Recipe = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Where] = 1, [WorldKind.Mark] = 1 }, Seconds = [2], Fps = 4 },
        Split = WorldSplit.Test,
        Seed = 7,
        Count = count,
        Video = new WorldVideoSettings { Width = 32, Height = 32 },
        Jobs = 2,
    };
}
