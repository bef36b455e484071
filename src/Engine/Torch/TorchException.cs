using System.Runtime.InteropServices;

namespace Studio.Engine.Torch;

/// <summary>A failure inside libtorch (the message is libtorch's own) or in reaching it.</summary>
public sealed class TorchException : Exception
{
    public TorchException(string message) : base(message) { }

    internal static unsafe TorchException Last() => new(Text(Native.studio_t_error()));

    internal static void ThrowIfFailed(int code)
    {
        if (code < 0) throw Last();
    }

    internal static nint ThrowIfNull(nint handle) => handle != 0 ? handle : throw Last();

    internal static unsafe string Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "";
}
