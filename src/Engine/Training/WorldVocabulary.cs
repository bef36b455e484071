using Studio.Engine.Tokenization;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>The vocabulary of models that learn from the world alone: merges learned from its questions and answers, of the training split only.</summary>
public static class WorldVocabulary
{
    /// <summary>Beyond this the world's words are whole long since.</summary>
    public const int MaxMerges = 4096;

    /// <summary>Videos of each kind whose texts are read: every object's name comes up many times.</summary>
    private const int VideosPerKind = 3000;

    private const ulong Seed = 11;

    /// <summary>Takes some seconds; the same merges every time.</summary>
    public static IReadOnlyList<(string Left, string Right)> Learn(int merges)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(merges, MaxMerges);
        var trainer = new BytePairTrainer();
        foreach (WorldKind kind in WorldKinds.All)
        {
            var dataset = new WorldDataset(new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [kind] = 1 }, Seconds = [8, 16, 32, 64], Fps = 2, MaxHops = 2 }, WorldSplit.Train, Seed);
            for (int i = 0; i < VideosPerKind; i++)
            {
                foreach (WorldQuestion question in dataset.Item(i).Questions)
                {
                    trainer.Add("user\n" + question.TextWithOptions() + WorldSource.LetteredEnd);
                    trainer.Add("assistant\n" + question.Answer);
                    if (question.Letter is { } letter)
                    {
                        trainer.Add($"({letter}) {question.Answer}");
                    }
                }
            }
        }

        trainer.Add("You are a helpful assistant.");
        return trainer.Learn(merges);
    }
}
