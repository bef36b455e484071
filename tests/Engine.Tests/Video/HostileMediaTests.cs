using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

/// <summary>Files made to harm: what they ask for is refused, and the tools cannot give it even if they try.</summary>
[Collection(MediaTestGroup.Name)]
public sealed class HostileMediaTests(MediaFixture media)
{
    private const string H264 = "-c:v libx264 -g 25 -pix_fmt yuv420p";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Clip => media.Clip(30, "upright.mp4", H264);

    /// <summary>Texts that some reader of ffmpeg takes for media, each of which names another file.</summary>
    [Theory]
    [InlineData("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\n{0}\n#EXT-X-ENDLIST\n")] // HLS under another name
    [InlineData("list2.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")] // HLS that fetches
    [InlineData("script.mp4", "ffconcat version 1.0\nfile '{0}'\n")]
    [InlineData("script.ffconcat", "ffconcat version 1.0\nfile '{0}'\n")]
    [InlineData("manifest.mpd", "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period><BaseURL>{0}</BaseURL></Period></MPD>")]
    [InlineData("session.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n")]
    [InlineData("picture.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"file://{0}\"/></svg>")]
    [InlineData("subtitle.ass", "[Script Info]\nScriptType: v4.00+\n")]
    [InlineData("page.mp4", "<!DOCTYPE html><script>alert(1)</script>")]
    public async Task ProbeAsync_TextThatNamesOtherFiles_IsNotMedia(string name, string text)
    {
        string path = media.Write(name, Encoding.UTF8.GetBytes(text.Replace("{0}", Clip, StringComparison.Ordinal)));
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => media.Probe.ProbeAsync(path, cancellationToken: Token));
        Assert.Equal(MediaError.NotMedia, e.Reason);
    }

    [Theory]
    [InlineData(9000, 9000)] // above the studio's limit, within ffmpeg's own: its header must be enough
    [InlineData(20000, 20000)] // above ffmpeg's own limit
    [InlineData(60000, 60000)]
    public async Task ProbeAsync_ImageBomb_IsTooLargeAndNamesItsSize(int width, int height)
    {
        string path = media.Write($"bomb{width}.png", PngHeader(width, height));
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => media.Probe.ProbeAsync(path, cancellationToken: Token));
        Assert.Equal(MediaError.TooLarge, e.Reason);
        Assert.Contains($"{width}x{height}", e.Message);
    }

    [Fact]
    public async Task ProbeAsync_OneByteTooMany_IsTooLarge()
    {
        long bytes = new FileInfo(Clip).Length;
        Assert.Equal(bytes, (await new VideoProbe(media.Tools, new() { MaxBytes = bytes }).ProbeAsync(Clip, cancellationToken: Token)).FileSize);
        MediaException e = await Assert.ThrowsAsync<MediaException>(
            () => new VideoProbe(media.Tools, new() { MaxBytes = bytes - 1 }).ProbeAsync(Clip, cancellationToken: Token));
        Assert.Equal(MediaError.TooLarge, e.Reason);
        Assert.Contains($"{bytes} bytes", e.Message);
    }

    [Theory]
    [InlineData("upright.mp4")] // the header says how long it is
    [InlineData("raw.h264")] // only its packets do
    public async Task ProbeAsync_TooLong_IsTooLarge(string name)
    {
        string path = media.Clip(30, name, H264);
        Assert.Equal(1.2, (await new VideoProbe(media.Tools, new() { MaxDuration = TimeSpan.FromSeconds(1.3) }).ProbeAsync(path, cancellationToken: Token)).Duration, 0.05);
        MediaException e = await Assert.ThrowsAsync<MediaException>(
            () => new VideoProbe(media.Tools, new() { MaxDuration = TimeSpan.FromSeconds(1) }).ProbeAsync(path, cancellationToken: Token));
        Assert.Equal(MediaError.TooLarge, e.Reason);
        Assert.Contains("MaxDuration", e.Message);
    }

