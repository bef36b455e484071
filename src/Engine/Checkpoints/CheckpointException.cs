using System.Text;

namespace Studio.Engine.Checkpoints;

/// <summary>One disagreement between a model folder and what the engine expects of it.</summary>
/// <param name="File">Path of the offending file.</param>
/// <param name="Subject">Tensor name, configuration key or header field the problem is about.</param>
/// <param name="Expected">What would have been right.</param>
/// <param name="Found">What is there.</param>
/// <param name="Remedy">What the user can do, where one action is the obvious one.</param>
public sealed record CheckpointProblem(string File, string Subject, string Expected, string Found, string? Remedy = null)
{
    /// <summary>One sentence naming file, subject, expected, found and, if known, the remedy.</summary>
    public override string ToString()
    {
        string sentence = $"{File}: {Subject}: expected {Expected}, found {Found}.";
        return Remedy is null ? sentence : $"{sentence} {Remedy}";
    }
}

/// <summary>A model folder, its configuration or one of its weight files cannot be used as it is.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>How many problems the message spells out; the rest is counted.</summary>
    public const int MaxListed = 20;

    internal CheckpointException(CheckpointProblem problem, Exception? inner = null)
        : base(problem.ToString(), inner)
    {
        Problems = [problem];
        TotalProblems = 1;
    }

    internal CheckpointException(string what, ProblemList problems)
        : base(Compose(what, problems))
    {
        Problems = problems.Kept;
        TotalProblems = problems.Count;
    }

    /// <summary>The problems found, at most <see cref="ProblemList.Capacity"/> of them.</summary>
    public IReadOnlyList<CheckpointProblem> Problems { get; }

    /// <summary>How many problems there were, including those beyond the kept ones.</summary>
    public int TotalProblems { get; }

    private static string Compose(string what, ProblemList problems)
    {
        var text = new StringBuilder($"{what}: {problems.Count} problem{(problems.Count == 1 ? "" : "s")}");
        foreach (CheckpointProblem problem in problems.Kept.Take(MaxListed))
        {
            text.Append("\n  ").Append(problem);
        }

        if (problems.Count > MaxListed)
        {
            text.Append($"\n  and {problems.Count - MaxListed} more");
        }

        return text.ToString();
    }
}

/// <summary>Collects problems: all are counted, the first <see cref="Capacity"/> are kept.</summary>
internal sealed class ProblemList
{
    /// <summary>A header of 100 MB can name a million wrong tensors; nobody reads past the first thousand.</summary>
    public const int Capacity = 1000;

    private readonly List<CheckpointProblem> _kept = [];

    public int Count { get; private set; }

    public IReadOnlyList<CheckpointProblem> Kept => _kept;

    public void Add(CheckpointProblem problem)
    {
        Count++;
        if (_kept.Count < Capacity)
        {
            _kept.Add(problem);
        }
    }

    public void ThrowIfAny(string what)
    {
        if (Count > 0)
        {
            throw new CheckpointException(what, this);
        }
    }
}
