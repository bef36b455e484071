namespace Studio.Benchmarks.Evaluation.Scoring;

/// <summary>Labels that some annotations carry inside their option texts: "A. text" (Video-MME), "(A) text" (LVBench).</summary>
public static class OptionLabels
{
    /// <summary>The text behind the label of this place, or the whole text where it has none.</summary>
    public static string Without(string option, int index)
    {
        ArgumentNullException.ThrowIfNull(option);
        var length = Length(option, index);
        return option[length..];
    }

    /// <summary>
    /// The options in another order. Labels stay at their places where every option carries its own: the texts move behind them.
    /// </summary>
    /// <param name="order">order[new place] = old place.</param>
    public static IReadOnlyList<string> Reorder(IReadOnlyList<string> options, IReadOnlyList<int> order)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(order);
        var labelled = options.Select((option, i) => Length(option, i) > 0).All(has => has);
        return [.. order.Select((old, place) => labelled ? options[place][..Length(options[place], place)] + Without(options[old], old) : options[old])];
    }

    private static int Length(string option, int index)
    {
        if (index >= Letters.Max) return 0;
        var letter = Letters.At(index)[0];
        var at = option is ['(', var inner, ')', ..] && inner == letter ? 3 : option.Length >= 2 && option[0] == letter && option[1] is '.' or ')' ? 2 : 0;
        while (at > 0 && at < option.Length && option[at] == ' ') at++;
        return at;
    }
}
