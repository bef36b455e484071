using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Studio.Benchmarks.Machine;
using Studio.Benchmarks.Records;
using Studio.Engine.Chat;
using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Running;

/// <summary>What a run is made with: source, packages, numbers and model.</summary>
/// <param name="sourceFolder">The checkout.</param>
/// <param name="programFolder">Where the built program lies, with its list of packages.</param>
/// <param name="ask">Runs a program; git is asked. <see cref="ProcessRunner.Run"/> by default.</param>
public sealed class ProvenanceReader(string sourceFolder, string programFolder, Func<string, IReadOnlyList<string>, TimeSpan, ToolAnswer>? ask = null)
{
    /// <summary>In place of what cannot be known.</summary>
    public const string Unknown = "unknown";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly Func<string, IReadOnlyList<string>, TimeSpan, ToolAnswer> _ask = ask ?? ProcessRunner.Run;

    /// <summary>The version of this program.</summary>
    public static string StudioVersion { get; } =
        typeof(ProvenanceReader).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? Unknown;

    /// <summary>The commit in <see cref="StudioVersion"/>, which the SDK writes there ("1.0.0+COMMIT"); null where it knew none.</summary>
    private static string? BuiltCommit { get; } = StudioVersion.Split('+', 2) is [_, { Length: 40 } commit] ? commit : null;

    /// <param name="model">Null where none is asked.</param>
    /// <param name="modelHash">As <see cref="ModelHashAsync"/> computes it.</param>
    /// <param name="tools">Null where no video is read.</param>
    public async Task<Provenance> ReadAsync(VideoModel? model, string modelHash, string annotationHash, MediaTools? tools, CancellationToken ct = default)
    {
        var (commit, isDirty) = Source(BuiltCommit);
        return new()
        {
            Commit = commit,
            IsDirty = isDirty,
            StudioVersion = StudioVersion,
            LibtorchVersion = model is null ? "" : torch.Version,
            Packages = Packages(),
            Device = model?.Device.ToString() ?? "",
            Dtype = model?.Dtype.ShortName() ?? "",
            Threads = model is null ? 0 : torch.get_num_threads(),
            ModelHash = modelHash,
            AnnotationHash = annotationHash,
            Ffmpeg = tools is null ? "" : await tools.VersionAsync(cancellationToken: ct).ConfigureAwait(false),
        };
    }

    /// <summary>SHA-256 over the files of a model's folder that decide its answers: configuration, tokenizer, weights. Reads them once a process.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static async Task<string> ModelHashAsync(string folder, CancellationToken ct = default)
    {
        var text = new StringBuilder();
        foreach (var file in Directory.GetFiles(folder).Where(f => Path.GetExtension(f) is ".json" or ".safetensors").Order(StringComparer.Ordinal))
        {
            _ = text.Append(Path.GetFileName(file)).Append(' ').Append(await ContentHash.OfFileAsync(file, ct).ConfigureAwait(false)).Append('\n');
        }

        return Hash(text.ToString());
    }

    /// <summary>Of a model that lies in no folder.</summary>
    public static string ModelHash(VideoModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Hash(model.Fingerprint);
    }

    /// <summary>
    /// The commit that the program was built from, and whether tracked or new files differ from it. Where the checkout has moved on since, as under a server that runs for long,
    /// nobody knows any more whether it had changes then: it counts as changed.
    /// </summary>
    /// <param name="built">The build's commit; null where it was built without history.</param>
    internal (string Commit, bool IsDirty) Source(string? built)
    {
        var head = _ask("git", ["-C", sourceFolder, "rev-parse", "HEAD"], s_limit);
        if (head.State != ToolState.Works || head.FirstLine.Length == 0) return (built ?? Unknown, built is not null);
        if (built is not null && head.FirstLine != built) return (built, true);
        var status = _ask("git", ["-C", sourceFolder, "status", "--porcelain"], s_limit);
        return (head.FirstLine, status.State != ToolState.Works || status.Text.Trim().Length > 0);
    }

    /// <summary>Packages that the program was built with; none where it does not say.</summary>
    internal SortedDictionary<string, string> Packages()
    {
        var packages = new SortedDictionary<string, string>(StringComparer.Ordinal);
        string[] files = Directory.Exists(programFolder) ? Directory.GetFiles(programFolder, "*.deps.json") : [];
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            try
            {
                using var json = JsonDocument.Parse(File.ReadAllBytes(file));
                foreach (var library in json.RootElement.GetProperty("libraries").EnumerateObject())
                {
                    if (library.Value.GetProperty("type").GetString() == "package" && library.Name.Split('/') is [var name, var version]) packages[name] = version;
                }
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                packages[Path.GetFileName(file)] = Unknown;
            }
        }

        return packages;
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
