using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Engine.Chat;
using Studio.Engine.Compression;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Running;

/// <summary>A document with its video at hand, or why it is not.</summary>
/// <param name="Hash">SHA-256 of the video; empty without one.</param>
internal sealed record PreparedDocument(int Ordinal, EvalDocument Document, EvalMedia? Media, string Hash, Exception? Failure);

/// <summary>From a document to an unscored sample under one setting. What comes out hangs on request and document alone; times apart.</summary>
internal sealed class SampleMaker(EvalBatch batch, EvalRunnerOptions options, EncodingCosts encodings, TimeProvider time)
{
    /// <summary>The share of the visual tokens' cache that one video's tokens may take when they are encoded before the question.</summary>
    private long AheadBytes(int samplings) => batch.Encoder!.Cache.MemoryBound / ((options.EncodeAhead + 1L) * Math.Max(1, samplings));

    /// <summary>Which frames of a document's video a setting reads.</summary>
    private SamplingSettings Sampling(EvalJob job, EvalMedia media)
    {
        var sampling = media.Frames is { } frames ? batch.Model!.Sampling(SamplingSettings.Uniform(frames)) : ResolvedRun.Sampling(job.Request, batch.Data.Task, batch.Model!.Config);
        return media.Clip is { } clip ? sampling with { StartSeconds = clip.Start, EndSeconds = clip.End } : sampling;
    }

