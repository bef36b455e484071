using System.Globalization;

namespace Studio.Engine.Chat.Planning;

/// <summary>Numbers with units for people, three digits long, in the invariant culture.</summary>
public static class Units
{
    private static readonly string[] s_binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    private static readonly string[] s_decimal = ["", "k", "M", "G", "T", "P", "E"];

    /// <summary>1,088.</summary>
    public static string Count(long n) => n.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>29.8 MiB.</summary>
    public static string Bytes(double bytes) => Scaled(bytes, 1024, s_binary, " ");

    /// <summary>43.9 TFLOP.</summary>
    public static string Flops(double flops) => $"{Scaled(flops, 1000, s_decimal, " ")}FLOP";

    /// <summary>240 GFLOP/s.</summary>
    public static string FlopRate(double rate) => $"{Flops(rate)}/s";

    /// <summary>42.0 GB/s, decimal, as memory is sold.</summary>
    public static string ByteRate(double rate) => $"{Scaled(rate, 1000, s_decimal, " ")}B/s";

    /// <summary>12 ms, 3.4 s, 5 min 20 s, 2 h 05 min.</summary>
    public static string Seconds(double seconds)
    {
        if (seconds < 1) return seconds < 0.0005 ? "< 1 ms" : $"{seconds * 1000:0} ms";
        if (seconds < 60) return $"{Digits(seconds)} s";
        if (seconds < 3600) return $"{(int)(Math.Round(seconds) / 60)} min {(int)(Math.Round(seconds) % 60):00} s";
        var minutes = Math.Round(seconds / 60);
        return $"{Count((long)(minutes / 60))} h {(int)(minutes % 60):00} min";
    }

    /// <summary>One number, or <c>low to high</c>.</summary>
    public static string Seconds(SecondsRange range) => range.IsExact ? Seconds(range.Low) : $"{Seconds(range.Low)} to {Seconds(range.High)}";

    private static string Scaled(double value, double step, string[] units, string gap)
    {
        var unit = 0;
        while (Math.Abs(value) >= step && unit < units.Length - 1) (value, unit) = (value / step, unit + 1);
        return $"{(unit == 0 ? value.ToString("0", CultureInfo.InvariantCulture) : Digits(value))}{gap}{units[unit]}";
    }

    private static string Digits(double value) => value.ToString(Math.Abs(value) switch { >= 99.95 => "0", >= 9.995 => "0.0", _ => "0.00" }, CultureInfo.InvariantCulture);
}
