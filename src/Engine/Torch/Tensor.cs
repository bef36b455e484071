using System.Runtime.CompilerServices;

namespace Studio.Engine.Torch;

/// <summary>
/// A libtorch tensor. Methods carry PyTorch's names and semantics; those that end in an underscore work in place.
/// Freed by its <see cref="DisposeScope"/>, or by <see cref="Dispose"/>; there is no finalizer.
/// </summary>
public sealed unsafe partial class Tensor : IDisposable
{
    private static long s_live;

    private nint _handle;
    private DisposeScope? _scope;

    private Tensor(nint handle)
    {
        _handle = handle;
        _ = Interlocked.Increment(ref s_live);
        _scope = DisposeScope.Current;
        _scope?.Add(this);
    }

    /// <summary>Tensors not yet freed in this process: what a leak test compares before and after.</summary>
    public static long LiveCount => Interlocked.Read(ref s_live);

    internal int ScopeIndex { get; set; }

    internal nint Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(Tensor), "this tensor was freed, by itself or with its scope");

    public bool IsDisposed => _handle == 0;

    /// <summary>Wraps an owned handle (null stays an error: no caller expects an undefined tensor here).</summary>
    internal static Tensor Own(nint handle) =>
        handle != 0 ? new(handle) : throw new TorchException("the operator returned an undefined tensor");

    internal static Tensor? OwnOrNull(nint handle) => handle != 0 ? new(handle) : null;

    public void Dispose()
    {
        _scope?.Remove(this);
        _scope = null;
        Free();
    }

    /// <summary>Gives the tensor to the scope outside its own, or to the caller if there is none.</summary>
    public Tensor MoveToOuterDisposeScope()
    {
        var scope = _scope;
        return scope is null ? this : scope.MoveToOuter(this);
    }

    /// <summary>Takes the tensor out of its scope; the caller disposes it.</summary>
    public Tensor DetachFromDisposeScope()
    {
        MoveTo(null);
        return this;
    }

    internal void MoveTo(DisposeScope? scope)
    {
        _scope?.Remove(this);
        _scope = scope;
        scope?.Add(this);
    }

    internal void Free()
    {
        _scope = null;
        var handle = Interlocked.Exchange(ref _handle, 0);
        if (handle == 0) return;
        Native.studio_t_release(handle);
        _ = Interlocked.Decrement(ref s_live);
    }

    // ------------------------------------------------------------------------------------------ description

    private const int MaxRank = 12;

    [SkipLocalsInit]
    private Native.Info Describe(Span<long> sizes, Span<long> strides)
    {
        Native.Info info;
        fixed (long* s = sizes, t = strides)
        {
            TorchException.ThrowIfFailed(Native.studio_t_info(Handle, &info, s, t, sizes.Length));
        }

        return info;
    }

    public long[] shape
    {
        get
        {
            Span<long> sizes = stackalloc long[MaxRank], strides = stackalloc long[MaxRank];
            return sizes[..Describe(sizes, strides).Rank].ToArray();
        }
    }

    public long[] stride()
    {
        Span<long> sizes = stackalloc long[MaxRank], strides = stackalloc long[MaxRank];
        return strides[..Describe(sizes, strides).Rank].ToArray();
    }

    /// <summary>The size of one dimension; negative counts from the last.</summary>
    public long size(int dim)
    {
        Span<long> sizes = stackalloc long[MaxRank], strides = stackalloc long[MaxRank];
        var rank = Describe(sizes, strides).Rank;
        return sizes[..rank][dim < 0 ? dim + rank : dim];
    }

    public ScalarType dtype => (ScalarType)Describe([], []).Dtype;
    public Device device => Device.Unpack(Describe([], []).Device);
    public int ndim => Describe([], []).Rank;
    public long numel() => Describe([], []).Numel;
    public bool is_contiguous() => (Describe([], []).Flags & 4) != 0;
    public bool requires_grad => (Describe([], []).Flags & 1) != 0;
    public bool is_leaf => (Describe([], []).Flags & 2) != 0;

    /// <summary>Bytes of the tensor's elements (not of a larger storage that it may be a view of).</summary>
    public long nbytes => Describe([], []) is var i ? i.Numel * i.ItemSize : 0;

    public override string ToString() => _handle == 0 ? "freed tensor" : $"{dtype.ShortName()}[{string.Join(", ", shape)}] on {device}";

    // ------------------------------------------------------------------------------------------------- data

    /// <summary>The elements of a contiguous CPU tensor, in place; valid while the tensor lives.</summary>
    /// <exception cref="InvalidOperationException">Another device, layout or element size than <typeparamref name="T"/>.</exception>
    public Span<T> data<T>() where T : unmanaged
    {
        var info = Describe([], []);
        CheckHostReadable(info, sizeof(T));
        return info.Numel <= int.MaxValue ? new((void*)info.Data, (int)info.Numel)
            : throw new InvalidOperationException($"{this} has more elements than a span can hold; narrow it first");
    }

    /// <summary>The address of a CPU tensor's first element, whatever its strides; valid while the tensor lives.</summary>
    internal void* Pointer()
    {
        var info = Describe([], []);
        return Device.Unpack(info.Device).IsCpu ? (void*)info.Data : throw new InvalidOperationException($"{this} is not in CPU memory; call cpu() first");
    }

    private void CheckHostReadable(in Native.Info info, int itemSize)
    {
        if (!Device.Unpack(info.Device).IsCpu || (info.Flags & 4) == 0 || info.ItemSize != itemSize)
        {
            throw new InvalidOperationException($"{this} is not a contiguous CPU tensor of {itemSize}-byte elements; call cpu(), contiguous() or to() first");
        }
    }

    /// <summary>A copy of the elements, converted to <typeparamref name="T"/>'s type, from any device and layout.</summary>
    public T[] ToArray<T>() where T : unmanaged
    {
        using var scope = torch.NewDisposeScope();
        return to(torch.TypeOf<T>()).cpu().contiguous().data<T>().ToArray();
    }

    /// <summary>The only element of a one-element tensor.</summary>
    public T item<T>() where T : unmanaged => numel() == 1 ? ToArray<T>()[0]
        : throw new InvalidOperationException($"{this} has {numel()} elements, not one");

    // --------------------------------------------------------------------------------------------- autograd

    public Tensor requires_grad_(bool on = true)
    {
        TorchException.ThrowIfFailed(Native.studio_t_set_requires_grad(Handle, on ? 1 : 0));
        return this;
    }

    /// <summary>The accumulated gradient, or null; set it to null to free it.</summary>
    public Tensor? grad
    {
        get => OwnOrNull(Native.studio_t_grad(Handle));
        set => TorchException.ThrowIfFailed(Native.studio_t_set_grad(Handle, value?.Handle ?? 0));
    }

    /// <summary>Accumulates the gradients of this tensor (a scalar, unless <paramref name="gradient"/> is given) into the leaves.</summary>
    public void backward(Tensor? gradient = null, bool retain_graph = false, bool create_graph = false)
    {
        var self = Handle;
        var seed = gradient?.Handle ?? 0;
        TorchException.ThrowIfFailed(Native.studio_t_backward(&self, 1, &seed, gradient is null ? 0 : 1, retain_graph ? 1 : 0, create_graph ? 1 : 0));
    }
}
