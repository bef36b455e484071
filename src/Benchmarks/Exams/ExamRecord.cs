using System.Text.Json;
using System.Text.Json.Serialization;

namespace Studio.Benchmarks.Exams;

/// <summary>What an exam was made with: the first line of its record. An exam goes on only with the same.</summary>
/// <param name="Model">Name and SHA-256 of the weights' fingerprint.</param>
/// <param name="Questions">SHA-256 of the annotations file.</param>
/// <param name="Settings">Frames, compression and generation as they act on the answer.</param>
/// <param name="IsBlind">Without the video.</param>
public sealed record ExamHead(string Model, string ModelFingerprint, string Questions, string Settings, bool IsBlind, string Dtype, string Device)
{
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}

/// <summary>One question with its reply.</summary>
/// <param name="Line">Of the annotations file, from 0.</param>
/// <param name="Id">Of the video.</param>
/// <param name="Chance">Probability of guessing right: 1 / options; 0 for open questions.</param>
/// <param name="Reply">As generated; null where the question failed.</param>
/// <param name="Error">Why it failed; such a question counts as unasked, never as wrong.</param>
/// <param name="Seconds">Of the video.</param>
/// <param name="VisualTokens">Before any drop.</param>
/// <param name="CacheBytes">Keys and values at the end of the answer.</param>
/// <param name="Milliseconds">Wall time of the answer, encoding included.</param>
public sealed record ExamAnswer(
    int Line, string Id, string Kind, string Form, double Chance, bool? IsRight, string? Reply, string Expected, string? Error, double Seconds, int VisualTokens, long CacheBytes, double Milliseconds)
{
    /// <summary>Asked and answered.</summary>
    [JsonIgnore]
    public bool Counts => IsRight is not null;

    public string ToJson() => JsonSerializer.Serialize(this, ExamHead.Json);
}

/// <summary>Answers of an exam on disk: the head, then a line for each, in order. Each line is flushed before the next question.</summary>
public sealed class ExamRecord : IDisposable
{
    private readonly FileStream _file;
    private readonly List<ExamAnswer> _answers = []; // bounded by the annotations

    private ExamRecord(FileStream file) => _file = file;

    public IReadOnlyList<ExamAnswer> Answers => _answers;

    /// <summary>Opens the record of an exam, made anew where there is none. A last line that was cut by a kill is taken back.</summary>
    /// <exception cref="InvalidOperationException">The file records another exam.</exception>
    public static ExamRecord Open(string path, ExamHead head)
    {
        ArgumentNullException.ThrowIfNull(head);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var record = new ExamRecord(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read));
        try
        {
            record.Read(path, head);
            return record;
        }
        catch
        {
            record.Dispose();
            throw;
        }
    }

    public void Add(ExamAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        Write(answer.ToJson());
        _answers.Add(answer);
    }

    public void Dispose() => _file.Dispose();

    private void Read(string path, ExamHead head)
    {
        string text = new StreamReader(_file).ReadToEnd();
        int whole = text.LastIndexOf('\n') + 1;
        string[] lines = text[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        _file.SetLength(System.Text.Encoding.UTF8.GetByteCount(text[..whole]));
        _ = _file.Seek(0, SeekOrigin.End);
        if (lines.Length == 0)
        {
            Write(head.ToJson());
            return;
        }

        if (lines[0] != head.ToJson())
        {
            throw new InvalidOperationException($"{path} records another exam ({lines[0]}); name another file for this one ({head.ToJson()}).");
        }

        foreach (string line in lines.Skip(1))
        {
            ExamAnswer answer = JsonSerializer.Deserialize<ExamAnswer>(line, ExamHead.Json) ?? throw new JsonException($"{path} holds a line that is null");
            _answers.Add(answer);
        }
    }

    private void Write(string line)
    {
        _file.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
        _file.Flush(flushToDisk: true);
    }
}
