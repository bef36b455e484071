using System.Text;
using System.Text.Json;
using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

public sealed class NfcNormalizerTests
{
    [Fact]
    public void Normalize_ReferenceRows_GivesSameText()
    {
        var rows = Golden.Json("nfc", "nfc.json").GetProperty("rows");
        Assert.True(rows.GetArrayLength() >= 1000);
        foreach (var row in rows.EnumerateArray())
        {
            var text = row.GetProperty("text").GetString()!;
            var expected = row.GetProperty("nfc").GetString()!;
            var actual = NfcNormalizer.Normalize(text);
            Assert.True(expected == actual, $"{Show(text)}: expected {Show(expected)}, got {Show(actual)}");
            Assert.Equal(expected, NfcNormalizer.Normalize(expected));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain ASCII and naïve Latin-1")]
    [InlineData("这个视频里发生了什么？😀 한국어 Привет")]
    public void Normalize_TextInFormC_ReturnsSameInstance(string text) =>
        Assert.Same(text, NfcNormalizer.Normalize(text));

    [Fact]
    public void Normalize_LongRunOfMarks_KeepsOrderOfEqualClasses()
    {
        // Two classes alternating: form C sorts the lower class (220, below) before the higher (230, above).
        var text = "x" + string.Concat(Enumerable.Repeat("\u0302\u0323", 50_000));
        var expected = "x" + new string('\u0323', 50_000) + new string('\u0302', 50_000);
        Assert.Equal(expected, NfcNormalizer.Normalize(text));
    }

    [Fact]
    public void Normalize_MarkAfterOtherText_LeavesTheRestAlone() =>
        Assert.Equal("中文 é 中文 ế end", NfcNormalizer.Normalize("中文 e\u0301 中文 e\u0302\u0301 end"));

    private static string Show(string text) =>
        JsonSerializer.Serialize(text) + " "
        + string.Join(' ', text.EnumerateRunes().Select((Rune rune) => rune.Value.ToString("X4")));
}
