using System.Text;
using Studio.Api;
using Studio.Engine.Training;
using Studio.Hosting;
using Studio.Inspect;

namespace Studio.Jobs.Trainings;

/// <summary>A training on this machine, whoever began it.</summary>
/// <param name="Stages">Stages of its recipe; 0 where that is not known.</param>
/// <param name="Last">Its last update; null before the first.</param>
/// <param name="IsFinished">Its model is there.</param>
/// <param name="IsActive">It wrote something lately.</param>
/// <param name="Path">Its page, without a leading slash.</param>
public sealed record TrainingRunView(string Name, int Stages, TrainingUpdate? Last, bool IsFinished, bool IsActive, DateTimeOffset ChangedAt, string Path);

/// <summary>The trainings of the data folder by their metrics files: those of jobs and those that somebody started as a command.</summary>
public sealed class TrainingRuns
{
    /// <summary>Trainings that are listed; the ones changed longest ago are left out.</summary>
    public const int MaxListed = 200;

    /// <summary>Curves that are kept in memory.</summary>
    public const int MaxKept = 16;

    /// <summary>A training that wrote its metrics within this time goes on.</summary>
    private static readonly TimeSpan s_active = TimeSpan.FromMinutes(2);

    private readonly StudioFolders _folders;
    private readonly TimeProvider _time;
    private readonly BoundedCache<string, CurveReader> _readers = new(MaxKept, _ => 1);

    internal TrainingRuns(StudioFolders folders, TimeProvider time) => (_folders, _time) = (folders, time);

    /// <summary>Curves in memory.</summary>
    internal int Kept => _readers.Count;

    /// <summary>Address of a training's page, without a leading slash.</summary>
    public static string PathOf(string name) => $"trainings/{Uri.EscapeDataString(name)}";

    /// <summary>Latest change first.</summary>
    public IReadOnlyList<TrainingRunView> List() =>
    [
        .. !Directory.Exists(_folders.Trainings) ? [] : new DirectoryInfo(_folders.Trainings).EnumerateDirectories()
            .Select(d => (d.Name, File: new FileInfo(Path.Combine(d.FullName, TrainingMetrics.FileName)))).Where(r => r.File.Exists)
            .OrderByDescending(r => r.File.LastWriteTimeUtc).ThenBy(r => r.Name, StringComparer.Ordinal).Take(MaxListed).Select(r => View(r.Name, r.File)),
    ];

    /// <exception cref="RequestException">404.</exception>
    public TrainingRunView Get(string name) => View(name, FileOf(name));

    /// <summary>Its metrics as points, as far as they are there.</summary>
    /// <exception cref="RequestException">404.</exception>
    public TrainingCurve Curve(string name)
    {
        var file = FileOf(name).FullName;
        if (!_readers.TryGet(name, out var reader)) _readers.Put(name, reader = new(file));
        return reader.Read();
    }

    /// <summary>A curve as a table, a line a point.</summary>
    public static string Csv(TrainingCurve curve)
    {
        ArgumentNullException.ThrowIfNull(curve);
        var text = new CsvText(["update", "stage", "loss", "median_loss", "gradient_norm", "tokens_per_second", .. curve.Rates.Keys.Select(g => $"rate_{g}")]);
        for (var i = 0; i < curve.Update.Count; i++)
        {
            object?[] values = [curve.Update[i], StageOf(curve, curve.Update[i])?.Name, curve.Loss[i], curve.MedianLoss[i], curve.GradientNorm[i], curve.TokensPerSecond[i], .. curve.Rates.Values.Select(r => (object?)r[i])];
            _ = text.Row(values);
        }

        return text.ToString();
    }

    /// <summary>The stage of an update that is counted over all stages.</summary>
    internal static CurveStage? StageOf(TrainingCurve curve, long update) => curve.Stages.LastOrDefault(s => update > s.From);

    private FileInfo FileOf(string name)
    {
        // A name is one of the folders that are there, and so never a path.
        var isName = name is { Length: > 0 and <= 255 } && name is not ("." or "..") && name.IndexOfAny(['/', '\\', '\0']) < 0;
        var file = isName ? new FileInfo(Path.Combine(_folders.Trainings, name, TrainingMetrics.FileName)) : null;
        return file is { Exists: true } ? file : throw RequestException.NotFound("training", name);
    }

    private TrainingRunView View(string name, FileInfo file)
    {
        var changed = new DateTimeOffset(file.LastWriteTimeUtc);
        var isFinished = Directory.Exists(Path.Combine(file.DirectoryName!, Trainer.ModelFolder));
        return new(name, StagesOf(file.DirectoryName!), LastOf(file), isFinished, !isFinished && _time.GetUtcNow() - changed < s_active, changed, PathOf(name));
    }

    private static int StagesOf(string folder)
    {
        try
        {
            var recipe = Path.Combine(folder, Trainer.RecipeFile);
            return File.Exists(recipe) ? TrainingRecipe.Load(recipe).Stages.Count : 0;
        }
        catch (Exception e) when (Cli.CommandLine.Explain(e) is not null)
        {
            return 0;
        }
    }

    /// <summary>From the end of the file: the last line that is whole.</summary>
    private static TrainingUpdate? LastOf(FileInfo file)
    {
        const int Enough = 1 << 14;
        try
        {
            using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            _ = stream.Seek(-Math.Min(Enough, stream.Length), SeekOrigin.End);
            var bytes = new byte[Enough];
            var text = Encoding.UTF8.GetString(bytes, 0, stream.ReadAtLeast(bytes, Enough, throwOnEndOfStream: false));
            return text.Split('\n').Reverse().Select(TrainingMetrics.TryParse).FirstOrDefault(u => u is not null);
        }
        catch (IOException)
        {
            return null; // it goes away at this moment
        }
    }
}
