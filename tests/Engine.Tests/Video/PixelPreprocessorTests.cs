using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

public sealed class PixelPreprocessorTests
{
    [Theory]
    [InlineData("f180x320_to64")]
    [InlineData("f97x61_to64")]
    [InlineData("f40x30_to64")]
    [InlineData("f360x203_to112")]
    [InlineData("f64x64_to64")]
    public void Normalize_GoldenPixels_AgreeTo1e5(string name)
    {
        Golden golden = Golden.Load("vcf_preprocess");
        byte[] rgb = golden.Bytes(name + ".resized_u8");
        float[] expected = golden.Floats(name + ".pixel_values");
        float[] actual = new float[rgb.Length];
        PixelPreprocessor.ImageNet.Normalize(rgb, actual);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < actual.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-5f);
        }
    }

    [Fact]
    public void Normalize_Clip_PutsPlanesOneAfterAnother()
    {
        float[] actual = new float[6];
        PixelPreprocessor.Clip.Normalize([255, 0, 0, 0, 0, 255], actual);
        Assert.Equal((1 - 0.48145466) / 0.26862954, actual[0], 1e-5);
        Assert.Equal(-0.48145466 / 0.26862954, actual[1], 1e-5);
        Assert.Equal(-0.4578275 / 0.26130258, actual[2], 1e-5);
        Assert.Equal((1 - 0.40821073) / 0.27577711, actual[5], 1e-5);
    }

    [Fact]
    public void Normalize_LengthsDoNotFit_Throws()
    {
        Assert.Throws<ArgumentException>(() => PixelPreprocessor.Clip.Normalize(new byte[6], new float[5]));
        Assert.Throws<ArgumentException>(() => PixelPreprocessor.Clip.Normalize(new byte[4], new float[4]));
    }

    [Fact]
    public void Constructor_BadStatistics_AreNamed()
    {
        Assert.Contains("deviation 0", Assert.Throws<ArgumentException>(() => new PixelPreprocessor([0, 0, 0], [1, 0, 1])).Message);
        Assert.Contains("2 means", Assert.Throws<ArgumentException>(() => new PixelPreprocessor([0, 0], [1, 1, 1])).Message);
    }
}
