using System.IO.Compression;
using Studio.Data;
using Studio.Engine.Compression;
using Studio.Hosting;

namespace Studio.Conversations;

/// <summary>Compression traces on disk: <c>{answer id}.json.gz</c>. A reader sees a whole trace or none.</summary>
internal sealed class TraceStore(StudioFolders folders)
{
    private const string Temporary = ".tmp";

    /// <exception cref="ArgumentException">Not an identifier: it would be part of a path.</exception>
    public string PathOf(string answerId) => Ids.IsValid(answerId) ? Path.Combine(folders.Traces, answerId + ".json.gz") : throw new ArgumentException($"'{answerId}' is no identifier");

    public async Task WriteAsync(string answerId, CompressionTrace trace, CancellationToken ct)
    {
        var path = PathOf(answerId);
        var temporary = path + Temporary;
        try
        {
            var file = File.Create(temporary);
            await using (file.ConfigureAwait(false))
            {
                var zip = new GZipStream(file, CompressionLevel.Fastest);
                await using (zip.ConfigureAwait(false))
                {
                    await zip.WriteAsync(System.Text.Encoding.UTF8.GetBytes(trace.ToJson()), ct).ConfigureAwait(false);
                }
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    public void Delete(string answerId) => File.Delete(PathOf(answerId));

    /// <summary>Removes what an interrupted server left half-written.</summary>
    public void Sweep()
    {
        foreach (var left in Directory.EnumerateFiles(folders.Traces, "*" + Temporary)) File.Delete(left);
    }
}
