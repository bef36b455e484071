using Microsoft.AspNetCore.Http.Metadata;

namespace Studio.Library;

/// <summary>Marks routes for programs: their refusals are answered as they are, not with a page.</summary>
internal sealed class PlainStatusCodes : ISkipStatusCodePagesMetadata
{
    public static PlainStatusCodes Instance { get; } = new();

    private PlainStatusCodes()
    {
    }
}
