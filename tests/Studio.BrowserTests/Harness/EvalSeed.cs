using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;

namespace Studio.BrowserTests.Harness;

/// <summary>Runs of a drawn needle test as an evaluation leaves them, with given answers.</summary>
internal sealed class EvalSeed(IServiceProvider services)
{
    public static EvalRequest Request { get; } = new() { Task = "niah", Lengths = [24, 32, 48], Depths = [0, 0.5, 1], PerCell = 4, Seed = 7 };

    private static readonly DateTimeOffset s_noon = new(2026, 5, 6, 12, 0, 0, TimeSpan.Zero);

    /// <param name="right">Whether the document of this ordinal is answered right.</param>
    /// <returns>The run's identifier.</returns>
    public async Task<string> AddAsync(
        int number, string compression, Func<int, bool> right, string? sweep = null, EvalVariant variant = EvalVariant.Standard, string source = "studio", bool fails = false, bool finished = true, int kept = 400, double milliseconds = 900)
    {
        var store = services.GetRequiredService<RunStore>();
        var request = Request with { Variant = variant };
        var data = EvalDataSource.Open(request, new() { Videos = services.GetRequiredService<VideoStore>() });
        var id = number.ToString("00", CultureInfo.InvariantCulture) + new string('e', 30);
        var provenance = new Provenance
        {
            Commit = "0123456789abcdef0123456789abcdef01234567", StudioVersion = "1.0.0", LibtorchVersion = "2.10.0", Device = "cpu", Dtype = "fp32", Threads = 2, ModelHash = new('d', 64), AnnotationHash = data.AnnotationHash, Ffmpeg = "7.1",
        };
        _ = await store.OpenAsync(
            new()
            {
                Id = id, Key = id, Task = "niah", Model = "tiny-random", Variant = variant, Compression = compression, Frames = source == "studio" ? "all" : "", PromptVersion = 1, ScorerVersion = 1, DataHash = new('c', 64), Source = source,
                SweepId = sweep, Given = request.ToJson(), Resolved = "{}", Samples = data.Documents.Count, CreatedAt = s_noon.AddMinutes(number), Provenance = source == "studio" ? RecordJson.Text(provenance) : "{}",
            },
            again: true, CancellationToken.None);
        var samples = new List<Sample>();
        for (var i = 0; i < (finished ? data.Documents.Count : data.Documents.Count / 2); i++)
        {
            var sample = SampleDocuments.Of(id, i, data.Documents[i]);
            (sample.Prompt, sample.RecordedAt) = ("Look at the video. " + sample.Question, s_noon);
            if (fails && i == data.Documents.Count - 1)
            {
                (sample.ErrorClass, sample.Error) = ("memory", "no room was left for the keys and values; choose fewer frames");
            }
            else
            {
                sample.Answer = sample.Parsed = sample.CorrectedParsed = right(i) ? sample.Expected : sample.Expected == "A" ? "B" : "A";
                sample.Official = sample.Corrected = right(i) ? 1 : 0;
                (sample.Frames, sample.VisualTokens, sample.GeneratedTokens, sample.StageTokens) = (24, 400, 2, $"[400,{kept}]");
                sample.Survival = RecordJson.Text(new NeedleSurvival(64, [new(0, 1, 1), new(2, right(i) ? 0.9 : 0.4, kept / 400.0)]));
                sample.Costs = RecordJson.Text(new SampleCosts
                {
                    TotalMilliseconds = milliseconds + i, FirstTokenMilliseconds = milliseconds / 2, PeakBytes = kept * 1_000_000L, KvBytes = kept * 4096L, Flops = kept * 1e8,
                    Milliseconds = new SortedDictionary<string, double> { ["encode"] = milliseconds / 2, ["prefill"] = milliseconds / 4 },
                });
            }

            _ = await store.AddAsync(sample, CancellationToken.None);
            samples.Add(sample);
        }

        if (finished) await store.FinishAsync(id, RunSummaries.Of(null, samples), CancellationToken.None);
        else await store.SetStateAsync(id, RunState.Open, null, CancellationToken.None);
        return id;
    }
}
