using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Training;

/// <summary>
/// The low-rank corrections of a decoder in training. They start as nothing: the first matrix is drawn (uniform within ±1/√in, from
/// the seed and its name), the second is zero. Checkpoints keep both beside the untouched weights; the end of a stage merges them.
/// </summary>
public sealed class DecoderLora : IDisposable
{
    /// <summary>Name of the file in a checkpoint's folder.</summary>
    public const string FileName = "adapter.safetensors";

    private readonly Dictionary<string, LowRank> _corrections = new(StringComparer.Ordinal); // by the name of the matrix

    /// <param name="weights">The decoder's.</param>
    /// <exception cref="ArgumentException">The rank is above a matrix's.</exception>
    public DecoderLora(LoraSettings settings, TensorLayout layout, Weights weights, Device device)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(weights);
        foreach (ExpectedTensor matrix in layout.Tensors.Where(t => IsTarget(t.Name, settings)))
        {
            (long rows, long columns) = (matrix.Shape[0], matrix.Shape[1]);
            if (settings.Rank > Math.Min(rows, columns))
            {
                throw new ArgumentException($"lora.rank is {settings.Rank}, but {matrix.Name} is [{rows}, {columns}]; give at most {Math.Min(rows, columns)}.", nameof(settings));
            }

            using var scope = torch.NewDisposeScope();
            Tensor down = torch.empty([settings.Rank, columns]);
            new RandomWeights(settings.Seed, (float)(1 / Math.Sqrt(3.0 * columns))).Fill(NameOf(matrix.Name, "A"), WeightRole.Matrix, 0, down.data<float>());
            _corrections.Add(matrix.Name, new LowRank(
                down.to(device).DetachFromDisposeScope().requires_grad_(),
                torch.zeros([rows, settings.Rank], device: device).DetachFromDisposeScope().requires_grad_(),
                settings.Alpha / settings.Rank));
        }
    }

    /// <summary>By the published name of the matrix.</summary>
    public IReadOnlyDictionary<string, LowRank> Corrections => _corrections;

    /// <summary>What is trained of corrections, in a fixed order.</summary>
    public static IReadOnlyList<Parameter> ParametersOf(IReadOnlyDictionary<string, LowRank> corrections) =>
        [.. corrections.OrderBy(c => c.Key, StringComparer.Ordinal)
            .SelectMany(c => new[] { new Parameter(NameOf(c.Key, "A"), c.Value.Down), new Parameter(NameOf(c.Key, "B"), c.Value.Up) })];

    /// <summary>Adds every correction to its matrix.</summary>
    /// <param name="weights">fp32; changed in place.</param>
    public void MergeInto(Weights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        using var constant = torch.no_grad();
        foreach ((string name, LowRank correction) in _corrections)
        {
            using var scope = torch.NewDisposeScope();
            Tensor matrix = weights.Get(name);
            _ = matrix.copy_(matrix + correction.Product());
        }
    }

    /// <summary>Takes over what <see cref="FileName"/> in a checkpoint holds.</summary>
    /// <exception cref="InvalidDataException">It is of another decoder or other settings.</exception>
    public void Restore(string folder) => TrainingCheckpoint.Restore(Path.Combine(folder, FileName), ParametersOf(_corrections), "with other lora settings");

    public void Dispose()
    {
        foreach (LowRank correction in _corrections.Values)
        {
            correction.Down.Dispose();
            correction.Up.Dispose();
        }
    }

    private static bool IsTarget(string name, LoraSettings settings) =>
        name.StartsWith("model.layers.", StringComparison.Ordinal) && settings.Targets.Any(t => name.EndsWith($".{t}.weight", StringComparison.Ordinal));

    private static string NameOf(string matrix, string part) => $"{matrix[..^".weight".Length]}.lora_{part}.weight";
}
