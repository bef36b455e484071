using Microsoft.JSInterop;

namespace Studio.Tests.Components;

/// <summary>A browser that writes down what it is asked, and answers with what the functions return: calls can be held, and fail. Modules and what they start are one and the same.</summary>
internal sealed class ScriptedBrowser : IJSRuntime, IJSObjectReference
{
    private readonly Dictionary<string, TaskCompletionSource> _held = new(StringComparer.Ordinal); // by function
    private readonly List<string> _calls = [];

    /// <summary>Functions in order, and "gone" for every object that was given back.</summary>
    public string Calls
    {
        get
        {
            lock (_calls) return string.Join(' ', _calls);
        }
    }

    /// <summary>Of the functions that return a value.</summary>
    public object? Value { get; init; }

    /// <returns>Ends or fails the call.</returns>
    public TaskCompletionSource Hold(string function) => _held[function] = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask<T> InvokeAsync<T>(string identifier, object?[]? args)
    {
        lock (_calls) _calls.Add(identifier);
        if (_held.TryGetValue(identifier, out var held)) await held.Task;
        return typeof(T) == typeof(IJSObjectReference) ? (T)(object)this : Value is T value ? value : default!;
    }

    public ValueTask<T> InvokeAsync<T>(string identifier, CancellationToken cancellationToken, object?[]? args) => InvokeAsync<T>(identifier, args);

    public ValueTask DisposeAsync()
    {
        lock (_calls) _calls.Add("gone");
        return ValueTask.CompletedTask;
    }
}
