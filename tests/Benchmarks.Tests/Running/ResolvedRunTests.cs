using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Engine.Checkpoints;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Benchmarks.Tests.Running;

public sealed class ResolvedRunTests
{
    public static TheoryData<string, string> TasksAndSystems =>
        [.. TaskCatalog.All.SelectMany(t => new[] { "2b@448", "video-xl" }, (t, geometry) => (t.Name, geometry))];

    [Theory]
    [MemberData(nameof(TasksAndSystems))]
    public void Sampling_OfEveryTasksDefaults_IsValid(string name, string geometry)
    {
        var task = TaskCatalog.Get(name);
        var config = PublishedGeometries.Find(geometry).Config;
        var sampling = ResolvedRun.Sampling(new EvalRequest { Task = name }, task, config); // validates
        Assert.Equal((task.Limits.MaxFrames, config.System == ModelSystem.VideoXl ? SamplingRule.VideoXl : SamplingRule.VideoChatFlash), (sampling.MaxFrames, sampling.Rule));
    }

    /// <summary>One frame a second without a cap (video-xl.md 2.6): an hour is 3,600 frames.</summary>
    [Fact]
    public void Sampling_OfVnBench_HasNoCapBelowASelections() =>
        Assert.Equal(SamplingSettings.MaxSelectedFrames, ResolvedRun.Sampling(new EvalRequest { Task = "vnbench" }, new VnBench(), PublishedGeometries.Find("2b@448").Config).MaxFrames);
}
