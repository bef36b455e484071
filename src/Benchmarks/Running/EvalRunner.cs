using System.Threading.Channels;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Engine.Chat;

namespace Studio.Benchmarks.Running;

/// <summary>
/// Runs evaluations: videos are prepared, encoded, asked about, and answers scored and recorded one by one, all at the same time, each stage
/// on another document. Whatever stops it, the same runs started again end with the same samples.
/// </summary>
/// <remarks>
/// Bounds between the stages: <see cref="EvalRunnerOptions.PrepareAhead"/> videos prepared, <see cref="EvalRunnerOptions.EncodeAhead"/>
/// encoded, <see cref="EvalRunnerOptions.ScoreBehind"/> answers unscored. One model, one thread that asks it.
/// </remarks>
public sealed class EvalRunner(IRunStore store, EvalRunnerOptions options, TimeProvider time)
{
    /// <summary>Takes up the run of a resolved request, or makes one.</summary>
    /// <param name="again">A new one even where a finished one with the same key exists.</param>
    /// <param name="label">Sets what is not of the result: sweep, owner, note.</param>
    public async Task<EvalJob> OpenAsync(EvalRequest request, ResolvedRun resolved, Provenance provenance, bool again = false, Action<Run>? label = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(resolved);
        var fresh = new Run
        {
            Id = RunIds.New(time),
            Key = resolved.Key(),
            Task = resolved.Task,
            Model = resolved.Model,
            Variant = resolved.Variant,
            Protocol = resolved.Protocol,
            Compression = resolved.Compression,
            Frames = resolved.Frames,
            PromptVersion = resolved.PromptVersion,
            ScorerVersion = resolved.ScorerVersion,
            Given = request.ToJson(),
            Resolved = resolved.ToJson(),
            Provenance = RecordJson.Text(provenance),
            Samples = resolved.Samples,
            CreatedAt = time.GetUtcNow(),
        };
        label?.Invoke(fresh);
        return new(request, resolved, await store.OpenAsync(fresh, again, ct).ConfigureAwait(false));
    }

    /// <summary>Runs what the runs of a batch lack in this shard; those that then lack nothing are finished, with their numbers.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: what was recorded stays, and the runs are open.</exception>
    public Task<EvalOutcome> RunAsync(EvalBatch batch, Action<EvalProgress>? onProgress = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return RunAsync(batch, new ProgressTally(batch.Jobs.Count * options.Shard.Count(batch.Data.Documents.Count), time, onProgress), ct);
    }

    internal async Task<EvalOutcome> RunAsync(EvalBatch batch, ProgressTally tally, CancellationToken ct)
    {
        Check(batch);
        var jobs = new List<(EvalJob Job, IReadOnlySet<int> Recorded)>(); // bounded by the batch
        try
        {
            foreach (var job in batch.Jobs) jobs.Add((job, await BeginAsync(job, tally, ct).ConfigureAwait(false)));
            var before = tally.Done;
            tally.Show();
            var failed = await PipeAsync(batch, jobs, tally, ct).ConfigureAwait(false);
            var unfinished = 0;
            foreach (var (job, _) in jobs) unfinished += await EndAsync(job, batch.Data, ct).ConfigureAwait(false) ? 0 : 1;
            return new(tally.Done - before, failed, unfinished);
        }
        catch (Exception e)
        {
            var (state, reason) = e is OperationCanceledException ? (RunState.Open, (string?)null) : (RunState.Failed, SampleErrors.Message(e, null, ""));
            foreach (var (job, _) in jobs.Where(j => j.Job.Run.State != RunState.Finished))
            {
                // The caller's token is spent; short transactions of their own tell how it ended. Another shard may have finished it.
                var now = await store.GetAsync(job.Run.Id, CancellationToken.None).ConfigureAwait(false);
                if (now.State != RunState.Finished) await store.SetStateAsync(job.Run.Id, state, reason, CancellationToken.None).ConfigureAwait(false);
            }

            throw;
        }
    }

