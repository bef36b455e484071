using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

[Collection(MediaTestGroup.Name)]
public sealed class MediaToolsTests(MediaFixture media)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task VersionAsync_Installed_IsAVersion()
    {
        Assert.Matches(@"^[nN]?\d+\.\d+", await media.Tools.VersionAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task VersionAsync_SomethingElse_IsToolMissing()
    {
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => media.FakeTools("echo hello").VersionAsync(cancellationToken: Token));
        Assert.Equal(MediaError.ToolMissing, e.Reason);
    }

    [Fact]
    public void Locate_FolderWithoutTools_NamesToolFolderAndRemedy()
    {
        MediaException e = Assert.Throws<MediaException>(() => MediaTools.Locate(media.Folder, Environment.GetEnvironmentVariable("PATH")));
        Assert.Equal(MediaError.ToolMissing, e.Reason);
        Assert.Contains("ffmpeg", e.Message);
        Assert.Contains(media.Folder, e.Message);
        Assert.Contains("STUDIO_FFMPEG", e.Message);
    }

    [Fact]
    public void Locate_EmptyPath_SaysPath()
    {
        Assert.Contains("on PATH", Assert.Throws<MediaException>(() => MediaTools.Locate(folder: null, searchPath: "")).Message);
    }

    [Fact]
    public async Task StartAsync_NotExecutable_IsToolMissing()
    {
        string file = media.Write("plain", "x"u8);
        MediaException e = await Assert.ThrowsAsync<MediaException>(
            () => MediaProcess.CaptureAsync(new MediaCommand(file), [], TimeSpan.FromSeconds(5), "video", Token));
        Assert.Equal(MediaError.ToolMissing, e.Reason);
    }

    [Fact]
    public async Task CaptureAsync_MegabytesOfErrors_KeepsTheTail()
    {
        MediaTools noisy = media.FakeTools("i=0; while [ $i -lt 20000 ]; do echo 'complaint about a damaged frame, number' $i >&2; i=$((i+1)); done; echo out; exit 3");
        MediaRun run = await MediaProcess.CaptureAsync(new MediaCommand(noisy.Ffmpeg), [], TimeSpan.FromSeconds(60), "video", Token);
        Assert.Equal(3, run.ExitCode);
        Assert.Equal("out\n", run.Output);
        Assert.InRange(run.ErrorTail.Length, MediaProcess.ErrorTailBytes / 2, MediaProcess.ErrorTailBytes);
        Assert.EndsWith("number 19999", run.ErrorTail);
    }

    [Fact]
    public async Task CaptureAsync_EndlessOutput_IsCutOff()
    {
        MediaTools endless = media.FakeTools("yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        MediaException e = await Assert.ThrowsAsync<MediaException>(
            () => MediaProcess.CaptureAsync(new MediaCommand(endless.Ffmpeg), [], TimeSpan.FromSeconds(60), "video", Token));
        Assert.Equal(MediaError.NotMedia, e.Reason);
    }

    [Fact]
    public async Task CaptureAsync_TimeLimit_KillsTheWholeTree()
    {
        string mark = $"3{Random.Shared.Next(100000, 999999)}";
        MediaTools slow = media.FakeTools($"sleep {mark} & sleep {mark}; wait");
        MediaException e = await Assert.ThrowsAsync<MediaException>(
            () => MediaProcess.CaptureAsync(new MediaCommand(slow.Ffmpeg), [], TimeSpan.FromMilliseconds(700), "video", Token));
        Assert.Equal(MediaError.TimedOut, e.Reason);
        Assert.Contains("0.7 s", e.Message);
        Assert.Empty(MediaFixture.ProcessesWith(mark));
    }

    [Fact]
    public async Task CaptureAsync_Cancelled_KillsTheWholeTree()
    {
        string mark = $"3{Random.Shared.Next(100000, 999999)}";
        MediaTools slow = media.FakeTools($"sleep {mark} & sleep {mark}; wait");
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(700));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => MediaProcess.CaptureAsync(new MediaCommand(slow.Ffmpeg), [], TimeSpan.FromSeconds(60), "video", cancel.Token));
        Assert.Empty(MediaFixture.ProcessesWith(mark));
    }

    [Fact]
    public async Task StartAsync_AlreadyCancelled_StartsNothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => MediaProcess.CaptureAsync(new MediaCommand(media.Tools.Ffmpeg), ["-version"], TimeSpan.FromSeconds(5), "video", new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task DisposeAsync_RunningProcess_LeavesNoZombie()
    {
        MediaProcess process = await MediaProcess.StartAsync(new MediaCommand(media.FakeTools("sleep 77").Ffmpeg), [], "video", input: null, Token);
        int id = process.Id;
        Assert.False(MediaFixture.IsGone(id));
        await process.DisposeAsync();
        Assert.True(MediaFixture.IsGone(id));
    }

    [Fact]
    public void Limits_NotPositive_AreNamed()
    {
        Assert.Contains("Probe", Assert.Throws<ArgumentException>(() => new VideoProbe(media.Tools, new() { Probe = TimeSpan.Zero })).Message);
        Assert.Contains("MaxBytes", Assert.Throws<ArgumentException>(() => new VideoProbe(media.Tools, new() { MaxBytes = 0 })).Message);
        Assert.Contains("MaxDuration", Assert.Throws<ArgumentException>(() => new VideoProbe(media.Tools, new() { MaxDuration = TimeSpan.Zero })).Message);
        Assert.Contains("MaxMemoryBytes", Assert.Throws<ArgumentException>(() => new VideoProbe(media.Tools, new() { MaxMemoryBytes = 0 })).Message);
        Assert.Contains("MaxOpenFiles", Assert.Throws<ArgumentException>(() => new VideoProbe(media.Tools, new() { MaxOpenFiles = -1 })).Message);
        Assert.Contains("MaxPixels", Assert.Throws<ArgumentException>(() => new FrameReader(media.Tools, new() { MaxPixels = 0 })).Message);
        Assert.Contains("0", Assert.Throws<ArgumentException>(() => new FrameReader(media.Tools, new() { MinDecodeFramesPerSecond = 0 })).Message);
    }
}
