using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Engine.Chat;
using Studio.Engine.Video;

namespace Studio.Benchmarks.EvalBench;

/// <summary>One evaluation of a benchmark, through the runner and a results database of its own, with nothing cached before it.</summary>
internal sealed class BenchEvaluation(VideoModel model, IEvalData data, Func<IRunStore> openStore, EvalBenchOptions options, TimeProvider time)
{
    /// <param name="compressions">One setting, or those of a sweep.</param>
    /// <param name="encodeAhead">Videos encoded ahead; 0 for one thing at a time.</param>
    /// <exception cref="InvalidOperationException">A sample failed.</exception>
    public async Task RunAsync(IReadOnlyList<string> compressions, int encodeAhead, CancellationToken ct)
    {
        var store = openStore();
        using var owned = store as IDisposable;
        using var cache = new VisualTokenCache(null);
        var runner = new EvalRunner(store, new() { EncodeAhead = encodeAhead }, time);
        var jobs = new List<EvalJob>(); // bounded by the settings
        foreach (var compress in compressions)
        {
            var request = new EvalRequest { Task = data.Task.Name, Setting = new() { Compress = compress, Frames = options.Frames, MaxNewTokens = options.MaxNewTokens } };
            var provenance = new Provenance { Commit = "", StudioVersion = "", LibtorchVersion = "", Device = "", Dtype = "", Threads = 0, ModelHash = "", AnnotationHash = "", Ffmpeg = "" };
            jobs.Add(await runner.OpenAsync(request, ResolvedRun.Of(request, data, model, "bench"), provenance, ct: ct).ConfigureAwait(false));
        }

        var outcome = await runner.RunAsync(new() { Data = data, Model = model, Encoder = new(MediaTools.Locate(), cache), Jobs = jobs }, onProgress: null, ct: ct).ConfigureAwait(false);
        if (outcome.Failed > 0) throw new InvalidOperationException($"{outcome.Failed} samples failed; nothing was measured");
    }
}
