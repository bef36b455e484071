using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Studio.Benchmarks.Machine;

/// <summary>How bad a finding is; the numbers are exit statuses.</summary>
public enum FindingStatus
{
    Ok = 0,

    /// <summary>Works, but slower or smaller than it could.</summary>
    Warn = 1,

    /// <summary>Something will not work, or so slowly that it is no use.</summary>
    Fail = 2,
}

/// <param name="Name">What was looked at.</param>
/// <param name="Value">What was found.</param>
/// <param name="Remedy">What to do about it; empty where all is well.</param>
public sealed record Finding(string Name, string Value, FindingStatus Status, string Remedy = "");

/// <summary>All findings, in a fixed order.</summary>
public sealed record DoctorReport(IReadOnlyList<Finding> Findings)
{
    public FindingStatus Worst => Findings.Count == 0 ? FindingStatus.Ok : Findings.Max(f => f.Status);

    /// <summary>0 all well, 1 a warning, 2 a failure.</summary>
    [JsonIgnore]
    public int ExitCode => (int)Worst;

    /// <summary>One object: <c>findings</c> (name, value, status, remedy) and <c>worst</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, DoctorJson.Default.DoctorReport);

    /// <summary>One line a finding, its remedy indented below it; lines end in \n.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        var width = Findings.Select(f => f.Name.Length).DefaultIfEmpty().Max() + 2;
        foreach (var f in Findings)
        {
            _ = text.Append(Word(f.Status).PadRight(6)).Append(f.Name.PadRight(width)).Append(f.Value).Append('\n');
            if (f.Remedy.Length > 0) _ = text.Append(' ', 6 + width).Append("-> ").Append(f.Remedy).Append('\n');
        }

        var (failed, warned) = (Findings.Count(f => f.Status == FindingStatus.Fail), Findings.Count(f => f.Status == FindingStatus.Warn));
        return text.Append(failed + warned == 0 ? "all well" : $"{failed} failed, {warned} warned").Append('\n').ToString();
    }

    private static string Word(FindingStatus status) => status switch
    {
        FindingStatus.Ok => "ok",
        FindingStatus.Warn => "warn",
        _ => "FAIL",
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJson : JsonSerializerContext;
