using System.CommandLine;
using Studio.Conversations;

namespace Studio.Cli;

/// <summary>The options that say how the next token is chosen.</summary>
internal sealed class GenerationOptions
{
    public Option<int?> MaxNewTokens { get; } = new("--max-new-tokens") { Description = "Longest answer, in tokens (default 1024)." };

    public Option<double?> Temperature { get; } = new("--temperature") { Description = "0 is greedy (the default)." };

    public Option<double?> TopP { get; } = new("--top-p") { Description = "Sample from the fewest tokens that hold this probability." };

    public Option<int?> TopK { get; } = new("--top-k") { Description = "Sample from this many most likely tokens." };

    public Option<double?> RepetitionPenalty { get; } = new("--repetition-penalty") { Description = "Against tokens generated before (default: the checkpoint's)." };

    public Option<ulong?> Seed { get; } = new("--seed") { Description = "Seed of the sampling (default 0)." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { MaxNewTokens, Temperature, TopP, TopK, RepetitionPenalty, Seed }) command.Add(option);
    }

    public AnswerSettings Apply(ParseResult parse, AnswerSettings settings) => settings with
    {
        MaxNewTokens = parse.GetValue(MaxNewTokens),
        Temperature = parse.GetValue(Temperature),
        TopP = parse.GetValue(TopP),
        TopK = parse.GetValue(TopK),
        RepetitionPenalty = parse.GetValue(RepetitionPenalty),
        Seed = parse.GetValue(Seed),
    };
}
