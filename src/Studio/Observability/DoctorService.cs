using Studio.Benchmarks.Machine;

namespace Studio.Observability;

/// <param name="At">When the machine was looked at.</param>
public sealed record Examination(DoctorReport Report, DateTimeOffset At);

/// <summary>The doctor's report, made when somebody asks and kept until somebody asks again.</summary>
/// <param name="examine">Looks at the machine; true measures its rates anew. Takes seconds.</param>
public sealed class DoctorService(Func<bool, DoctorReport> examine, TimeProvider time)
{
    private readonly Lock _gate = new();
    private Task<Examination>? _running;

    /// <summary>Null until the first one is done.</summary>
    public Examination? Last { get; private set; }

    /// <summary>Whether one is under way.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_gate) return _running is not null;
        }
    }

    /// <summary>Looks at the machine. Who asks while one is under way gets that one.</summary>
    /// <param name="ct">Stops the waiting, not the examination.</param>
    public Task<Examination> ExamineAsync(bool measure = false, CancellationToken ct = default)
    {
        lock (_gate)
        {
            _running ??= Task.Run(() =>
            {
                try
                {
                    return Last = new(examine(measure), time.GetUtcNow());
                }
                finally
                {
                    lock (_gate) _running = null;
                }
            }, CancellationToken.None);
            return _running.WaitAsync(ct);
        }
    }
}
