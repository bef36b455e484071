using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

public sealed class H264WriterTests : IDisposable
{
    private static readonly MediaTools s_tools = MediaTools.Locate();

    private readonly string _folder = Directory.CreateTempSubdirectory("it's h264").FullName; // a quote in the path

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<string> WriteAsync(string name, int[] levels, int keyFrames = 1)
    {
        string path = Path.Combine(_folder, name);
        await new H264Writer(s_tools).WriteAsync(path, new H264Settings(32, 32, new FrameRate(2)) { Quality = 10, KeyFrames = keyFrames }, Frames(levels), Ct);
        return path;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Frames(int[] levels, int bytes = 32 * 32 * 3)
    {
        byte[] frame = new byte[bytes];
        foreach (int level in levels)
        {
            await Task.Yield();
            Array.Fill(frame, (byte)level);
            yield return frame;
        }
    }

    private static async Task<int[]> ReadAsync(string path)
    {
        VideoInfo info = await new VideoProbe(s_tools).ProbeAsync(path, PacketPass.Always, Ct);
        Assert.Equal((2.0, false, "h264"), (info.AverageFrameRate, info.IsVariableFrameRate, info.Codec));
        var levels = new List<int>();
        await foreach (VideoFrame frame in new FrameReader(s_tools).ReadAsync(info, new FrameSelection(info, [.. Enumerable.Range(0, (int)info.FrameCount).Select(i => (long)i)]), Ct))
        {
            levels.Add((int)Math.Round(frame.Rgb.Span[0] / 10.0) * 10);
            frame.Dispose();
        }

        return [.. levels];
    }

    [Fact]
    public async Task Write_Frames_AreAllThereInOrder()
    {
        int[] levels = [.. Enumerable.Range(2, 20).Select(i => i * 10)];
        string path = await WriteAsync("a.mp4", levels, keyFrames: 8);
        Assert.Equal(levels, await ReadAsync(path));
        byte[] bytes = await File.ReadAllBytesAsync(path, Ct);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(await WriteAsync("b.mp4", levels, keyFrames: 8), Ct));
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public async Task Join_Parts_IsExactToTheFrame()
    {
        string hay = await WriteAsync("hay.mp4", [20, 30, 40, 50, 60, 70, 80, 90]);
        string needle = await WriteAsync("needle.mp4", [200, 220]);
        for (int at = 1; at < 8; at++)
        {
            string joined = Path.Combine(_folder, $"joined{at}.mp4");
            await new H264Writer(s_tools).JoinAsync(joined, new FrameRate(2), [new(hay, 0, at), new(needle, 0, 2), new(hay, at, 8), new(needle, 1, 2)], Ct);
            int[] wanted = [.. Enumerable.Range(2, at).Select(i => i * 10), 200, 220, .. Enumerable.Range(2 + at, 8 - at).Select(i => i * 10), 220];
            Assert.Equal(wanted, await ReadAsync(joined));
        }

        MediaException e = await Assert.ThrowsAsync<MediaException>(() => new H264Writer(s_tools).JoinAsync(Path.Combine(_folder, "x.mp4"), new FrameRate(2), [new(Path.Combine(_folder, "gone.mp4"), 0, 1)], Ct));
        Assert.Equal(MediaError.EncodeFailed, e.Reason);
        await Assert.ThrowsAsync<ArgumentException>(() => new H264Writer(s_tools).JoinAsync(Path.Combine(_folder, "x.mp4"), new FrameRate(2), [new(hay, 3, 3)], Ct));
        Assert.Empty(Directory.GetFiles(_folder, "*.tmp"));
    }

    [Fact]
    public async Task Write_WhatCannotBe_IsRefused_AndLeavesNothing()
    {
        var writer = new H264Writer(s_tools);
        string path = Path.Combine(_folder, "a.mp4");
        await Assert.ThrowsAsync<ArgumentException>(() => writer.WriteAsync(path, new H264Settings(31, 32, new FrameRate(1)), Frames([1]), Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => writer.WriteAsync(path, new H264Settings(32, 32, new FrameRate(1)) { Quality = 60 }, Frames([1]), Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => writer.WriteAsync(path, new H264Settings(32, 32, new FrameRate(1)), Frames([1], 10), Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => writer.WritePicturesAsync(path, new H264Settings(32, 32, new FrameRate(1)), "gif", Frames([1]), Ct));
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => writer.WritePicturesAsync(path, new H264Settings(32, 32, new FrameRate(1)), "mjpeg", Frames([1, 2]), Ct));
        Assert.Equal(MediaError.EncodeFailed, e.Reason);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData(64, 27.333333333333332, 96, 41)] // 82 frames at 3 a second, 64 of them
    [InlineData(8, 10, 4, 5)]
    [InlineData(25, 1, 25, 1)]
    [InlineData(30, 1.001, 30000, 1001)]
    public void RateOf_FramesAndSeconds_IsTheirFraction(int frames, double seconds, int rate, int per) => Assert.Equal(new FrameRate(rate, per), FrameRate.Of(frames, seconds));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, double.NaN)]
    [InlineData(2_000_000, 1)]
    public void RateOf_NoRate_IsRefused(int frames, double seconds) => Assert.Throws<ArgumentOutOfRangeException>(() => FrameRate.Of(frames, seconds));
}
