using System.IO.Compression;
using System.Text.Json;

namespace Studio.Engine.Tests;

/// <summary>
/// Reference numbers for tests, one folder per case. The environment variable GOLDEN_DIR names a folder that replaces the one
/// shipped with the tests, e.g. with a full set too large for the repository; a case it lacks is taken from the shipped folder.
/// </summary>
internal static class Golden
{
    private static readonly string s_shipped = Path.Combine(AppContext.BaseDirectory, "golden");

    /// <summary>The folder of a case.</summary>
    /// <exception cref="DirectoryNotFoundException">Neither folder has the case.</exception>
    internal static string Folder(string caseName)
    {
        var replacement = Environment.GetEnvironmentVariable("GOLDEN_DIR");
        string[] roots = string.IsNullOrEmpty(replacement) ? [s_shipped] : [replacement, s_shipped];
        return roots.Select(root => Path.Combine(root, caseName)).FirstOrDefault(Directory.Exists)
            ?? throw new DirectoryNotFoundException($"No golden case {caseName} in {string.Join(" or ", roots)}.");
    }

    /// <summary>Opens a file of a case; "name.gz" is taken where "name" is missing, and read decompressed.</summary>
    internal static Stream Open(string caseName, string fileName)
    {
        var path = Path.Combine(Folder(caseName), fileName);
        return File.Exists(path) ? File.OpenRead(path) : new GZipStream(File.OpenRead(path + ".gz"), CompressionMode.Decompress);
    }

    internal static JsonElement Json(string caseName, string fileName)
    {
        using var stream = Open(caseName, fileName);
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
