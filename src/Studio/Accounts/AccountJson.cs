using System.Text.Json;
using System.Text.Json.Serialization;

namespace Studio.Accounts;

/// <summary>Accounts as JSON: the same on the command line as over HTTP.</summary>
internal static class AccountJson
{
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    public static string Text(IReadOnlyList<AccountView> accounts) => JsonSerializer.Serialize(accounts, s_options);
}
