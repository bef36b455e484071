using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Records;

namespace Studio.Benchmarks.Running;

/// <summary>Scores answers, by a judge where the task has one, and records them.</summary>
internal sealed class SampleScorer(EvalTask task, IRunStore store, EvalRunnerOptions options, ProgressTally tally, TimeProvider time) : IDisposable
{
    private readonly Dictionary<string, IJudge> _judges = new(StringComparer.Ordinal); // bounded by the batch's jobs
    private int _failed;

    /// <summary>Samples recorded without a score.</summary>
    public int Failed => _failed;

    public void Dispose()
    {
        foreach (var judge in _judges.Values.OfType<IDisposable>()) judge.Dispose();
    }

    /// <exception cref="OperationCanceledException">The run was cancelled; the sample is not recorded.</exception>
    public async Task ScoreAsync(EvalJob job, EvalDocument document, Sample sample, CancellationToken ct)
    {
        if (sample.Answer is not null) await ScoreAnswerAsync(job, document, sample, ct).ConfigureAwait(false);
        sample.RecordedAt = time.GetUtcNow();
        _ = await store.AddAsync(sample, ct).ConfigureAwait(false);
        if (sample.Corrected is null) _ = Interlocked.Increment(ref _failed);
        tally.Recorded(sample);
    }

    private async Task ScoreAnswerAsync(EvalJob job, EvalDocument document, Sample sample, CancellationToken ct)
    {
        try
        {
            if (task.NeedsJudge) sample.Judgement = await task.JudgeAsync(document, sample.Answer!, _judges[Key(job.Request)], ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw;
        }
        catch (JudgeException e) when (e.EndsRun)
        {
            throw; // every other sample would fail alike
        }
        catch (Exception e)
        {
            var answer = sample.Answer;
            _ = SampleMaker.Failed(sample, e is TimeoutException or OperationCanceledException ? SampleErrors.Timeout : SampleErrors.Judge, e, null);
            sample.Answer = answer; // the model did its part
            return;
        }

        try
        {
            SampleDocuments.Score(sample, task.Score(document, sample.Judgement ?? sample.Answer!));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _ = SampleMaker.Failed(sample, sample.Judgement is null ? SampleErrors.Internal : SampleErrors.Judge, e, null);
        }
    }

    /// <summary>Makes the judges before anything is asked: one that cannot be is told at once.</summary>
    /// <exception cref="ArgumentException">The task needs a judge, and a request names none that can be used.</exception>
    public void MakeJudges(IEnumerable<EvalRequest> requests)
    {
        if (!task.NeedsJudge) return;
        var make = options.Judge ?? throw new ArgumentException($"{task.Name} is scored by a judge; name one with --judge URL and --judge-model NAME");
        foreach (var request in requests)
        {
            if (!_judges.ContainsKey(Key(request))) _judges[Key(request)] = make(request);
        }
    }

    private static string Key(EvalRequest request) => $"{request.JudgeEndpoint} {request.JudgeModel}";
}
