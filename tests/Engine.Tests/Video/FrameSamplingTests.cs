using System.Text.Json;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

public sealed class FrameSamplingTests
{
    [Fact]
    public void Select_EveryGoldenRow_GivesTheSameIndicesAndMessages()
    {
        int rows = 0;
        int longForms = 0;
        foreach (JsonElement row in Golden.Load("vcf_sampling").Case.GetProperty("table").EnumerateArray())
        {
            JsonElement given = row.GetProperty("settings");
            string sample = given.GetProperty("sample").GetString()!;
            VideoInfo info = Info(row.GetProperty("vlen").GetInt64(), row.GetProperty("fps").GetDouble());
            long[] expected = Longs(row.GetProperty("indices"));
            int max = given.GetProperty("max_num_frames").GetInt32();
            if (expected.Length == 0)
            {
                // The original returns nothing for 0.1 s at 2 frames a second; Select falls back to the middle frame.
                Assert.Empty(FrameSampling.AtRate(info.FrameCount, info.AverageFrameRate, 2, max, truncate: true));
                Assert.Equal([1], FrameSampling.Select(info, SamplingSettings.AtRate(2) with { ClipLength = 1 }).Indices);
            }
            else
            {
                var settings = new SamplingSettings
                {
                    Mode = sample switch { "dynamic_fps1" => SamplingMode.Published, "middle" => SamplingMode.Frames, _ => SamplingMode.Fps },
                    RoundTo = given.GetProperty("local_num_frames").GetInt32(),
                    MinFrames = given.GetProperty("min_num_frames").GetInt32(),
                    MaxFrames = max,
                    FrameCount = given.GetProperty("num_frames").GetInt32(),
                    FramesPerSecond = sample.StartsWith("fps", StringComparison.Ordinal) ? double.Parse(sample[3..]) : 1,
                    TruncateAtMaxFrames = true,
                    ClipLength = 1,
                };
                FrameSelection selection = FrameSampling.Select(info, settings);
                Assert.Equal(expected, selection.Indices);
                Assert.Equal(row.GetProperty("msg_short").GetString(), selection.Message);

                // Rows with hundreds of frames leave the long form out.
                if (row.TryGetProperty("msg_long", out JsonElement longForm))
                {
                    Assert.Equal(longForm.GetString(), DurationMessage.Long(selection.Duration, selection.Times));
                    longForms++;
                }
            }

            rows++;
        }

        Assert.Equal(96, rows);
        Assert.Equal(77, longForms);
    }

    [Fact]
    public void Select_GoldenClips_UseTheClipArithmetic()
    {
        foreach (JsonElement row in Golden.Load("vcf_sampling").Case.GetProperty("clip_table").EnumerateArray())
        {
            double rate = row.GetProperty("fps").GetDouble();
            VideoInfo info = Info((long)Math.Round(row.GetProperty("duration").GetDouble() * rate), rate);
            double start = row.GetProperty("start").GetDouble();
            double end = row.GetProperty("end").GetDouble();
            (long offset, long frames, double duration) = FrameSampling.Clip(info, start, end);
            Assert.Equal(row.GetProperty("start_index").GetInt64(), offset);
            Assert.Equal(row.GetProperty("clip_vlen").GetInt64(), frames);
            Assert.Equal(row.GetProperty("clip_duration").GetDouble(), duration);
            FrameSelection selection = FrameSampling.Select(info, SamplingSettings.Default with { StartSeconds = start, EndSeconds = end });
            Assert.Equal(Longs(row.GetProperty("indices")), selection.Indices);
            Assert.Equal(duration, selection.Duration);
        }
    }

