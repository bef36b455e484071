using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Engine.Chat;
using Studio.Engine.Compression;

namespace Studio.Benchmarks.Running;

/// <summary>One setting of a batch, with the run that its samples go to.</summary>
public sealed record EvalJob(EvalRequest Request, ResolvedRun Resolved, Run Run);

/// <summary>Runs over the same documents with the same model: each video is prepared and encoded once for all of them.</summary>
public sealed record EvalBatch
{
    /// <summary>Most settings of one batch.</summary>
    public const int MaxJobs = 1000;

    public required IEvalData Data { get; init; }

    /// <summary>Null where none is asked.</summary>
    public VideoModel? Model { get; init; }

    /// <summary>Its cache is what settings share; null where no video is shown.</summary>
    public MediaEncoder? Encoder { get; init; }

    public required IReadOnlyList<EvalJob> Jobs { get; init; }
}

/// <summary>Follows a needle through the decoder.</summary>
public interface ISampleObserver
{
    /// <summary>What of the needle is left in each stage; null where nothing can be said.</summary>
    /// <param name="media">With the seconds in which needles are shown.</param>
    /// <param name="trace">Of the answer to the document's question.</param>
    NeedleSurvival? Survival(EvalDocument document, EvalMedia media, CompressionTrace trace);
}

/// <summary>Follows needles by the seconds in which their frames are shown (<see cref="NeedleTracking"/>).</summary>
public sealed class NeedleObserver : ISampleObserver
{
    public NeedleSurvival? Survival(EvalDocument document, EvalMedia media, CompressionTrace trace)
    {
        ArgumentNullException.ThrowIfNull(media);
        return NeedleTracking.Of(trace, media.Needles);
    }
}

/// <summary>Reported numbers of a run from its samples.</summary>
/// <param name="samples">All, in order of their ordinal.</param>
public delegate RunSummary RunSummariser(Run run, IEvalData data, IReadOnlyList<Sample> samples);

/// <summary>How a runner works; nothing here changes a result.</summary>
public sealed record EvalRunnerOptions
{
    /// <summary>Most videos that are encoded before their turn.</summary>
    public const int MaxEncodeAhead = 8;

    /// <summary>Videos that are fetched, drawn or composed before their turn.</summary>
    public const int PrepareAhead = 2;

    /// <summary>Answers that wait to be scored and recorded.</summary>
    public const int ScoreBehind = 8;

    /// <summary>Answers that a judge reads at a time.</summary>
    public const int JudgedAtOnce = 4;

    private readonly int _encodeAhead = 1;

    /// <summary>Which part of the samples.</summary>
    public Shard Shard { get; init; } = Shard.Whole;

    /// <summary>
    /// Videos encoded while the model answers about others, 0 to <see cref="MaxEncodeAhead"/>. 0 where times and memory are to be compared:
    /// then one thing is measured at a time.
    /// </summary>
    public int EncodeAhead
    {
        get => _encodeAhead;
        init => _encodeAhead = value is >= 0 and <= MaxEncodeAhead ? value : throw new ArgumentOutOfRangeException(nameof(value), value, $"{value} videos are to be encoded ahead; give 0 to {MaxEncodeAhead}");
    }

    /// <summary>A sample that takes longer fails.</summary>
    public TimeSpan SampleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Tries samples again that failed before.</summary>
    public bool RetryFailed { get; init; }

    /// <summary>Null records no survival.</summary>
    public ISampleObserver? Observer { get; init; } = new NeedleObserver();

    /// <summary>
    /// Runs a piece of work, one video that is encoded or one question that is answered, when it has its turn on the device, and returns when
    /// it is done. It may cancel the piece's own token to let others go first, and then runs the piece again. Null where nobody else uses the
    /// device.
    /// </summary>
    public Action<Action<CancellationToken>, CancellationToken>? Device { get; init; }

    /// <summary>Makes the judge of a request; called only for tasks that need one.</summary>
    public Func<EvalRequest, IJudge>? Judge { get; init; }

    public RunSummariser Summarise { get; init; } = RunSummaries.Of;
}

/// <summary>How a batch ended.</summary>
/// <param name="Recorded">Samples recorded now.</param>
/// <param name="Unfinished">Runs that still lack samples, of other shards.</param>
public sealed record EvalOutcome(int Recorded, int Failed, int Unfinished);
