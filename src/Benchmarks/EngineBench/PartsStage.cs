using Studio.Engine.Chat.Planning;
using Studio.Engine.Language;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.EngineBench;

/// <summary>
/// The parts of one decoder layer and of one tower block by themselves, on noise of the real sizes: where their time goes.
/// Products and attention are held against matrix products; what only moves memory, against copying.
/// </summary>
internal static class PartsStage
{
    // Rows rewritten in place again and again must neither die out nor turn denormal, which would change their speed.
    private const double SteadyFactor = 1.9;

    public static void Run(BenchContext context, Action<BenchRow> emit)
    {
        using var mode = torch.inference_mode();
        Decoder(context, emit);
        Tower(context, emit);
    }

    private static void Decoder(BenchContext context, Action<BenchRow> emit)
    {
        var (language, type) = (context.Model.Config.Language, context.Model.Dtype);
        long rows = context.Options.PrefillTokens, h = language.HiddenSize, i = language.IntermediateSize, item = type.ItemSize();
        long q = (long)language.Heads * language.HeadDim, kv = (long)language.KeyValueHeads * language.HeadDim, chunk = Math.Min(rows, DecoderCore.ChunkRows);
        var notes = $"one decoder layer, {rows:N0} rows in chunks of {DecoderCore.ChunkRows}";
        void Part(string name, double flops, double bytes, Action<long, long> run) => emit(Row(context, name, rows, flops, bytes, notes, () =>
        {
            for (long start = 0; start < rows; start += chunk)
            {
                using var one = torch.NewDisposeScope();
                run(start, Math.Min(chunk, rows - start));
            }
        }));

        using var scope = torch.NewDisposeScope();
        Tensor Noise(params long[] shape) => NoiseOf(context, shape);
        var (x, attended, wide) = (Noise(chunk, h), Noise(chunk, q), Noise(chunk, i));
        (Linear Linear, Tensor Input)[] products =
        [
            (new(Noise(q, h), Noise(q)), x), (new(Noise(kv, h), Noise(kv)), x), (new(Noise(kv, h), Noise(kv)), x), (new(Noise(h, q), null), attended),
            (new(Noise(i, h), null), x), (new(Noise(i, h), null), x), (new(Noise(h, i), null), wide),
        ];
        double matrix = (2 * h * q) + (2 * h * kv) + (3 * h * i);
        Part("layer products", 2 * matrix * rows, 0, (_, n) =>
        {
            foreach (var (linear, input) in products) linear.Forward(input.narrow(0, 0, n)).Dispose();
        });

        var (keys, values, queries) = (Noise(language.KeyValueHeads, rows, language.HeadDim), Noise(language.KeyValueHeads, rows, language.HeadDim), Noise(rows, language.Heads, language.HeadDim));
        Part("layer attention", 2.0 * q * rows * rows, 0, (start, n) => Attention.Causal(
            queries.narrow(0, start, n).transpose(0, 1), keys.narrow(1, 0, start + n), values.narrow(1, 0, start + n), start, 1 / Math.Sqrt(language.HeadDim)));

        var weight = Noise(h);
        Part("layer norms", 0, 2.0 * 2 * rows * h * item, (_, n) =>
        {
            Norms.RmsNorm(x.narrow(0, 0, n), weight, language.RmsNormEps).Dispose();
            Norms.RmsNorm(x.narrow(0, 0, n), weight, language.RmsNormEps).Dispose();
        });

        var up = torch.full([chunk, i], SteadyFactor, type, context.Model.Device);
        Part("layer activation", 0, 3.0 * rows * i * item, (start, n) => Activations.SiluMul(wide.narrow(0, 0, n), up.narrow(0, 0, n)));

        using var rotary = new RotaryTable(language.HeadDim, language.RopeTheta, context.Model.Device);
        rotary.Ensure(rows);
        var newKeys = Noise(chunk, language.KeyValueHeads, language.HeadDim);
        Part("layer rotary", 0, 2.0 * rows * (q + kv) * item, (start, n) =>
        {
            var (cos, sin) = (rotary.Cos.narrow(0, start, n), rotary.Sin.narrow(0, start, n));
            _ = Activations.Rotate(queries.narrow(0, start, n), cos, sin);
            _ = Activations.Rotate(newKeys.narrow(0, 0, n), cos, sin);
        });
        Part("layer residuals", 0, 2.0 * 3 * rows * h * item, (start, n) =>
        {
            _ = x.narrow(0, 0, n).add_(x.narrow(0, 0, n));
            _ = x.narrow(0, 0, n).mul_(0.5);
        });

        if (context.StoredType == type) return;
        var stored = Noise(i, h).to(context.StoredType);
        emit(Row(context, "layer conversion", rows, 0, matrix * (context.StoredType.ItemSize() + item), notes, () =>
        {
            for (double done = 0; done < matrix; done += (double)i * h) stored.to(type).Dispose();
        }));
    }

