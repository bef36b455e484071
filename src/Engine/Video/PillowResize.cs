using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Studio.Engine.Video;

/// <summary>
/// Pillow's antialiased BICUBIC resize, byte for byte: both models were trained on its output, and an ordinary bicubic
/// interpolation differs by tens of levels when shrinking (videochat-flash.md 2.5). Two integer passes, across then down,
/// with a uint8 picture between them.
/// </summary>
public static class PillowResize
{
    private const int Channels = 3;
    private const int RowsAtOnce = 4;
    private const int Half = 1 << (ResizeCoefficients.PrecisionBits - 1);

    // Below this many multiplications a second thread costs more than it saves.
    private const long ParallelThreshold = 4_000_000;

    /// <summary>Resizes an RGB24 picture without keeping its aspect ratio. The same size is a copy.</summary>
    /// <param name="rgb">Source, height × width × 3 bytes.</param>
    /// <param name="width">Source width in pixels.</param>
    /// <param name="height">Source height in pixels.</param>
    /// <param name="destination">At least destinationHeight × destinationWidth × 3 bytes.</param>
    /// <param name="destinationWidth">Target width in pixels.</param>
    /// <param name="destinationHeight">Target height in pixels.</param>
    /// <param name="threads">Rows are shared among this many threads; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">A size is below 1 or a span too short.</exception>
    public static void Bicubic(
        ReadOnlySpan<byte> rgb, int width, int height, Span<byte> destination, int destinationWidth, int destinationHeight, int threads = 1)
    {
        Check(rgb.Length, width, height, nameof(rgb));
        Check(destination.Length, destinationWidth, destinationHeight, nameof(destination));
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (width == destinationWidth && height == destinationHeight)
        {
            rgb[..(width * height * Channels)].CopyTo(destination);
            return;
        }

        if (width == destinationWidth)
        {
            Vertical(rgb, width, height, destination, destinationHeight, threads);
            return;
        }

        if (height == destinationHeight)
        {
            Horizontal(rgb, width, height, destination, destinationWidth, threads);
            return;
        }

        int between = checked(destinationWidth * height * Channels);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(between);
        try
        {
            Horizontal(rgb, width, height, buffer.AsSpan(0, between), destinationWidth, threads);
            Vertical(buffer.AsSpan(0, between), destinationWidth, height, destination, destinationHeight, threads);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Check(int length, int width, int height, string name)
    {
        if (width < 1 || height < 1 || (long)width * height * Channels > length)
        {
            throw new ArgumentException(
                $"A {width}x{height} RGB picture needs {(long)width * height * Channels} bytes and sides of at least 1; the span has {length}.", name);
        }
    }

    private static unsafe void Horizontal(ReadOnlySpan<byte> source, int width, int height, Span<byte> target, int targetWidth, int threads)
    {
        ResizeCoefficients table = ResizeCoefficients.For(width, targetWidth);
        int stride = width * Channels;
        int targetStride = targetWidth * Channels;

        // The wide path reads whole groups of four pixels, past the end of a row but not of the picture.
        int reach = Avx2.IsSupported ? Reach(table) : 0;
        long fastRows = Avx2.IsSupported ? Math.Clamp(((source.Length - reach) / stride) + 1, 0, height) : 0;
        fixed (byte* from = source, to = target)
        {
            // Pointers cannot be captured; the pinned addresses stay valid until ForRows returns.
            nint fromAddress = (nint)from;
            nint toAddress = (nint)to;
            ForRows(height, (long)targetWidth * table.Taps * height, threads, (first, end) =>
            {
                int y = first;
                for (; y + RowsAtOnce <= Math.Min(end, fastRows); y += RowsAtOnce)
                {
                    HorizontalRows((byte*)fromAddress + ((long)y * stride), stride, (byte*)toAddress + ((long)y * targetStride), targetStride, table);
                }

                for (; y < end; y++)
                {
                    HorizontalRow(
                        new ReadOnlySpan<byte>((byte*)fromAddress + ((long)y * stride), stride),
                        new Span<byte>((byte*)toAddress + ((long)y * targetStride), targetStride),
                        table);
                }
            });
        }
    }

    private static void HorizontalRow(ReadOnlySpan<byte> source, Span<byte> target, ResizeCoefficients table)
    {
        for (int x = 0; x < table.First.Length; x++)
        {
            int offset = table.First[x] * Channels;
            (int r, int g, int b) = (Half, Half, Half);
            foreach (int weight in table.Weights.AsSpan(x * table.Taps, table.Count[x]))
            {
                r += source[offset] * weight;
                g += source[offset + 1] * weight;
                b += source[offset + 2] * weight;
                offset += Channels;
            }

            target[x * Channels] = Clip(r);
            target[(x * Channels) + 1] = Clip(g);
            target[(x * Channels) + 2] = Clip(b);
        }
    }

    /// <summary>Four rows at once, so that each group of four weights is loaded once for all of them.</summary>
    private static unsafe void HorizontalRows(byte* source, int stride, byte* target, int targetStride, ResizeCoefficients table)
    {
        // 12 bytes r0 g0 b0 … b3 become the 16-bit pairs r0 r1, g0 g1, b0 b1, 0 0 and the same of pixels 2 and 3. The sums of
        // the low products may wrap around; the total, taken modulo 2^32, is right because the final sum fits.
        Vector128<byte> pair = Vector128.Create((byte)0, 3, 1, 4, 2, 5, 255, 255, 6, 9, 7, 10, 8, 11, 255, 255);
        ref int low = ref MemoryMarshal.GetArrayDataReference(table.PairsLow);
        ref int high = ref MemoryMarshal.GetArrayDataReference(table.PairsHigh);
        for (int x = 0; x < table.First.Length; x++)
        {
            byte* from = source + (table.First[x] * Channels);
            int row = x * table.PairsPerRow;
            int end = row + ((table.Count[x] + 3) / 4 * 2);
            Vector256<int> low0 = default, low1 = default, low2 = default, low3 = default;
            Vector256<int> high0 = default, high1 = default, high2 = default, high3 = default;
            for (; row < end; row += 2, from += 4 * Channels)
            {
                Vector256<short> weightLow = Weights(ref low, row);
                Vector256<short> weightHigh = Weights(ref high, row);
                Accumulate(from, pair, weightLow, weightHigh, ref low0, ref high0);
                Accumulate(from + stride, pair, weightLow, weightHigh, ref low1, ref high1);
                Accumulate(from + (2 * stride), pair, weightLow, weightHigh, ref low2, ref high2);
                Accumulate(from + (3 * stride), pair, weightLow, weightHigh, ref low3, ref high3);
            }

            byte* to = target + (x * Channels);
            Store(to, low0, high0);
            Store(to + targetStride, low1, high1);
            Store(to + (2 * targetStride), low2, high2);
            Store(to + (3 * targetStride), low3, high3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Weights(ref int pairs, int row) =>
        Vector256.Create(Vector128.Create(Unsafe.Add(ref pairs, row)), Vector128.Create(Unsafe.Add(ref pairs, row + 1))).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Accumulate(
        byte* from, Vector128<byte> pair, Vector256<short> weightLow, Vector256<short> weightHigh, ref Vector256<int> low, ref Vector256<int> high)
    {
        Vector256<short> pixels = Avx2.ConvertToVector256Int16(Ssse3.Shuffle(Vector128.Load(from), pair));
        low += Avx2.MultiplyAddAdjacent(pixels, weightLow);
        high += Avx2.MultiplyAddAdjacent(pixels, weightHigh);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Store(byte* to, Vector256<int> low, Vector256<int> high)
    {
        Vector256<int> sums = (high << 15) + low;
        Vector128<int> sum = (sums.GetLower() + sums.GetUpper() + Vector128.Create(Half)) >> ResizeCoefficients.PrecisionBits;
        Vector128<short> words = Sse2.PackSignedSaturate(sum, sum);
        uint bytes = Sse2.PackUnsignedSaturate(words, words).AsUInt32().ToScalar();
        to[0] = (byte)bytes;
        to[1] = (byte)(bytes >> 8);
        to[2] = (byte)(bytes >> 16);
    }

    /// <summary>Bytes from the start of a row up to which <see cref="HorizontalRows"/> may load.</summary>
    private static int Reach(ResizeCoefficients table)
    {
        int reach = 0;
        for (int x = 0; x < table.First.Length; x++)
        {
            int groups = (table.Count[x] + 3) / 4;
            reach = Math.Max(reach, ((table.First[x] + ((groups - 1) * 4)) * Channels) + Vector128<byte>.Count);
        }

        return reach;
    }

    private static unsafe void Vertical(ReadOnlySpan<byte> source, int width, int height, Span<byte> target, int targetHeight, int threads)
    {
        ResizeCoefficients table = ResizeCoefficients.For(height, targetHeight);
        int stride = width * Channels;
        fixed (byte* from = source, to = target)
        {
            nint fromAddress = (nint)from;
            nint toAddress = (nint)to;
            ForRows(targetHeight, (long)stride * table.Taps * targetHeight / 8, threads, (first, end) =>
            {
                for (int y = first; y < end; y++)
                {
                    VerticalRow(
                        new ReadOnlySpan<byte>((byte*)fromAddress + ((long)table.First[y] * stride), table.Count[y] * stride),
                        new Span<byte>((byte*)toAddress + ((long)y * stride), stride),
                        table.Weights.AsSpan(y * table.Taps, table.Count[y]));
                }
            });
        }
    }

    private static void VerticalRow(ReadOnlySpan<byte> source, Span<byte> target, ReadOnlySpan<int> weights)
    {
        int stride = target.Length;
        int x = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref byte src = ref MemoryMarshal.GetReference(source);
            for (; x + 16 <= stride; x += 16)
            {
                Vector256<int> low = Vector256.Create(Half);
                Vector256<int> high = low;
                for (int t = 0; t < weights.Length; t++)
                {
                    Vector128<byte> bytes = Vector128.LoadUnsafe(ref Unsafe.Add(ref src, (t * stride) + x));
                    Vector256<ushort> words = Vector256.WidenLower(bytes.ToVector256Unsafe());
                    Vector256<int> weight = Vector256.Create(weights[t]);
                    low += Vector256.WidenLower(words).AsInt32() * weight;
                    high += Vector256.WidenUpper(words).AsInt32() * weight;
                }

                low = Vector256.Clamp(low >> ResizeCoefficients.PrecisionBits, Vector256<int>.Zero, Vector256.Create(255));
                high = Vector256.Clamp(high >> ResizeCoefficients.PrecisionBits, Vector256<int>.Zero, Vector256.Create(255));
                Vector256<short> packed = Vector256.Narrow(low, high);
                Vector128.Narrow(packed.GetLower().AsUInt16(), packed.GetUpper().AsUInt16()).CopyTo(target[x..]);
            }
        }

        for (; x < stride; x++)
        {
            int sum = Half;
            for (int t = 0; t < weights.Length; t++)
            {
                sum += source[(t * stride) + x] * weights[t];
            }

            target[x] = Clip(sum);
        }
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResizeCoefficients.PrecisionBits, 0, 255);

    private static void ForRows(int rows, long work, int threads, Action<int, int> body)
    {
        if (threads == 1 || work < ParallelThreshold)
        {
            body(0, rows);
            return;
        }

        int parts = Math.Min(threads, rows);
        Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, part =>
            body((int)((long)rows * part / parts), (int)((long)rows * (part + 1) / parts)));
    }
}
