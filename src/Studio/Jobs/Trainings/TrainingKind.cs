using System.Text.Json;
using System.Text.RegularExpressions;
using Studio.Accounts;
using Studio.Api;
using Studio.Cli;
using Studio.Engine.Training;
using Studio.Hosting;

namespace Studio.Jobs.Trainings;

/// <summary>What a training job is asked for.</summary>
/// <param name="Recipe">Name of a recipe, or a file of one below the data folder.</param>
/// <param name="Name">Of its folder; the recipe's by default. A training that is there goes on from its last checkpoint.</param>
/// <param name="Model">Installed model or folder to start from, instead of the recipe's base.</param>
/// <param name="AllowMissing">Train although samples are malformed or their files missing.</param>
/// <param name="Threads">CPU threads; null is all cores. Another number gives other bits.</param>
/// <param name="Seed">Instead of the recipe's: other samples in another order.</param>
public sealed record TrainingRequest(string Recipe, string? Name = null, string? Model = null, bool AllowMissing = false, int? Threads = null, ulong? Seed = null);

/// <summary>
/// Trainings as jobs: each is a process of its own that runs the command <c>train</c>, so that its end, however sudden, is not
/// the server's. It computes while the device is idle and stands still while a question is answered.
/// </summary>
internal sealed partial class TrainingKind(StudioFolders folders, StudioOptions options, RecipeFiles recipes) : IJobKind
{
    public const string KindName = "training";

    /// <summary>The device is given back this often, so that other work of the background gets its turn.</summary>
    private static readonly TimeSpan s_slice = TimeSpan.FromSeconds(5);

    /// <summary>To finish the running update and save, within the two seconds that a cancelled job has.</summary>
    private static readonly TimeSpan s_cancelGrace = TimeSpan.FromMilliseconds(1600);

    /// <summary>As above when the server stops, which waits longer.</summary>
    private static readonly TimeSpan s_stopGrace = TimeSpan.FromSeconds(20);

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    public string Name => KindName;

    public string Label => "Training";

    public bool NeedsDevice => true;

    public string Role => Roles.Admin;

    public static JsonElement Ask(TrainingRequest request) => JsonSerializer.SerializeToElement(request, s_json);

    public string? LivePath(JsonElement request) => request.TryGetProperty("name", out var name) ? TrainingRuns.PathOf(name.GetString() ?? "") : null;

    public Task<PreparedJob> PrepareAsync(CurrentUser user, JsonElement request, CancellationToken ct) => Task.Run(() => Prepare(request), ct);

    public async Task<string?> RunAsync(JobContext job, CancellationToken ct)
    {
        var request = Read(job.Request);
        var folder = Path.Combine(folders.Trainings, request.Name!);
        _ = Directory.CreateDirectory(folder);
        if (await TrainingProcess.EndLeftOverAsync(folder).ConfigureAwait(false) is { } pid) job.Log($"ended process {pid}, which an earlier server had left behind");
        var resume = TrainingCheckpoint.Last(folder) is not null;
        job.Log(resume ? "goes on from the last checkpoint" : "starts afresh");
        var progress = new TrainingJobProgress(job, Load(request.Recipe));
        using var process = new TrainingProcess(folder, Arguments(request, folder, resume), Environment(), progress.Add, job.Log);
        try
        {
            while (!process.HasExited)
            {
                ct.ThrowIfCancellationRequested();
                // Standing still loses nothing, so a slice that is cut short is not run again but goes on with the next one.
                await job.OnDeviceAsync(KindName, token => process.RunFor(s_slice, token), ct).ConfigureAwait(false);
            }
        }
        finally
        {
            if (!process.HasExited && !await process.StopAsync(job.IsServerStopping ? s_stopGrace : s_cancelGrace).ConfigureAwait(false))
                job.Log("it did not save in time and was ended; updates after its last checkpoint are made again when it goes on");
        }

        await process.DrainAsync().ConfigureAwait(false);
        ct.ThrowIfCancellationRequested();
        return process.ExitCode switch
        {
            ExitCodes.Ok => TrainingRuns.PathOf(request.Name!),
            ExitCodes.Cancelled => throw new JobFailedException("somebody stopped its process; try it again to go on"),
            ExitCodes.CheckFailed => throw new JobFailedException("samples have problems, which the log lists; mend them, or allow missing ones"),
            var code => throw new JobFailedException(process.LastError ?? $"its process ended with code {code}, and was perhaps killed for memory; try it again to go on from the last checkpoint"),
        };
    }

    private PreparedJob Prepare(JsonElement given)
    {
        var request = Read(given);
        if (string.IsNullOrWhiteSpace(request.Recipe)) throw RequestException.Invalid($"a training needs a recipe: {string.Join(", ", recipes.List().Select(r => r.Name))}");
        var recipe = Load(request.Recipe);
        var name = string.IsNullOrWhiteSpace(request.Name) ? recipe.Name : request.Name.Trim();
        if (!NamePattern().IsMatch(name)) throw RequestException.Invalid($"'{name}' cannot be a training's name: use letters, digits, '.', '_' and '-', at most 64 of them, the first a letter or digit");
        if (request.Threads is < 1 or > 1024) throw RequestException.Invalid($"{request.Threads} threads: give 1 to 1024");
        var title = name == recipe.Name ? $"Training {name}" : $"Training {name} by {recipe.Name}";
        return new(title, Ask(request with { Name = name, Model = string.IsNullOrWhiteSpace(request.Model) ? null : request.Model.Trim() }), name);
    }

    private static TrainingRequest Read(JsonElement request)
    {
        try
        {
            return request.Deserialize<TrainingRequest>(s_json) ?? throw RequestException.Invalid("the request of a training is null");
        }
        catch (JsonException e)
        {
            throw RequestException.Invalid($"the request is no training's: {e.Message}");
        }
    }

    private TrainingRecipe Load(string nameOrFile)
    {
        var file = recipes.Find(nameOrFile) ?? throw RequestException.Invalid($"there is no recipe '{nameOrFile}'; name one of {string.Join(", ", recipes.List().Select(r => r.Name))}, or a file below the data folder");
        try
        {
            return TrainingRecipe.Load(file);
        }
        catch (Exception e) when (CommandLine.Explain(e) is { } message)
        {
            throw RequestException.Invalid(message);
        }
    }

    private List<string> Arguments(TrainingRequest request, string folder, bool resume)
    {
        List<string> arguments = [TrainCommand.Name, recipes.Find(request.Recipe)!, "--out", folder, "--data", folders.Data, "--json", TrainCommand.EndsWithInput, "--device", options.Device];
        if (resume) arguments.Add("--resume");
        if (request.Model is not null) arguments.AddRange(["--model", request.Model]);
        if (request.AllowMissing) arguments.Add("--allow-missing");
        if (request.Threads is { } threads) arguments.AddRange(["--threads", $"{threads}"]);
        if (request.Seed is { } seed) arguments.AddRange(["--seed", $"{seed}"]);
        return arguments;
    }

    private Dictionary<string, string> Environment() => new(StringComparer.Ordinal) { ["STUDIO_DATA"] = folders.Data, ["STUDIO_ROOT"] = options.RootFolder };

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    private static partial Regex NamePattern();
}
