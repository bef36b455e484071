using System.Text;
using System.Text.Json;
using Studio.Engine.Chat;

namespace Studio.Cli;

/// <summary>One answer as one line of JSON. Field names are stable.</summary>
internal static class AnswerJson
{
    public static string Write(string question, AskSettings settings, Answer answer)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("question", question);
            json.WriteString("answer", answer.Text);
            json.WriteString("stopReason", answer.StopReason.ToString().ToLowerInvariant());
            json.WriteString("compression", settings.Compression.ToString());
            json.WriteNumber("visualTokens", answer.VisualTokens);
            json.WriteNumber("textTokens", answer.TextTokens);
            json.WriteNumber("generatedTokens", answer.GeneratedTokens);
            json.WriteNumber("reusedRows", answer.ReusedRows);
            json.WriteNumber("timeToFirstTokenMs", answer.TimeToFirstToken.TotalMilliseconds);
            json.WriteNumber("totalMs", answer.Total.TotalMilliseconds);
            json.WriteNumber("kvBytes", answer.KvBytes);
            json.WriteNumber("peakBytes", answer.PeakBytes);
            json.WriteStartArray("costs");
            foreach (var cost in answer.Costs)
            {
                json.WriteStartObject();
                json.WriteString("stage", cost.Stage);
                json.WriteNumber("milliseconds", cost.Milliseconds);
                json.WriteNumber("items", cost.Items);
                json.WriteNumber("bytes", cost.Bytes);
                json.WriteNumber("flops", cost.Flops);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("warnings");
            foreach (var warning in answer.Warnings) json.WriteStringValue(warning);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
