using System.Globalization;
using System.Text;

namespace Studio.Jobs.Running;

/// <summary>
/// The log of one job, in two files at most: one that is written to, and the one before it. A reader of another thread, or
/// after a restart, sees every line that was added.
/// </summary>
internal sealed class JobLog(string folder, string id, JobLimits limits, TimeProvider time)
{
    private readonly Lock _gate = new();

    private string Current => Path.Combine(folder, $"{id}.log");

    private string Before => Path.Combine(folder, $"{id}.before.log");

    /// <summary>There once lines were dropped.</summary>
    private string Cut => Path.Combine(folder, $"{id}.cut");

    public void Add(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        var text = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-dd HH:mm:ss} {Plain(line)}\n");
        var bytes = Encoding.UTF8.GetBytes(text);
        lock (_gate)
        {
            using (var file = new FileStream(Current, FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete))
            {
                if (file.Length + bytes.Length <= limits.MaxLogBytes / 2)
                {
                    file.Write(bytes);
                    return;
                }
            }

            if (File.Exists(Before)) File.WriteAllText(Cut, "");
            File.Move(Current, Before, overwrite: true);
            File.WriteAllBytes(Current, bytes);
        }
    }

    /// <param name="lines">The most to return, the latest.</param>
    public JobLogView Read(int lines)
    {
        lock (_gate)
        {
            string[] files = [.. new[] { Before, Current }.Where(File.Exists)];
            var last = new Queue<string>(); // at most `lines`
            var isCut = File.Exists(Cut);
            foreach (var line in files.SelectMany(File.ReadLines))
            {
                last.Enqueue(line);
                if (last.Count <= lines) continue;
                _ = last.Dequeue();
                isCut = true;
            }

            return new([.. last], isCut);
        }
    }

    public void Delete()
    {
        lock (_gate)
        {
            File.Delete(Current);
            File.Delete(Before);
            File.Delete(Cut);
        }
    }

    private string Plain(string line)
    {
        var text = line.Length <= limits.MaxLogLine ? line : string.Concat(line.AsSpan(0, limits.MaxLogLine), " …");
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;
    }
}
