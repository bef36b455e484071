using System.Text;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

[Collection(MediaTestGroup.Name)]
public sealed class VideoProbeTests(MediaFixture media)
{
    private const string H264 = "-c:v libx264 -g 25 -pix_fmt yuv420p";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ProbeAsync_Sample_TellsEverything()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4");
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        Assert.Equal(path, info.Path);
        Assert.Equal(new FileInfo(path).Length, info.FileSize);
        Assert.InRange(info.FileSize, 100_000, 600_000);
        Assert.Equal(600, info.FrameCount);
        Assert.Equal(FrameCountSource.Container, info.FrameCountSource);
        Assert.Equal(25, info.AverageFrameRate);
        Assert.Equal(24, info.Duration, 1e-6);
        Assert.Equal((640, 360, 0, 1.0), (info.Width, info.Height, info.Rotation, info.SampleAspectRatio));
        Assert.Equal(("h264", "yuv420p"), (info.Codec, info.PixelFormat));
        Assert.Contains("mp4", info.Container);
        Assert.True(info.HasAudio);
        Assert.False(info.IsVariableFrameRate);
        Assert.False(info.IsStillImage);
        Assert.Null(info.FrameTimes);
        Assert.Equal(4.0, info.TimeOf(100));
    }

    [Theory]
    [InlineData("ntsc.mp4", "-c:v libx264 -r 30000/1001 -pix_fmt yuv420p", "h264")]
    [InlineData("clip.webm", "-c:v libvpx-vp9 -b:v 200k -cpu-used 8", "vp9")]
    [InlineData("clip.mkv", "-c:v ffv1", "ffv1")]
    [InlineData("clip.gif", "-r 10", "gif")]
    [InlineData("clip.ts", "-c:v mpeg2video", "mpeg2video")]
    [InlineData("clip.avi", "-c:v mjpeg", "mjpeg")]
    public async Task ProbeAsync_ManyContainers_CountEveryFrame(string name, string encoding, string codec)
    {
        string path = media.Clip(40, name, encoding);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        Assert.Equal(media.DecodeAll(path).Length / (96 * 64 * 3), info.FrameCount);
        Assert.True(info.IsFrameCountExact);
        Assert.Equal(codec, info.Codec);
        Assert.False(info.IsVariableFrameRate);
        Assert.Equal(info.FrameCount / info.AverageFrameRate, info.Duration, 0.1);
    }

    [Fact]
    public async Task ProbeAsync_AverageRate_IsTheExactFraction()
    {
        string path = media.Clip(40, "ntsc.mp4", "-c:v libx264 -r 30000/1001 -pix_fmt yuv420p");
        Assert.Equal(30000.0 / 1001, (await media.Probe.ProbeAsync(path, cancellationToken: Token)).AverageFrameRate);
    }

    [Theory]
    [InlineData(90)]
    [InlineData(180)]
    [InlineData(270)]
    public async Task ProbeAsync_Rotated_GivesTheDisplayedSize(int degrees)
    {
        string path = media.Rotated(media.Clip(30, "upright.mp4", H264), degrees);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        Assert.Equal(degrees, info.Rotation);
        Assert.Equal(degrees == 180 ? (96, 64) : (64, 96), (info.Width, info.Height));
    }

    [Fact]
    public async Task ProbeAsync_NonSquarePixels_StatesRatioAndStoredSize()
    {
        string path = media.Clip(30, "anamorphic.mp4", "-vf setsar=4/3 " + H264);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        Assert.Equal((96, 64), (info.Width, info.Height));
        Assert.Equal(4.0 / 3, info.SampleAspectRatio, 1e-9);
    }

    [Fact]
    public async Task ProbeAsync_VariableRate_HasTheTimeOfEachFrame()
    {
        string path = media.Clip(60, "variable.mp4", "-vf select='lt(n\\,20)+not(mod(n\\,7))' -fps_mode vfr " + H264);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        Assert.True(info.IsVariableFrameRate);
        Assert.Equal(FrameCountSource.Packets, info.FrameCountSource);
        Assert.Equal(info.FrameCount, info.FrameTimes!.Count);
        Assert.Equal(0, info.FrameTimes[0]);
        Assert.Equal(0.04, info.FrameTimes[1], 1e-3);
        Assert.Equal(21 * 0.04, info.FrameTimes[20], 1e-3);
        Assert.Equal(28 * 0.04, info.TimeOf(21), 1e-3);
    }

    [Fact]
    public async Task ProbeAsync_CutWithoutReencoding_CountsOnlyShownFrames()
    {
        string whole = media.Clip(100, "whole.mp4", H264);
        string path = media.Make("cut.mp4", $"-ss 1.5 -i {whole} -c copy");
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        Assert.Equal(media.DecodeAll(path).Length / (96 * 64 * 3), info.FrameCount);
    }

    [Fact]
    public async Task ProbeAsync_PacketPass_FollowsTheSetting()
    {
        string path = media.Clip(40, "clip.mkv", "-c:v ffv1");
        VideoInfo never = await media.Probe.ProbeAsync(path, PacketPass.Never, Token);
        Assert.Equal(FrameCountSource.Estimate, never.FrameCountSource);
        Assert.Equal(40, never.FrameCount);
        VideoInfo always = await media.Probe.ProbeAsync(media.Clip(30, "upright.mp4", H264), PacketPass.Always, Token);
        Assert.Equal(30, always.FrameTimes!.Count);
    }

    [Fact]
    public async Task ProbeAsync_PacketPassTooSlow_Estimates()
    {
        var probe = new VideoProbe(media.Tools, new MediaLimits { PacketPass = TimeSpan.FromMilliseconds(1) });
        VideoInfo info = await probe.ProbeAsync(media.Clip(40, "clip.mkv", "-c:v ffv1"), cancellationToken: Token);
        Assert.Equal(FrameCountSource.Estimate, info.FrameCountSource);
        Assert.Equal(40, info.FrameCount);
    }

    [Theory]
    [InlineData("picture.png")]
    [InlineData("picture.jpg")]
    [InlineData("picture.webp")]
    public async Task ProbeAsync_StillImage_IsOneFrame(string name)
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(1, name, ""), cancellationToken: Token);
        Assert.True(info.IsStillImage);
        Assert.Equal((1, 0.0, 1.0), (info.FrameCount, info.Duration, info.AverageFrameRate));
        Assert.Equal((96, 64), (info.Width, info.Height));
    }

    public static TheoryData<string, MediaError> BadFiles => new()
    {
        { "missing.mp4", MediaError.NotFound },
        { ".", MediaError.IsDirectory },
        { "empty.mp4", MediaError.Empty },
        { "text.mp4", MediaError.NotMedia }, // any text is a "video" to ffmpeg's tty reader
        { "random.mp4", MediaError.NotMedia },
        { "list.m3u8", MediaError.NotMedia }, // a play list may name files of others
        { "song.m4a", MediaError.NoVideo },
        { "cover.m4a", MediaError.NoVideo }, // a cover picture is not a video
        { "headless.mp4", MediaError.Truncated }, // the index is at the end, and cut off
        { "short.mkv", MediaError.Truncated },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public async Task ProbeAsync_BadFile_SaysWhyAndNamesThePath(string name, MediaError reason)
    {
        string path = Path.GetFullPath(Path.Combine(media.Folder, name));
        string video = media.Clip(30, "upright.mp4", H264);
        byte[] noise = new byte[5000];
        new Random(3).NextBytes(noise);
        _ = name switch
        {
            "empty.mp4" => media.Write(name, []),
            "text.mp4" => media.Write(name, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("not a video\n", 100)))),
            "random.mp4" => media.Write(name, noise),
            "list.m3u8" => media.Write(name, Encoding.UTF8.GetBytes($"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\n{video}\n#EXT-X-ENDLIST\n")),
            "song.m4a" => media.Make(name, "-f lavfi -i sine=d=1 -c:a aac"),
            "cover.m4a" => media.Make(name, $"-f lavfi -i sine=d=1 -i {media.Clip(1, "picture.png", "")} -map 0 -map 1 -c:a aac -c:v png -disposition:v attached_pic"),
            "headless.mp4" => media.Write(name, File.ReadAllBytes(video).AsSpan(0, 3000)),
            "short.mkv" => media.Write(name, File.ReadAllBytes(media.Clip(40, "clip.mkv", "-c:v ffv1")).AsSpan(0, 300)),
            _ => name,
        };
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => media.Probe.ProbeAsync(path, cancellationToken: Token));
        Assert.Equal(reason, e.Reason);
        Assert.Equal(Path.TrimEndingDirectorySeparator(path), Path.TrimEndingDirectorySeparator(e.Path));
        Assert.StartsWith($"'{e.Path}'", e.Message);
    }

    [Fact]
    public async Task ProbeAsync_SlowTool_TimesOut()
    {
        var probe = new VideoProbe(media.FakeTools("sleep 88"), new MediaLimits { Probe = TimeSpan.FromMilliseconds(300) });
        MediaException e = await Assert.ThrowsAsync<MediaException>(
            () => probe.ProbeAsync(media.Clip(30, "upright.mp4", H264), cancellationToken: Token));
        Assert.Equal(MediaError.TimedOut, e.Reason);
    }

    [Fact]
    public async Task ProbeAsync_HugePicture_IsRefused()
    {
        var probe = new VideoProbe(media.Tools, new MediaLimits { MaxPixels = (96 * 64) - 1 });
        MediaException e = await Assert.ThrowsAsync<MediaException>(
            () => probe.ProbeAsync(media.Clip(30, "upright.mp4", H264), cancellationToken: Token));
        Assert.Equal(MediaError.TooLarge, e.Reason);
        Assert.Contains("96x64", e.Message);
    }

    [Theory]
    [InlineData("-i.mp4")]
    [InlineData("with space ' \" and ü.mp4")]
    [InlineData("http:x.mp4")]
    [InlineData("a%03d.mp4")]
    [InlineData("a%03d.png")]
    public async Task ProbeAsync_AwkwardName_IsAPlainFile(string name)
    {
        string source = name.EndsWith("png", StringComparison.Ordinal) ? media.Clip(1, "picture.png", "") : media.Clip(30, "upright.mp4", H264);
        string path = Path.Combine(media.Folder, name);
        File.Copy(source, path, overwrite: true);
        Assert.Equal(96, (await media.Probe.ProbeAsync(path, cancellationToken: Token)).Width);
    }

    [Fact]
    public void Timeline_MoreFramesThanKept_StillCounts()
    {
        var builder = new PacketTimeline.Builder(maxTimed: 3);
        foreach (string line in (string[])["0.0,K_", "0.2,__", "0.1,_D", "0.1,__", "0.3,__", "junk", ""])
        {
            builder.Add(line);
        }

        PacketTimeline timeline = builder.Build();
        Assert.Equal(4, timeline.Count);
        Assert.Null(timeline.Times);
        Assert.Equal(1, timeline.KeyFrames);
    }

    [Fact]
    public void Timeline_PacketWithoutTime_HasNoTimes()
    {
        var builder = new PacketTimeline.Builder();
        builder.Add("0.0,K_");
        builder.Add("N/A,__");
        Assert.Null(builder.Build().Times);
    }
}
