using System.CommandLine;
using Studio.Conversations;

namespace Studio.Cli;

/// <summary>The options that say which frames are read and which visual tokens stay.</summary>
internal sealed class MediaOptions
{
    public Option<int?> Frames { get; } = new("--frames", "-n") { Description = "Exactly this many frames, evenly spaced (default: the model's published rule)." };

    public Option<double?> Fps { get; } = new("--fps") { Description = "Frames per second of video." };

    public Option<int?> MaxFrames { get; } = new("--max-frames") { Description = "Upper bound of the published rule (default 512)." };

    public Option<double?> Start { get; } = new("--start") { Description = "Seconds from the beginning where to start." };

    public Option<double?> End { get; } = new("--end") { Description = "Seconds from the beginning where to end." };

    public Option<string?> Compress { get; } = new("--compress", "-c") { Description = "off, balanced, strong, TYPE:LAYERS:RATIOS such as uniform0_attention:4,18:1,0.75,0.25, or of Video-XL vst:8, vst:2,4,8 (window by window), vst:random@SEED, vst:dynamic@8 (default: as the checkpoint says)." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { Frames, Fps, MaxFrames, Start, End, Compress }) command.Add(option);
        command.Validators.Add(r =>
        {
            if (r.GetResult(Frames) is not null && r.GetResult(Fps) is not null) r.AddError("give --frames or --fps, not both");
        });
    }

    public AnswerSettings Apply(ParseResult parse, AnswerSettings settings) => settings with
    {
        Frames = parse.GetValue(Frames),
        Fps = parse.GetValue(Fps),
        MaxFrames = parse.GetValue(MaxFrames),
        Start = parse.GetValue(Start),
        End = parse.GetValue(End),
        Compress = parse.GetValue(Compress),
    };
}
