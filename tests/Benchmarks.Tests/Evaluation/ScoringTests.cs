using Studio.Benchmarks.Evaluation.Scoring;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

public sealed class ScoringTests
{
    private static readonly string[] s_options = ["A red ball", "a blue ball", "Not sure", "a dog"];

    [Theory]
    [InlineData("C", 2)]
    [InlineData("c", 2)]
    [InlineData("(b)", 1)]
    [InlineData("B. whatever", 1)]
    [InlineData("**B**", 1)]
    [InlineData("`D`", 3)]
    [InlineData("D<|im_end|>", 3)]
    [InlineData("答案是B。", 1)]
    [InlineData("正确答案：（C）", 2)]
    [InlineData("答案：Ｄ", 3)]
    [InlineData("Best option: (C)", 2)]
    [InlineData("Answer: C", 2)]
    [InlineData("The answer is D.", 3)]
    [InlineData("the answer is d", 3)]
    [InlineData("**Answer:** (B) a blue ball", 1)]
    [InlineData("\\boxed{C}", 2)]
    [InlineData("I see A. Yet <answer>C</answer>", 2)]
    [InlineData("Not sure", 2)]
    [InlineData("A red ball.", 0)]
    [InlineData("It must have been the one: a blue ball, surely", 1)]
    [InlineData("It shows a man, so the option is B", 1)]
    [InlineData("The answer is A. No: the answer is B.", 1)]
    [InlineData("It is clearly D because of the tail", 3)]
    public void Read_NamesTheOption(string answer, int index) => Assert.Equal(index, ChoiceReader.Read(answer, s_options));

    [Theory]
    [InlineData("")]
    [InlineData("A or B")]
    [InlineData("Both C and D")]
    [InlineData("A man walks in")]
    [InlineData("I cannot tell.")]
    [InlineData("N/A")]
    [InlineData("E")]
    [InlineData("Definitely")]
    [InlineData("D'accord")]
    [InlineData("ABCD")]
    public void Read_NamesNone(string answer) => Assert.Null(ChoiceReader.Read(answer, s_options));

    /// <summary>"How many …?": a small model says the number and no letter.</summary>
    [Theory]
    [InlineData("8", 0)]
    [InlineData("5.", 3)]
    [InlineData("There are 6 of them", 2)]
    [InlineData("B", 1)]
    [InlineData("B. 1", 1)]
    [InlineData("6 or 5", null)]
    [InlineData("16", null)]
    [InlineData("2", null)]
    public void Read_SingleDigits_AreOptionsLikeAnyOther(string answer, int? index) => Assert.Equal(index, ChoiceReader.Read(answer, ["8", "1", "6", "5"]));

    [Fact]
    public void Read_RunawayAnswer_IsReadAtItsEnds()
    {
        var runaway = new string('x', 3 * ChoiceReader.MaxLength);
        Assert.Equal(1, ChoiceReader.Read("B. " + runaway, s_options));
        Assert.Equal(1, ChoiceReader.Read(runaway + " The answer is B.", s_options));
    }

    [Fact]
    public void Read_LabelsInOptionTexts_AreNotTheText()
    {
        Assert.Equal(1, ChoiceReader.Read("1366", ["(A) 1636", "(B) 1366"]));
        Assert.Equal(0, ChoiceReader.Read("Apples", ["A. Apples.", "B. Candles."]));
    }

    [Fact]
    public void Reorder_Labels_StayAtTheirPlaces()
    {
        Assert.Equal(["A. two", "B. one"], OptionLabels.Reorder(["A. one", "B. two"], [1, 0]));
        Assert.Equal(["(A) two", "(B) one"], OptionLabels.Reorder(["(A) one", "(B) two"], [1, 0]));
        Assert.Equal(["B side", "one"], OptionLabels.Reorder(["one", "B side"], [1, 0]));
    }

    [Theory]
    [InlineData("24.3s to 30.4s", 24.3, 30.4)]
    [InlineData("0:24 – 0:30", 24.0, 30.0)]
    [InlineData("between 4 and 9 seconds", 4.0, 9.0)]
    [InlineData("starts at 00:01:05 and it ends at 00:01:10", 65.0, 70.0)]
    [InlineData("9 - 4", 4.0, 9.0)]
    [InlineData("500 - 1500 ms", 0.5, 1.5)]
    [InlineData("[3.1, 11.8]", 3.1, 11.8)]
    public void IntervalReader_Reads(string answer, double start, double end)
    {
        var read = IntervalReader.Read(answer);
        Assert.NotNull(read);
        Assert.Equal((start, end), (read.Value.Start, read.Value.End));
    }

    [Theory]
    [InlineData("20% - 40%")]
    [InlineData("at 24.3 seconds")]
    [InlineData("never")]
    [InlineData("")]
    public void IntervalReader_GuessesNothing(string answer) => Assert.Null(IntervalReader.Read(answer));
}
