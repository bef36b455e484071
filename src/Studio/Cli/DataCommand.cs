using System.CommandLine;
using System.Text.Json;
using Studio.Engine.Training;
using Studio.Engine.Video;

namespace Studio.Cli;

/// <summary><c>data …</c>: what trainings learn from.</summary>
internal static class DataCommand
{
    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "data check my-recipe.json --data /annotations",
        "data check stage1.json stage2.jsonl --media /videos --json",
        .. VicoCommand.Samples,
        .. LongVideoCommand.Samples,
    ];

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static Command Create(Terminal console)
    {
        var data = new Command("data", "Annotations that a training learns from.");
        data.Add(Check(console));
        data.Add(VicoCommand.Create(console));
        data.Add(LongVideoCommand.Create(console));
        return data;
    }

    private static Command Check(Terminal console)
    {
        var files = new Argument<string[]>("RECIPE|FILE") { Description = "Recipes, by name or file, and annotation files (LLaVA conversations, JSON or one a line).", Arity = ArgumentArity.OneOrMore };
        var folder = new Option<string?>("--data") { Description = "Folder that a recipe's annotation files count from (default: data)." };
        var media = new Option<string?>("--media") { Description = "Folder of the images and videos of annotation files given here (default: each file's own)." };
        var quick = new Option<bool>("--quick") { Description = "Only look whether images and videos exist, without opening each." };
        var json = new Option<bool>("--json") { Description = "Print the problems on standard output, one JSON object a line." };
        var command = new Command("check", "Lists samples that are malformed and images and videos that are missing or unreadable; exit code 3 if there are any.") { files, folder, media, quick, json };
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            var sets = parse.GetValue(files)!.SelectMany(f => Sets(f, parse.GetValue(folder) ?? StudioPaths.Data, parse.GetValue(media))).ToList();
            return Run(console, sets, !parse.GetValue(quick), parse.GetValue(json), ct);
        }, ct));
        return command;
    }

    private static int Run(Terminal console, IReadOnlyList<AnnotationSet> sets, bool open, bool json, CancellationToken ct)
    {
        long all = 0;
        foreach (var set in sets)
        {
            if (set.Files is null)
            {
                console.Say($"{set.Name}: drawn videos, nothing to check");
                continue;
            }

            var source = new AnnotationSource(set.Files, set.Folder, seed: 0, MediaTools.Locate(), severalImages: set.SeveralImages);
            var (problems, count) = source.Check(open, done => console.Progress($"{set.Name}: {done} of {source.Count} samples"), ct);
            console.ClearProgress();
            foreach (var problem in problems) console.Output.WriteLine(json ? JsonSerializer.Serialize(problem, s_json) : $"{problem.Place}: {problem.Message}");
            var listed = count > problems.Count ? $", the first {problems.Count} are listed" : "";
            console.Say($"{set.Name}: {source.Count} samples can be used as far as their text goes, {count} problems{listed}");
            all += count;
        }

        return all == 0 ? ExitCodes.Ok : ExitCodes.CheckFailed;
    }

    /// <summary>The annotations of a recipe, stage by stage, or a file of annotations.</summary>
    private static IEnumerable<AnnotationSet> Sets(string name, string data, string? media)
    {
        if (Recipes.Find(name) is not { } file) throw new ArgumentException($"there is neither a file nor a recipe '{name}'");
        if (!IsRecipe(file)) return [new(name, Path.GetDirectoryName(file)!, [new AnnotationFile(Path.GetFileName(file), media is null ? "" : Path.GetFullPath(media))])];
        var recipe = TrainingRecipe.Load(file);
        return recipe.Stages.Select(s => new AnnotationSet($"{recipe.Name}, {s.Name}", data, s.Data.Annotations, s.Data.SeveralImages));
    }

    /// <summary>Whether a file is one JSON object with stages: annotations are a list, or an object a line without them.</summary>
    private static bool IsRecipe(string file)
    {
        if (new FileInfo(file).Length > TrainingRecipe.MaxFileBytes) return false;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("stages", out _);
        }
        catch (JsonException)
        {
            return false; // lines, or damaged: reading it as annotations says where
        }
    }

    /// <param name="Files">Null where videos are drawn.</param>
    /// <param name="SeveralImages">Whether the recipe takes samples of several images.</param>
    private sealed record AnnotationSet(string Name, string Folder, IReadOnlyList<AnnotationFile>? Files, bool SeveralImages = false);
}
