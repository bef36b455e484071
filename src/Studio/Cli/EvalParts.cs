using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records.Store;
using Studio.Benchmarks.Running;
using Studio.Engine.Chat;
using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Cli;

/// <summary>What evaluations on the command line stand on: results database, drawn videos, models from folders.</summary>
internal sealed class EvalParts(Terminal console, string device) : IDisposable
{
    private readonly VideoStore _videos = new(Path.Combine(StudioPaths.Cache, "eval-videos"));

    public EvalSurroundings Surroundings => new()
    {
        OpenData = request => EvalDataSource.Open(request, new() { Videos = _videos }),
        TakeModel = async (setting, ct) =>
        {
            var folder = ModelLoader.Folder(console, setting.Model);
            var where = DeviceSettings.Resolve(device, setting.Dtype ?? "auto");
            var hash = await ProvenanceReader.ModelHashAsync(folder, ct);
            // In memory only: what lies on disk may have been computed with another number of threads, whose last bits differ.
            var cache = new VisualTokenCache(null);
            var model = VideoModel.Load(folder, new() { Device = where.Device, Dtype = where.Dtype });
            return new(model, hash, new(MediaTools.Locate(), cache), () =>
            {
                model.Dispose();
                cache.Dispose();
            });
        },
        Provenance = new(StudioPaths.Root, AppContext.BaseDirectory),
    };

    /// <summary>As an evaluation runs where nothing else is asked for.</summary>
    public static EvalRunnerOptions Options => new() { Judge = request => new HttpJudge(HttpJudge.Options(request, Environment.GetEnvironmentVariable)) };

    /// <summary>The results database of the studio, or the one that STUDIO_RESULTS names.</summary>
    public static Task<RunStore> ConnectAsync(CancellationToken ct) => EvalStore.OpenAsync(ct);

    public void Dispose() => _videos.Dispose();
}