    [Fact]
    public async Task Prlimit_Installed_HoldsTheToolToEveryLimit()
    {
        Assert.True(media.Tools.AreLimitsEnforced, "prlimit (util-linux) is missing on this machine");
        MediaTools shell = media.FakeTools("ulimit -v; ulimit -t; ulimit -f; ulimit -n; ulimit -c");
        var limits = new MediaLimits { MaxMemoryBytes = 3L << 30, MaxOpenFiles = 33 };
        MediaRun run = await MediaProcess.CaptureAsync(shell.FfprobeWithin(limits, TimeSpan.FromSeconds(7)), [], TimeSpan.FromSeconds(10), "video", Token);
        Assert.Equal($"{3 << 20}\n{MediaLimits.ProcessorSeconds(TimeSpan.FromSeconds(7))}\n0\n33\n0\n", run.Output);
    }

    [Fact]
    public async Task CaptureAsync_ProcessorTimeSpent_IsStoppedBeforeTheWallTime()
    {
        MediaTools busy = media.FakeTools("while :; do :; done");
        var command = new MediaCommand(busy.Ffprobe) { Prlimit = media.Tools.Prlimit, MemoryBytes = 1L << 30, ProcessorSeconds = 1, OpenFiles = 64 };
        MediaException e = await Assert.ThrowsAsync<MediaException>(
            () => MediaProcess.CaptureAsync(command, [], TimeSpan.FromMinutes(5), "video", Token));
        Assert.Equal(MediaError.TimedOut, e.Reason);
        Assert.Contains("1 s of processor time", e.Message);
    }

    [Fact]
    public async Task ReadAsync_TooLittleMemory_IsTooLarge()
    {
        string path = media.Make("large.png", "-f lavfi -i color=red:s=6000x6000 -frames:v 1");
        var reader = new ImageReader(media.Tools, new() { MaxMemoryBytes = 640L << 20 });
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => reader.ReadAsync(path, Token));
        Assert.Equal(MediaError.TooLarge, e.Reason);
        Assert.Contains("MaxMemoryBytes", e.Message);
        Assert.Equal(6000, (await new ImageReader(media.Tools).ReadAsync(path, Token)).Width);
    }

    [Fact]
    public async Task Tool_ThatWrites_CannotWriteAFile()
    {
        string target = Path.Combine(media.Folder, "written.txt");
        MediaTools writer = media.FakeTools($"echo stolen > '{target}'; echo done");
        _ = await MediaProcess.CaptureAsync(
            writer.FfmpegWithin(MediaLimits.Default, TimeSpan.FromSeconds(5)), [], TimeSpan.FromSeconds(10), "video", Token);
        Assert.Equal(0, File.Exists(target) ? new FileInfo(target).Length : 0);

        // The same lines without the limits do write.
        _ = await MediaProcess.CaptureAsync(new MediaCommand(writer.Ffmpeg), [], TimeSpan.FromSeconds(10), "video", Token);
        Assert.Equal("stolen\n", await File.ReadAllTextAsync(target, Token));
    }

    [Fact]
    public void Locate_NoPrlimit_SaysThatLimitsAreNotEnforced()
    {
        MediaTools tools = MediaTools.Locate(Path.GetDirectoryName(media.Tools.Ffmpeg), searchPath: "");
        Assert.False(tools.AreLimitsEnforced);
        Assert.Equal((tools.Ffmpeg, 0), (tools.FfmpegWithin(MediaLimits.Default, TimeSpan.FromSeconds(1)).File, tools.FfmpegWithin(MediaLimits.Default, TimeSpan.FromSeconds(1)).Prefix.Count));
    }

    /// <summary>A PNG that promises a picture and brings none of it.</summary>
    private static byte[] PngHeader(int width, int height)
    {
        using var png = new MemoryStream();
        png.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        byte[] header = [0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        Chunk(png, "IHDR"u8, header);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(new byte[64 * 1024]);
        }

        Chunk(png, "IDAT"u8, packed.ToArray());
        Chunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    private static void Chunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(type);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(type, data));
        png.Write(number);
    }

    /// <summary>CRC-32 as PNG's annex D defines it, bit by bit.</summary>
    private static uint Crc(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in (byte[])[.. type, .. data])
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }
}
