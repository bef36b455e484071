using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Conversations;
using Studio.Data;
using Studio.Hosting;

namespace Studio.OpenAi;

/// <summary>A file that a message names.</summary>
/// <param name="VideoId">Of the library; null where it is not from there.</param>
internal sealed record ChatFile(string Path, string Name, string? VideoId);

/// <summary>Finds the files of a request's media parts; those sent in the request itself lie in a folder until disposed.</summary>
internal sealed class ChatMedia(IDbContextFactory<StudioDb> contexts, StudioOptions options, StudioFolders folders, TimeProvider time)
{
    private string Folder => Path.Combine(folders.Cache, "chat-media");

    /// <summary>What an interrupted server left behind.</summary>
    public void Sweep()
    {
        if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
    }

    /// <exception cref="OpenAiException">400: a url cannot be used; 404: no such video.</exception>
    public async Task<ChatFile> FindAsync(CurrentUser user, MediaPart part, ChatFiles files, CancellationToken ct)
    {
        if (part.Url.ValueKind != JsonValueKind.String) throw OpenAiException.Invalid(part.Field, $"{part.Field} has no url");
        if (IsData(part.Url)) return Write(part, files);
        var url = part.Url.GetString()!;
        if (url.StartsWith("video:", StringComparison.Ordinal) || Ids.IsValid(url))
        {
            return await LibraryAsync(user, part.Field, url[(url.IndexOf(':', StringComparison.Ordinal) + 1)..], ct).ConfigureAwait(false);
        }

        if (url.StartsWith("http:", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
        {
            throw OpenAiException.Invalid(
                part.Field, $"{part.Field}: this server fetches nothing from the network; upload the file and give video:ID, or send a data URL", "unsupported_url");
        }

        var path = url.StartsWith("file://", StringComparison.OrdinalIgnoreCase) && Uri.TryCreate(url, UriKind.Absolute, out var uri) ? uri.LocalPath : url;
        if (options.ImportFolders.Count > 0 && ServerFiles.Resolve(path, options.ImportFolders) is { } real) return new(real, Path.GetFileName(real), null);
        var shown = url.Length > 200 ? url[..200] + "…" : url;
        var paths = options.ImportFolders.Count > 0 ? ", or the path of a file inside a folder that this server imports from" : "";
        throw OpenAiException.Invalid(part.Field, $"{part.Field} is '{shown}'; give video:ID of the library, a data URL{paths}", "unsupported_url");
    }

    private static bool IsData(JsonElement url) => JsonMarshal.GetRawUtf8Value(url).StartsWith("\"data:"u8);

    private async Task<ChatFile> LibraryAsync(CurrentUser user, string field, string id, CancellationToken ct)
    {
        var db = await contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var video = await db.Videos.AsNoTracking().ReadableBy(user).FirstOrDefaultAsync(v => v.Id == id, ct).ConfigureAwait(false)
                ?? throw new OpenAiException(StatusCodes.Status404NotFound, $"{field}: there is no video '{id}'", field, "video_not_found");
            return new(QuestionReader.FileOf(folders, video), video.Name, video.Id);
        }
    }

    /// <summary>data:TYPE;base64,… straight from the request's bytes into a file.</summary>
    private ChatFile Write(MediaPart part, ChatFiles files)
    {
        var raw = JsonMarshal.GetRawUtf8Value(part.Url)[1..^1];
        // Some writers escape the slashes, which base64 is full of.
        if (raw.Contains((byte)'\\')) raw = Encoding.UTF8.GetBytes(part.Url.GetString()!);
        var comma = raw.IndexOf((byte)',');
        if (comma < 0 || !raw[..comma].EndsWith(";base64"u8))
        {
            throw OpenAiException.Invalid(part.Field, $"{part.Field}: a data URL has the form data:video/mp4;base64,…", "invalid_data_url");
        }

        _ = Directory.CreateDirectory(Folder);
        var path = Path.Combine(Folder, Ids.New(time));
        files.Own(path);
        var kind = part.Field.EndsWith("image_url", StringComparison.Ordinal) ? "image" : "video";
        using var file = File.Create(path);
        var buffer = new byte[48 * 1024];
        for (var rest = raw[(comma + 1)..]; rest.Length > 0;)
        {
            var piece = rest[..Math.Min(rest.Length, 64 * 1024)];
            var last = piece.Length == rest.Length;
            var status = Base64.DecodeFromUtf8(piece, buffer, out var read, out var written, isFinalBlock: last);
            if (status is not (System.Buffers.OperationStatus.Done or System.Buffers.OperationStatus.NeedMoreData) || (last && read < piece.Length) || read == 0)
            {
                throw OpenAiException.Invalid(part.Field, $"{part.Field}: the data is not valid base64", "invalid_data_url");
            }

            file.Write(buffer, 0, written);
            rest = rest[read..];
        }

        if (file.Length == 0) throw OpenAiException.Invalid(part.Field, $"{part.Field}: the data URL is empty", "invalid_data_url");
        return new(path, $"{kind} {files.Count}", null);
    }
}

/// <summary>The files that a request brought with it; disposing deletes them.</summary>
internal sealed class ChatFiles : IDisposable
{
    private readonly List<string> _paths = []; // bounded by the request's media

    public int Count => _paths.Count;

    public void Own(string path) => _paths.Add(path);

    public void Dispose()
    {
        foreach (var path in _paths) File.Delete(path);
    }
}
