using System.Globalization;
using System.Text;
using Studio.Engine.Chat;

namespace Studio.Cli;

/// <summary>What was measured, for people.</summary>
internal static class AnswerText
{
    public static string Statistics(Answer answer)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"tokens      {answer.VisualTokens} visual + {answer.TextTokens} text in the prompt ({answer.ReusedRows} re-used), {answer.GeneratedTokens} generated ({answer.StopReason.ToString().ToLowerInvariant()})");
        Line($"cache       {Bytes(answer.KvBytes)} behind the prompt; peak tensor memory {Bytes(answer.PeakBytes)}");
        Line($"time        {answer.TimeToFirstToken.TotalSeconds:0.00} s to the first token, {answer.Total.TotalSeconds:0.00} s in all");
        foreach (var cost in answer.Costs)
        {
            var rate = cost.Milliseconds <= 0 ? "" : $"{cost.Items / cost.Milliseconds * 1000:0.##} {Unit(cost.Stage)}/s";
            var flops = cost.Flops <= 0 || cost.Milliseconds <= 0 ? "" : $"{cost.Flops / 1e9:0.###} GFLOP, {cost.Flops / cost.Milliseconds / 1e6:0.#} GFLOP/s";
            Line($"  {cost.Stage,-10}{cost.Milliseconds,10:0.0} ms  {cost.Items,8} {Unit(cost.Stage),-7} {rate,-20} {flops}");
        }

        return text.ToString();
    }

    public static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.00} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
    };

    private static string Unit(string stage) => stage switch
    {
        "probe" => "files",
        "frames" => "frames",
        "tower" or "connector" => "clips",
        "prefill" => "rows",
        _ => "tokens",
    };
}
