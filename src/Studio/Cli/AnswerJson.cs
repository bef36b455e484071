using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Studio.Conversations;

namespace Studio.Cli;

/// <summary>One answer as one line of JSON: question, answer, and what was measured as the API has it. Field names are stable.</summary>
internal static class AnswerJson
{
    private static readonly JsonSerializerOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(string question, string answer, AnswerMeasures measures)
    {
        var json = new JsonObject { ["question"] = question, ["answer"] = answer };
        foreach (var (name, value) in JsonNode.Parse(measures.ToJson())!.AsObject()) json[name] = value?.DeepClone();
        return json.ToJsonString(s_options);
    }
}
