using Studio.Engine.Checkpoints;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.Vision;

namespace Studio.Benchmarks.Verification;

/// <summary>
/// One training step without its update: loss, logits, kept rows and gradients of a batch of two videos of different
/// length. Always in fp32: the reference's gradients have no 16-bit counterpart worth a tolerance.
/// </summary>
internal static class TrainChecks
{
    public static void Run(Check check)
    {
        var (golden, report, device, _, ct) = check;
        const ScalarType Dtype = ScalarType.Float32;
        var config = ModelConfig.Load(golden.Folder);
        using var weights = ModelLoading.Load(golden.Folder, device);
        foreach (var name in weights.Names) _ = weights.Get(name).requires_grad_();
        using var tower = VisionTower.Load(config.Vision, weights, device, Dtype);
        using var connector = ToMeConnector.Load(config.Connector, config.Vision, weights, device, Dtype);
        using var training = new TrainingForward(config.Language, weights, device, Dtype);
        using var scope = torch.NewDisposeScope();
        using var gradients = torch.enable_grad();

        var batch = Batch(check, tower, connector);
        var result = training.Forward(batch, LanguageChecks.Settings(golden), ct);
        Rows(golden, report, batch, result);
        report.Close("loss", result.Loss, golden.Tensor("loss"));
        report.Close("logits", Padded(result.Samples, s => training.Logits(s.Hidden)), golden.Tensor("logits"));
        result.Loss.backward();
        Gradients(golden, report, weights);
        var without = weights.Names.Where(n => weights.Get(n).grad is null).Order(StringComparer.Ordinal).ToList();
        var expectedWithout = golden.Params.GetProperty("parameters_without_gradient").EnumerateArray().Select(e => e.GetString()!);
        report.Equal("parameters without gradient", without, [.. expectedWithout]);
    }

    private static List<TrainingSample> Batch(Check check, VisionTower tower, ToMeConnector connector)
    {
        var (golden, _, device, _, _) = check;
        var encoder = new ClipEncoder(tower, connector);
        var (ids, labels, mask) = (golden.Tensor("input_ids"), golden.Tensor("labels"), golden.Tensor("attention_mask"));
        var batch = new List<TrainingSample>();
        for (var i = 0; i < ids.size(0); i++)
        {
            var clips = encoder.ToClips(golden.Pixels($"video{i}.pixels_u8", device, ScalarType.Float32));
            var tokens = connector.Forward(tower.Forward(clips), connector.ClipTokens(tower.FramesPerClip)).Tokens;
            var visual = new PromptPart.Visual($"{golden.Name} {i}", VisualOrder.VideoRows(tokens, NewlinePosition.Nothing));
            var real = (int)mask.select(0, i).sum().item<long>();
            var prompt = FullModelChecks.Splice(Ints(ids, i)[..real], visual);
            var text = Ints(labels, i)[..real];
            var at = prompt.Spans[0].Start;
            batch.Add(new(prompt, [.. text[..at], .. Enumerable.Repeat(TrainingForward.Ignored, visual.Length), .. text[(at + 1)..]]));
        }

        return batch;
    }

    private static void Rows(GoldenCase golden, VerificationReport report, List<TrainingSample> batch, TrainingResult result)
    {
        for (var stage = 0; stage < result.Samples[0].Drops.Count; stage++)
        {
            var drops = result.Samples.Select(s => s.Drops[stage]).ToList();
            for (var i = 0; i < drops.Count; i++)
            {
                report.Decision($"stage {stage} kept rows of sample {i}", drops[i].KeptLocal, golden.Ints($"stage{stage}.kept_local.sample{i}"));
            }

            var longest = drops.Max(d => d.KeptRows.Count);
            int[] Pad(IEnumerable<int> row, int with) => [.. row, .. Enumerable.Repeat(with, longest - row.Count())];
            List<int> labels = [.. drops.SelectMany((d, i) => Pad(d.KeptRows.Select(r => batch[i].Labels[r]), TrainingForward.Ignored))];
            report.Decision($"stage {stage} labels", labels, golden.Ints($"stage{stage}.labels"));
            List<int> mask = [.. drops.SelectMany(d => Pad(d.KeptRows.Select(_ => 1), 0))];
            report.Equal($"stage {stage} padding", mask, golden.Ints($"stage{stage}.attention_mask"));
        }
    }

    /// <summary>As the reference's padded batch has them: padding rows end as zero, and so do their logits.</summary>
    private static Tensor Padded(IReadOnlyList<TrainedRows> samples, Func<TrainedRows, Tensor> logits)
    {
        var longest = samples.Max(s => s.Labels.Count);
        var padded = new List<Tensor>();
        foreach (var sample in samples)
        {
            var rows = logits(sample).detach();
            padded.Add(torch.cat([rows, torch.zeros([longest - rows.size(0), rows.size(1)], device: rows.device)]));
        }

        return torch.stack([.. padded]);
    }

    /// <summary>Each tensor's gradient that the case has, and the sum of squares of all.</summary>
    internal static void Gradients(GoldenCase golden, VerificationReport report, Weights weights)
    {
        const string Prefix = "grad.";
        var (absolute, relative) = golden.Tolerance;
        foreach (var name in golden.TensorNames.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var expected = golden.Tensor(name);
            var actual = weights.Get(name[Prefix.Length..]).grad ?? torch.zeros(expected.shape);
            // The tolerance is of a tensor whose largest entry is 1.
            report.Close($"gradient of {name[Prefix.Length..]}", actual, expected, absolute * expected.abs().max().item<float>(), relative);
        }

        var squares = weights.Names.Sum(n => weights.Get(n).grad is { } g ? (g * g).sum(ScalarType.Float64).item<double>() : 0);
        report.Close("sum of squares of all gradients", [(float)squares], golden.Tensor("grad_sqnorm").ToArray<float>());
    }

    private static int[] Ints(Tensor batch, int sample)
    {
        using var row = batch.select(0, sample);
        return row.ToArray<int>();
    }
}