    [Fact]
    public void VideoXlRules_EveryGoldenRow_GiveTheSameIndices()
    {
        int rows = 0;
        foreach (JsonElement row in Golden.Load("vxl_sampling").Case.GetProperty("table").EnumerateArray())
        {
            long frames = row.GetProperty("total_frames").GetInt64();
            long[] actual = row.GetProperty("rule").GetString() switch
            {
                "uniform" => FrameSampling.VideoXlUniform(frames, row.GetProperty("max_frames").GetInt32()),
                "one_fps" => FrameSampling.VideoXlOnePerSecond(frames, row.GetProperty("fps").GetDouble()),
                _ => FrameSampling.VideoXlTraining(frames, row.GetProperty("fps").GetDouble()),
            };
            Assert.Equal(Longs(row.GetProperty("indices")), actual);
            rows++;
        }

        Assert.Equal(48, rows);
    }

    [Theory]
    [InlineData(6, 30, 8, 8)]
    [InlineData(30, 30, 8, 24)]
    [InlineData(30, 30, 4, 28)]
    [InlineData(96, 30, 8, 64)]
    [InlineData(2100, 30, 8, 64)]
    [InlineData(2100, 30, 4, 68)]
    [InlineData(3000, 30, 8, 96)]
    [InlineData(30000, 30, 8, 512)]
    public void PublishedCount_RowsOfTheSpecification_Agree(long frames, double rate, int roundTo, int expected)
    {
        Assert.Equal(expected, FrameSampling.PublishedCount(frames, rate, roundTo, 64, 512));
    }

    [Fact]
    public void Select_MaxBelowMin_KeepsMinAsTheOriginalDoes()
    {
        Assert.Equal(64, FrameSampling.Select(Info(3000, 30), SamplingSettings.Default with { MaxFrames = 16 }).Count);
    }

    [Theory]
    [InlineData(10, 12, 2)]
    [InlineData(12, 12, 0)]
    [InlineData(1, 4, 3)]
    public void Select_Frames_ArePaddedToWholeClipsAndReported(int asked, int count, int padded)
    {
        FrameSelection selection = FrameSampling.Select(Info(1000, 25), SamplingSettings.Uniform(asked));
        Assert.Equal(count, selection.Count);
        Assert.Equal(padded, selection.PaddedFrames);
        Assert.All(selection.Indices.Skip(asked), i => Assert.Equal(selection.Indices[asked - 1], i));
        Assert.Contains($" {count} frames ", selection.Message);
    }

    [Fact]
    public void Select_MoreFramesThanTheVideoHas_RepeatsTheLast()
    {
        Assert.Equal([0, 1, 2, 2, 2, 2, 2, 2], FrameSampling.Select(Info(3, 30), SamplingSettings.Uniform(8)).Indices);
    }

    [Fact]
    public void Select_FpsBeyondTheBound_CoversTheWholeVideoUnlessTruncated()
    {
        VideoInfo info = Info(15000, 25);
        SamplingSettings settings = SamplingSettings.AtRate(2) with { MaxFrames = 32 };
        FrameSelection spread = FrameSampling.Select(info, settings);
        FrameSelection truncated = FrameSampling.Select(info, settings with { TruncateAtMaxFrames = true });
        Assert.Equal(32, spread.Count);
        Assert.Equal(32, truncated.Count);
        Assert.InRange(spread.Times[^1], 580, 600);
        Assert.InRange(truncated.Times[^1], 15, 17);
    }

