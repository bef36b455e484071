using System.Text.Json;
using Studio.Benchmarks.Evaluation;

namespace Studio.Benchmarks.Tests.Evaluation;

/// <summary>Documents from rows written in the tests.</summary>
internal static class Json
{
    public static JsonElement Of(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    public static EvalDocument Document(this EvalTask task, string row, string part = "", int index = 0) => task.Read(Of(row), part, index);
}
