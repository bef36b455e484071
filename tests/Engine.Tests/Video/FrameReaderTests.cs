using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

[Collection(MediaTestGroup.Name)]
public sealed class FrameReaderTests(MediaFixture media)
{
    private const int FrameBytes = 96 * 64 * 3;
    private const string H264 = "-c:v libx264 -g 60 -bf 3 -pix_fmt yuv420p";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("read.mp4", H264)]
    [InlineData("read10.mkv", "-c:v libx264 -g 30 -pix_fmt yuv420p10le")]
    [InlineData("read.webm", "-c:v libvpx-vp9 -b:v 200k -cpu-used 8 -g 40")]
    [InlineData("read.gif", "-r 10")]
    [InlineData("read.avi", "-c:v mjpeg")]
    [InlineData("read.ts", "-c:v mpeg2video -bf 2")]
    [InlineData("gray.mkv", "-c:v ffv1 -pix_fmt gray")]
    [InlineData("full444.mp4", "-c:v libx264 -pix_fmt yuv444p")]
    public async Task ReadAsync_ScatteredFrames_EqualAPlainDecode(string name, string encoding)
    {
        string path = media.Clip(150, name, encoding);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        byte[] all = media.DecodeAll(path);
        Assert.Equal(all.Length / FrameBytes, info.FrameCount);
        long[] indices = [.. new long[] { 0, 1, 2, 3, 7, 20, 22, 24, 26, 41, 42, 43, 58, info.FrameCount - 1 }.Where(i => i < info.FrameCount).Distinct()];
        await AssertFrames(info, new FrameSelection(info, indices), ReadStrategy.FullDecode, all);
    }

    [Theory]
    [InlineData("321x181", "-c:v libx264 -pix_fmt yuv444p", "odd.mkv")]
    [InlineData("33x17", "-c:v mjpeg -pix_fmt yuvj444p", "odd.avi")]
    [InlineData("321x181", "-c:v ffv1 -pix_fmt gray", "oddgray.mkv")]
    public async Task ReadAsync_OddSizes_AreKept(string size, string encoding, string name)
    {
        string path = media.Make(name, $"-f lavfi -i testsrc=s={size}:r=25 -frames:v 12 {encoding}");
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        Assert.Equal(size, $"{info.Width}x{info.Height}");
        await AssertFrames(info, new FrameSelection(info, [0, 5, 11]), ReadStrategy.FullDecode, media.DecodeAll(path));
    }

    [Theory]
    [InlineData(90, "transpose=clock")]
    [InlineData(180, "hflip,vflip")]
    [InlineData(270, "transpose=cclock")]
    public async Task ReadAsync_Rotated_TurnsThePicture(int degrees, string filter)
    {
        string upright = media.Clip(150, "read.mp4", H264);
        VideoInfo info = await media.Probe.ProbeAsync(media.Rotated(upright, degrees), cancellationToken: Token);
        byte[] all = media.DecodeAll(upright, filter);
        await AssertFrames(info, new FrameSelection(info, [3, 100]), ReadStrategy.FullDecode, all);
        await AssertFrames(info, new FrameSelection(info, [3, 100]), ReadStrategy.Seek, all);
    }

    [Theory]
    [InlineData("seek.mp4", H264)]
    [InlineData("seekhevc.mp4", "-c:v libx265 -g 50 -x265-params log-level=error:open-gop=1 -pix_fmt yuv420p")]
    [InlineData("seek.mkv", "-c:v libx264 -g 60 -bf 3 -r 30000/1001 -pix_fmt yuv420p")]
    [InlineData("seek.webm", "-c:v libvpx-vp9 -b:v 200k -cpu-used 8 -g 40")]
    [InlineData("seekvariable.mp4", "-vf select='lt(n\\,100)+not(mod(n\\,3))' -fps_mode vfr " + H264)]
    [InlineData("seekaudio.mp4", "-itsoffset -0.31 -f lavfi -i sine=d=12 -map 0 -map 1 -c:a aac " + H264)] // sound starts before the picture
    public async Task ReadAsync_Seeking_IsBitIdenticalToFullDecode(string name, string encoding)
    {
        // -itsoffset must stand before its input: the clip's own input comes first, so the frames option goes to the output.
        string path = media.Make(name, $"-f lavfi -i testsrc2=s=96x64:r=25 {encoding} -frames:v 300");
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        byte[] all = media.DecodeAll(path);
        Assert.Equal(all.Length / FrameBytes, info.FrameCount);
        long last = info.FrameCount - 1;
        long[] indices = [.. new long[] { 0, 1, 2, 39, 40, 41, 48, 49, 50, 51, 52, 59, 60, 61, 99, 100, 101, 119, 120, 121, 137, last - 1, last }.Distinct().Order()];

        // Batch by batch, so that falling back to a full decode cannot hide a seek that misses.
        foreach (long[] batch in indices.Chunk(SeekDecode.BatchFrames))
        {
            FrameBuffer[] frames = await SeekDecode.ReadBatchAsync(media.Tools, MediaLimits.Default, info, batch, new FramePool(FrameBytes), Token);
            Assert.Equal(batch.Length, frames.Length);
        }

        await AssertFrames(info, new FrameSelection(info, indices), ReadStrategy.Seek, all);
    }

    [Theory]
    [InlineData("open.mp4", "open-gop=1:bframes=3", "96x64")] // the decoder may complain about pictures before the wanted one
    [InlineData("refresh.mp4", "intra-refresh=1", "1280x64")] // a "key frame" is where a slow refresh begins, damaged for seconds
    public async Task ReadAsync_SeekingWithoutCleanKeyFrames_IsBitIdenticalToo(string name, string options, string size)
    {
        string path = media.Make(name, $"-f lavfi -i testsrc2=s={size}:r=25 -frames:v 300 -c:v libx264 -g 90 -x264-params {options} -pix_fmt yuv420p");
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        await AssertFrames(info, new FrameSelection(info, [5, 88, 89, 90, 110, 115, 140, 179, 180, 190, 200, 230, 269, 270, 299]), ReadStrategy.Seek, media.DecodeAll(path));
    }

    [Fact]
    public async Task ReadAsync_SeekMisses_FallsBackToFullDecode()
    {
        string path = media.Clip(150, "read.mp4", H264);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);

        // A wrong start offset lets every window but the first ones miss; the frames must come all the same.
        VideoInfo wrong = info with { StreamOffset = 4 };
        long[] indices = [10, 20, 30, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 100, 149];
        Assert.Empty(await SeekDecode.ReadBatchAsync(media.Tools, MediaLimits.Default, wrong, indices[^16..], new FramePool(FrameBytes), Token));
        byte[] all = media.DecodeAll(path);
        var pool = new FramePool(FrameBytes);
        int count = 0;
        await foreach (FrameBuffer frame in SeekDecode.ReadAsync(media.Tools, MediaLimits.Default, wrong, indices[^4..], pool, Token))
        {
            Assert.Equal(all.AsSpan((int)indices[^(4 - count)] * FrameBytes, FrameBytes), frame.Bytes.Span);
            frame.RemoveUser();
            count++;
        }

        Assert.Equal(4, count);
        Assert.Equal(0, pool.InUse);
    }

    [Fact]
    public async Task ReadAsync_VariableRate_NumbersDecodedFramesAndTellsTheirTimes()
    {
        string path = media.Clip(60, "variable.mp4", "-vf select='lt(n\\,20)+not(mod(n\\,7))' -fps_mode vfr " + H264);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        var selection = new FrameSelection(info, [5, 20, 21]);
        Assert.Equal([0.2, 0.84, 1.12], selection.Times.Select(t => Math.Round(t, 3)));
        await AssertFrames(info, selection, ReadStrategy.FullDecode, media.DecodeAll(path));
    }

    [Fact]
    public async Task ReadAsync_RepeatedIndices_YieldTheSamePictureAgain()
    {
        string path = media.Clip(150, "read.mp4", H264);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        var selection = new FrameSelection(info, [2, 2, 9, 9, 9]);
        await AssertFrames(info, selection, ReadStrategy.FullDecode, media.DecodeAll(path));
        await AssertFrames(info, selection, ReadStrategy.Seek, media.DecodeAll(path));
    }

    [Fact]
    public async Task ReadAsync_FiftyThousandIndices_AreOneFilter()
    {
        string path = media.Clip(150, "read.mp4", H264);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        var random = new Random(5);
        long[] indices = new long[SamplingSettings.MaxSelectedFrames];
        long next = 0;
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = next;
            next += random.Next(1, 9);
        }

        // The video ends after the first of them; what matters is that the filter is accepted and right up to there.
        byte[] all = media.DecodeAll(path);
        var pool = new FramePool(FrameBytes);
        int count = 0;
        await foreach (FrameBuffer frame in FullDecode.ReadAsync(media.Tools, MediaLimits.Default, info, indices, pool, Token))
        {
            Assert.Equal(all.AsSpan((int)indices[count] * FrameBytes, FrameBytes), frame.Bytes.Span);
            frame.RemoveUser();
            count++;
        }

        Assert.Equal(indices.Count(i => i < 150), count);
    }

    [Fact]
    public async Task ReadAsync_SlowConsumer_KeepsBuffersBounded()
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(150, "read.mp4", H264), cancellationToken: Token);
        FrameSelection selection = FrameSampling.Select(info, SamplingSettings.Uniform(120));
        var pool = new FramePool(FrameBytes);
        await foreach (VideoFrame frame in media.Reader.ReadAsync(info, selection, ReadStrategy.FullDecode, pool, Token))
        {
            await Task.Delay(frame.Position < 10 ? 20 : 0, Token);
            frame.Dispose();
        }

        // Waiting frames, one being filled, one blocked on the queue, one at the consumer, and one changing hands.
        Assert.InRange(pool.PeakInUse, 1, FullDecode.PrefetchFrames + 4);
        Assert.InRange(pool.Allocated, 1, FullDecode.PrefetchFrames + 4);
        Assert.Equal(0, pool.InUse);

        var seekPool = new FramePool(FrameBytes);
        await foreach (VideoFrame frame in media.Reader.ReadAsync(info, selection, ReadStrategy.Seek, seekPool, Token))
        {
            frame.Dispose();
        }

        // The batches in flight and the one being handed out.
        Assert.InRange(seekPool.PeakInUse, 1, ((SeekDecode.BatchesInFlight + 1) * SeekDecode.BatchFrames) + 1);
        Assert.Equal(0, seekPool.InUse);
        Assert.InRange(seekPool.Free, 1, FramePool.MaxFree);
    }

    [Fact]
    public void FramesPerBatch_LargePictures_StayWithinTheByteBound()
    {
        Assert.Equal(SeekDecode.BatchFrames, SeekDecode.FramesPerBatch(FrameBytes));
        Assert.InRange(SeekDecode.FramesPerBatch(3840 * 2160 * 3) * (3840 * 2160 * 3), 1, SeekDecode.BatchBytes);
        Assert.Equal(1, SeekDecode.FramesPerBatch(int.MaxValue));
    }

    [Theory]
    [InlineData(ReadStrategy.FullDecode)]
    [InlineData(ReadStrategy.Seek)]
    internal async Task ReadAsync_Cancelled_LeavesNoProcessAndNoBuffer(ReadStrategy strategy)
    {
        string path = media.Make($"cancel{strategy}.mp4", $"-f lavfi -i testsrc2=s=640x360:r=25 -frames:v 400 -preset ultrafast {H264}");
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        FrameSelection selection = FrameSampling.Select(info, SamplingSettings.Uniform(200));
        var pool = new FramePool(640 * 360 * 3);
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (VideoFrame frame in media.Reader.ReadAsync(info, selection, strategy, pool, cancel.Token))
            {
                frame.Dispose();
                // A batch of seeks may have ended just now: look at every frame until a decoder is seen at work.
                if (frame.Position >= 2 && MediaFixture.ProcessesWith(path).Count > 0) await cancel.CancelAsync();
            }
        });
        Assert.Empty(MediaFixture.ProcessesWith(path));
        Assert.Equal(0, pool.InUse);
    }

    [Theory]
    [InlineData(ReadStrategy.FullDecode)]
    [InlineData(ReadStrategy.Seek)]
    internal async Task ReadAsync_ConsumerStops_LeavesNoProcessAndNoBuffer(ReadStrategy strategy)
    {
        string path = media.Make($"cancel{strategy}.mp4", $"-f lavfi -i testsrc2=s=640x360:r=25 -frames:v 400 -preset ultrafast {H264}");
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        var pool = new FramePool(640 * 360 * 3);
        await foreach (VideoFrame frame in media.Reader.ReadAsync(info, FrameSampling.Select(info, SamplingSettings.Uniform(200)), strategy, pool, Token))
        {
            frame.Dispose();
            break;
        }

        Assert.Empty(MediaFixture.ProcessesWith(path));
        Assert.Equal(0, pool.InUse);
    }

    [Fact]
    public async Task ReadAsync_DecoderStalls_TimesOut()
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(150, "read.mp4", H264), cancellationToken: Token);
        var reader = new FrameReader(media.FakeTools("sleep 99"), new MediaLimits { FrameStall = TimeSpan.FromMilliseconds(300) });
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => Count(reader.ReadAsync(info, new FrameSelection(info, [0, 1]), Token)));
        Assert.Equal(MediaError.TimedOut, e.Reason);
    }

    [Fact]
    public void FrameLimit_SkippedFrames_GetTimeToo()
    {
        var limits = new MediaLimits { FrameStall = TimeSpan.FromSeconds(60), MinDecodeFramesPerSecond = 5 };
        Assert.Equal(TimeSpan.FromSeconds(60), limits.FrameLimit(0));
        Assert.Equal(TimeSpan.FromSeconds(260), limits.FrameLimit(1000));
    }

    [Fact]
    public async Task ReadAsync_DecoderFails_TellsItsMessage()
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(150, "read.mp4", H264), cancellationToken: Token);
        var reader = new FrameReader(media.FakeTools("echo 'codec exploded' >&2; exit 1"));
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => Count(reader.ReadAsync(info, new FrameSelection(info, [0]), Token)));
        Assert.Equal(MediaError.DecodeFailed, e.Reason);
        Assert.Contains("codec exploded", e.Message);
    }

    [Fact]
    public async Task ReadAsync_TruncatedFile_GivesWhatExistsThenAClearError()
    {
        string whole = media.Make("faststart.mp4", $"-f lavfi -i testsrc2=s=96x64:r=25 -frames:v 150 {H264} -movflags +faststart");
        byte[] bytes = File.ReadAllBytes(whole);
        string path = media.Write("truncated.mp4", bytes.AsSpan(0, bytes.Length * 6 / 10));
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        Assert.Equal(150, info.FrameCount);
        int received = 0;
        MediaException e = await Assert.ThrowsAsync<MediaException>(async () =>
        {
            await foreach (VideoFrame frame in media.Reader.ReadAsync(info, FrameSampling.Select(info, SamplingSettings.Uniform(100)), Token))
            {
                frame.Dispose();
                received++;
            }
        });
        Assert.Equal(MediaError.Truncated, e.Reason);
        Assert.Contains("150 frames", e.Message);
        Assert.InRange(received, 20, 95);
    }

    [Theory]
    [InlineData(new long[] { 0, 149, 151, 152 })] // the last existing frame was chosen itself
    [InlineData(new long[] { 0, 100, 152 })] // it lies between the chosen ones
    [InlineData(new long[] { 151 })]
    public async Task ReadAsync_EstimatedCountSlightlyTooHigh_RepeatsTheLastFrame(long[] indices)
    {
        string path = media.Clip(150, "read.mp4", H264);
        VideoInfo info = await media.Probe.ProbeAsync(path, cancellationToken: Token);
        VideoInfo estimated = info with { FrameCount = 153, FrameCountSource = FrameCountSource.Estimate };
        byte[] all = media.DecodeAll(path);
        int position = 0;
        var pool = new FramePool(FrameBytes);
        await foreach (VideoFrame frame in media.Reader.ReadAsync(estimated, new FrameSelection(estimated, indices), ReadStrategy.FullDecode, pool, Token))
        {
            Assert.Equal(indices[position], frame.FrameIndex);
            Assert.Equal(all.AsSpan((int)Math.Min(149, indices[position]) * FrameBytes, FrameBytes), frame.Rgb.Span);
            frame.Dispose();
            position++;
        }

        Assert.Equal(indices.Length, position);
        Assert.Equal(0, pool.InUse);
    }

    [Theory]
    [InlineData(159, FrameCountSource.Estimate)] // more than 5 % missing
    [InlineData(153, FrameCountSource.Container)] // a promise is a promise
    internal async Task ReadAsync_CountFarTooHigh_IsAnError(long count, FrameCountSource source)
    {
        VideoInfo info = await media.Probe.ProbeAsync(media.Clip(150, "read.mp4", H264), cancellationToken: Token);
        VideoInfo wrong = info with { FrameCount = count, FrameCountSource = source };
        MediaException e = await Assert.ThrowsAsync<MediaException>(() => Count(media.Reader.ReadAsync(wrong, new FrameSelection(wrong, [0, count - 1]), Token)));
        Assert.Equal(MediaError.Truncated, e.Reason);
    }

    [Fact]
    public void Choose_FewFramesOfALongVideo_Seeks()
    {
        VideoInfo hour = FrameSamplingTests.Info(90_000, 25);
        Assert.Equal(ReadStrategy.Seek, FrameReader.Choose(hour, FrameSampling.Midpoints(64, 90_000)));
        Assert.Equal(ReadStrategy.FullDecode, FrameReader.Choose(hour, FrameSampling.Midpoints(1000, 90_000)));
        Assert.Equal(ReadStrategy.FullDecode, FrameReader.Choose(hour, [0, 1, 2, 3]));
        Assert.Equal(ReadStrategy.FullDecode, FrameReader.Choose(hour with { Container = "mpegts" }, [80_000]));
        Assert.Equal(ReadStrategy.FullDecode, FrameReader.Choose(hour with { IsVariableFrameRate = true }, [80_000]));
        Assert.Equal(ReadStrategy.FullDecode, FrameReader.Choose(hour with { FrameCountSource = FrameCountSource.Estimate }, [80_000]));
    }

    [Fact]
    public async Task ReadAsync_SampleScenes_ShowWhatTheReadmeSays()
    {
        VideoInfo info = await media.Probe.ProbeAsync(Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4"), cancellationToken: Token);
        var colours = new List<(int R, int G, int B)>();
        await foreach (VideoFrame frame in media.Reader.ReadAsync(info, new FrameSelection(info, [75, 225, 374, 375, 384, 385, 500, 599]), Token))
        {
            using (frame)
            {
                ReadOnlySpan<byte> corner = frame.Rgb.Span.Slice(((20 * 640) + 20) * 3, 3);
                colours.Add((corner[0], corner[1], corner[2]));
            }
        }

        Assert.True(colours[0].B > colours[0].R + 60, "sky");
        Assert.True(colours[1] is { R: < 60, G: < 60, B: < 90 }, "night");
        Assert.True(colours[2].R > 200 && colours[2].G > 200, "wall before the needle");
        Assert.All(colours.Slice(3, 2), c => Assert.True(c is { R: > 230, G: < 40, B: > 170 }, "needle"));
        Assert.True(colours[5].G > 200, "wall after the needle");
        Assert.True(colours[6].G > 220, "white room");
        Assert.True(colours[7].G < 40, "faded");
    }

    private static async Task<int> Count(IAsyncEnumerable<VideoFrame> frames)
    {
        int count = 0;
        await foreach (VideoFrame frame in frames)
        {
            frame.Dispose();
            count++;
        }

        return count;
    }

    private async Task AssertFrames(VideoInfo info, FrameSelection selection, ReadStrategy strategy, byte[] all)
    {
        int bytes = FrameReader.FrameBytes(info);
        var pool = new FramePool(bytes);
        int position = 0;
        await foreach (VideoFrame frame in media.Reader.ReadAsync(info, selection, strategy, pool, Token))
        {
            Assert.Equal(position, frame.Position);
            Assert.Equal(selection.Indices[position], frame.FrameIndex);
            Assert.Equal(selection.Times[position], frame.Time);
            Assert.Equal((info.Width, info.Height), (frame.Width, frame.Height));
            Assert.True(all.AsSpan((int)frame.FrameIndex * bytes, bytes).SequenceEqual(frame.Rgb.Span), $"frame {frame.FrameIndex} differs");
            frame.Dispose();
            Assert.Throws<ObjectDisposedException>(() => frame.Rgb);
            position++;
        }

        Assert.Equal(selection.Count, position);
        Assert.Equal(0, pool.InUse);
    }
}
