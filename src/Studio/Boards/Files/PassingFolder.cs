using Studio.Data;
using Studio.Hosting;

namespace Studio.Boards.Files;

/// <summary>A folder of one request below the data folder; it goes with the request, whatever becomes of it.</summary>
internal sealed class PassingFolder : IDisposable
{
    public PassingFolder(StudioFolders folders, TimeProvider time)
    {
        Path = System.IO.Path.Combine(folders.Passing, Ids.New(time));
        _ = Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    /// <summary>Removes what a server that was killed left.</summary>
    /// <returns>Folders removed.</returns>
    public static int RemoveLeft(StudioFolders folders, DateTime before)
    {
        var removed = 0;
        foreach (var folder in new DirectoryInfo(folders.Passing).EnumerateDirectories().Where(f => Ids.IsValid(f.Name) && f.LastWriteTimeUtc < before))
        {
            folder.Delete(recursive: true);
            removed++;
        }

        return removed;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // somebody tidied up
        }
    }
}
