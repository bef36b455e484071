using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Studio.Benchmarks.EngineBench;

/// <summary>
/// The report as one line for programs: { model, device, computeType, storedType, threads, cpu, libtorch, blas, compression,
/// measuredAt, peakProcessBytes, rows: [{ name, unit, items, seconds, medianSeconds, itemsPerSecond, flops, flopsPerSecond, bytes,
/// bytesPerSecond, limit: { name, unit, before, after }, share, peakBytes, formulaBytes, memoryRatio, allocatedPerStep, aims:
/// [{ text, met }], notes }] }. What was not measured is null. Names are stable.
/// </summary>
public static class BenchJson
{
    public static string Render(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("model", report.Model);
            json.WriteString("device", report.Device);
            json.WriteString("computeType", report.ComputeType);
            json.WriteString("storedType", report.StoredType);
            json.WriteNumber("threads", report.Threads);
            json.WriteString("cpu", report.Cpu);
            json.WriteString("libtorch", report.Libtorch);
            json.WriteString("blas", report.Blas);
            json.WriteString("compression", report.Compression);
            json.WriteString("measuredAt", report.MeasuredAt.ToString("O"));
            json.WriteNumber("peakProcessBytes", report.PeakProcessBytes);
            json.WriteStartArray("rows");
            foreach (var row in report.Rows) WriteRow(json, row);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteRow(Utf8JsonWriter json, BenchRow row)
    {
        json.WriteStartObject();
        json.WriteString("name", row.Name);
        json.WriteString("unit", row.Unit);
        json.WriteNumber("items", row.Items);
        json.WriteStartArray("seconds");
        foreach (var seconds in row.Seconds) json.WriteNumberValue(seconds);
        json.WriteEndArray();
        Number(json, "medianSeconds", row.Median);
        Number(json, "itemsPerSecond", row.ItemsPerSecond);
        Number(json, "flops", row.Flops > 0 ? row.Flops : null);
        Number(json, "flopsPerSecond", row.Flops > 0 ? row.Flops / row.Median : null);
        Number(json, "bytes", row.Bytes > 0 ? row.Bytes : null);
        Number(json, "bytesPerSecond", row.Bytes > 0 ? row.Bytes / row.Median : null);
        if (row.Limit is { } limit)
        {
            json.WriteStartObject("limit");
            json.WriteString("name", limit.Name);
            json.WriteString("unit", limit.Unit);
            Number(json, "before", limit.Before);
            Number(json, "after", limit.After);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("limit");
        }

        Number(json, "share", row.Share);
        Number(json, "peakBytes", row.PeakBytes);
        Number(json, "formulaBytes", row.FormulaBytes);
        Number(json, "memoryRatio", row.MemoryRatio);
        Number(json, "allocatedPerStep", row.AllocatedPerStep);
        json.WriteStartArray("aims");
        foreach (var aim in row.Aims)
        {
            json.WriteStartObject();
            json.WriteString("text", aim.Text);
            json.WriteBoolean("met", aim.Met);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("notes", row.Notes);
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number)) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }
}
