using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Studio.Engine.Torch;

/// <summary>
/// One argument or result of an operator call; the same 16 bytes as in native/shim.cpp. The zero value asks for the
/// schema's default. Pointers are borrowed for the length of the call.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public readonly unsafe struct Val
{
    [FieldOffset(0)] internal readonly ValTag Tag;
    [FieldOffset(4)] internal readonly int N;
    [FieldOffset(8)] internal readonly long I;
    [FieldOffset(8)] internal readonly double D;
    [FieldOffset(8)] internal readonly void* P;

    private Val(ValTag tag, long i)
    {
        Unsafe.SkipInit(out this);
        (Tag, N, I) = (tag, 0, i);
    }

    private Val(double d)
    {
        Unsafe.SkipInit(out this);
        (Tag, N, D) = (ValTag.Double, 0, d);
    }

    private Val(ValTag tag, void* p, int n)
    {
        Unsafe.SkipInit(out this);
        Tag = tag;
        N = n;
        P = p;
    }

    public static Val None => new(ValTag.None, 0L);
    public static Val Default => default;

    internal static Val Ints(long* p, int n) => new(ValTag.Ints, p, n);
    internal static Val Doubles(double* p, int n) => new(ValTag.Doubles, p, n);
    internal static Val Bools(byte* p, int n) => new(ValTag.Bools, p, n);
    internal static Val Tensors(nint* p, int n) => new(ValTag.Tensors, p, n);
    internal static Val Utf8(byte* p, int n) => new(ValTag.String, p, n);

    public static implicit operator Val(Tensor? t) => t is null ? None : new(ValTag.Tensor, (void*)t.Handle, 0);
    public static implicit operator Val(long i) => new(ValTag.Int, i);
    public static implicit operator Val(int i) => new(ValTag.Int, (long)i);
    public static implicit operator Val(double d) => new(d);
    public static implicit operator Val(bool b) => new(ValTag.Bool, b ? 1L : 0L);
    public static implicit operator Val(ScalarType t) => new(ValTag.Int, (long)t);
    public static implicit operator Val(Device d) => new(ValTag.Device, d.Packed);
    public static implicit operator Val(long? i) => i is { } v ? v : None;
    public static implicit operator Val(double? d) => d is { } v ? v : None;
    public static implicit operator Val(ScalarType? t) => t is { } v ? v : None;
}

internal enum ValTag
{
    Default = 0, None, Tensor, Int, Double, Bool, Ints, Doubles, Bools, Tensors, String, Device, Other,
}

/// <summary>
/// A libtorch operator, found by name at its first call. Several names may be given, newest first, for operators that
/// were renamed between versions. The long tail of operators that <see cref="torch"/> does not name is reached this way.
/// </summary>
public sealed unsafe class Op(params string[] names)
{
    private nint _handle;

    /// <summary>Whether the installed libtorch has the operator.</summary>
    public bool Exists => Find() != 0;

    public string Schema => TorchException.Text(Native.studio_t_op_schema(Handle));

    private nint Handle => Find() is var h and not 0 ? h
        : throw new TorchException($"libtorch {torch.Version} has no operator {string.Join(" or ", names)}");

    /// <summary>Calls an operator with one tensor as its result; trailing arguments left out take their defaults.</summary>
    /// <exception cref="TorchException">libtorch refused the call; the message is its own.</exception>
    public Tensor Invoke(params ReadOnlySpan<Val> args)
    {
        Val result;
        Call(args, &result, 1);
        return Tensor.Own((nint)result.P);
    }

    /// <summary>Calls an operator with two tensors as its results.</summary>
    public (Tensor, Tensor) Invoke2(params ReadOnlySpan<Val> args)
    {
        var results = stackalloc Val[2];
        Call(args, results, 2);
        return (Tensor.Own((nint)results[0].P), Tensor.Own((nint)results[1].P));
    }

    /// <summary>Calls an operator with three tensors as its results.</summary>
    public (Tensor, Tensor, Tensor) Invoke3(params ReadOnlySpan<Val> args)
    {
        var results = stackalloc Val[3];
        Call(args, results, 3);
        return (Tensor.Own((nint)results[0].P), Tensor.Own((nint)results[1].P), Tensor.Own((nint)results[2].P));
    }

    /// <summary>Calls an operator that returns a list of tensors.</summary>
    public Tensor[] InvokeList(params ReadOnlySpan<Val> args)
    {
        Val result;
        Call(args, &result, 1);
        var tensors = new Tensor[result.N];
        for (var k = 0; k < tensors.Length; k++) tensors[k] = Tensor.Own(((nint*)result.P)[k]);
        return tensors;
    }

    /// <summary>Calls an in-place or out operator and drops the second reference to its argument that it returns.</summary>
    public void InvokeInPlace(params ReadOnlySpan<Val> args)
    {
        Val result;
        Call(args, &result, 1);
        Native.studio_t_release((nint)result.P);
    }

    private void Call(ReadOnlySpan<Val> args, Val* results, int capacity)
    {
        fixed (Val* p = args)
        {
            if (Native.studio_t_op_call(Handle, p, args.Length, results, capacity) < 0) throw TorchException.Last();
        }
    }

    private nint Find()
    {
        if (_handle != 0) return _handle;
        foreach (var name in names)
        {
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            var bytes = Encoding.UTF8.GetBytes("aten::" + (dot < 0 ? name : name[..dot]) + "\0");
            var overload = Encoding.UTF8.GetBytes((dot < 0 ? "" : name[(dot + 1)..]) + "\0");
            fixed (byte* n = bytes, o = overload)
            {
                if (Native.studio_t_op_find(n, o) is var found and not 0) return _handle = found;
            }
        }

        return 0;
    }
}
