using Studio.Engine.Training;
using Studio.Jobs.Trainings;
using Xunit;

namespace Studio.Tests.Jobs;

public sealed class CurveReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("studio-curve-").FullName;

    private string File => Path.Combine(_folder, TrainingMetrics.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static TrainingUpdate Update(int stage, long step, long steps, double loss) => new()
    {
        Stage = $"stage {stage}", StageIndex = stage, Step = step, Steps = steps, Loss = loss, GradientNorm = 2 * loss, Rows = 100, Supervised = 10, Replaced = 0, Seconds = 0.5,
        Rates = stage == 0 ? new Dictionary<string, double> { ["decoder"] = 0.1 } : new Dictionary<string, double> { ["decoder"] = 0.2, ["tower"] = 0.01 },
    };

    private void Add(params IEnumerable<TrainingUpdate> updates) => System.IO.File.AppendAllLines(File, updates.Select(TrainingMetrics.ToJson));

    [Fact]
    public void Read_GrowingFile_TakesEachUpdateOnce()
    {
        var reader = new CurveReader(File);
        Assert.Empty(reader.Read().Update);
        Add(Update(0, 1, 3, 5), Update(0, 2, 3, 4));
        var first = reader.Read();
        Assert.Equal([1, 2], first.Update);
        Assert.Equal([5, 4], first.Loss);
        Assert.Equal([10, 8], first.GradientNorm);
        Assert.Equal([200, 200], first.TokensPerSecond);
        Assert.Same(first, reader.Read()); // nothing new, nothing to draw
        Add(Update(0, 3, 3, 3), Update(1, 1, 2, 2));
        var second = reader.Read();
        Assert.Equal([1, 2, 3, 4], second.Update);
        Assert.Equal(new CurveStage[] { new("stage 0", 0, 0, 3, 3), new("stage 1", 1, 3, 1, 2) }, second.Stages);
        Assert.Equal(new double?[] { null, null, null, 0.01 }, second.Rates["tower"]);
        Assert.Equal(new double?[] { 0.1, 0.1, 0.1, 0.2 }, second.Rates["decoder"]);
        Assert.True(second.Version > first.Version);
    }

    [Fact]
    public void Read_LineHalfWritten_WaitsForItsEnd()
    {
        var (reader, line) = (new CurveReader(File), TrainingMetrics.ToJson(Update(0, 1, 2, 5)));
        System.IO.File.WriteAllText(File, line[..20]);
        Assert.Empty(reader.Read().Update);
        System.IO.File.AppendAllText(File, line[20..] + "\nno update\n");
        Assert.Equal([1], reader.Read().Update);
        System.IO.File.AppendAllText(File, new string('x', 100_000) + "\n"); // longer than any update
        Add(Update(0, 2, 2, 4));
        Assert.Equal([1, 2], reader.Read().Update);
    }

    [Fact]
    public void Read_UpdatesCutOffByAResume_AreForgotten()
    {
        var reader = new CurveReader(File);
        Add(Enumerable.Range(1, 6).Select(i => Update(0, i, 9, i)));
        Assert.Equal(6, reader.Read().Update.Count);
        using (new TrainingMetrics(_folder, stage: 0, step: 3))
        {
            // Opening it cuts off what the checkpoint does not know.
        }

        Assert.Equal([1, 2, 3], reader.Read().Update);
        using (var metrics = new TrainingMetrics(_folder, 0, 2))
        {
            for (var i = 3; i <= 8; i++) metrics.Add(Update(0, i, 9, 10 * i)); // longer than what was read
        }

        Assert.Equal([1, 2, 30, 40, 50, 60, 70, 80], reader.Read().Loss);
    }

    [Fact]
    public void Read_BeyondTheBound_JoinsNeighboursOfAStage()
    {
        var reader = new CurveReader(File);
        Add(Enumerable.Range(1, 4001).Select(i => Update(0, i, 4001, i)));
        Add(Enumerable.Range(1, 2500).Select(i => Update(1, i, 2500, 7)));
        var curve = reader.Read();
        Assert.InRange(curve.Update.Count, CurveReader.MaxPoints, 2 * CurveReader.MaxPoints);
        Assert.Equal((6501, 6501, 4), (curve.Updates, curve.Update[^1], curve.UpdatesPerPoint));
        Assert.Equal((4, 2.5), (curve.Update[0], curve.Loss[0])); // the mean of 1 to 4
        Assert.Contains(4001, curve.Update); // no point spans two stages
        Assert.Equal(7, curve.Loss[^1]);
        Assert.True(TrainingRuns.StageOf(curve, 4001)?.Index == 0 && TrainingRuns.StageOf(curve, 4002)?.Index == 1);
    }

    [Theory]
    [InlineData(1, new[] { 1.0, 9, 2, 8 }, new[] { 1.0, 9, 2, 8 })]
    [InlineData(3, new[] { 1.0, 9, 2, 8 }, new[] { 5.0, 2, 8, 5 })] // at the ends of two values
    [InlineData(5, new double[0], new double[0])]
    public void Medians_AreOfTheValuesAround(int window, double[] values, double[] expected) => Assert.Equal(expected, CurveReader.Medians(values, window));
}
