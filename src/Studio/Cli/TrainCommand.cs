using System.CommandLine;
using System.Globalization;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.Video;

namespace Studio.Cli;

/// <summary><c>train RECIPE</c>: trains a model as a recipe says, in pieces if need be.</summary>
internal static class TrainCommand
{
    public const string Name = "train";

    /// <summary>For who starts this command as a process of theirs: it stops and saves when its standard input ends, as it does when they do.</summary>
    public const string EndsWithInput = "--ends-with-input";

    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "train flash-mini",
        "train flash-mini --resume",
        "train my-recipe.json --model videochat-flash-qwen2_5-2b_res448 --data /annotations --out /runs/first --device cuda:0",
    ];

    /// <summary>Between two lines of a log.</summary>
    private static readonly TimeSpan s_logInterval = TimeSpan.FromSeconds(10);

    /// <summary>Between two drawings on a screen.</summary>
    private static readonly TimeSpan s_screenInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>The fresh model's folder in a run's; gone when the first checkpoint is there.</summary>
    private const string BaseFolder = "base";

    public static Command Create(Terminal console)
    {
        var recipe = new Argument<string>("RECIPE") { Description = "Name of a recipe in data/recipes, or a file." };
        var resume = new Option<bool>("--resume") { Description = "Go on from the last checkpoint in the folder." };
        var folder = new Option<string?>("--out", "-o") { Description = "Folder for checkpoints, metrics.jsonl and the finished model (default: data/training/NAME, or NAME-SEED with --seed)." };
        var seed = new Option<ulong?>("--seed") { Description = "Seed instead of the recipe's: other samples in another order, for trainings that go apart and are averaged." };
        var model = new Option<string?>("--model", "-m") { Description = "Installed model or folder to start from, instead of the recipe's base." };
        var data = new Option<string?>("--data") { Description = "Folder that the recipe's annotation files count from (default: data)." };
        var allowMissing = new Option<bool>("--allow-missing") { Description = "Train although samples are malformed or their files missing: they are left out, or replaced by others." };
        var device = new Option<string>("--device") { Description = "auto, cpu or cuda:N.", DefaultValueFactory = _ => "auto" };
        var threads = new Option<int?>("--threads") { Description = "CPU threads (default: all cores). Another number gives other bits." };
        var json = new Option<bool>("--json") { Description = "Print each update on standard output, one JSON object a line." };
        var endsWithInput = new Option<bool>(EndsWithInput) { Description = "Stop and save when standard input ends.", Hidden = true };
        threads.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int?>() is < 1) r.AddError("--threads must be at least 1");
        });
        var command = new Command(Name, "Trains a model. Ctrl-C stops after the running update and saves; --resume goes on, to the same weights.")
        {
            recipe, resume, folder, seed, model, data, allowMissing, device, threads, json, endsWithInput,
        };
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            var (loaded, recipeFolder) = Recipes.Load(parse.GetValue(recipe)!);
            var given = parse.GetValue(seed);
            if (given is { } other) loaded = loaded with { Seed = other };
            if (parse.GetValue(threads) is { } count) torch.set_num_threads(count);
            var request = new Request(console, loaded, recipeFolder, parse.GetValue(recipe)!)
            {
                Folder = Path.GetFullPath(parse.GetValue(folder) ?? Path.Combine(StudioPaths.Training, given is null ? loaded.Name : string.Create(CultureInfo.InvariantCulture, $"{loaded.Name}-{given}"))),
                Seed = given,
                OutGiven = parse.GetValue(folder) is not null,
                Data = parse.GetValue(data) ?? StudioPaths.Data,
                Model = parse.GetValue(model),
                Device = DeviceSettings.Resolve(parse.GetValue(device)!, "fp32").Device,
                Resume = parse.GetValue(resume),
                AllowMissing = parse.GetValue(allowMissing),
                Json = parse.GetValue(json),
            };
            using var stop = new StopSignals(() => console.Say("stopping after this update; once more to quit at once, without saving"), ct);
            if (!parse.GetValue(endsWithInput)) return Run(request, TimeProvider.System, stop.Token);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, EndOf(console.Input));
            return Run(request, TimeProvider.System, either.Token);
        }, CancellationToken.None));
        return command;
    }

    /// <summary>Cancelled when nothing more can be read.</summary>
    private static CancellationToken EndOf(TextReader input)
    {
        var end = new CancellationTokenSource(); // as long as the process; the thread below may cancel it at any time
        new Thread(() =>
        {
            while (input.Read() >= 0) { }
            end.Cancel();
        })
        { IsBackground = true, Name = "input" }.Start();
        return end.Token;
    }

    /// <param name="stop">Asks to stop after the running update.</param>
    internal static int Run(Request request, TimeProvider time, CancellationToken stop)
    {
        var console = request.Console;
        ITrainingSource Open(TrainingStage stage, ulong seed) => stage.Data.Annotations is null ? new WorldSource(stage.Data, seed)
            : TrainingSources.Open(stage, request.Data, seed, MediaTools.Locate());
        if (!MayStart(request, stop)) return ExitCodes.CheckFailed;
        var run = new TrainingRun
        {
            Recipe = request.Recipe,
            Folder = request.Folder,
            BaseModel = TrainingCheckpoint.Last(request.Folder) is null && !request.Resume ? Base(request, stop) : "",
            Device = request.Device,
            Resume = request.Resume,
        };
        var progress = new TrainingProgress(time, run.Recipe.Stages.Count, console.IsInteractive ? s_screenInterval : s_logInterval, bar: console.IsInteractive);
        TrainingUpdate? last = null;
        var outcome = new Trainer(time, Open).Run(
            run,
            update =>
            {
                last = update;
                if (request.Json) console.Output.WriteLine(TrainingMetrics.ToJson(update));
                if (request.Json) console.Output.Flush();
                if (progress.Add(update) is not { } line) return;
                if (console.IsInteractive) console.Progress(line);
                else console.Say(line);
            },
            stop);
        console.ClearProgress();
        var fresh = Path.Combine(request.Folder, BaseFolder);
        if (Directory.Exists(fresh)) Directory.Delete(fresh, recursive: true);
        if (outcome.Finished)
        {
            var done = $"trained: {outcome.Folder}";
            if (request.Json) console.Say(done);
            else console.Output.WriteLine(done);
            return ExitCodes.Ok;
        }

        var at = last is null ? "" : string.Create(CultureInfo.InvariantCulture, $" after update {last.Step} of {last.Steps} of '{last.Stage}'");
        console.Say($"stopped{at}; saved in {outcome.Folder}");
        console.Say($"go on with: {Terminal.ProgramName} {Name} {request.Spelled} --resume{(request.Seed is { } seed ? string.Create(CultureInfo.InvariantCulture, $" --seed {seed}") : "")}{(request.OutGiven ? $" --out {request.Folder}" : "")}");
        return ExitCodes.Cancelled;
    }

    /// <summary>Looks for missing files first: a training that stumbles after a day has lost it.</summary>
    private static bool MayStart(Request request, CancellationToken ct)
    {
        if (request.AllowMissing) return true;
        foreach (var stage in request.Recipe.Stages.Where(s => s.Data.Annotations is not null))
        {
            var source = new AnnotationSource(stage.Data.Annotations!, request.Data, request.Recipe.Seed, MediaTools.Locate(), severalImages: stage.Data.SeveralImages);
            var (problems, count) = source.Check(open: false, cancellationToken: ct);
            if (count == 0) continue;
            const int Shown = 10;
            foreach (var problem in problems.Take(Shown)) request.Console.Say($"{problem.Place}: {problem.Message}");
            request.Console.Say($"stage '{stage.Name}': {count} samples have problems{(count > Shown ? $", {Shown} are shown ({Terminal.ProgramName} data check lists more)" : "")}; mend them, or train without them with --allow-missing");
            return false;
        }

        return true;
    }

    /// <summary>The model to start from: the one that was named, the recipe's, or a fresh one of the recipe's geometry.</summary>
    private static string Base(Request request, CancellationToken ct)
    {
        if (request.Model is { } named) return ModelLoader.Folder(request.Console, named);
        var wanted = request.Recipe.Base
            ?? throw new ArgumentException($"the recipe '{request.Recipe.Name}' names no base; give --model, or add \"base\": {{ \"geometry\": …, \"tokenizer\": … }} to it");
        var made = Path.Combine(request.Folder, BaseFolder);
        if (wanted.Model is { } model)
        {
            var beside = Path.Combine(request.RecipeFolder, model);
            var isFolder = Directory.Exists(beside);
            if (!isFolder && !Directory.Exists(model) && Path.GetFileName(model) != model)
            {
                throw new ArgumentException($"there is no model in base.model '{model}', from {request.RecipeFolder}; train the recipe that makes it first, or give --model");
            }

            var start = ModelLoader.Folder(request.Console, isFolder ? beside : model);
            if (!wanted.IsChanged) return start;
            var decoder = wanted.Decoder is { } other ? $" with the decoder of {other}" : "";
            var scale = wanted.PatchScale is { } factor ? string.Create(CultureInfo.InvariantCulture, $", patches scaled by {factor}") : "";
            var positions = wanted.LearnPositions ? ", positions to be learned" : "";
            var average = wanted.Average is { } others ? $", averaged with {string.Join(", ", others)}" : "";
            request.Console.Say($"starting from {model}{average}{decoder}{scale}{positions}");
            _ = Directory.CreateDirectory(request.Folder);
            wanted.Change(start, made, request.RecipeFolder);
            return made;
        }

        request.Console.Say($"starting from {wanted.Geometry} with random weights of seed {wanted.Seed}");
        _ = Directory.CreateDirectory(request.Folder);
        wanted.Create(made, request.RecipeFolder, ct);
        return made;
    }

    /// <param name="Spelled">The recipe as the command named it.</param>
    internal sealed record Request(Terminal Console, TrainingRecipe Recipe, string RecipeFolder, string Spelled)
    {
        public required string Folder { get; init; }

        public bool OutGiven { get; init; }

        /// <summary>The one that was given in place of the recipe's, which it has already taken.</summary>
        public ulong? Seed { get; init; }

        public required string Data { get; init; }

        public string? Model { get; init; }

        public Device Device { get; init; } = Device.CPU;

        public bool Resume { get; init; }

        public bool AllowMissing { get; init; }

        public bool Json { get; init; }
    }
}
