using System.Globalization;
using Studio.Accounts;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.ModelHosting;

namespace Studio.Evaluations;

/// <summary>What an evaluation may cost, before it runs: an estimate from the cost model, not a promise.</summary>
/// <param name="Documents">Questions of the data.</param>
/// <param name="Settings">Combinations of the grid; 1 without one.</param>
/// <param name="Samples">Questions times settings.</param>
/// <param name="SecondsLow">Expected at best.</param>
/// <param name="SecondsHigh">Expected at worst; equal where this machine was measured.</param>
/// <param name="PeakBytes">Memory at its peak, weights included.</param>
/// <param name="IsMeasured">Whether times come from this machine's measured rates.</param>
/// <param name="SecondsBefore">What earlier runs of the same tasks and models on this device say, by their tokens; null where a setting has none.</param>
/// <param name="Missing">Videos that are not there, the first of them.</param>
/// <param name="MissingCount">All of them.</param>
public sealed record EvaluationEstimate(
    int Documents, int Settings, long Samples, double SecondsLow, double SecondsHigh, long PeakBytes, bool IsMeasured, double? SecondsBefore, IReadOnlyList<string> Missing, int MissingCount);

/// <summary>Estimates from the planner: every video encoded once for the settings that share its frames, every question asked in each setting.</summary>
internal sealed class EvaluationEstimates(EvaluationParts parts, MachineRatesSource rates, IRunStore store)
{
    /// <summary>Characters of English text a token has, about.</summary>
    private const int CharactersOfToken = 4;

    /// <summary>Tokens of the chat's own form around a question, about.</summary>
    private const int FormTokens = 30;

    /// <summary>Prompts that are looked at for the length of the text.</summary>
    private const int PromptsRead = 20;

    /// <summary>Tokens of an answer where a letter is asked for, and the most that are planned of a longer one.</summary>
    private const int LetterTokens = 4, LongAnswerTokens = 128;

    /// <summary>Latest finished runs of a task and model whose pace is looked at.</summary>
    private const int RunsRead = 20;

    /// <exception cref="Api.RequestException">400, 403: what is asked for cannot be.</exception>
    public async Task<EvaluationEstimate> OfAsync(CurrentUser user, EvaluationRequest request, CancellationToken ct)
    {
        var (estimate, works) = await Task.Run(() => Of(user, request), ct).ConfigureAwait(false);
        return estimate with { SecondsBefore = await BeforeAsync(works, ct).ConfigureAwait(false) };
    }

    private async Task<double?> BeforeAsync(IReadOnlyList<Work> works, CancellationToken ct)
    {
        var seconds = 0.0;
        foreach (var like in works.GroupBy(w => (w.Task, w.Model, w.Variant)))
        {
            var filter = new RunFilter { Task = like.Key.Task, Model = like.Key.Model, State = RunState.Finished, Source = "studio", Take = RunsRead };
            List<(string Compression, RunCosts Costs)> before =
            [
                .. (await store.ListAsync(filter, ct).ConfigureAwait(false)).Runs.Where(r => r.Variant == like.Key.Variant && r.Summary is not null && IsHere(r))
                    .Select(r => (r.Compression, RecordJson.Read<RunSummary>(r.Summary!).Costs)).Where(r => r.Costs.Milliseconds > 0),
            ];
            if (before.Count == 0) return null;

            // A video is encoded once for all settings; answers are given in each.
            var encoding = Middle([.. before.Select(p => p.Costs.EncodeMilliseconds / Math.Max(1, p.Costs.VisualTokens))]);
            foreach (var work in like)
            {
                var own = before.Where(p => p.Compression == work.Compression).Select(p => p.Costs).ToList();
                if (own.Count == 0) own = [.. before.Select(p => p.Costs)];
                seconds += Middle(own.ConvertAll(c => (c.Milliseconds - c.EncodeMilliseconds) / Math.Max(1, c.VisualTokens))) / 1000 * work.Samples.Sum(s => (double)s.Count * Math.Max(1, s.Tokens));
                seconds += encoding / 1000 * work.Samples.Sum(s => (double)s.Encoded * Math.Max(1, s.Tokens));
            }
        }

        return works.Count > 0 ? seconds : null;

        // A run that shared the machine with other programs says little: the middle one does.
        static double Middle(List<double> values) => values.Order().ElementAt(values.Count / 2);
    }

    /// <summary>Another machine's times say nothing of this one, where machines share a database.</summary>
    private bool IsHere(Run run) => Boards.BoardView.ProvenanceOf(run)?.Device == parts.Models.Device.Device.ToString();

