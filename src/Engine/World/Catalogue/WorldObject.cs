namespace Studio.Engine.World;

/// <summary>What kind of picture an object has.</summary>
public enum ObjectSource
{
    /// <summary>A Noto Emoji picture.</summary>
    Picture,

    /// <summary>A shape drawn by our own code; it always has a colour.</summary>
    Shape,
}

/// <summary>One thing that a video can show.</summary>
/// <param name="Id">Position in <see cref="WorldObjects.All"/>.</param>
/// <param name="Name">Common English name, lower case, for example "pine tree"; no two objects share one.</param>
/// <param name="Plural">For example "pine trees"; equal to the name for "scissors" and "sheep".</param>
/// <param name="Group">What it belongs to, for example "animals".</param>
/// <param name="Source">Picture or shape.</param>
/// <param name="Code">Name of the picture, for example "1f34e", or of the shape.</param>
public sealed record WorldObject(int Id, string Name, string Plural, string Group, ObjectSource Source, string Code)
{
    /// <summary>The name with its article: "an apple", "a unicorn"; without one where the name is a plural: "grapes".</summary>
    public string WithArticle => IsPlural ? Name : $"{Article} {Name}";

    /// <summary>Whether the name itself is a plural that takes no article: "glasses".</summary>
    public bool IsPlural => Name == Plural && Name.EndsWith('s') && Source == ObjectSource.Picture;

    /// <summary>"a" or "an" for a word: by its first letter, save for the few that sound otherwise.</summary>
    internal static string ArticleOf(string word) =>
        word.StartsWith("uni", StringComparison.Ordinal) ? "a" : word.StartsWith("hour", StringComparison.Ordinal) || "aeiou".Contains(word[0]) ? "an" : "a";

    private string Article => ArticleOf(Name);
}