    private static void Tower(BenchContext context, Action<BenchRow> emit)
    {
        var vision = context.Model.Config.Vision;
        long d = vision.HiddenSize, m = vision.MlpHiddenSize, item = context.Model.Dtype.ItemSize(), n = CostModel.TowerTokens(vision, vision.FramesPerClip);
        var notes = $"one tower block, one clip of {n:N0} tokens";
        using var scope = torch.NewDisposeScope();
        Tensor Noise(params long[] shape) => NoiseOf(context, shape);
        void Part(string name, double flops, double bytes, Action run) => emit(Row(context, name, n, flops, bytes, notes, run));
        var (x, wide) = (Noise(n, d), Noise(n, m));
        (Linear Linear, Tensor Input)[] products =
            [(new(Noise(3 * d, d), Noise(3 * d)), x), (new(Noise(d, d), Noise(d)), x), (new(Noise(m, d), Noise(m)), x), (new(Noise(d, m), Noise(d)), wide)];
        Part("block products", 2.0 * n * ((4 * d * d) + (2 * d * m)), 0, () =>
        {
            foreach (var (linear, input) in products) linear.Forward(input).Dispose();
        });

        var qkv = Noise(1, n, 3, vision.Heads, d / vision.Heads);
        Part("block attention", 4.0 * n * n * d, 0, () =>
            Attention.Full(qkv.select(2, 0), qkv.select(2, 1), qkv.select(2, 2), 1 / Math.Sqrt((double)d / vision.Heads)).Dispose());
        var (weight, bias) = (Noise(d), Noise(d));
        Part("block norms", 0, 2.0 * 2 * n * d * item, () =>
        {
            Norms.LayerNorm(x, weight, bias, vision.NormEps).Dispose();
            Norms.LayerNorm(x, weight, bias, vision.NormEps).Dispose();
        });
        Part("block activation", 0, 2.0 * n * m * item, () =>
        {
            using var one = torch.NewDisposeScope();
            _ = Activations.Gelu(wide);
        });
    }

    private static Tensor NoiseOf(BenchContext context, long[] shape) => torch.randn(shape, ScalarType.Float32, context.Model.Device).to(context.Model.Dtype);

    private static BenchRow Row(BenchContext context, string name, long rows, double flops, double bytes, string notes, Action run)
    {
        context.Say($"parts: {name}");
        run();
        var before = context.Before();
        var seconds = Runs.Of(context, context.Options.Repeats, run);
        var after = context.After();
        var limit = flops > 0
            ? new BenchLimit("matrix products", "FLOP/s", before.Gemm(context.Model.Dtype), after.Gemm(context.Model.Dtype))
            : new BenchLimit("copying", "B/s", before.CopyBytesPerSecond, after.CopyBytesPerSecond);
        return new()
        {
            Name = name,
            Unit = "tokens",
            Items = rows,
            Seconds = seconds,
            Flops = flops,
            Bytes = bytes,
            Limit = limit,
            Share = (flops > 0 ? flops : bytes) / Runs.Median(seconds) / limit.Mean,
            Notes = notes + "; warm-up: one run",
        };
    }
}
