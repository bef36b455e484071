using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Engine.Chat;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Running;

/// <summary>A loaded model for as long as it is needed, with the encoder whose cache its settings share.</summary>
/// <param name="hash">SHA-256 of weights and configuration.</param>
/// <param name="release">Called once it is needed no more.</param>
public sealed class ModelLease(VideoModel model, string hash, MediaEncoder encoder, Action release) : IDisposable
{
    private int _released;

    public VideoModel Model => model;

    public string Hash => hash;

    public MediaEncoder Encoder => encoder;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0) release();
    }
}

/// <summary>What evaluations need of their surroundings: the command line and the server each bring their own.</summary>
public sealed record EvalSurroundings
{
    public required Func<EvalRequest, IEvalData> OpenData { get; init; }

    /// <summary>Loads the model of a setting, or takes one that is loaded.</summary>
    public required Func<EvalSetting, CancellationToken, Task<ModelLease>> TakeModel { get; init; }

    public required ProvenanceReader Provenance { get; init; }

    /// <summary>Finds the video tools; not called where no video is shown.</summary>
    public Func<MediaTools> Tools { get; init; } = MediaTools.Locate;
}

/// <summary>Requests with their data at hand.</summary>
/// <param name="Items">In the order in which they run; equal data is opened once.</param>
/// <param name="Missing">Videos that are not there, each once.</param>
public sealed record EvalPlan(IReadOnlyList<(EvalRequest Request, IEvalData Data)> Items, IReadOnlyList<string> Missing)
{
    /// <summary>"1 video is missing", "3 videos are missing".</summary>
    public string MissingText => Missing.Count == 1 ? "1 video is missing" : $"{Missing.Count} videos are missing";
}

/// <summary>
/// From requests to finished runs: the one way by which the command line, jobs and the API evaluate. Settings of the same model and data are
/// run together, document by document, so that a model is loaded once and a video encoded once.
/// </summary>
public sealed class EvalSession(IRunStore store, EvalSurroundings surroundings, EvalRunnerOptions options, TimeProvider time)
{
    /// <summary>Opens the data of each request.</summary>
    /// <exception cref="ArgumentException">There are none or too many requests, or one asks for what cannot be.</exception>
    /// <exception cref="InvalidDataException">Annotations are missing or cannot be read.</exception>
    public EvalPlan Prepare(IReadOnlyList<EvalRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        if (requests.Count is < 1 or > SweepGrid.MaxSettings) throw new ArgumentException($"{requests.Count} settings were asked for; give 1 to {SweepGrid.MaxSettings}");
        var items = new List<(EvalRequest, IEvalData)>();
        var opened = new Dictionary<(string, int), IEvalData>();
        foreach (var request in requests)
        {
            var data = surroundings.OpenData(request);
            var key = (data.AnnotationHash, data.Documents.Count);
            // Equal but for the settings: one copy is kept.
            if (opened.TryGetValue(key, out var same) && SameData(same, data)) data = same;
            else opened[key] = data;
            items.Add((request, data));
        }

        return new(items, [.. opened.Values.SelectMany(d => d.Missing).Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>Runs what is missing of every run.</summary>
    /// <param name="label">Sets what is not of the result on runs that are new: owner, note.</param>
    /// <param name="onOpened">Told each run before its first sample, a new one or one that goes on.</param>
    /// <param name="again">New runs even where finished ones exist.</param>
    /// <returns>The runs in order of the requests, as the store has them at the end.</returns>
    public async Task<IReadOnlyList<Run>> RunAsync(EvalPlan plan, bool again = false, Action<Run>? label = null, Action<Run>? onOpened = null, Action<EvalProgress>? onProgress = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var isSweep = plan.Items.Count > 1;
        var sweep = isSweep ? RunIds.New(time) : null;
        // A sweep compares times and memory: one thing at a time.
        var runner = new EvalRunner(store, isSweep ? options with { EncodeAhead = 0 } : options, time);
        var tally = new ProgressTally(plan.Items.Sum(i => options.Shard.Count(i.Data.Documents.Count)), time, onProgress);
        var ids = new List<string>(); // bounded by the plan
        foreach (var group in Groups(plan.Items))
        {
            ct.ThrowIfCancellationRequested();
            using var lease = group[0].Request.Variant == EvalVariant.Random ? null : await surroundings.TakeModel(group[0].Request.Setting, ct).ConfigureAwait(false);
            var data = group[0].Data;
            var showsVideo = group[0].Request.Variant is not (EvalVariant.Blind or EvalVariant.Random);
            // All are resolved before the first is run: a setting that does not fit is told at once.
            List<(EvalRequest Request, ResolvedRun Resolved)> resolved = [.. group.Select(i => (i.Request, ResolvedRun.Of(i.Request, data, lease?.Model, lease?.Hash ?? "")))];
            var provenance = await surroundings.Provenance.ReadAsync(lease?.Model, lease?.Hash ?? "", data.AnnotationHash, showsVideo ? surroundings.Tools() : null, ct).ConfigureAwait(false);
            var jobs = new List<EvalJob>();
            foreach (var (request, settings) in resolved)
            {
                var made = sweep;
                jobs.Add(await runner.OpenAsync(request, settings, provenance, again, run =>
                {
                    run.SweepId = sweep;
                    label?.Invoke(run);
                    made = run.SweepId;
                }, ct).ConfigureAwait(false));
                if (made is not null && jobs[^1].Run.SweepId != made) await store.JoinSweepAsync(made, jobs[^1].Run.Id, ct).ConfigureAwait(false);
                onOpened?.Invoke(jobs[^1].Run);
            }

            ids.AddRange(jobs.Select(j => j.Run.Id));
            // Two settings that resolve to the same are one run.
            _ = await runner.RunAsync(new() { Data = data, Model = lease?.Model, Encoder = lease?.Encoder, Jobs = [.. jobs.DistinctBy(j => j.Run.Id)] }, tally, ct).ConfigureAwait(false);
        }

        var runs = new List<Run>();
        foreach (var id in ids.Distinct()) runs.Add(await store.GetAsync(id, ct).ConfigureAwait(false));
        return runs;
    }

    private static bool SameData(IEvalData first, IEvalData second) =>
        ReferenceEquals(first, second) || (first.Task.Name == second.Task.Name && first.Documents.Select(d => d.Id).SequenceEqual(second.Documents.Select(d => d.Id), StringComparer.Ordinal)
            && first.Missing.SequenceEqual(second.Missing, StringComparer.Ordinal));

    /// <summary>Neighbours with the same model, type and data.</summary>
    private static IEnumerable<List<(EvalRequest Request, IEvalData Data)>> Groups(IReadOnlyList<(EvalRequest Request, IEvalData Data)> items)
    {
        var group = new List<(EvalRequest Request, IEvalData Data)>();
        foreach (var item in items)
        {
            if (group.Count > 0 && !Together(group[0], item))
            {
                yield return group;
                group = [];
            }

            group.Add(item);
        }

        if (group.Count > 0) yield return group;
    }

    private static bool Together((EvalRequest Request, IEvalData Data) a, (EvalRequest Request, IEvalData Data) b) =>
        a.Request.Setting.Model == b.Request.Setting.Model && a.Request.Setting.Dtype == b.Request.Setting.Dtype && ReferenceEquals(a.Data, b.Data)
        && a.Request.Variant == EvalVariant.Random == (b.Request.Variant == EvalVariant.Random);
}