    private static void Check(EvalBatch batch)
    {
        if (batch.Jobs.Count is < 1 or > EvalBatch.MaxJobs) throw new ArgumentException($"a batch of {batch.Jobs.Count} settings; give 1 to {EvalBatch.MaxJobs}");
        if (batch.Jobs.Any(j => j.Request.Variant != EvalVariant.Random) && (batch.Model is null || batch.Encoder is null)) throw new ArgumentException("only the variant 'random' runs without a model");
        foreach (var job in batch.Jobs.Where(j => j.Resolved.Samples != batch.Data.Documents.Count))
        {
            throw new ArgumentException($"the run has {job.Resolved.Samples} samples, the data {batch.Data.Documents.Count} documents: they do not belong together");
        }
    }

    private async Task<IReadOnlySet<int>> BeginAsync(EvalJob job, ProgressTally tally, CancellationToken ct)
    {
        if (options.RetryFailed && await store.ForgetFailedAsync(job.Run.Id, ct).ConfigureAwait(false) > 0) job.Run.State = RunState.Open;
        var recorded = await store.RecordedAsync(job.Run.Id, ct).ConfigureAwait(false);
        if (recorded.Count > 0)
        {
            await foreach (var sample in store.SamplesAsync(job.Run.Id, ct).ConfigureAwait(false))
            {
                if (options.Shard.Holds(sample.Ordinal)) tally.Before(sample);
            }
        }

        if (job.Run.State != RunState.Finished) await store.SetStateAsync(job.Run.Id, RunState.Running, null, ct).ConfigureAwait(false);
        return recorded;
    }

    /// <returns>Whether the run is finished.</returns>
    private async Task<bool> EndAsync(EvalJob job, IEvalData data, CancellationToken ct)
    {
        if (job.Run.State == RunState.Finished) return true;
        if (!await IsWholeAsync().ConfigureAwait(false))
        {
            await store.SetStateAsync(job.Run.Id, RunState.Open, null, ct).ConfigureAwait(false);
            // Another shard may have recorded the last sample and finished the run between the two: then it is finished once more.
            if (!await IsWholeAsync().ConfigureAwait(false)) return false;
        }

        var samples = new List<Sample>(); // bounded by the documents
        await foreach (var sample in store.SamplesAsync(job.Run.Id, ct).ConfigureAwait(false)) samples.Add(sample);
        await store.FinishAsync(job.Run.Id, options.Summarise(job.Run, data, samples), ct).ConfigureAwait(false);
        job.Run.State = RunState.Finished;
        return true;

        async Task<bool> IsWholeAsync() => (await store.RecordedAsync(job.Run.Id, ct).ConfigureAwait(false)).Count >= job.Run.Samples;
    }

