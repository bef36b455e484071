using System.Text;
using System.Text.Json;

namespace Studio.Engine.Training;

/// <summary>One update, as the metrics file and progress bars have it.</summary>
public sealed record TrainingUpdate
{
    /// <summary>Name of the stage.</summary>
    public required string Stage { get; init; }

    /// <summary>0-based.</summary>
    public required int StageIndex { get; init; }

    /// <summary>Updates of the stage done, this one included.</summary>
    public required long Step { get; init; }

    /// <summary>Updates of the stage in all.</summary>
    public required long Steps { get; init; }

    /// <summary>Mean of the batches' losses.</summary>
    public required double Loss { get; init; }

    /// <summary>Joint norm of all gradients before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Learning rate of each group in this update.</summary>
    public required IReadOnlyDictionary<string, double> Rates { get; init; }

    /// <summary>Rows of the decoder's input.</summary>
    public required long Rows { get; init; }

    /// <summary>Tokens that were learned.</summary>
    public required long Supervised { get; init; }

    /// <summary>Samples that could not be read and were replaced.</summary>
    public required int Replaced { get; init; }

    /// <summary>Time of this update.</summary>
    public required double Seconds { get; init; }

    /// <summary>Rows a second.</summary>
    public double RowsPerSecond => Seconds > 0 ? Rows / Seconds : 0;
}

/// <summary>The metrics of a run: one JSON object a line and update, in order, without an update twice.</summary>
public sealed class TrainingMetrics : IDisposable
{
    /// <summary>Name of the file in a run's folder.</summary>
    public const string FileName = "metrics.jsonl";

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly StreamWriter _writer;

    /// <summary>Opens a run's file and cuts off what lies behind a position: those updates will be made again.</summary>
    public TrainingMetrics(string run, int stage, long step)
    {
        string path = Path.Combine(run, FileName);
        if (File.Exists(path))
        {
            string temporary = path + ".tmp";
            using (var kept = new StreamWriter(temporary, append: false, new UTF8Encoding(false)))
            {
                foreach (string line in File.ReadLines(path).Where(l => IsBefore(l, stage, step)))
                {
                    kept.Write(line + "\n");
                }
            }

            File.Move(temporary, path, overwrite: true);
        }

        _writer = new StreamWriter(path, append: true, new UTF8Encoding(false));
    }

    /// <summary>All updates of a run.</summary>
    public static IEnumerable<TrainingUpdate> Read(string run) => File.Exists(Path.Combine(run, FileName))
        ? File.ReadLines(Path.Combine(run, FileName)).Select(l => JsonSerializer.Deserialize<TrainingUpdate>(l, s_json)!)
        : [];

    /// <summary>A line's update; null for one that is none, or was cut off.</summary>
    public static TrainingUpdate? TryParse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<TrainingUpdate>(line, s_json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>An update as its line has it, without the line's end.</summary>
    public static string ToJson(TrainingUpdate update) => JsonSerializer.Serialize(update, s_json);

    /// <summary>Adds a line; it is in the file when this returns.</summary>
    public void Add(TrainingUpdate update)
    {
        _writer.Write(ToJson(update) + "\n");
        _writer.Flush();
    }

    public void Dispose() => _writer.Dispose();

    /// <summary>Not so for a line that a cut-off run left half written.</summary>
    private static bool IsBefore(string line, int stage, long step) =>
        TryParse(line) is { } update && (update.StageIndex < stage || (update.StageIndex == stage && update.Step <= step));
}
