using System.Diagnostics;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

public sealed class PillowResizeTests
{
    [Theory]
    [InlineData("frame180x320", "f180x320_to64")]
    [InlineData("frame180x320", "f180x320_to224")]
    [InlineData("frame97x61", "f97x61_to64")]
    [InlineData("frame40x30", "f40x30_to64")]
    [InlineData("frame360x203", "f360x203_to112")]
    [InlineData("frame64x64", "f64x64_to64")]
    public void Bicubic_GoldenFrame_IsByteExact(string frame, string result)
    {
        Golden golden = Golden.Load("vcf_preprocess");
        int[] from = golden.Shape(frame);
        int[] to = golden.Shape(result + ".resized_u8");
        byte[] actual = new byte[to[0] * to[1] * 3];
        PillowResize.Bicubic(golden.Bytes(frame), from[1], from[0], actual, to[1], to[0]);
        Assert.Equal(golden.Bytes(result + ".resized_u8"), actual);
    }

    [Theory]
    [InlineData(1, 1, 7, 5)]
    [InlineData(2, 3, 1, 1)]
    [InlineData(17, 13, 5, 13)] // across only
    [InlineData(17, 13, 17, 40)] // down only
    [InlineData(333, 77, 48, 200)]
    [InlineData(5, 400, 6, 3)]
    [InlineData(1920, 8, 448, 448)]
    public void Bicubic_AnySize_EqualsThePlainSum(int width, int height, int toWidth, int toHeight)
    {
        byte[] source = Noise(width * height * 3);
        byte[] actual = new byte[toWidth * toHeight * 3];
        PillowResize.Bicubic(source, width, height, actual, toWidth, toHeight);
        Assert.Equal(Plain(source, width, height, toWidth, toHeight), actual);
    }

    [Fact]
    public void Bicubic_SeveralThreads_GiveTheSameBytes()
    {
        byte[] source = Noise(1280 * 720 * 3);
        byte[] one = new byte[448 * 448 * 3];
        byte[] three = new byte[448 * 448 * 3];
        PillowResize.Bicubic(source, 1280, 720, one, 448, 448);
        PillowResize.Bicubic(source, 1280, 720, three, 448, 448, threads: 3);
        Assert.Equal(one, three);
    }

    [Theory]
    [InlineData(0, 4, 2, 2)]
    [InlineData(4, 4, 2, 0)]
    [InlineData(5, 4, 2, 2)] // source too short
    [InlineData(4, 4, 9, 9)] // destination too short
    public void Bicubic_SizesDoNotFit_AreNamed(int width, int height, int toWidth, int toHeight)
    {
        Assert.Throws<ArgumentException>(() => PillowResize.Bicubic(new byte[48], width, height, new byte[48], toWidth, toHeight));
    }

    [Fact]
    public void Coefficients_ManySizes_StayWithinTheCacheBound()
    {
        for (int i = 1; i <= ResizeCoefficients.CacheSize + 20; i++)
        {
            Assert.Equal(i + 1, ResizeCoefficients.For(7, i + 1).First.Length);
        }

        Assert.InRange(ResizeCoefficients.Cached, 1, ResizeCoefficients.CacheSize);
    }

    [Fact]
    public void Bicubic_FullHdTo448_ReportsItsSpeed()
    {
        byte[] source = Noise(1920 * 1080 * 3);
        byte[] target = new byte[448 * 448 * 3];
        PillowResize.Bicubic(source, 1920, 1080, target, 448, 448);
        const int Runs = 5;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < Runs; i++)
        {
            PillowResize.Bicubic(source, 1920, 1080, target, 448, 448);
        }

        double seconds = watch.Elapsed.TotalSeconds / Runs;
        TestContext.Current.SendDiagnosticMessage($"1920x1080 to 448x448: {seconds * 1000:0.0} ms, {1920 * 1080 / 1e6 / seconds:0} Mpixel/s");

        // Times wobble on shared machines. The closures of the two passes and the tasks that share them, more where a core is late, are all there is: no rows.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, Runs * 4096);
    }

    private static byte[] Noise(int length)
    {
        byte[] bytes = new byte[length];
        new Random(11).NextBytes(bytes);

        // Hard black-white edges make the kernel overshoot, so clipping is reached too.
        for (int i = 0; i < length / 2; i++)
        {
            bytes[i] = bytes[i] > 127 ? (byte)255 : (byte)0;
        }

        return bytes;
    }

    private static byte[] Plain(byte[] source, int width, int height, int toWidth, int toHeight)
    {
        byte[] across = width == toWidth ? source : Pass(source, height, width * 3, 3, toWidth, ResizeCoefficients.For(width, toWidth));
        return height == toHeight ? across : Pass(across, 1, 0, toWidth * 3, toHeight, ResizeCoefficients.For(height, toHeight));
    }

    // lines × outputs × step samples; sample s of output o of a line sums the same sample of its source entries.
    private static byte[] Pass(byte[] source, int lines, int lineBytes, int step, int outputs, ResizeCoefficients table)
    {
        byte[] result = new byte[lines * outputs * step];
        for (int line = 0; line < lines; line++)
        {
            for (int o = 0; o < outputs; o++)
            {
                for (int s = 0; s < step; s++)
                {
                    long sum = 1 << (ResizeCoefficients.PrecisionBits - 1);
                    for (int t = 0; t < table.Count[o]; t++)
                    {
                        sum += (long)source[(line * lineBytes) + ((table.First[o] + t) * step) + s] * table.Weights[(o * table.Taps) + t];
                    }

                    result[(((line * outputs) + o) * step) + s] = (byte)Math.Clamp(sum >> ResizeCoefficients.PrecisionBits, 0, 255);
                }
            }
        }

        return result;
    }
}
