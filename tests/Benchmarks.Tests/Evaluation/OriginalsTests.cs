using Studio.Benchmarks.Evaluation.Originals;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

public sealed class OriginalsTests
{
    /// <summary>The first outputs of MT19937 for init_by_array {0x123, 0x234, 0x345, 0x456} are published; Python's seed(0) and seed(1) draw thus.</summary>
    [Fact]
    public void PythonRandom_KnownSeeds_DrawAsPythonDoes()
    {
        var zero = new PythonRandom(0);
        Assert.Equal([12, 13, 1, 8, 15, 12, 9, 15], Enumerable.Range(0, 8).Select(_ => zero.Choice(16)));
        Assert.Equal(0, new PythonRandom(5).Choice(1));
        Assert.NotEqual(new PythonRandom(1UL << 32).Next(), new PythonRandom(0).Next()); // a seed of two words
        var long1 = new PythonRandom(9);
        for (var i = 0; i < 2000; i++) Assert.InRange(long1.Choice(5), 0, 4); // across refills of the state
    }

    [Theory]
    [InlineData("\u001c x\u3000", "x")]
    [InlineData("\u200bx", "\u200bx")]
    [InlineData(" \n", "")]
    public void Strip_PythonsWhiteSpace(string text, string stripped) => Assert.Equal(stripped, PythonText.Strip(text));

    [Theory]
    [InlineData(0.015625, 5, "0.01562")] // an exact tie: to the even digit
    [InlineData(0.25, 1, "0.2")]
    [InlineData(0.35, 1, "0.3")] // its binary value is below the tie
    [InlineData(66.66666666666667, 1, "66.7")]
    [InlineData(99.95, 1, "100.0")]
    [InlineData(-0.75, 1, "-0.8")]
    [InlineData(0, 1, "0.0")]
    public void Fixed_Ties_GoToTheEvenDigit(double value, int decimals, string text) => Assert.Equal(text, PythonText.Fixed(value, decimals));

    [Theory]
    [InlineData("it's", "\"it's\"")]
    [InlineData("a \"b\"", "'a \"b\"'")]
    [InlineData("it's \"b\"", "'it\\'s \"b\"'")]
    [InlineData("é\n\u200b\\", "'é\\n\\u200b\\\\'")]
    public void Repr_Quotes(string text, string repr) => Assert.Equal(repr, PythonText.Repr(text));

    /// <summary>What CPython 3 prints for list(set([...])).</summary>
    [Theory]
    [InlineData(new[] { 9, 1, 3, 9 }, new[] { 9, 3, 1 })]
    [InlineData(new[] { 3, 12, 20, 9, 17 }, new[] { 3, 9, 12, 17, 20 })]
    [InlineData(new[] { 33, 1, 64, 12, 9, 70 }, new[] { 64, 33, 1, 70, 9, 12 })]
    [InlineData(new[] { 8, 0 }, new[] { 8, 0 })]
    [InlineData(new[] { 4, 3, 2, 1, 0 }, new[] { 0, 1, 2, 3, 4 })]
    public void PythonSet_Order_IsThatOfItsTable(int[] added, int[] order) => Assert.Equal(order, PythonSet.Order(added));

    [Fact]
    public void PythonSet_ManyNumbers_AreAllThereOnce()
    {
        var numbers = Enumerable.Range(0, 3000).Select(i => i * 37 % 3001).ToList();
        Assert.Equal(numbers.Order(), PythonSet.Order([.. numbers, .. numbers]).Order());
    }

    [Theory]
    [InlineData("{'pred': 'yes', 'score': 4.8}", "yes")]
    [InlineData(" {\"pred\": 'y' \"es\", 'score': 4,}\n", "yes")]
    public void PythonLiteral_Dictionaries(string text, string pred) => Assert.Equal(pred, Assert.IsType<Dictionary<object, object?>>(PythonLiteral.Parse(text))["pred"]);

    [Theory]
    [InlineData("")]
    [InlineData("{'pred': true}")]
    [InlineData("{'a': 1} x")]
    [InlineData("{'a' 1}")]
    [InlineData("{[1]: 2}")]
    [InlineData("'open")]
    [InlineData("012")]
    [InlineData("```{'a': 1}```")]
    public void PythonLiteral_WhatPythonRefuses(string text) => Assert.Throws<FormatException>(() => PythonLiteral.Parse(text));

    [Fact]
    public void PythonLiteral_DeepNesting_IsRefusedNotOverflown() => Assert.Throws<FormatException>(() => PythonLiteral.Parse(new string('[', 100_000)));

