using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Studio.Api;

namespace Studio.Pages.Api;

/// <summary>A field of a JSON object.</summary>
public sealed record ApiField(string Name, string Type, string? Description);

/// <summary>The OpenAPI document for people: nothing but what it says.</summary>
public sealed partial class ApiReference
{
    private IReadOnlyList<Group> _groups = [];
    private IReadOnlyList<Form> _forms = [];
    private OpenApiDocument _document = new();

    [Inject]
    private IServiceProvider Services { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    protected override async Task OnInitializedAsync()
    {
        _document = await Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(ApiSetup.Document).GetOpenApiDocumentAsync();
        _groups = [.. _document.Paths.SelectMany(p => (p.Value.Operations ?? []).Select(o => (Path: p.Key, Method: o.Key, Operation: o.Value)))
            .GroupBy(o => o.Operation.Tags?.FirstOrDefault()?.Name ?? "Other")
            .Select(g => new Group(g.Key, Anchor(g.Key), [.. g.Select(o => ViewOf(o.Path, o.Method, o.Operation))]))];
        _forms = [.. (_document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>())
            .Where(s => s.Value.Properties?.Count > 0).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => new Form(s.Key, s.Value.Description, Fields(s.Value)))];
    }

    private static string Anchor(string name) => new([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);

    private static Operation ViewOf(string path, HttpMethod method, OpenApiOperation operation)
    {
        var body = operation.RequestBody?.Content?.Values.FirstOrDefault()?.Schema;
        return new(
            method.Method, path, operation.Summary ?? "",
            [.. (operation.Parameters ?? []).Select(p => new Parameter(p.Name ?? "", p.In?.ToString().ToLowerInvariant() ?? "", TypeOf(p.Schema), p.Schema?.Default?.ToJsonString()))],
            body is null ? [] : Fields(body),
            [.. (operation.Responses ?? []).OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => new Response(
                r.Key, r.Value.Description, string.Join(", ", (r.Value.Content ?? new Dictionary<string, OpenApiMediaType>()).Select(c => c.Value.Schema is { } s ? $"{TypeOf(s)} ({c.Key})" : c.Key))))]);
    }

    private static IReadOnlyList<ApiField> Fields(IOpenApiSchema schema) =>
        [.. (schema.Properties ?? new Dictionary<string, IOpenApiSchema>()).Select(p => new ApiField(p.Key, TypeOf(p.Value), p.Value.Description))];

    private static string TypeOf(IOpenApiSchema? schema)
    {
        if (schema is OpenApiSchemaReference reference) return reference.Reference.Id ?? "";
        if (schema is null) return "";
        if (schema.Enum is { Count: > 0 } values) return string.Join(" | ", values.Where(v => v is not null).Select(v => v!.ToString()));
        if ((schema.OneOf ?? schema.AnyOf) is { Count: > 0 } either) return string.Join(" | ", either.Select(TypeOf).Where(t => t != "null" && t.Length > 0).Distinct());
        if (schema.Type?.HasFlag(JsonSchemaType.Array) == true) return $"list of {TypeOf(schema.Items)}";
        return schema.Type is not { } type ? "" : string.Join(" | ", Enum.GetValues<JsonSchemaType>().Where(t => t != JsonSchemaType.Null && type.HasFlag(t)).Select(t => t.ToString().ToLowerInvariant()));
    }

    private sealed record Group(string Name, string Anchor, IReadOnlyList<Operation> Operations);

    private sealed record Operation(string Method, string Path, string Summary, IReadOnlyList<Parameter> Parameters, IReadOnlyList<ApiField> Body, IReadOnlyList<Response> Responses);

    private sealed record Parameter(string Name, string In, string Type, string? Default);

    private sealed record Response(string Status, string? Meaning, string Content);

    private sealed record Form(string Name, string? Description, IReadOnlyList<ApiField> Fields);
}
