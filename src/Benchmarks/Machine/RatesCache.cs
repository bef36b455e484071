using System.Security.Cryptography;
using System.Text;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;

namespace Studio.Benchmarks.Machine;

/// <summary>
/// Measured rates on disk, one JSON file a machine key. A file that is damaged, or of another key whose name collides, is
/// as good as none.
/// </summary>
/// <param name="folder">Made when first written to.</param>
public sealed class RatesCache(string folder)
{
    /// <summary>Files kept; the longest unwritten go first. A machine has a few thread counts and devices.</summary>
    public const int MaxEntries = 16;

    private const long MaxFileLength = 64 * 1024;
    private const string Pattern = "rates-*.json";

    public MachineRates? TryRead(MachineKey key)
    {
        var file = new FileInfo(PathOf(key));
        if (!file.Exists || file.Length > MaxFileLength) return null;
        try
        {
            return MachineRates.TryParse(File.ReadAllText(file.FullName)) is { } rates && rates.Key == key ? rates : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <returns>False where the folder cannot be written: the rates are good all the same, only measured again next time.</returns>
    public bool TryWrite(MachineRates rates)
    {
        ArgumentNullException.ThrowIfNull(rates);
        try
        {
            _ = Directory.CreateDirectory(folder);
            AtomicFile.WriteAllText(PathOf(rates.Key), rates.ToJson());
            foreach (var old in new DirectoryInfo(folder).GetFiles(Pattern).OrderByDescending(f => f.LastWriteTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal).Skip(MaxEntries)) old.Delete();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    internal string PathOf(MachineKey key)
    {
        var text = string.Join('\n', key.CpuModel, key.Threads, key.Libtorch, key.Blas, key.Device);
        return Path.Combine(folder, $"rates-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16]}.json");
    }
}
