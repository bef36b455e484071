namespace Studio.Cli;

/// <summary>Where a command reads and writes. Progress is drawn only where a person watches.</summary>
internal sealed class Terminal(TextWriter output, TextWriter error, TextReader input)
{
    public const string ProgramName = "./run";

    private bool _progressShown;

    public TextWriter Output => output;

    public TextWriter Error => error;

    public TextReader Input => input;

    /// <summary>Whether standard error is a screen.</summary>
    public bool IsInteractive { get; init; } = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected;

    /// <summary>A line that the next one overwrites.</summary>
    public void Progress(string text)
    {
        if (!IsInteractive) return;
        error.Write($"\r\u001b[2K{text}");
        _progressShown = true;
    }

    public void ClearProgress()
    {
        if (_progressShown) error.Write("\r\u001b[2K");
        _progressShown = false;
    }

    /// <summary>A message on standard error.</summary>
    public void Say(string text)
    {
        ClearProgress();
        error.WriteLine(text);
    }
}
