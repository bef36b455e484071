namespace Studio.Benchmarks.Evaluation.Scoring;

/// <summary>Scores of a multiple-choice answer.</summary>
internal static class ChoiceScore
{
    /// <summary>The corrected half of a score: an option of the same text as the right one is right too; what names no option is wrong.</summary>
    public static EvalScore Of(EvalDocument document, string answer, string? parsed, double? official, int choices = 0, string? error = null)
    {
        var read = ChoiceReader.Read(answer, document.Options);
        return new EvalScore
        {
            Parsed = parsed,
            Official = official,
            Choices = choices,
            OfficialError = error,
            CorrectedParsed = read is { } index ? Letters.At(index) : null,
            Corrected = read is { } chosen && document.Gold is { } gold && IsRight(document, chosen, gold) ? 1 : 0,
        };
    }

    private static bool IsRight(EvalDocument document, int chosen, int gold) =>
        chosen == gold || OptionLabels.Without(document.Options[chosen], chosen) == OptionLabels.Without(document.Options[gold], gold);
}
