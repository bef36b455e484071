namespace Studio.Components;

/// <summary>Short notices to the person at one page. Scoped: one a circuit.</summary>
public sealed class Toasts(TimeProvider time)
{
    /// <summary>The most shown at once; the oldest goes first.</summary>
    public const int Capacity = 5;

    private readonly List<Toast> _shown = [];
    private readonly Lock _gate = new();

    public event Action? Changed;

    public IReadOnlyList<Toast> Shown
    {
        get
        {
            lock (_gate) return [.. _shown];
        }
    }

    public void Info(string text) => Add(new(Guid.NewGuid(), text, IsError: false, time.GetUtcNow()));

    /// <param name="text">What happened, and what to do.</param>
    public void Error(string text) => Add(new(Guid.NewGuid(), text, IsError: true, time.GetUtcNow()));

    public void Dismiss(Guid id)
    {
        lock (_gate) _ = _shown.RemoveAll(t => t.Id == id);
        Changed?.Invoke();
    }

    private void Add(Toast toast)
    {
        lock (_gate)
        {
            _shown.Add(toast);
            if (_shown.Count > Capacity) _shown.RemoveAt(0);
        }

        Changed?.Invoke();
    }
}

/// <param name="ShownAt">When it appeared.</param>
public sealed record Toast(Guid Id, string Text, bool IsError, DateTimeOffset ShownAt);
