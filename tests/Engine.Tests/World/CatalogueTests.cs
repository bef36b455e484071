using System.Security.Cryptography;
using Studio.Engine.Video;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

public sealed class CatalogueTests
{
    [Fact]
    public void All_ObjectsHaveNamesOfTheirOwnAndPicturesOfTheirOwn()
    {
        Assert.InRange(WorldObjects.All.Count, 400, 2000);
        Assert.Equal(WorldObjects.All.Count, WorldObjects.All.Select(o => o.Name).Distinct().Count());
        var pictures = new HashSet<string>();
        foreach (WorldObject thing in WorldObjects.All)
        {
            Assert.Equal(thing, WorldObjects.Named(thing.Name));
            Assert.Equal(thing.Name, thing.Name.ToLowerInvariant());
            uint[] art = ObjectPicture.Of(thing.Id).Art(0);
            int drawn = art.Count(p => p >> 24 > 128);
            Assert.True(drawn > art.Length / 20, $"{thing.Name} draws {drawn} of {art.Length} pixels");
            Assert.True(pictures.Add(Convert.ToHexString(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<uint>(art)))), $"{thing.Name} looks like another object");
        }
    }

    [Theory]
    [InlineData("apple", "an apple", "apples")]
    [InlineData("unicorn", "a unicorn", "unicorns")]
    [InlineData("hourglass", "an hourglass", "hourglasses")]
    [InlineData("grapes", "grapes", "grapes")]
    [InlineData("sheep", "a sheep", "sheep")]
    [InlineData("cross", "a cross", "crosses")]
    public void WithArticle_CommonNames_ReadsAsEnglish(string name, string withArticle, string plural)
    {
        Assert.Equal(withArticle, WorldObjects.Named(name).WithArticle);
        Assert.Equal(plural, WorldObjects.Named(name).Plural);
    }

    [Fact]
    public void Named_UnknownName_NamesIt() => Assert.Contains("'gizmo'", Assert.Throws<ArgumentException>(() => WorldObjects.Named("gizmo")).Message, StringComparison.Ordinal);

    [Fact]
    public void InPlay_FewerObjects_AreThoseOfMore()
    {
        IReadOnlyList<int> few = WorldObjects.InPlay(80);
        Assert.Equal(few, WorldObjects.InPlay(200).Take(80));
        Assert.Equal(80, few.Distinct().Count());
        Assert.True(few.Select(o => WorldObjects.All[o].Group).Distinct().Count() > 5);
        Assert.Throws<ArgumentOutOfRangeException>(() => WorldObjects.InPlay(WorldObjects.All.Count + 1));
    }

    [Theory]
    [InlineData("1f34e")] // colour
    [InlineData("265f-fe0f")] // grey
    public async Task Decode_EmbeddedPicture_AgreesWithFfmpeg(string code)
    {
        using var file = new MemoryStream();
        using (Stream resource = WorldObjects.Resource(code + ".png"))
        {
            resource.CopyTo(file);
        }

        (int width, int height, byte[] rgba) = PngDecoder.Decode(file.ToArray());
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.png");
        try
        {
            await File.WriteAllBytesAsync(path, file.ToArray(), TestContext.Current.CancellationToken);
            RgbImage image = await new ImageReader(MediaTools.Locate()).ReadAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal((image.Width, image.Height), (width, height));
            int compared = 0;
            for (int i = 0; i < width * height; i++)
            {
                if (rgba[(4 * i) + 3] == 255) // ffmpeg's picture has no alpha
                {
                    Assert.Equal(image.Rgb.Span.Slice(3 * i, 3), rgba.AsSpan(4 * i, 3));
                    compared++;
                }
            }

            Assert.True(compared > 300);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Decode_DamagedFile_SaysWhatIsWrong()
    {
        using var file = new MemoryStream();
        using (Stream resource = WorldObjects.Resource("1f34e.png"))
        {
            resource.CopyTo(file);
        }

        byte[] whole = file.ToArray();
        Assert.Throws<InvalidDataException>(() => PngDecoder.Decode("GIF89a"u8));
        Assert.Throws<InvalidDataException>(() => PngDecoder.Decode(whole.AsSpan(0, whole.Length / 2)));
        byte[] palette = [.. whole];
        palette[25] = 3; // colour type
        Assert.Contains("colour type 3", Assert.Throws<InvalidDataException>(() => PngDecoder.Decode(palette)).Message, StringComparison.Ordinal);
        byte[] large = [.. whole];
        large[16] = 1; // 16 million pixels wide
        Assert.Contains("16777280x64", Assert.Throws<InvalidDataException>(() => PngDecoder.Decode(large)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("circle", 58, 32, true)]
    [InlineData("circle", 6, 6, false)]
    [InlineData("ring", 10, 32, true)]
    [InlineData("ring", 32, 32, false)]
    [InlineData("cross", 32, 6, true)]
    [InlineData("cross", 12, 12, false)]
    [InlineData("triangle", 32, 10, true)]
    [InlineData("triangle", 8, 10, false)]
    [InlineData("moon", 8, 36, true)]
    [InlineData("moon", 46, 26, false)]
    [InlineData("arrow", 58, 32, true)]
    [InlineData("arrow", 8, 14, false)]
    public void Draw_Shape_CoversWhatItShould(string shape, int x, int y, bool covered)
    {
        byte[] rgba = ShapeArt.Draw(shape, 64);
        Assert.Equal(covered, rgba[(((y * 64) + x) * 4) + 3] > 128);
    }

    [Fact]
    public void Draw_UnknownShape_NamesIt() => Assert.Contains("'blob'", Assert.Throws<ArgumentException>(() => ShapeArt.Draw("blob", 64)).Message, StringComparison.Ordinal);
}
