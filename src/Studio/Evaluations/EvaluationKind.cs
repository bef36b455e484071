using System.Globalization;
using System.Text.Json;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Engine.Chat;
using Studio.Engine.Video;
using Studio.Jobs;

namespace Studio.Evaluations;

/// <summary>
/// Evaluations as jobs, by the same way as the command line's. Every video that is encoded and every question that is answered is a piece of
/// work in the line before the device, behind people's questions. What is recorded lies in the results database: begun again, it goes on.
/// </summary>
internal sealed class EvaluationKind(EvaluationParts parts, IRunStore store, TimeProvider time) : IJobKind
{
    public const string KindName = "evaluation";

    public string Name => KindName;

    public string Label => "Evaluation";

    public bool NeedsDevice => true;

    public string Role => Roles.Editor;

    public static JsonElement Ask(EvaluationRequest request) => JsonSerializer.SerializeToElement(request, EvaluationRequest.Json);

    public string? LivePath(JsonElement request) => request.TryGetProperty("sweepId", out var sweep) ? SweepPath(sweep.GetString() ?? "") : null;

    public Task<PreparedJob> PrepareAsync(CurrentUser user, JsonElement request, CancellationToken ct) => Task.Run(() => Prepare(user, EvaluationRequest.Read(request)), ct);

    public async Task<string?> RunAsync(JobContext job, CancellationToken ct)
    {
        var asked = EvaluationRequest.Read(job.Request);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var runs = asked.Again ? new RunsSince(store, asked.AskedAt) : store;
        var session = new EvalSession(runs, Surroundings(job), new() { Judge = r => new HttpJudge(HttpJudge.Options(r, Environment.GetEnvironmentVariable)), Device = OnDevice }, time);
        job.Report(0, 0, "opening the data");
        var plan = await Task.Run(() => session.Prepare(asked.Requests(parts.ConfigOf)), stop.Token).ConfigureAwait(false);
        if (plan.Missing.Count > 0) job.Log($"{plan.Missing.Count} videos are missing: their samples fail and count as unscored");
        var failed = 0;
        var ended = await session.RunAsync(plan, label: Mark, onOpened: run => Watch(run, plan.Items.Count), onProgress: Tell, ct: stop.Token).ConfigureAwait(false);
        foreach (var run in ended) job.Log($"run {run.Id}: {run.Task}, {run.Model}, {run.Compression}, {run.Frames}");
        return ended.Count > 1 && asked.SweepId is { } sweep ? SweepPath(sweep) : RunPath(ended[0]);

        // A sweep is watched on the page of all its runs.
        void Watch(Run run, int settings)
        {
            if (settings == 1) job.Watch(RunPath(run));
        }

        void Mark(Run run) => (run.SweepId, run.OwnerId, run.OwnerName, run.Note) = (asked.SweepId, job.OwnerId, asked.OwnerName, asked.Note);

        void Tell(EvalProgress progress)
        {
            job.Report(progress.Done, progress.Total, Message(progress), progress.Left?.TotalSeconds);
            if (progress.Failed > failed) job.Log($"{progress.Failed} samples failed so far; the last near {progress.Video}");
            failed = Math.Max(failed, progress.Failed);
        }

        void OnDevice(Action<CancellationToken> piece, CancellationToken token)
        {
            try
            {
                job.OnDeviceAsync(KindName, piece, token).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException) when (!token.IsCancellationRequested)
            {
                // The device takes in nothing more. That is no failure of the sample: everything stops.
                stop.Cancel();
                token.ThrowIfCancellationRequested();
                throw;
            }
        }
    }

    internal static string Message(EvalProgress progress)
    {
        var right = double.IsNaN(progress.Accuracy) ? "" : string.Create(CultureInfo.InvariantCulture, $", {100 * progress.Accuracy:0.0} % of samples right");
        var failed = progress.Failed > 0 ? $", {progress.Failed} failed" : "";
        return $"sample {progress.Done} of {progress.Total}{right}{failed}{(progress.Video.Length > 0 && progress.Done < progress.Total ? $", {progress.Video}" : "")}";
    }

    private static string RunPath(Run run) => $"results/{run.Id}";

    private static string SweepPath(string id) => $"results/sweep/{id}";

    private PreparedJob Prepare(CurrentUser user, EvaluationRequest given)
    {
        var (asked, plan) = parts.Check(user, given);
        if (plan.Missing.Count > 0 && !asked.SkipMissing)
        {
            var shown = string.Join(", ", plan.Missing.Take(EvaluationParts.MissingShown));
            var more = plan.Missing.Count > EvaluationParts.MissingShown ? $" and {plan.Missing.Count - EvaluationParts.MissingShown} more" : "";
            throw RequestException.Invalid($"{plan.MissingText}: {shown}{more}; put what is missing below the folder of videos, or run without it: its samples then count as unscored");
        }

        var isSweep = plan.Items.Count > 1;
        var what = asked.Run.Variant == EvalVariant.Standard ? asked.Run.Task : $"{asked.Run.Task}, {asked.Run.Variant.ToString().ToLowerInvariant()}";
        var model = asked.Grid is { Models.Count: > 1 } grid ? $"{grid.Models.Count} models" : plan.Items[0].Request.Setting.Model;
        var title = isSweep ? $"Sweep {what} over {plan.Items.Count} settings with {model}" : $"Evaluation {what} with {model}";
        return new(
            title.Length > JobLimits.MaxTitle ? title[..JobLimits.MaxTitle] : title,
            Ask(asked with { SweepId = isSweep ? RunIds.New(time) : null, OwnerName = user.Name, AskedAt = time.GetUtcNow() }));
    }

    private EvalSurroundings Surroundings(JobContext job) => new()
    {
        OpenData = parts.Open,
        Provenance = parts.Provenance,
        TakeModel = async (setting, ct) =>
        {
            var installed = parts.Models.Catalog.Find(setting.Model);
            job.Log($"reads {installed.Name}");
            var hash = await ProvenanceReader.ModelHashAsync(installed.Folder, ct).ConfigureAwait(false);
            var tools = MediaTools.Locate();
            var held = await job.OnDeviceAsync("loading a model", _ => parts.Models.Hold(installed), ct).ConfigureAwait(false);
            // In memory only, and of this job alone: what lies on disk may have been computed with another number of threads, whose last bits differ.
            var cache = new VisualTokenCache(null);
            return new(held.Model, hash, new(tools, cache), () =>
            {
                held.Release();
                cache.Dispose();
            });
        },
    };
}