    /// <returns>Samples that failed now.</returns>
    private async Task<int> PipeAsync(EvalBatch batch, List<(EvalJob Job, IReadOnlySet<int> Recorded)> jobs, ProgressTally tally, CancellationToken outer)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(outer);
        var ct = stop.Token;
        var maker = new SampleMaker(batch, options, new EncodingCosts(), time);
        using var scorer = new SampleScorer(batch.Data.Task, store, options, tally, time);
        scorer.MakeJudges(jobs.Select(j => j.Job.Request));
        var prepared = Channel.CreateBounded<(Task<PreparedDocument> Document, IReadOnlyList<EvalJob> Jobs)>(EvalRunnerOptions.PrepareAhead);
        var encoded = Channel.CreateBounded<(PreparedDocument Document, IReadOnlyList<EvalJob> Jobs)>(Math.Max(1, options.EncodeAhead));
        var answered = Channel.CreateBounded<(EvalJob Job, EvalDocument Document, Sample Sample)>(EvalRunnerOptions.ScoreBehind);
        var scorers = batch.Data.Task.NeedsJudge ? EvalRunnerOptions.JudgedAtOnce : 1;
        List<Task> stages =
        [
            Stage(PrepareAsync, prepared.Writer.TryComplete),
            // Native computing blocks its thread: the two stages that do have one each.
            Stage(() => OnThread(Encode), encoded.Writer.TryComplete),
            Stage(() => OnThread(Ask), answered.Writer.TryComplete),
            .. Enumerable.Range(0, scorers).Select(_ => Stage(ScoreAsync, _ => false)),
        ];
        try
        {
            await Task.WhenAll(stages).ConfigureAwait(false);
        }
        catch (Exception) when (outer.IsCancellationRequested)
        {
            throw new OperationCanceledException(outer);
        }
        catch (Exception)
        {
            // Stages that ended because another had failed are not the reason.
            var reason = stages.Where(s => s.IsFaulted).Select(s => s.Exception!.InnerExceptions[0]).FirstOrDefault(e => e is not OperationCanceledException);
            if (reason is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(reason);
            throw;
        }

        finally
        {
            // Videos that were being prepared for nobody: whoever made the data may take it away once this returns.
            while (prepared.Reader.TryRead(out var waiting)) await ((Task)waiting.Document).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return scorer.Failed;

        async Task Stage(Func<Task> work, Func<Exception?, bool> complete)
        {
            try
            {
                await work().ConfigureAwait(false);
                _ = complete(null);
            }
            catch (Exception e)
            {
                _ = complete(e);
                await stop.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }

        async Task PrepareAsync()
        {
            for (var ordinal = 0; ordinal < batch.Data.Documents.Count; ordinal++)
            {
                ct.ThrowIfCancellationRequested();
                if (!options.Shard.Holds(ordinal)) continue;
                var at = ordinal;
                List<EvalJob> missing = [.. jobs.Where(j => !j.Recorded.Contains(at)).Select(j => j.Job)];
                if (missing.Count == 0) continue;
                await prepared.Writer.WaitToWriteAsync(ct).ConfigureAwait(false);
                await prepared.Writer.WriteAsync((PreparedAsync(batch.Data, at, missing, ct), missing), ct).ConfigureAwait(false);
            }
        }

        void Encode()
        {
            foreach (var (document, missing) in Items(prepared.Reader, ct))
            {
                var ready = document.GetAwaiter().GetResult();
                if (options.EncodeAhead > 0) maker.Encode(ready, missing, ct);
                Write(encoded.Writer, (ready, missing), ct);
            }
        }

        void Ask()
        {
            foreach (var (document, missing) in Items(encoded.Reader, ct))
            {
                tally.Reading(document.Document.Media.Length > 0 ? document.Document.Media : document.Document.Id);
                if (options.EncodeAhead == 0) maker.Encode(document, missing, ct);
                foreach (var job in missing) Write(answered.Writer, (job, document.Document, maker.Make(job, document, ct)), ct);
            }
        }

        async Task ScoreAsync()
        {
            await foreach (var (job, document, sample) in answered.Reader.ReadAllAsync(ct).ConfigureAwait(false)) await scorer.ScoreAsync(job, document, sample, ct).ConfigureAwait(false);
        }
    }

    /// <summary>A thread of its own that stays the same from beginning to end, so that libtorch keeps one team of threads for it.</summary>
    private static Task OnThread(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static IEnumerable<T> Items<T>(ChannelReader<T> reader, CancellationToken ct)
    {
        while (reader.WaitToReadAsync(ct).AsTask().GetAwaiter().GetResult())
        {
            while (reader.TryRead(out var item)) yield return item;
        }
    }

    private static void Write<T>(ChannelWriter<T> writer, T item, CancellationToken ct) => writer.WriteAsync(item, ct).AsTask().GetAwaiter().GetResult();

    /// <summary>The video, drawn or fetched, with its hash. What goes wrong is the sample's own.</summary>
    private static async Task<PreparedDocument> PreparedAsync(IEvalData data, int ordinal, List<EvalJob> jobs, CancellationToken ct)
    {
        await Task.Yield();
        var document = data.Documents[ordinal];
        if (jobs.TrueForAll(j => j.Request.Variant is EvalVariant.Blind or EvalVariant.Random)) return new(ordinal, document, null, "", null);
        try
        {
            var media = await data.MediaAsync(document, ct).ConfigureAwait(false);
            return new(ordinal, document, media, media is null ? "" : await ContentHash.OfFileAsync(media.Path, ct).ConfigureAwait(false), null);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            return new(ordinal, document, null, "", e);
        }
    }
}
