using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Studio.Engine.Video;
using Studio.Engine.World;

namespace Studio.Cli;

/// <summary><c>world make OUT</c>: videos of the procedural world with questions and answers.</summary>
internal static class WorldCommand
{
    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "world make clips --count 24 --seconds 8-16",
        "world make niah --count 60 --needle 0 0.25 0.5 0.75 1 --seconds 64,128,256,512 --form lettered",
        "world make chains --count 20 --kinds chain --hops 1-3 --seconds 128 --json",
        "world ask niah --frames 64 --compress strong",
    ];

    public static Command Create(Terminal console)
    {
        var world = new Command("world", "Videos drawn by the studio itself, with questions whose answers are known.");
        world.Add(Make(console));
        world.Add(WorldAskCommand.Create(console));
        return world;
    }

    private static Command Make(Terminal console)
    {
        var folder = new Argument<string>("OUT") { Description = "Folder to fill; started again with the same settings, it goes on where it stopped." };
        var count = new Option<int>("--count") { Description = "Number of videos.", DefaultValueFactory = _ => 12 };
        var split = new Option<string>("--split") { Description = "train, validation or test; they share no instance, backdrop, place, size or chain.", DefaultValueFactory = _ => "test" };
        string all = string.Join(", ", WorldKinds.All.Select(k => k.Name()));
        var kinds = new Option<string?>("--kinds") { Description = $"Kinds of questions, separated by commas (default: all): {all}. KIND=WEIGHT asks one more often." };
        var seconds = new Option<string>("--seconds") { Description = "Lengths: one, a list (64,128) or a range (8-64).", DefaultValueFactory = _ => "16" };
        var seed = new Option<ulong>("--seed") { Description = "Another seed gives other videos.", DefaultValueFactory = _ => 1 };
        var needle = new Option<double[]>("--needle")
        {
            Description = "Depths of the needle or other single event, 0 to 1; without --kinds it makes needle videos only.",
            AllowMultipleArgumentsPerToken = true,
        };
        var hops = new Option<string>("--hops") { Description = "Steps of a chain, one number or a range.", DefaultValueFactory = _ => "1" };
        var decoys = new Option<string>("--decoys") { Description = "Other cards in a needle video, one number or a range.", DefaultValueFactory = _ => "0-1" };
        var form = new Option<string>("--form") { Description = "open, lettered or mixed.", DefaultValueFactory = _ => "mixed" };
        var questions = new Option<int>("--questions") { Description = "Questions a video at most.", DefaultValueFactory = _ => 1 };
        var objects = new Option<int>("--objects") { Description = "Objects in play.", DefaultValueFactory = _ => WorldObjects.All.Count };
        var fps = new Option<int>("--fps") { Description = "Frames a second.", DefaultValueFactory = _ => 8 };
        var size = new Option<string>("--size") { Description = "Pixels: a side, or WIDTHxHEIGHT; even.", DefaultValueFactory = _ => "224" };
        var quality = new Option<int>("--crf") { Description = "x264's quality, 0 (best) to 51.", DefaultValueFactory = _ => 20 };
        var jobs = new Option<int>("--jobs") { Description = "Videos written at once.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print the annotations on standard output, one JSON object a line." };
        var command = new Command("make", "Writes H.264 videos and their annotations (annotations.jsonl).")
        {
            folder, count, split, kinds, seconds, seed, needle, hops, decoys, form, questions, objects, fps, size, quality, jobs, json,
        };
        command.SetAction(async (parse, ct) =>
        {
            double[] depths = parse.GetValue(needle) ?? [];
            (int minHops, int maxHops) = Range(parse.GetValue(hops)!, "--hops");
            (int minDecoys, int maxDecoys) = Range(parse.GetValue(decoys)!, "--decoys");
            (int width, int height) = Size(parse.GetValue(size)!);
            var settings = new WorldFolderSettings
            {
                Recipe = new WorldRecipe
                {
                    Kinds = Kinds(parse.GetValue(kinds) ?? (depths.Length > 0 ? WorldKind.Needle.Name() : null)),
                    Seconds = Lengths(parse.GetValue(seconds)!),
                    Depths = depths,
                    MinHops = minHops,
                    MaxHops = maxHops,
                    MinDecoys = minDecoys,
                    MaxDecoys = maxDecoys,
                    Fps = parse.GetValue(fps),
                    Objects = parse.GetValue(objects),
                    Form = Form(parse.GetValue(form)!),
                },
                Split = Split(parse.GetValue(split)!),
                Seed = parse.GetValue(seed),
                Count = parse.GetValue(count),
                Video = new WorldVideoSettings { Width = width, Height = height, Quality = parse.GetValue(quality) },
                Questions = parse.GetValue(questions),
                Jobs = parse.GetValue(jobs),
            };
            return await RunAsync(console, new WorldFolder(parse.GetValue(folder)!, MediaTools.Locate()), settings, parse.GetValue(json), ct);
        });
        return command;
    }

    private static async Task<int> RunAsync(Terminal console, WorldFolder folder, WorldFolderSettings settings, bool json, CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        WorldProgress end = await folder.MakeAsync(settings, p => console.Progress(Line(p, watch.Elapsed)), ct);
        console.ClearProgress();
        string summary = $"{Videos(end.Total)} ({end.Total - end.Kept} made, {end.Kept} kept), questions in {folder.AnnotationsPath}";
        if (!json)
        {
            console.Output.WriteLine(summary);
            return ExitCodes.Ok;
        }

        console.Say(summary);
        await foreach (string line in File.ReadLinesAsync(folder.AnnotationsPath, ct)) await console.Output.WriteLineAsync(line.AsMemory(), ct);
        return ExitCodes.Ok;
    }

    private static string Videos(int count) => count == 1 ? "1 video" : $"{count} videos";

    private static string Line(WorldProgress p, TimeSpan elapsed)
    {
        double rate = p.Frames / Math.Max(0.001, elapsed.TotalSeconds);
        int made = p.Done - p.Kept;
        string left = made == 0 ? "" : $", {elapsed / made * (p.Total - p.Done):hh\\:mm\\:ss} left";
        return string.Create(CultureInfo.InvariantCulture, $"{p.Done} of {Videos(p.Total)}, {rate:0} frames/s{left}");
    }

    private static Dictionary<WorldKind, int> Kinds(string? text)
    {
        if (text is null) return WorldKinds.All.ToDictionary(k => k, _ => 1);
        var kinds = new Dictionary<WorldKind, int>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = part.Split('=');
            int weight = pair.Length == 1 ? 1 : Number(pair[1], "--kinds", part);
            if (!kinds.TryAdd(WorldKinds.Parse(pair[0]), weight))
            {
                throw new ArgumentException($"--kinds names '{pair[0]}' twice; give each kind once, with a weight as in {pair[0]}=2.");
            }
        }

        return kinds;
    }

    private static IReadOnlyList<int> Lengths(string text)
    {
        if (text.Contains('-', StringComparison.Ordinal))
        {
            (int low, int high) = Range(text, "--seconds");
            return WorldRecipe.Lengths(low, high);
        }

        return [.. text.Split(',').Select(part => Number(part, "--seconds", text))];
    }

    private static (int Low, int High) Range(string text, string option)
    {
        string[] parts = text.Split('-');
        if (parts.Length > 2) throw new ArgumentException($"{option} {text}: give a number or a range such as 1-3.");
        return (Number(parts[0], option, text), Number(parts[^1], option, text));
    }

    private static (int Width, int Height) Size(string text)
    {
        string[] parts = text.Split('x');
        if (parts.Length > 2) throw new ArgumentException($"--size {text}: give a side such as 224, or 320x240.");
        return (Number(parts[0], "--size", text), Number(parts[^1], "--size", text));
    }

    private static int Number(string text, string option, string whole) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new ArgumentException($"{option} {whole}: '{text}' is no whole number.");

    private static WorldSplit Split(string text) =>
        Enum.TryParse(text, ignoreCase: true, out WorldSplit split) && !char.IsAsciiDigit(text[0]) ? split : throw new ArgumentException($"--split {text}: give train, validation or test.");

    private static WorldForm? Form(string text) => text switch
    {
        "open" => WorldForm.Open,
        "lettered" => WorldForm.Lettered,
        "mixed" => null,
        _ => throw new ArgumentException($"--form {text}: give open, lettered or mixed."),
    };
}
