namespace Studio.Engine.World;

/// <summary>What the makers of questions share: the script, where chance comes from, and how options are laid out.</summary>
internal sealed class QuestionWriter(WorldScript script, WorldRandom random, bool lettered, WorldBalance balance)
{
    /// <summary>A writer of a further question, whose form, letter and polarity chance decides.</summary>
    /// <param name="form">Open or lettered; null for either.</param>
    public static QuestionWriter Draw(WorldScript script, WorldRandom random, WorldForm? form)
    {
        bool isLettered = random.Chance(50);
        return new(script, random, (form ?? (isLettered ? WorldForm.Lettered : WorldForm.Open)) == WorldForm.Lettered, new WorldBalance(random.Below(WorldQuestions.Options), random.Chance(50)));
    }

    public WorldScript Script => script;

    public WorldRandom Random => random;

    /// <summary>Whether options are wanted.</summary>
    public bool Lettered => lettered;

    /// <summary>Whether a yes-no question is to be answered with yes.</summary>
    public bool Yes => balance.Yes;

    /// <summary>The same writer for a question that only makes sense with options.</summary>
    public QuestionWriter AsLettered() => new(script, random, lettered: true, balance);

    /// <summary>Objects in play that are certainly not shown.</summary>
    public int[] Absent()
    {
        IReadOnlySet<int> cast = script.Cast();
        return [.. WorldObjects.InPlay(script.Objects).Where(o => !cast.Contains(o))];
    }

    /// <summary>A wording with what it names put in.</summary>
    public string Word(string[] wordings, params string[] names) => string.Format(random.Pick(wordings), [.. names]);

    /// <summary>A question whose wrong options are given.</summary>
    /// <param name="kind">What it asks for.</param>
    /// <param name="text">Its words.</param>
    /// <param name="answer">The right answer.</param>
    /// <param name="wrong">Three wrong options, of the right one's kind; used only where options are wanted.</param>
    /// <param name="evidence">Where the answer is seen.</param>
    public WorldQuestion Question(WorldKind kind, string text, string answer, Func<IReadOnlyList<string>> wrong, IEnumerable<WorldSegment> evidence)
    {
        var question = new WorldQuestion
        {
            Kind = kind,
            Form = lettered ? WorldForm.Lettered : WorldForm.Open,
            Text = text,
            Answer = answer,
            Evidence = [.. evidence.Select(s => new WorldEvidence(s.StartMs / 1000.0, s.EndMs / 1000.0))],
        };
        return lettered ? WithOptions(question, wrong()) : question;
    }

    /// <summary>Wrong options that are any other values of a fixed set.</summary>
    public string[] Others(IReadOnlyList<string> all, string answer) => random.Sample([.. all.Where(o => o != answer)], WorldQuestions.Options - 1);

    /// <summary>Names of objects that are not shown.</summary>
    public string[] AbsentNames() => [.. random.Sample(Absent(), WorldQuestions.Options - 1).Select(NameOf)];

    public static string NameOf(int thing) => WorldObjects.All[thing].Name;

    private WorldQuestion WithOptions(WorldQuestion question, IReadOnlyList<string> wrong)
    {
        string[] options = [.. wrong];
        random.Shuffle<string>(options);
        int place = balance.Letter % (options.Length + 1);
        List<string> all = [.. options];
        all.Insert(place, question.Answer);
        return question with { Options = all, Letter = WorldQuestion.LetterOf(place) };
    }
}
