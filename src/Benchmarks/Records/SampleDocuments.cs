using System.Collections.Immutable;
using System.Text.Json;
using Studio.Benchmarks.Evaluation;

namespace Studio.Benchmarks.Records;

/// <summary>From a document to its row and back: all that a task's numbers are made of is in the row.</summary>
public static class SampleDocuments
{
    /// <summary>A row with the document's facts; answer, score and costs are to be added.</summary>
    public static Sample Of(string runId, int ordinal, EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return new Sample
        {
            RunId = runId,
            Ordinal = ordinal,
            DocumentId = document.Id,
            Part = document.Part,
            Cluster = document.Cluster,
            Labels = RecordJson.Text(document.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal)),
            Media = document.Media,
            Question = document.Question,
            Interval = document.Interval is { } i ? RecordJson.Text<double[]>([i.Start, i.End]) : null,
            Expected = document.Options.Count > 0 && document.GoldLetter is { } letter ? letter : document.Answer,
            Options = RecordJson.Text(document.Options),
        };
    }

    /// <summary>Adds what an answer is worth.</summary>
    public static void Score(Sample sample, EvalScore score)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(score);
        sample.Parsed = score.Parsed;
        sample.CorrectedParsed = score.CorrectedParsed;
        sample.Official = score.Official;
        sample.Corrected = score.Corrected;
        sample.Choices = score.Choices;
        sample.OfficialError = score.OfficialError;
        sample.Measures = RecordJson.Text(score.Measures.ToImmutableSortedDictionary(StringComparer.Ordinal));
    }

    /// <summary>The document as far as numbers are made of it: no subtitles, needles or checks.</summary>
    /// <exception cref="InvalidDataException">A field of the row is damaged.</exception>
    public static EvalDocument Document(Sample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        try
        {
            var options = RecordJson.Read<List<string>>(sample.Options);
            var gold = options.Count > 0 ? Letters.IndexOf(sample.Expected is [_] ? sample.Expected : null) : -1;
            return new EvalDocument
            {
                Id = sample.DocumentId,
                Part = sample.Part,
                // A document without a video is its own cluster; its Media stays empty.
                Media = sample.Media,
                Question = sample.Question,
                Options = options,
                Answer = sample.Expected,
                Gold = gold >= 0 && gold < options.Count ? gold : null,
                Interval = sample.Interval is { } text && RecordJson.Read<double[]>(text) is [var start, var end] ? (start, end) : null,
                Labels = RecordJson.Read<SortedDictionary<string, string>>(sample.Labels),
            };
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"Sample {sample.Ordinal} of run {sample.RunId} is damaged: {e.Message}", e);
        }
    }

    /// <summary>Whether a sample counts in any number.</summary>
    public static bool IsScored(Sample sample) => sample is { Corrected: not null, ErrorClass: null };

    /// <summary>A sample that has a score, as a task's aggregate takes it.</summary>
    /// <exception cref="InvalidDataException">A field of the row is damaged.</exception>
    public static ScoredSample Scored(Sample sample, EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(sample);
        try
        {
            return new(document, sample.Judgement ?? sample.Answer ?? "", new EvalScore
            {
                Parsed = sample.Parsed,
                Official = sample.Official,
                CorrectedParsed = sample.CorrectedParsed,
                Corrected = sample.Corrected ?? throw new ArgumentException($"Sample {sample.Ordinal} of run {sample.RunId} has no score.", nameof(sample)),
                Choices = sample.Choices,
                OfficialError = sample.OfficialError,
                Measures = RecordJson.Read<SortedDictionary<string, double>>(sample.Measures),
            });
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"Sample {sample.Ordinal} of run {sample.RunId} is damaged: {e.Message}", e);
        }
    }
}
