using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

/// <summary>
/// The result for programs: { libtorch, device, dtype, folder, passed, failed, cases: [{ name, passed, seconds, rows: [{ quantity,
/// largestError, tolerance, share, passed, informational, message }] }] }. A number that is none is null.
/// </summary>
public static class VerificationJson
{
    public static string Render(VerificationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("libtorch", torch.Version);
            json.WriteString("device", result.Device.ToString());
            json.WriteString("dtype", result.Dtype.ShortName());
            json.WriteString("folder", result.Folder);
            json.WriteNumber("passed", result.Passed);
            json.WriteNumber("failed", result.Failed);
            json.WriteStartArray("cases");
            foreach (var one in result.Cases) WriteCase(json, one);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteCase(Utf8JsonWriter json, CaseResult result)
    {
        json.WriteStartObject();
        json.WriteString("name", result.Name);
        json.WriteBoolean("passed", result.Passed);
        json.WriteNumber("seconds", Math.Round(result.Elapsed.TotalSeconds, 3));
        json.WriteStartArray("rows");
        foreach (var row in result.Rows)
        {
            json.WriteStartObject();
            json.WriteString("quantity", row.Quantity);
            WriteNumber(json, "largestError", row.LargestError);
            json.WriteString("tolerance", row.Tolerance);
            WriteNumber(json, "share", row.Share);
            json.WriteBoolean("passed", row.Passed);
            json.WriteBoolean("informational", row.Informational);
            json.WriteString("message", row.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }
}
