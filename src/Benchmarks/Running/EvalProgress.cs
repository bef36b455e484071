using Studio.Benchmarks.Records;

namespace Studio.Benchmarks.Running;

/// <summary>How far an evaluation is: the same for the command line, jobs and the API.</summary>
/// <param name="Total">Samples of this part of the run, or of all settings of a sweep that are run together.</param>
/// <param name="Done">Recorded, failed ones included.</param>
/// <param name="Failed">Unscored.</param>
/// <param name="Right">Sum of the scored samples' corrected scores.</param>
/// <param name="Left">Time left as it has gone so far; null until something is done.</param>
/// <param name="Video">What is read now; empty where nothing is.</param>
public sealed record EvalProgress(int Total, int Done, int Failed, double Right, TimeSpan? Left, string Video)
{
    /// <summary>Mean corrected score so far, 0 to 1; NaN before the first.</summary>
    public double Accuracy => Done == Failed ? double.NaN : Right / (Done - Failed);
}

/// <summary>Counts samples and tells each change, one at a time.</summary>
internal sealed class ProgressTally(int total, TimeProvider time, Action<EvalProgress>? tell)
{
    private readonly Lock _lock = new();
    private readonly long _started = time.GetTimestamp();
    private int _done, _before, _failed;
    private double _right;
    private string _video = "";

    public int Done
    {
        get
        {
            lock (_lock) return _done;
        }
    }

    /// <summary>A sample that an earlier start recorded.</summary>
    public void Before(Sample sample)
    {
        lock (_lock)
        {
            _before++;
            Count(sample);
        }
    }

    /// <summary>Tells where it stands.</summary>
    public void Show()
    {
        lock (_lock)
        {
            Tell();
        }
    }

    public void Reading(string video)
    {
        lock (_lock)
        {
            _video = video;
            Tell();
        }
    }

    public void Recorded(Sample sample)
    {
        lock (_lock)
        {
            Count(sample);
            Tell();
        }
    }

    private void Count(Sample sample)
    {
        _done++;
        if (sample.Corrected is { } corrected) _right += corrected;
        else _failed++;
    }

    private void Tell()
    {
        if (tell is null) return;
        var now = _done - _before;
        TimeSpan? left = now == 0 ? null : time.GetElapsedTime(_started) / now * (total - _done);
        tell(new(total, _done, _failed, _right, left, _video));
    }
}
