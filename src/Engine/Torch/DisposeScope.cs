namespace Studio.Engine.Torch;

/// <summary>
/// Owns every tensor made on its thread while it is the innermost scope, and frees them when it is disposed. One scope
/// per step of work (a layer, a clip, a generated token): libtorch's memory is invisible to the garbage collector, so
/// tensors have no finalizer and a tensor made outside any scope belongs to whoever made it.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    [ThreadStatic] private static DisposeScope? s_current;

    private readonly DisposeScope? _outer;
    private readonly List<Tensor> _owned = []; // bounded by the tensors of one step
    private bool _disposed;

    internal DisposeScope()
    {
        _outer = s_current;
        s_current = this;
    }

    internal static DisposeScope? Current => s_current;

    /// <summary>The tensors this scope would free now.</summary>
    public int Count => _owned.Count;

    /// <summary>Takes a tensor out of its scope and gives it to the one outside this (or to the caller, if none).</summary>
    public Tensor MoveToOuter(Tensor tensor)
    {
        tensor.MoveTo(_outer);
        return tensor;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (s_current != this) throw new InvalidOperationException("dispose scopes must be disposed innermost first, on their own thread");
        s_current = _outer;
        foreach (var tensor in _owned) tensor.Free();
        _owned.Clear();
    }

    internal void Add(Tensor tensor)
    {
        tensor.ScopeIndex = _owned.Count;
        _owned.Add(tensor);
    }

    internal void Remove(Tensor tensor)
    {
        var last = _owned[^1];
        _owned[tensor.ScopeIndex] = last;
        last.ScopeIndex = tensor.ScopeIndex;
        _owned.RemoveAt(_owned.Count - 1);
    }
}
