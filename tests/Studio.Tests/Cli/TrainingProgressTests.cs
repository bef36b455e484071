using Studio.Cli;
using Studio.Engine.Training;
using Xunit;

namespace Studio.Tests.Cli;

public sealed class TrainingProgressTests
{
    [Fact]
    public void Add_ManyUpdates_GivesALineAnIntervalBesidesTheFirstAndLastOfAStage()
    {
        var time = new Clock();
        var progress = new TrainingProgress(time, 2, TimeSpan.FromSeconds(10), bar: false);
        var shown = new List<(int Stage, long Step)>();
        for (var stage = 0; stage < 2; stage++)
        {
            for (var step = 1; step <= 25; step++)
            {
                time.Now += TimeSpan.FromSeconds(1);
                if (progress.Add(Update(stage, step, 25)) is not null) shown.Add((stage, step));
            }
        }

        Assert.Equal([(0, 1), (0, 11), (0, 21), (0, 25), (1, 1), (1, 11), (1, 21), (1, 25)], shown);
    }

    [Fact]
    public void Add_Line_HasStageBarSmoothedLossRateAndTimeLeft()
    {
        var progress = new TrainingProgress(new Clock(), 3, TimeSpan.Zero, bar: true);
        Assert.Equal("2/3 b [######......] update 5/10, loss 4.000, 50 tokens/s, 00:00:10 left", progress.Add(Update(1, 5, 10, loss: 4)));
        // Of two updates the second counts 1 against 0.98: (0.98 * 4 + 2) / 1.98.
        Assert.Equal("2/3 b [#######.....] update 6/10, loss 2.990, 50 tokens/s, 00:00:08 left, 3 unreadable replaced", progress.Add(Update(1, 6, 10, loss: 2) with { Replaced = 3 }));
        Assert.Contains("loss 7.000, 50 tokens/s, 2d 07:33:18 left", progress.Add(Update(2, 1, 100_000, loss: 7)), StringComparison.Ordinal); // a new stage begins anew
    }

    private static TrainingUpdate Update(int stage, long step, long steps, double loss = 1) => new()
    {
        Stage = stage == 1 ? "b" : "a",
        StageIndex = stage,
        Step = step,
        Steps = steps,
        Loss = loss,
        GradientNorm = 1,
        Rates = new Dictionary<string, double>(),
        Rows = 100,
        Supervised = 9,
        Replaced = 0,
        Seconds = 2,
    };

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