    /// <summary>Encodes the video for every setting. A failure is left to the question, which meets it again.</summary>
    public void Encode(PreparedDocument prepared, IReadOnlyList<EvalJob> jobs, CancellationToken ct)
    {
        if (prepared.Media is not { } media || batch.Model is not { } model) return;
        var samplings = jobs.Where(ShowsVideo).Select(job => Sampling(job, media)).Distinct().ToList();
        foreach (var sampling in samplings)
        {
            try
            {
                OnDevice(
                    piece =>
                    {
                        torch.ResetPeakMemory();
                        var encoded = batch.Encoder!.EncodeAhead(model, media.Path, sampling, AheadBytes(samplings.Count), time, piece);
                        if (encoded.Costs.Count > 0) encodings.Add(encoded.Key, encoded.Costs, model.Device.IsCpu ? torch.CpuMemory().Peak : 0);
                    },
                    ct);
            }
            catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Has the model answer. Never throws for what is the sample's own: that is recorded in it.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public Sample Make(EvalJob job, PreparedDocument prepared, CancellationToken ct)
    {
        var sample = Blank(job, prepared);
        if (prepared.Failure is { } failure) return Failed(sample, SampleErrors.ClassOf(failure), failure, null);
        if (job.Request.Variant == EvalVariant.Random) return Random(sample, job, prepared.Document);
        try
        {
            OnDevice(piece => AskInTime(sample, job, prepared, piece), ct);
            return sample;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            return Failed(sample, SampleErrors.ClassOf(e), e, prepared.Media?.Path);
        }
    }

    private void OnDevice(Action<CancellationToken> work, CancellationToken ct)
    {
        if (options.Device is { } device) device(work, ct);
        else work(ct);
    }

    /// <summary>The time begins with the turn on the device.</summary>
    private void AskInTime(Sample sample, EvalJob job, PreparedDocument prepared, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(options.SampleTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            Ask(sample, job, prepared, either.Token);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {options.SampleTimeout.TotalSeconds:0} s", e);
        }
    }

    /// <summary>A failure, in place of an answer.</summary>
    public static Sample Failed(Sample sample, string kind, Exception failure, string? path)
    {
        sample.Answer = null;
        sample.ErrorClass = kind;
        sample.Error = SampleErrors.Message(failure, path, sample.Media);
        return sample;
    }

    private static bool ShowsVideo(EvalJob job) => job.Request.Variant is not (EvalVariant.Blind or EvalVariant.Random);

    private static Sample Random(Sample sample, EvalJob job, EvalDocument document)
    {
        try
        {
            sample.Answer = Variants.RandomAnswer(document, job.Request.Seed);
            return sample;
        }
        catch (ArgumentException e)
        {
            return Failed(sample, SampleErrors.Model, e, null);
        }
    }

    private void Ask(Sample sample, EvalJob job, PreparedDocument prepared, CancellationToken ct)
    {
        var (task, model, document) = (batch.Data.Task, batch.Model!, prepared.Document);
        var forced = ResolvedRun.IsForced(job.Request, task);
        var prompt = task.Prompt(document);
        if (job.Request.Variant == EvalVariant.Blind) prompt = Variants.Blind(prompt);
        sample.Prompt = prompt.Text;
        var media = prompt.ShowsVideo ? prepared.Media : null;
        var ask = new AskSettings
        {
            Sampling = media is null ? ResolvedRun.Sampling(job.Request, task, model.Config) : Sampling(job, media),
            Compression = CompressionSettings.Parse(job.Resolved.Compression, model.Config),
            Generation = ResolvedRun.Generation(job.Request, task, model),
            Trace = media?.Needles.Count > 0 && options.Observer is not null,
            Form = new() { IsBare = prompt.Bare, KeepsSpaces = true, AnswerStart = prompt.Prefill },
        };
        // A bare prompt without a system text has no system turn at all; the chat form has the model's own.
        using var conversation = new Conversation(model, batch.Encoder!, prompt.System ?? (prompt.Bare ? null : ChatMl.DefaultSystem), time);
        if (media is not null) conversation.Attach(media.Path);
        var answer = conversation.Ask(prompt.Text, ask, ct: ct);
        ct.ThrowIfCancellationRequested(); // a text that was cut short is no answer
        sample.Prompt = answer.UserTurn;
        sample.Answer = forced ? answer.Text : answer.Text.Trim();
        (sample.Frames, sample.VisualTokens, sample.GeneratedTokens) = (answer.Frames, answer.VisualTokens, answer.GeneratedTokens);
        sample.StageTokens = RecordJson.Text(answer.StageTokens);
        if (answer.Trace is { } trace && options.Observer!.Survival(document, media!, trace) is { } survival)
        {
            sample.Survival = RecordJson.Text(survival);
        }

        sample.Costs = RecordJson.Text(Costs(answer, media is null ? null : KeyOf(prepared, ask.Sampling, ct)));
    }

    private string KeyOf(PreparedDocument prepared, SamplingSettings sampling, CancellationToken ct)
    {
        var info = batch.Encoder!.Probe(prepared.Media!.Path, ct);
        return MediaEncoder.KeyOf(batch.Model!, prepared.Hash, info.IsStillImage ? null : FrameSampling.Select(info, batch.Model!.Sampling(sampling)));
    }

    /// <summary>The answer's own costs, and those of encoding its video where that was done before.</summary>
    private SampleCosts Costs(Answer answer, string? key)
    {
        const string tower = "tower";
        var isOwn = answer.Costs.Any(c => c.Stage == tower);
        if (isOwn && key is not null) encodings.Add(key, [.. answer.Costs.Where(c => SampleCosts.EncodingStages.Contains(c.Stage))], answer.PeakBytes);
        var (encoding, peak, wasUsed) = key is null ? ([], 0L, false) : encodings.Use(key);
        if (isOwn) encoding = [];
        var milliseconds = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var cost in answer.Costs.Concat(encoding))
        {
            milliseconds[cost.Stage] = Math.Round(milliseconds.GetValueOrDefault(cost.Stage) + cost.Milliseconds, 3);
        }

        var before = encoding.Sum(c => c.Milliseconds);
        return new()
        {
            Milliseconds = milliseconds,
            TotalMilliseconds = Math.Round(answer.Total.TotalMilliseconds + before, 3),
            FirstTokenMilliseconds = Math.Round(answer.TimeToFirstToken.TotalMilliseconds + before, 3),
            PeakBytes = Math.Max(answer.PeakBytes, peak),
            KvBytes = answer.KvBytes,
            Flops = answer.Costs.Concat(encoding).Sum(c => c.Flops),
            WasCached = key is not null && !isOwn && wasUsed,
        };
    }

    private static Sample Blank(EvalJob job, PreparedDocument prepared)
    {
        var sample = SampleDocuments.Of(job.Run.Id, prepared.Ordinal, prepared.Document);
        sample.MediaHash = prepared.Hash;
        return sample;
    }
}