    [Fact]
    public void Select_MoreThanTheLimit_NamesTheLimit()
    {
        VideoInfo info = Info(200_000, 25);
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => FrameSampling.Select(info, SamplingSettings.AtRate(25) with { MaxFrames = 0 }));
        Assert.Contains("50000", e.Message);
        Assert.Throws<ArgumentException>(() => FrameSampling.Select(Info(60_000_000, 100), SamplingSettings.Default with { MaxFrames = 0 }));
        Assert.Equal(50_000, FrameSampling.Select(info, SamplingSettings.Uniform(50_000)).Count);
        Assert.Throws<ArgumentException>(() => FrameSampling.Select(info, SamplingSettings.Uniform(50_001)));
    }

    [Theory]
    [InlineData(5.0, 5.0)]
    [InlineData(8.0, 2.0)]
    [InlineData(60.0, null)]
    [InlineData(null, -1.0)]
    public void Select_EmptyPart_NamesTheRange(double? start, double? end)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => FrameSampling.Select(Info(250, 25), SamplingSettings.Default with { StartSeconds = start, EndSeconds = end }));
        Assert.Contains("0 to 9.9 s", e.Message);
    }

    public static TheoryData<SamplingSettings, string> BadSettings => new()
    {
        { new() { RoundTo = 0 }, "RoundTo" },
        { new() { MinFrames = -1 }, "MinFrames" },
        { new() { MaxFrames = 50_001 }, "MaxFrames" },
        { new() { Mode = SamplingMode.Frames, FrameCount = 0 }, "FrameCount" },
        { new() { ClipLength = 0 }, "ClipLength" },
        { SamplingSettings.AtRate(0), "FramesPerSecond" },
        { SamplingSettings.AtRate(double.NaN), "FramesPerSecond" },
        { new() { StartSeconds = double.NaN }, "StartSeconds" },
        { new() { EndSeconds = double.PositiveInfinity }, "EndSeconds" },
        { new() { Mode = (SamplingMode)9 }, "Mode" },
    };

    [Theory]
    [MemberData(nameof(BadSettings))]
    public void Select_SettingOutOfRange_IsNamed(SamplingSettings settings, string name)
    {
        Assert.Contains(name, Assert.Throws<ArgumentException>(() => FrameSampling.Select(Info(100, 25), settings)).Message);
    }

    [Fact]
    public void Select_PartOfVariableRateVideo_FollowsTheRecordedTimes()
    {
        // 10 frames in the first second, then one a second until 10 s: 19 frames, average 1.9 a second.
        var builder = new PacketTimeline.Builder();
        for (int i = 0; i < 19; i++)
        {
            builder.Add($"{(i < 10 ? i * 0.1 : i - 9)},K_");
        }

        PacketTimeline timeline = builder.Build();
        VideoInfo info = Info(19, 1.9) with { Timeline = timeline, IsVariableFrameRate = timeline.IsVariable };
        FrameSelection selection = FrameSampling.Select(info, SamplingSettings.Uniform(4) with { StartSeconds = 5, EndSeconds = 9 });
        Assert.True(info.IsVariableFrameRate);
        Assert.Equal([5, 6, 7, 8], selection.Times);
    }

    [Fact]
    public void FrameSelection_BadIndices_AreNamed()
    {
        VideoInfo info = Info(10, 5);
        Assert.Contains("Frame 10", Assert.Throws<ArgumentException>(() => new FrameSelection(info, [1, 10])).Message);
        Assert.Contains("Frame -1", Assert.Throws<ArgumentException>(() => new FrameSelection(info, [-1])).Message);
        Assert.Contains("Frame 2 follows frame 3", Assert.Throws<ArgumentException>(() => new FrameSelection(info, [3, 2])).Message);
        Assert.Throws<ArgumentException>(() => new FrameSelection(info, []));
        Assert.Throws<ArgumentException>(() => new FrameSelection(info, new long[SamplingSettings.MaxSelectedFrames + 1]));
        Assert.Equal(2, new FrameSelection(info, [3, 3]).Duration);
    }

    internal static VideoInfo Info(long frames, double rate) => new()
    {
        Path = "video.mp4",
        FileSize = 1,
        Container = "mov,mp4",
        Codec = "h264",
        PixelFormat = "yuv420p",
        Duration = frames / rate,
        AverageFrameRate = rate,
        FrameCount = frames,
        FrameCountSource = FrameCountSource.Container,
        Width = 64,
        Height = 48,
        Rotation = 0,
        SampleAspectRatio = 1,
        HasAudio = false,
        IsVariableFrameRate = false,
        IsStillImage = false,
    };

    private static long[] Longs(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt64())];
}
