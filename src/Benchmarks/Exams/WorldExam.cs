using System.Security.Cryptography;
using Studio.Engine.Chat;
using Studio.Engine.Training;
using Studio.Engine.Video;
using Studio.Engine.World;

namespace Studio.Benchmarks.Exams;

/// <summary>How an exam is held.</summary>
public sealed record ExamSettings
{
    public required AskSettings Ask { get; init; }

    /// <summary>Without the video: what the questions alone give away.</summary>
    public bool IsBlind { get; init; }

    /// <summary>Questions at most, from the first.</summary>
    public int Limit { get; init; } = int.MaxValue;
}

/// <summary>
/// Asks a model the questions of a folder that <c>world make</c> filled: each in a conversation of its own, through the same path as a
/// chat (H.264 file, sampling, tower, compression, generated answer).
/// </summary>
/// <param name="folder">With annotations.jsonl and its videos.</param>
public sealed class WorldExam(string folder, VideoModel model, MediaEncoder encoder, TimeProvider time)
{
    /// <summary>Most questions of an exam.</summary>
    public const int MaxQuestions = 1_000_000;

    /// <summary>Asks what the record does not hold yet. Stopped, it goes on the next time and ends with the same record, times apart.</summary>
    /// <param name="path">The record's file.</param>
    /// <param name="onAnswer">Told each new answer and how many there are to be.</param>
    /// <exception cref="InvalidDataException">The folder holds no annotations, or one that cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The file records another exam.</exception>
    public IReadOnlyList<ExamAnswer> Run(ExamSettings settings, string path, Action<ExamAnswer, int>? onAnswer = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        string file = Path.Combine(folder, WorldFolder.AnnotationsName);
        if (!File.Exists(file))
        {
            throw new InvalidDataException($"{folder} holds no {WorldFolder.AnnotationsName}; fill it with `world make`.");
        }

        List<WorldAnnotation> questions = Read(file, settings.Limit);
        using var record = ExamRecord.Open(path, Head(settings, file));
        for (int line = record.Answers.Count; line < questions.Count; line++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ExamAnswer answer = Ask(questions[line], line, settings, cancellationToken);
            record.Add(answer);
            onAnswer?.Invoke(answer, questions.Count);
        }

        return [.. record.Answers.Take(questions.Count)];
    }

    private ExamAnswer Ask(WorldAnnotation annotation, int line, ExamSettings settings, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        WorldQuestion question = annotation.ToQuestion();
        double chance = question.Options is { } options ? 1.0 / options.Count : 0;
        var empty = new ExamAnswer(line, annotation.Id, annotation.Kind, annotation.Form, chance, null, null, annotation.Answer, null, annotation.Duration, 0, 0, 0);
        try
        {
            using var conversation = new Conversation(model, encoder, time: time);
            if (!settings.IsBlind)
            {
                conversation.Attach(Path.Combine(folder, annotation.Video));
            }

            Answer answer = conversation.Ask(WorldSource.Prompt(question), settings.Ask, ct: cancellationToken);
            cancellationToken.ThrowIfCancellationRequested(); // a text that was cut short is no answer
            return empty with
            {
                IsRight = question.IsRight(answer.Text),
                Reply = answer.Text,
                VisualTokens = answer.VisualTokens,
                CacheBytes = conversation.HeldBytes,
                Milliseconds = Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 1),
            };
        }
        catch (MediaException e)
        {
            return empty with { Error = $"{e.Reason}: {e.Message}" };
        }
    }

    private ExamHead Head(ExamSettings settings, string annotations)
    {
        using FileStream stream = File.OpenRead(annotations);
        return new ExamHead(
            model.Name, model.Fingerprint, Convert.ToHexStringLower(SHA256.HashData(stream)), $"{settings.Ask.Sampling} {settings.Ask.Compression} {settings.Ask.Generation}",
            settings.IsBlind, model.Dtype.ToString(), model.Device.ToString()!);
    }

    private static List<WorldAnnotation> Read(string file, int limit)
    {
        var questions = new List<WorldAnnotation>();
        foreach (string line in File.ReadLines(file).Take(Math.Min(limit, MaxQuestions)))
        {
            try
            {
                questions.Add(WorldAnnotation.Parse(line));
            }
            catch (System.Text.Json.JsonException e)
            {
                throw new InvalidDataException($"{file}, line {questions.Count + 1}: {e.Message}", e);
            }
        }

        return questions.Count > 0 ? questions : throw new InvalidDataException($"{file} holds no questions; fill its folder with `world make`.");
    }
}
