using System.CommandLine;
using Studio.Engine.Compression;
using Studio.Engine.Video;

namespace Studio.Cli;

/// <summary>The options that say which frames are read and which visual tokens stay.</summary>
internal sealed class MediaOptions
{
    public Option<int?> Frames { get; } = new("--frames", "-n") { Description = "Exactly this many frames, evenly spaced (default: the published rule, 64 to 512 by length)." };

    public Option<double?> Fps { get; } = new("--fps") { Description = "Frames per second of video." };

    public Option<int?> MaxFrames { get; } = new("--max-frames") { Description = "Upper bound of the published rule (default 512)." };

    public Option<double?> Start { get; } = new("--start") { Description = "Seconds from the beginning where to start." };

    public Option<double?> End { get; } = new("--end") { Description = "Seconds from the beginning where to end." };

    public Option<string?> Compress { get; } = new("--compress", "-c") { Description = "off, balanced, strong, or TYPE:LAYERS:RATIOS such as uniform0_attention:4,18:1,0.75,0.25 (default: as the checkpoint says)." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { Frames, Fps, MaxFrames, Start, End, Compress }) command.Add(option);
        command.Validators.Add(r =>
        {
            if (r.GetResult(Frames) is not null && r.GetResult(Fps) is not null) r.AddError("give --frames or --fps, not both");
        });
    }

    public SamplingSettings Sampling(ParseResult parse, int clipLength)
    {
        var settings = parse.GetValue(Frames) is { } n ? SamplingSettings.Uniform(n)
            : parse.GetValue(Fps) is { } fps ? SamplingSettings.AtRate(fps)
            : SamplingSettings.Default;
        settings = settings with { ClipLength = clipLength, StartSeconds = parse.GetValue(Start), EndSeconds = parse.GetValue(End) };
        if (parse.GetValue(MaxFrames) is { } max) settings = settings with { MaxFrames = max };
        settings.Validate();
        return settings;
    }

    public CompressionSettings Compression(ParseResult parse, CompressionSettings fallback, int decoderLayers) =>
        parse.GetValue(Compress) is { } text ? CompressionSettings.Parse(text, decoderLayers) : fallback;
}
