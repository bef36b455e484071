using Studio.Engine.Chat;
using Xunit;

namespace Studio.Engine.Tests.Chat;

public sealed class ContentCacheChecksumTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)] // one step of the fast loop, and the rest
    [InlineData(9)]
    public void Append_TheUsualCheckString_GivesThePublishedCrc32C(int cut)
    {
        var text = "123456789"u8;
        var checksum = new ContentCacheChecksum();
        checksum.Append(text[..cut]);
        checksum.Append(text[cut..]);
        Assert.Equal("e3069283", checksum.Text);
    }

    [Fact]
    public void Append_AnyOneBitFlipped_GivesAnotherChecksum()
    {
        var data = new byte[64];
        new Random(3).NextBytes(data);
        var seen = new HashSet<string> { Of(data) };
        for (var bit = 0; bit < data.Length * 8; bit++)
        {
            data[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(seen.Add(Of(data)));
            data[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        static string Of(byte[] data)
        {
            var checksum = new ContentCacheChecksum();
            checksum.Append(data);
            return checksum.Text;
        }
    }
}
