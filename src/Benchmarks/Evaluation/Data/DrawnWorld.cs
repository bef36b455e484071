using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Engine.World;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>The ready-made set: every kind of question in four lengths, drawn when it is asked for.</summary>
internal sealed class DrawnWorld : IMediaSource
{
    /// <summary>The shipped models are trained on a frame a second, within these.</summary>
    private const int MinFrames = 8, MaxFrames = 64;

    private const int MaxPerKind = 10_000;

    private readonly WorldDataset _dataset;
    private readonly Dictionary<string, int> _items;
    private readonly DrawnVideos _videos;
    private readonly bool _ownFrames;

    private DrawnWorld(WorldDataset dataset, Dictionary<string, int> items, bool ownFrames, EvalDataOptions options) =>
        (_dataset, _items, _ownFrames, _videos) = (dataset, items, ownFrames, new(options));

    internal static WorldRecipe Recipe { get; } = new() { Seconds = [8, 16, 32, 64], Fps = 2, Objects = DrawnNeedles.Objects, MaxHops = 2 };

    /// <summary>Videos of each kind and length are as many as the request's questions a cell, one by default.</summary>
    public static EvalData Open(EvalRequest request, WorldSet task, EvalDataOptions options)
    {
        var perCell = request.PerCell ?? 1;
        EvalDataSource.Require(perCell is >= 1 and <= MaxPerKind, $"{perCell} questions a cell", $"1 to {MaxPerKind}");
        var dataset = new WorldDataset(Recipe, WorldSplit.Test, request.Seed);
        var items = new Dictionary<string, int>(StringComparer.Ordinal);
        var documents = new List<EvalDocument>();
        using var hash = new DataHash();
        hash.Add(task.Name).Add(DrawnVideos.Version).Add($"{WorldDataset.Version} {DrawnVideos.Side}").Add($"{request.Seed}");
        for (var i = 0; i < perCell * Recipe.TotalWeight * Recipe.Seconds.Count; i++)
        {
            var item = dataset.Item(i);
            var document = WorldTask.Document(item.Id, $"{item.Id}.mp4", item.Question, item.Script.LengthMs / 1000.0);
            items.Add(document.Media, i);
            documents.Add(document);
            hash.Add(item.Script.Fingerprint()).Add(document.Question).Add(string.Join('\n', document.Options)).Add(document.Answer);
        }

        var setting = request.Setting;
        return new EvalData(request, task, documents, hash.Take(), new DrawnWorld(dataset, items, setting is { Frames: null, Fps: null, MaxFrames: null }, options));
    }

    public IReadOnlyList<string> Missing(IReadOnlyList<EvalDocument> documents) => [];

    public async ValueTask<EvalMedia?> OpenAsync(EvalDocument document, CancellationToken cancellationToken)
    {
        var item = _items.TryGetValue(document.Media, out var index) ? _dataset.Item(index)
            : throw new ArgumentException($"{document.Id} is none of the documents that were drawn.", nameof(document));
        var path = await _videos.GetAsync(item.Script, cancellationToken).ConfigureAwait(false);
        return new EvalMedia(path, null, WorldTask.HasNeedles(document) ? document.Evidence : [],
            _ownFrames ? Math.Clamp(item.Script.LengthMs / 1000, MinFrames, MaxFrames) : null);
    }
}