    private (EvaluationEstimate Estimate, IReadOnlyList<Work> Works) Of(CurrentUser user, EvaluationRequest request)
    {
        var (asked, plan) = parts.Check(user, request);
        var measured = rates.TryGet();
        var (seconds, peak) = (default(SecondsRange), 0L);
        var works = new List<Work>(); // one a setting
        var encoded = new HashSet<(string Model, int Frames)>(); // bounded by settings and lengths
        foreach (var (setting, data) in plan.Items)
        {
            if (setting.Variant == EvalVariant.Random) continue;
            var model = parts.Models.Catalog.Describe(parts.Models.Catalog.Find(setting.Setting.Model));
            var text = TextTokens(data);
            var samples = new List<(int Tokens, int Count, int Encoded)>(); // one a length
            var compression = "";
            foreach (var group in data.Documents.GroupBy(d => Frames(setting, data.Task, d)))
            {
                var cost = Planner.Make(Request(model.Config, setting, data, group.Key, text), measured, Environment.ProcessorCount);
                var videos = encoded.Add((model.Name, group.Key)) ? group.Select(d => d.Cluster).Distinct(StringComparer.Ordinal).Count() : 0;
                foreach (var step in cost.Steps)
                {
                    var times = step.Name is Planner.Encode or Planner.Connect ? videos : group.Count();
                    seconds += new SecondsRange(step.Seconds.Low * times, step.Seconds.High * times);
                }

                peak = Math.Max(peak, cost.Cost.Memory.Peak);
                samples.Add((cost.Cost.Tokens.Visual, group.Count(), videos));
                compression = cost.Compression;
            }

            works.Add(new(data.Task.Name, model.Name, setting.Variant, compression, samples));
        }

        var documents = plan.Items[0].Data.Documents.Count;
        EvaluationEstimate estimate = new(
            documents, plan.Items.Count, plan.Items.Sum(i => (long)i.Data.Documents.Count), seconds.Low, seconds.High, peak, measured is not null, null,
            [.. plan.Missing.Take(EvaluationParts.MissingShown)], plan.Missing.Count);
        return (estimate, works);
    }

    private CostRequest Request(ModelConfig config, EvalRequest request, IEvalData data, int frames, int text)
    {
        var limit = request.Setting.MaxNewTokens ?? data.Task.Limits.MaxNewTokens;
        return new()
        {
            Model = config,
            Visuals = frames == 0 ? [] : [VisualInput.Video(WholeClips(frames, config.Vision.FramesPerClip))],
            TextTokens = text,
            NewTokens = Math.Min(limit, data.Documents[0].Options.Count > 1 ? LetterTokens : LongAnswerTokens),
            Compression = request.Setting.Compress is { Length: > 0 } compress ? CompressionSettings.Resolve(CompressionSettings.Parse(compress, config), config)
                : CompressionSettings.DefaultOf(config),
            Device = parts.Models.Device.Device,
            ComputeType = parts.Models.Device.Dtype,
        };
    }

    /// <summary>The last frame is repeated up to whole clips.</summary>
    private static int WholeClips(int frames, int ofClip) => (frames + ofClip - 1) / ofClip * ofClip;

    /// <summary>Frames of a document's video: its own where the data says, else the setting's, else the most that the task reads.</summary>
    private static int Frames(EvalRequest request, EvalTask task, EvalDocument document)
    {
        if (request.Variant == EvalVariant.Blind || document.Media.Length == 0) return 0;
        if (request.Setting.Frames is { } frames) return frames;
        if (Number(document, "frames") is { } own) return own;
        var most = request.Setting.MaxFrames ?? task.Limits.MaxFrames;
        // "16 s" of drawn videos, which are read a frame a second.
        if (document.Labels.TryGetValue("length", out var length) && length.EndsWith(" s", StringComparison.Ordinal)
            && double.TryParse(length[..^2], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds))
        {
            return Math.Clamp((int)Math.Ceiling(seconds * (request.Setting.Fps ?? 1)), 1, Math.Max(1, most));
        }

        return Math.Max(1, most);
    }

    private static int? Number(EvalDocument document, string label) =>
        document.Labels.TryGetValue(label, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;

    private static int TextTokens(IEvalData data) =>
        FormTokens + (int)(data.Documents.Take(PromptsRead).Average(d => d.Question.Length + d.Options.Sum(o => o.Length)) / CharactersOfToken);

    /// <summary>What one setting asks: how many samples of how many visual tokens, and how many videos it is the first to encode.</summary>
    private sealed record Work(string Task, string Model, EvalVariant Variant, string Compression, IReadOnlyList<(int Tokens, int Count, int Encoded)> Samples);
}
