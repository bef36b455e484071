using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Vision;

namespace Studio.Benchmarks.Verification;

/// <summary>Token merging and the projector behind it, a sub-case for each shape.</summary>
internal static class MergeChecks
{
    public static void Run(Check check)
    {
        var (golden, report, device, dtype, ct) = check;
        var config = ModelConfig.Load(golden.Folder);
        using var constant = torch.no_grad();
        using var weights = ModelLoading.Load(golden.Folder, device);
        using var connector = ToMeConnector.Load(config.Connector, config.Vision, weights, device, dtype);
        foreach (var subcase in golden.Root.GetProperty("subcases").EnumerateArray())
        {
            ct.ThrowIfCancellationRequested();
            using var scope = torch.NewDisposeScope();
            var name = subcase.GetProperty("name").GetString()!;
            var expected = golden.Tensor(name + ".merged");
            var (pools, target) = (expected.size(0), subcase.GetProperty("target_tokens").GetInt32());
            var input = golden.Tensor(name + ".input");
            var features = input.reshape(pools, -1, input.size(2)).to(device, dtype);
            var schedule = subcase.GetProperty("merge_schedule").EnumerateArray().Select(s => s.GetProperty("r").GetInt32()).ToArray();
            report.Equal($"{name} schedule", TokenMerger.MergeSchedule((int)features.size(1), target), schedule);

            var merged = TokenMerger.Merge(features, target, config.Vision.Heads);
            // Whatever was merged with what, the size-weighted mean of the tokens is the mean of the patches.
            var mean = (merged.Features.to(ScalarType.Float32) * merged.Sizes.unsqueeze(2)).sum(1) / features.size(1);
            report.Close($"{name} mean of all patches", mean, input.reshape(pools, -1, input.size(2)).mean(1), rel: 1e-4);

            report.BehindDecisions(subcase.GetProperty("smallest_decision_gap").GetDouble());
            report.Decision($"{name} sizes", merged.Sizes.ToArray<int>(), Array.ConvertAll(golden.Tensor(name + ".size").ToArray<float>(), s => (int)s));
            report.Close($"{name} merged", merged.Features, expected);
            report.Close($"{name} projected", connector.Forward(features, target).Tokens, golden.Tensor(name + ".projected"));
        }
    }
}
