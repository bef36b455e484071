using System.Security.Cryptography;
using System.Text;
using Studio.Engine.Checkpoints;
using Studio.Engine.Checkpoints.Hub;

namespace Studio.Engine.Tests.Checkpoints.Hub;

/// <summary>A model repository behind the hub's HTTP interface, with a place to put faults.</summary>
internal sealed class FakeHub : IAsyncDisposable
{
    public const string Id = "Owner/Tiny.Model";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    public FakeHub()
    {
        using var folder = new TempFolder();
        TestFiles.CreateRandom(folder.Path, TinyModels.VideoChatFlash(), 1);
        foreach (string path in Directory.GetFiles(folder.Path))
        {
            _files[Path.GetFileName(path)] = File.ReadAllBytes(path);
        }

        _files["tokenizer.json"] = "{}"u8.ToArray();
        _files["README.md"] = "# not needed"u8.ToArray();
        _files["extra/model.safetensors"] = [1, 2, 3];
        Server = new TinyHttpServer(Answer);
    }

    public TinyHttpServer Server { get; }

    /// <summary>Asked first for each request; null leaves the proper answer.</summary>
    public Func<TinyRequest, TinyResponse?> Fault { get; set; } = _ => null;

    /// <summary>Changes the text of the listing.</summary>
    public Func<string, string> Listing { get; set; } = text => text;

    public IDictionary<string, byte[]> Files => _files;

    public byte[] Weights => _files["model.safetensors"];

    /// <summary>Waiting times asked for; waiting takes none.</summary>
    public List<TimeSpan> Waits { get; } = [];

    public IEnumerable<TinyRequest> RequestsOf(string file) =>
        Server.Requests.Where(request => request.Path.EndsWith($"/{file}", StringComparison.Ordinal));

    public HubOptions Options(string? token = null, long free = long.MaxValue, TimeSpan? stall = null) => new()
    {
        Endpoint = Server.Address,
        Token = token,
        FreeBytes = _ => free,
        StallTimeout = stall ?? TimeSpan.FromSeconds(30),
        Delay = (wait, _) =>
        {
            Waits.Add(wait);
            return Task.CompletedTask;
        },
    };

    public static TinyResponse Text(int status, string text, params string[] headers) => new(status, Encoding.UTF8.GetBytes(text), headers);

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>The whole file, or its rest when a range is asked for.</summary>
    public static TinyResponse Serve(byte[] body, TinyRequest request) => request.From == 0
        ? new TinyResponse(200, body)
        : new TinyResponse(206, body[(int)request.From..], [$"Content-Range: bytes {request.From}-{body.Length - 1}/{body.Length}"]);

    private TinyResponse Answer(TinyRequest request)
    {
        if (Fault(request) is { } fault)
        {
            return fault;
        }

        if (request.Path == $"/api/models/{Id}/revision/main?blobs=true")
        {
            return Text(200, Listing(List()));
        }

        string prefix = $"/{Id}/resolve/{Commit}/";
        return request.Path.StartsWith(prefix, StringComparison.Ordinal) && _files.TryGetValue(request.Path[prefix.Length..], out byte[]? body)
            ? Serve(body, request)
            : Text(404, "no such file");
    }

    private string List()
    {
        IEnumerable<string> siblings = _files.Select(file => file.Key.EndsWith(".safetensors", StringComparison.Ordinal)
            ? $$$"""{"rfilename":"{{{file.Key}}}","size":134,"blobId":"{{{Commit}}}","lfs":{"sha256":"{{{Convert.ToHexStringLower(SHA256.HashData(file.Value))}}}","size":{{{file.Value.Length}}},"pointerSize":134}}"""
            : $$"""{"rfilename":"{{file.Key}}","size":{{file.Value.Length}},"blobId":"{{GitBlob(file.Value)}}"}""");
        return $$"""{"id":"{{Id}}","sha":"{{Commit}}","siblings":[{{string.Join(",", siblings)}}]}""";
    }

    private static string GitBlob(byte[] body)
    {
#pragma warning disable CA5350
        return Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {body.Length}\0"), .. body]));
#pragma warning restore CA5350
    }
}
