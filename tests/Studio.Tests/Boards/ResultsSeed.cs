using System.Globalization;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;

namespace Studio.Tests.Boards;

/// <summary>Runs of a small drawn needle test, as an evaluation leaves them, with given scores.</summary>
internal sealed class ResultsSeed(RunStore store, VideoStore videos)
{
    public static EvalRequest Request { get; } = new() { Task = "niah", Lengths = [24, 32], Depths = [0, 1], PerCell = 2, Seed = 7 };

    /// <summary>Documents of <see cref="Request"/>.</summary>
    public const int Documents = 8;

    private static readonly DateTimeOffset s_noon = new(2026, 5, 6, 12, 0, 0, TimeSpan.Zero);

    /// <param name="right">The documents that are answered right; the last one fails where <paramref name="fails"/>.</param>
    public async Task<Run> AddAsync(
        string id, string compression, int[] right, string owner = "", EvalVariant variant = EvalVariant.Standard, string? sweep = null, string source = "studio", string frames = "all", bool fails = false, bool finished = true,
        string model = "tiny", double milliseconds = 100, int kept = 50)
    {
        var data = EvalDataSource.Open(Request with { Variant = variant }, new() { Videos = videos });
        var run = new Run
        {
            Id = id, Key = id, Task = "niah", Model = model, Variant = variant, Compression = compression, Frames = frames, PromptVersion = 1, ScorerVersion = 1, DataHash = "d", Source = source, SweepId = sweep,
            Given = (Request with { Variant = variant }).ToJson(), Resolved = "{}", Samples = Documents, OwnerId = owner, OwnerName = owner, CreatedAt = s_noon.AddMinutes(int.Parse(id[..2], CultureInfo.InvariantCulture)),
            Provenance = RecordJson.Text(new Provenance
            {
                Commit = "0123456789abcdef", StudioVersion = "1", LibtorchVersion = "2", Device = "cpu", Dtype = "fp32", Threads = 2, ModelHash = "m", AnnotationHash = data.AnnotationHash, Ffmpeg = "7",
            }),
        };
        _ = await store.OpenAsync(run, again: true, CancellationToken.None);
        var samples = new List<Sample>();
        for (var i = 0; i < (finished ? Documents : Documents / 2); i++)
        {
            var failed = fails && i == Documents - 1;
            var sample = SampleDocuments.Of(id, i, data.Documents[i]);
            var correct = right.Contains(i);
            var wrong = sample.Expected == "A" ? "B" : "A";
            sample.Prompt = "<b>prompt</b> " + sample.Question;
            sample.RecordedAt = s_noon;
            if (failed)
            {
                (sample.ErrorClass, sample.Error) = ("media", "/secret/folder is not there");
            }
            else
            {
                sample.Answer = sample.Parsed = sample.CorrectedParsed = correct ? sample.Expected : wrong;
                sample.Official = sample.Corrected = correct ? 1 : 0;
                (sample.VisualTokens, sample.StageTokens) = (100, $"[100,{kept}]");
                sample.Survival = RecordJson.Text(new NeedleSurvival(16, [new(0, 1, 1), new(4, 0.75, 0.5)]));
                sample.Costs = RecordJson.Text(new SampleCosts { TotalMilliseconds = milliseconds, PeakBytes = 1 << 20, Flops = 1e9 });
            }

            _ = await store.AddAsync(sample, CancellationToken.None);
            samples.Add(sample);
        }

        if (finished) await store.FinishAsync(id, RunSummaries.Of(null, samples), CancellationToken.None);
        else await store.SetStateAsync(id, RunState.Running, null, CancellationToken.None);
        return await store.GetAsync(id, CancellationToken.None);
    }

    public static string Id(int number) => number.ToString("00", CultureInfo.InvariantCulture) + new string('a', 30);
}
