using System.Net;
using System.Security.Cryptography;
using Studio.Engine.Checkpoints.Hub;

namespace Studio.Tests.ModelHosting;

/// <summary>A model hub with one model, the files of a folder; a download may be made to wait.</summary>
internal sealed class HubHandler(string folder) : HttpMessageHandler
{
    public const string Id = "Owner/Small-Model";

    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    /// <summary>Awaited before the weights are sent.</summary>
    public Task Weights { get; set; } = Task.CompletedTask;

    public HubClient Client() => new(new() { Endpoint = new("http://127.0.0.1:1"), Delay = (_, _) => Task.CompletedTask, FreeBytes = _ => long.MaxValue, MaxAttempts = 2 }, this);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        if (path == $"/api/models/{Id}/revision/main") return Text(await ListAsync(cancellationToken));
        var file = Path.Combine(folder, Path.GetFileName(path));
        if (!path.StartsWith($"/{Id}/resolve/{Commit}/", StringComparison.Ordinal) || !File.Exists(file)) return new(HttpStatusCode.NotFound);
        if (file.EndsWith(".safetensors", StringComparison.Ordinal)) await Weights.WaitAsync(cancellationToken);
        return new(HttpStatusCode.OK) { Content = new ByteArrayContent(await File.ReadAllBytesAsync(file, cancellationToken)) };
    }

    private static HttpResponseMessage Text(string text) => new(HttpStatusCode.OK) { Content = new StringContent(text) };

    private async Task<string> ListAsync(CancellationToken ct)
    {
        var siblings = new List<string>();
        foreach (var file in Directory.GetFiles(folder))
        {
            var body = await File.ReadAllBytesAsync(file, ct);
            siblings.Add($$$"""{"rfilename":"{{{Path.GetFileName(file)}}}","size":1,"lfs":{"sha256":"{{{Convert.ToHexStringLower(SHA256.HashData(body))}}}","size":{{{body.Length}}}}}""");
        }

        return $$"""{"sha":"{{Commit}}","siblings":[{{string.Join(",", siblings)}}]}""";
    }
}
