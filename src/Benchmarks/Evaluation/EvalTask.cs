using System.Text.Json;

namespace Studio.Benchmarks.Evaluation;

/// <summary>
/// A benchmark: documents from its annotation format, and pure functions from a document to a prompt and from an answer to a score.
/// Nothing here reads a clock, a random source or a file that was not handed over.
/// </summary>
public abstract class EvalTask
{
    /// <summary>The <see cref="Measure"/> of most tasks.</summary>
    public const string Right = "right";

    /// <summary>Short name for the command line, for instance "videomme".</summary>
    public abstract string Name { get; }

    public abstract string Title { get; }

    /// <summary>Changes whenever a prompt of the task changes: results of different versions must not be compared silently.</summary>
    public virtual int PromptVersion => 1;

    /// <summary>Changes whenever a score of the task changes, its headline among them.</summary>
    public virtual int ScorerVersion => 2;

    public abstract EvalLimits Limits { get; }

    /// <summary>Annotation files below the annotation folder, each with the part its rows belong to ("" for none).</summary>
    public abstract IReadOnlyList<(string File, string Part)> Files { get; }

    /// <summary>A row of an annotation file.</summary>
    /// <param name="row">The row as JSON.</param>
    /// <param name="part">The part of the file it came from.</param>
    /// <param name="index">Its place in the file, from 0.</param>
    /// <exception cref="InvalidDataException">A field is missing or of another kind.</exception>
    public abstract EvalDocument Read(JsonElement row, string part, int index);

    public abstract EvalPrompt Prompt(EvalDocument document);

    public abstract EvalScore Score(EvalDocument document, string answer);

    /// <summary>The reported numbers over all samples, in document order; the first row is the headline.</summary>
    /// <param name="samples">Scored samples in document order.</param>
    /// <param name="seed">For originals that draw letters at random.</param>
    public abstract IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0);

    /// <summary>What the headline, the run's accuracy, counts: each sample, unless the task scores several together or weights its parts.</summary>
    /// <param name="samples">Scored samples in document order.</param>
    public virtual IReadOnlyList<ScoredUnit> Units(IReadOnlyList<ScoredSample> samples) => [.. samples.Select(s => ScoredUnit.Of(s))];

    /// <summary>What the headline is, in per cent: "right" for a share of right answers, else the mean's name.</summary>
    public virtual string Measure => Right;

    /// <summary>Several documents a row (a needle chain has two questions); most tasks have one.</summary>
    public virtual IEnumerable<EvalDocument> ReadAll(JsonElement row, string part, int index) => [Read(row, part, index)];

    /// <summary>All documents of an annotation file, a list of rows in most tasks.</summary>
    public virtual IReadOnlyList<EvalDocument> ReadFile(JsonElement file, string part)
    {
        if (file.ValueKind != JsonValueKind.Array) throw new InvalidDataException($"{Name}: the annotation file must be a list of rows, not {file.ValueKind}.");
        return Finish([.. file.EnumerateArray().SelectMany((row, i) => ReadAll(row, part, i))]);
    }

    /// <summary>What can be said of documents only after all of a file were read, for instance ids that count.</summary>
    public virtual IReadOnlyList<EvalDocument> Finish(IReadOnlyList<EvalDocument> documents) => documents;

    /// <summary>Whether answers are scored by a judge: then <see cref="Score"/> takes what <see cref="JudgeAsync"/> returned.</summary>
    public virtual bool NeedsJudge => false;

    /// <summary>Has an answer judged; the result, a text that can be kept, is what is scored.</summary>
    public virtual Task<string> JudgeAsync(EvalDocument document, string answer, IJudge judge, CancellationToken ct) =>
        throw new NotSupportedException($"{Name} is scored without a judge.");

    public override string ToString() => Name;
}
