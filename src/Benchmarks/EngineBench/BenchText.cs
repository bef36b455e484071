using System.Globalization;
using System.Text;
using Studio.Engine.Chat.Planning;

namespace Studio.Benchmarks.EngineBench;

/// <summary>The table that people read: a line for each row, below it its notes and aims.</summary>
public static class BenchText
{
    private const int NameWidth = 16;

    /// <summary>Column titles.</summary>
    public static string Header { get; } =
        $"{"stage",-NameWidth} {"rate",18} {"work",15} {"limit",15} {"share",6} {"peak",10} {"/formula",8} {"B/token",8}  median (fastest to slowest)";

    /// <summary>What was measured where; lines that end in \n.</summary>
    public static string Machine(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return $"{report.Model}: {report.Device}, computing in {report.ComputeType}, weights in {report.StoredType}, compression {report.Compression}\n"
            + $"{report.Cpu}, {report.Threads} threads, libtorch {report.Libtorch}, {report.Blas}\n"
            + (report.PeakProcessBytes > 0 ? $"the process held {Units.Bytes(report.PeakProcessBytes)} at most, weights and free blocks included\n" : "");
    }

    /// <summary>One row, its notes and aims; lines that end in \n.</summary>
    public static string Row(BenchRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var text = new StringBuilder();
        var work = row.Flops > 0 && row.Bytes == 0 ? Units.FlopRate(row.Flops / row.Median) : row.Bytes > 0 ? Units.ByteRate(row.Bytes / row.Median) : "-";
        text.Append(CultureInfo.InvariantCulture, $"{row.Name,-NameWidth} {$"{row.ItemsPerSecond:0.##} {row.Unit}/s",18} {work,15} {Limit(row.Limit),15} ");
        text.Append(CultureInfo.InvariantCulture, $"{Or(row.Share, "0.00"),6} {(row.PeakBytes is { } peak ? Units.Bytes(peak) : "-"),10} {Or(row.MemoryRatio, "0.00"),8} {Or(row.AllocatedPerStep, "0"),8}  ");
        var spread = row.Seconds.Count == 1 ? "1 run" : $"{Seconds(row.Seconds[0])} to {Seconds(row.Seconds[^1])}, {row.Seconds.Count} runs";
        text.Append(CultureInfo.InvariantCulture, $"{Seconds(row.Median)} ({spread})\n");
        if (row.Notes.Length > 0) text.Append("  ").Append(row.Notes).Append('\n');
        if (row.Limit is { } limit) text.Append(CultureInfo.InvariantCulture, $"  limit: {limit.Name}, {Rate(limit, limit.Before)} and {Rate(limit, limit.After)}\n");
        foreach (var aim in row.Aims) text.Append("  ").Append(aim.Met ? "met:    " : "missed: ").Append(aim.Text).Append('\n');
        return text.ToString();
    }

    /// <summary>Everything at once.</summary>
    public static string Render(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return $"{Header}\n{string.Concat(report.Rows.Select(Row))}{Machine(report)}";
    }

    private static string Limit(BenchLimit? limit) => limit is null ? "-" : Rate(limit, limit.Mean);

    private static string Rate(BenchLimit limit, double value) => limit.Unit switch
    {
        "FLOP/s" => Units.FlopRate(value),
        "B/s" => Units.ByteRate(value),
        _ => Seconds(value),
    };

    /// <summary>Three digits also below a second: 32.1 ms.</summary>
    private static string Seconds(double seconds) => seconds >= 1 ? Units.Seconds(seconds) : string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0.0##} ms");

    private static string Or(double? value, string format) => value is { } v ? v.ToString(format, CultureInfo.InvariantCulture) : "-";
}
