using System.Text;

namespace Studio.Engine.Video;

/// <summary>
/// Writes a list of frame numbers as an expression for ffmpeg's <c>select</c> filter. A sum of <c>eq(n,k)</c> stops parsing
/// beyond some hundred terms; a balanced tree of comparisons is as deep as log2 of the list and handles
/// <see cref="SamplingSettings.MaxSelectedFrames"/>. Evenly spaced neighbours share one leaf.
/// </summary>
internal static class SelectExpression
{
    /// <param name="indices">Strictly ascending frame numbers, at least one.</param>
    internal static string For(IReadOnlyList<long> indices)
    {
        var runs = new List<Run>();
        for (int i = 0; i < indices.Count;)
        {
            int end = i + 1;
            long step = end < indices.Count ? indices[end] - indices[i] : 1;
            while (end < indices.Count && indices[end] - indices[end - 1] == step)
            {
                end++;
            }

            // Two frames always look evenly spaced; a run pays from three on, or when they are neighbours.
            end = end - i >= 3 || step == 1 ? end : i + 1;
            runs.Add(new Run(indices[i], indices[end - 1], end - i > 1 ? step : 1));
            i = end;
        }

        var text = new StringBuilder();
        Write(text, runs, 0, runs.Count);
        return text.ToString();
    }

    private static void Write(StringBuilder text, List<Run> runs, int first, int end)
    {
        if (end - first > 1)
        {
            int middle = (first + end) / 2;
            text.Append("if(lt(n,").Append(runs[middle].First).Append("),");
            Write(text, runs, first, middle);
            text.Append(',');
            Write(text, runs, middle, end);
            text.Append(')');
            return;
        }

        Run run = runs[first];
        if (run.First == run.Last)
        {
            text.Append("eq(n,").Append(run.First).Append(')');
            return;
        }

        text.Append("between(n,").Append(run.First).Append(',').Append(run.Last).Append(')');
        if (run.Step > 1)
        {
            text.Append("*not(mod(n-").Append(run.First).Append(',').Append(run.Step).Append("))");
        }
    }

    private readonly record struct Run(long First, long Last, long Step);
}