    /// <summary>Each line is a defect that the golden files document.</summary>
    [Theory]
    [InlineData("b", "B")]
    [InlineData("A man walks", "A")]
    [InlineData("I'd say so", "D")]
    [InlineData("so.B", "sob")]
    [InlineData("答案是B。", "答案是b。")]
    [InlineData("not B", "B")]
    [InlineData("C. text", "C")]
    [InlineData("(E)", "E")]
    [InlineData("F", "f")]
    public void ChoiceCleaning_Reads(string answer, string read) => Assert.Equal(read, ChoiceCleaning.Clean(answer));

    [Fact]
    public void ChoiceCleaning_Periods_OnlyTheFirst32Go()
    {
        Assert.Equal("x" + new string('.', 8), ChoiceCleaning.Clean("x" + new string('.', 40)));
        Assert.Equal("x 1.5", ChoiceCleaning.Clean("x 1.5"));
    }

    [Theory]
    [InlineData("Best option: (C)", "B")]
    [InlineData("Answer: C", "A")]
    [InlineData("The best answer is: C", "C")]
    [InlineData("Cannot tell", "C")]
    [InlineData("c", "")]
    public void VideoMme_FusedLeadIns(string answer, string read) => Assert.Equal(read, LeadIns.VideoMme(answer));

    [Theory]
    [InlineData("Best option: (C)", "C")]
    [InlineData("CD", "D")]
    [InlineData("A, B", "A")]
    [InlineData("", "")]
    public void RankedPlaces_Reads(string answer, string read) => Assert.Equal(read, RankedPlaces.Extract(answer, "ABCD"));

    [Theory]
    [InlineData("(B) or (C)", 2)]
    [InlineData("EA", 0)]
    [InlineData("**B**", -1)]
    [InlineData("D. A dog", 0)]
    [InlineData("I think that it must have been the blue ball", 1)]
    public void LastMentioned_Reads(string answer, int index) => Assert.Equal(index, LastMentioned.Extract(answer, ["red ball", "blue ball", "box", "cup", "pen"]));

    [Theory]
    [InlineData("from 3.5 to 7 seconds", 3.5, 7.0)]
    [InlineData("9 - 4", 4.0, 9.0)]
    [InlineData("start 2\nend 5.5", 2.0, 5.5)]
    [InlineData("0:12 - 0:19", 0.0, 12.0)] // a defect: clock times are no times
    public void Flash_Ranges(string answer, double start, double end) => Assert.Equal((start, end), TimeRanges.Flash(answer));

    [Theory]
    [InlineData("12.5s - 15.0s")]
    [InlineData("12.5 – 15")]
    [InlineData("never")]
    public void Flash_WhatItCannotRead(string answer) => Assert.Null(TimeRanges.Flash(answer));

    [Fact]
    public void Flash_TwoPointsInANumber_FailAsTheOriginal() => Assert.Throws<FormatException>(() => TimeRanges.Flash("1..5 - 2"));

    [Theory]
    [InlineData("0:12 - 0:19", 12.0, 19.0)]
    [InlineData("1.5s to 3s", 1.5, 3.0)]
    [InlineData("at 00:00:24 until 00:00:30", 24.0, 30.0)]
    public void Upstream_Ranges(string answer, double start, double end) => Assert.Equal((start, end), TimeRanges.Upstream(answer));

    [Fact]
    public void Overlap_EmptySpan_IsZero() => Assert.Equal(0, TimeRanges.Overlap((3, 3), (3, 3)));

    [Fact]
    public void SubRip_CoveringFrames_TakesLinesAtTheSampledFrames()
    {
        const string File = "1\r\n00:00:00,000 --> 00:00:01,000\r\n<font color=\"white\" size=\".72c\">one</font>\r\n\r\n2\r\n00:00:05,000 --> 00:00:05,100\r\n<font color=\"white\" size=\".72c\">between</font>\r\n\r\n3\r\n00:00:08,000 --> 00:00:10,000\r\nno tag\r\n";
        Assert.Equal("one", SubRip.CoveringFrames(File, 100, 10, 3)); // frames 0, 49 and 99
        Assert.Equal("one\nbetween", SubRip.AllTagged(File));
        Assert.Contains("HH:MM:SS", Assert.Throws<InvalidDataException>(() => SubRip.CoveringFrames("1\nwhen\ntext\n", 10, 1, 2)).Message, StringComparison.Ordinal);
    }
}
