using System.CommandLine;
using System.IO.Compression;
using System.Text.Json;
using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;
using Studio.Api;
using Studio.Conversations;
using Studio.Data;
using Studio.Hosting;
using Studio.Inspect;

namespace Studio.Cli;

/// <summary><c>trace VIEW FILE</c>: what a recorded answer kept, as tables.</summary>
internal static class TraceCommand
{
    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "trace sparsity trace.json",
        "trace survival trace.json --measure tokens --bins 200",
        "trace patches trace.json --frame 12 --layer 18",
        "trace counterfactual trace.json --basis run --seed 7",
        "trace windows trace.json --part summaries",
        "trace compare trace.json --with other.json --part stages",
    ];

    private static readonly string[] s_views = ["survival", "patches", "sparsity", "attention", "counterfactual", "windows", "costs", "compare"];

    private static readonly JsonSerializerOptions s_web = new(JsonSerializerDefaults.Web);

    public static Command Create(Terminal console)
    {
        var view = new Argument<string>("VIEW") { Description = string.Join(", ", s_views) + "." };
        view.AcceptOnlyFromAmong(s_views);
        var file = new Argument<string>("FILE") { Description = "A trace: .json as chat --trace writes it, .json.gz as the server keeps it, or the identifier of an answer of the studio." };
        var json = new Option<bool>("--json") { Description = "JSON as the HTTP API gives it, instead of CSV." };
        var measure = new Option<string>("--measure") { Description = "survival: share of patches or tokens.", DefaultValueFactory = _ => "patches" };
        var from = new Option<int>("--from") { Description = "survival: first frame, from 0." };
        var to = new Option<int?>("--to") { Description = "survival: one past the last frame." };
        var bins = new Option<int?>("--bins") { Description = "survival, attention: ranges of time (default: a frame each, a clip each)." };
        var frame = new Option<int>("--frame") { Description = "patches: the frame, from 0 over all media." };
        var layer = new Option<int>("--layer") { Description = "patches: the layer, from 0." };
        var basis = new Option<string>("--basis") { Description = "counterfactual: drop (at each drop) or run (from the first drop on).", DefaultValueFactory = _ => "drop" };
        var seed = new Option<ulong>("--seed") { Description = "counterfactual: of the random choice." };
        var with = new Option<string?>("--with") { Description = "compare: the other trace." };
        var part = new Option<string?>("--part") { Description = "compare: layers (default) or stages; windows: windows (default), frames or summaries." };
        var command = new Command("trace", "Shows what compression kept in a recorded answer: survival, patches, attention sparsity, counterfactuals, windows of Video-XL, costs, two answers side by side.")
        {
            view, file, json, measure, from, to, bins, frame, layer, basis, seed, with, part,
        };
        command.SetAction(async (parse, ct) =>
        {
            var path = parse.GetValue(file)!;
            var shape = TraceShape.Of(await ReadAsync(path, ct));
            var shown = parse.GetValue(view) switch
            {
                "survival" => TraceViews.Survival(shape, parse.GetValue(measure)!, parse.GetValue(from), parse.GetValue(to), parse.GetValue(bins) ?? Math.Min(shape.Columns.Count, Most(shape.Stages))),
                "patches" => TraceViews.Patches(shape, parse.GetValue(frame), parse.GetValue(layer)),
                "sparsity" => TraceViews.Sparsity(shape),
                "attention" => TraceViews.Attention(shape, parse.GetValue(bins) ?? Math.Min(shape.TotalClips, Most(shape.Layers))),
                "counterfactual" => TraceViews.CounterfactualOf(shape, parse.GetValue(basis)!, parse.GetValue(seed)),
                "windows" => TraceViews.Windows(shape, parse.GetValue(part) ?? "windows"),
                "costs" => TraceViews.Costs(shape.Trace),
                _ => TraceViews.Compare(path, shape.Trace, parse.GetValue(with) ?? throw new ArgumentException("name the other trace: --with FILE"),
                    TraceShape.Of(await ReadAsync(parse.GetValue(with)!, ct)).Trace, parse.GetValue(part) ?? "layers"),
            };
            if (parse.GetValue(json)) await console.Output.WriteLineAsync(JsonSerializer.Serialize(shown.Value, shown.Value.GetType(), s_web));
            else await console.Output.WriteAsync(shown.Csv());
            return ExitCodes.Ok;
        });
        return command;
    }

    private static int Most(int rows) => Math.Min(TraceViews.MaxBins, TraceViews.MaxCells / rows);

    private static async Task<CompressionTrace> ReadAsync(string path, CancellationToken ct)
    {
        if (Ids.IsValid(path) && !File.Exists(path))
        {
            var kept = new TraceStore(new StudioFolders(StudioPaths.Data)).PathOf(path);
            path = File.Exists(kept) ? kept : throw RequestException.NotFound("trace of answer", path);
        }

        if (!path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)) return CompressionTrace.FromJson(await File.ReadAllTextAsync(path, ct));
        await using var file = File.OpenRead(path);
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        return CompressionTrace.FromJson(await reader.ReadToEndAsync(ct));
    }
}
