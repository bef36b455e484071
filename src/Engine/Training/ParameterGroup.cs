using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Training;

/// <summary>A tensor that is trained.</summary>
/// <param name="Name">Published name.</param>
/// <param name="Value">A leaf that asks for gradients; borrowed.</param>
public sealed record Parameter(string Name, Tensor Value);

/// <summary>Parameters that share their settings.</summary>
/// <param name="Name">For messages and metrics, for example "tower".</param>
/// <param name="LearningRate">At the schedule's top.</param>
/// <param name="WeightDecay">Decoupled: a share of the parameter, times the learning rate, per step.</param>
public sealed record ParameterGroup(string Name, double LearningRate, double WeightDecay, IReadOnlyList<Parameter> Parameters);

/// <summary>Learning rate of each part of the model at the schedule's top; a part without one is frozen.</summary>
public sealed record PartRates
{
    public double? Tower { get; init; }

    public double? Projector { get; init; }

    /// <summary>Without what <see cref="Summary"/> is for.</summary>
    public double? Decoder { get; init; }

    /// <summary>Video-XL: the embedding and the projections that visual summary tokens have of their own.</summary>
    public double? Summary { get; init; }

    /// <summary>Each part's name, as recipes and metrics have it, and its rate.</summary>
    public IEnumerable<(string Part, double? Rate)> All() => [("tower", Tower), ("projector", Projector), ("decoder", Decoder), ("summary", Summary)];
}

/// <summary>Which of a model's tensors are trained, and how.</summary>
public static class ParameterGroups
{
    /// <summary>Makes one group of each part that has a rate, and switches gradients on for those tensors and off for all others.</summary>
    /// <param name="weights">All tensors of the model; those that are trained must be fp32.</param>
    /// <remarks>Where the weights have corrections, those are trained in the decoder's place.</remarks>
    /// <param name="decay">For matrices only: norms, biases and layer scales are never decayed.</param>
    /// <exception cref="ArgumentException">No part has a rate, or a tensor to train is stored in another type.</exception>
    public static IReadOnlyList<ParameterGroup> Create(Weights weights, TensorLayout layout, PartRates rates, double decay)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(rates);
        var groups = new List<ParameterGroup>();
        foreach (ExpectedTensor tensor in layout.Tensors)
        {
            _ = weights.TryGet(tensor.Name)?.requires_grad_(false); // a stage before may have trained it
        }

        if (weights.Corrections.Count > 0 && rates.Decoder is { } rateOfCorrections)
        {
            groups.Add(new ParameterGroup("decoder", rateOfCorrections, decay, DecoderLora.ParametersOf(weights.Corrections)));
            rates = rates with { Decoder = null };
        }

        foreach ((string name, double? given) in rates.All())
        {
            if (given is not { } rate)
            {
                continue;
            }

            ExpectedTensor[] tensors = [.. layout.Tensors.Where(t => t.Used && PartOf(t) == name && weights.TryGet(t.Name) is not null)];

            // With a decay the group splits in two; without one there is nothing to tell apart.
            foreach (bool decayed in decay == 0 ? (bool[])[true] : [true, false])
            {
                Parameter[] parameters = [.. tensors.Where(t => decay == 0 || (t.Role == WeightRole.Matrix) == decayed).Select(t => Leaf(weights, t.Name))];
                if (parameters.Length > 0)
                {
                    groups.Add(new ParameterGroup(name, rate, decayed ? decay : 0, parameters));
                }
            }
        }

        return groups.Count > 0 ? groups : throw new ArgumentException("No part of the model has a learning rate; give tower, projector, decoder or summary one.", nameof(rates));
    }

    private static string PartOf(ExpectedTensor tensor) => tensor.Scope switch
    {
        CheckpointScope.Vision => "tower",
        CheckpointScope.Connector => "projector",
        _ => TensorLayout.VstOrigin(tensor.Name) is null ? "decoder" : "summary",
    };

    private static Parameter Leaf(Weights weights, string name)
    {
        Tensor value = weights.Get(name);
        return value.dtype == ScalarType.Float32
            ? new Parameter(name, value.requires_grad_())
            : throw new ArgumentException($"{name} is {value.dtype.ShortName()}; training updates fp32 weights: load the checkpoint in fp32.", nameof(weights));
    }
}
