using Studio.Engine.Training.Annotating;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Training.Annotating;

public sealed class ClipPicturesTests(AnnotationStage stage) : IClassFixture<AnnotationStage>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Read_Clip_ShowsItsFrames()
    {
        string path = Path.Combine(stage.Videos, "a.mp4");
        VideoInfo info = await new VideoProbe(stage.Tools).ProbeAsync(path, cancellationToken: Ct);
        IReadOnlyList<byte[]> pictures = await new ClipPictures(stage.Tools).ReadAsync(new VideoClip(path, 28, 42, 7), 64, Ct);
        Assert.Equal(7, pictures.Count);
        FrameSelection chosen = FrameSampling.Select(info, SamplingSettings.Uniform(7) with { ClipLength = 1, StartSeconds = 28, EndSeconds = 42 });
        Assert.Equal(7, chosen.Indices.Distinct().Count());
        Assert.All(chosen.Times, t => Assert.InRange(t, 28, 42));
        var frames = new List<byte[]>();
        await foreach (VideoFrame frame in new FrameReader(stage.Tools).ReadAsync(info, chosen, Ct))
        {
            frames.Add(frame.Rgb.ToArray());
            frame.Dispose();
        }

        for (int i = 0; i < pictures.Count; i++)
        {
            string file = Path.Combine(stage.Folder, $"{i}.jpg");
            await File.WriteAllBytesAsync(file, pictures[i], Ct);
            RgbImage picture = await new ImageReader(stage.Tools).ReadAsync(file, Ct);
            Assert.Equal((64, 48), (picture.Width, picture.Height));
            byte[] closest = frames.MinBy(f => f.Select((b, k) => Math.Abs(b - picture.Rgb.Span[k])).Sum())!;
            Assert.Same(frames[i], closest);
        }
    }

    [Fact]
    public async Task Read_SmallSideAndShortClip_AreMet()
    {
        string path = Path.Combine(stage.Videos, "a.mp4");
        var reader = new ClipPictures(stage.Tools);
        IReadOnlyList<byte[]> pictures = await reader.ReadAsync(new VideoClip(path, 0, 3, 8), 32, Ct);
        Assert.InRange(pictures.Count, 2, 3); // there are not as many frames
        string file = Path.Combine(stage.Folder, "small.jpg");
        await File.WriteAllBytesAsync(file, pictures[0], Ct);
        RgbImage picture = await new ImageReader(stage.Tools).ReadAsync(file, Ct);
        Assert.Equal((32, 24), (picture.Width, picture.Height));
        await Assert.ThrowsAsync<MediaException>(() => reader.ReadAsync(new VideoClip("gone.mp4", 0, 3, 8), 32, Ct));
    }

    [Fact]
    public async Task Read_MoreVideosThanAreRemembered_StillReads()
    {
        var reader = new ClipPictures(stage.Tools);
        for (int i = 0; i <= ClipPictures.ProbesKept; i++)
        {
            string copy = Path.Combine(stage.Folder, $"copy{i}.mp4");
            File.Copy(Path.Combine(stage.Videos, "a.mp4"), copy);
            Assert.Single(await reader.ReadAsync(new VideoClip(copy, 0, 2, 1), 32, Ct));
        }

        Assert.Equal(ClipPictures.ProbesKept, reader.Probes);
    }
}
