using System.Text.Json;
using Studio.Engine.Chat;
using Studio.Engine.Video;
using Studio.Engine.World;

namespace Studio.Engine.Training.Annotating;

/// <summary>The videos below a folder.</summary>
internal sealed class VideoFolder(string folder, string output, VideoProbe probe)
{
    /// <summary>Files with these endings are videos.</summary>
    public static readonly string[] Endings = [".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".flv", ".wmv", ".ogv", ".3gp"];

    /// <summary>Paths from the folder, in order; where there are more than wanted, the seed chooses.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="ArgumentException">It holds no video, or more than <see cref="AnnotationSettings.MaxVideos"/>.</exception>
    public IReadOnlyList<string> Choose(AnnotationSettings settings, int most = AnnotationSettings.MaxVideos)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{folder}'; name one that holds videos.");
        }

        var found = new List<string>(); // at most most
        foreach (string path in Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }))
        {
            if (!Endings.Contains(Path.GetExtension(path).ToLowerInvariant()))
            {
                continue;
            }

            if (found.Count == most)
            {
                throw new ArgumentException($"'{folder}' holds more than {most} videos; work on its parts one by one.");
            }

            found.Add(Path.GetRelativePath(folder, path));
        }

        if (found.Count == 0)
        {
            throw new ArgumentException($"'{folder}' holds no video ({string.Join(", ", Endings)}); name a folder that does.");
        }

        found.Sort(StringComparer.Ordinal);
        if (found.Count > settings.Videos)
        {
            found = [.. new WorldRandom(WorldRandom.Hash(settings.Seed, 0xF01D)).Sample(found, settings.Videos)];
            found.Sort(StringComparer.Ordinal);
        }

        return found;
    }

    /// <summary>Content and length of a video; a file that has not changed is not read again.</summary>
    /// <exception cref="UnansweredException">It cannot be used; the reason has been written down.</exception>
    public async Task<SourceVideo> OpenAsync(string name, Asker asker, CancellationToken cancellationToken)
    {
        string path = Path.GetFullPath(Path.Combine(folder, name));
        var file = new FileInfo(path);
        string content = file.Exists ? $"{file.Length} {file.LastWriteTimeUtc.Ticks}" : "gone";
        Understood<(string Hash, double Duration)> facts = await asker.AskAsync(
            new Inquiry("video", path, "ffprobe", content),
            async ct =>
            {
                VideoInfo info = await probe.ProbeAsync(path, cancellationToken: ct).ConfigureAwait(false);
                double duration = info.IsStillImage ? 0 : info.FrameCount / info.AverageFrameRate;
                return JsonSerializer.Serialize(new { hash = await HashAsync(path, ct).ConfigureAwait(false), duration });
            },
            text => AnswerText.Json(text, e => (AnswerText.String(e, "hash", 64), e.GetProperty("duration").GetDouble())),
            cancellationToken).ConfigureAwait(false);
        return new SourceVideo(path, Path.GetRelativePath(output, path).Replace('\\', '/'), facts.Value.Hash, facts.Value.Duration);
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await ContentHash.OfFileAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MediaException(MediaError.Unreadable, path, e.Message, e);
        }
    }
}
