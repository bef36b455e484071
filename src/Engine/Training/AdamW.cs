using Studio.Engine.Torch;

namespace Studio.Engine.Training;

/// <summary>The optimiser's constants; the defaults are those that both originals trained with.</summary>
public sealed record AdamWSettings
{
    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.999;

    public double Epsilon { get; init; } = 1e-8;
}

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019) in PyTorch's order of operations. Each parameter counts its own
/// steps: one without a gradient is left alone, decay included. State takes two fp32 copies of what is trained.
/// </summary>
public sealed class AdamW : IDisposable
{
    private const string FirstMoment = "exp_avg.", SecondMoment = "exp_avg_sq.", StepCount = "step.";

    private readonly AdamWSettings _settings;
    private readonly List<Slot> _slots = []; // one a parameter

    /// <exception cref="ArgumentException">A parameter is in two groups.</exception>
    public AdamW(IReadOnlyList<ParameterGroup> groups, AdamWSettings settings)
    {
        ArgumentNullException.ThrowIfNull(groups);
        ArgumentNullException.ThrowIfNull(settings);
        (Groups, _settings) = (groups, settings);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ParameterGroup group in groups)
        {
            foreach (Parameter parameter in group.Parameters)
            {
                if (!names.Add(parameter.Name))
                {
                    throw new ArgumentException($"{parameter.Name} is in two groups; a parameter is updated once a step.", nameof(groups));
                }

                _slots.Add(new Slot(group, parameter));
            }
        }
    }

    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>Everything that is trained.</summary>
    public IEnumerable<Parameter> Parameters => _slots.Select(s => s.Parameter);

    /// <summary>Updates each parameter that has a gradient.</summary>
    /// <param name="factor">The schedule's share of each group's learning rate, 0 to 1.</param>
    public void Step(double factor)
    {
        using var constant = torch.no_grad();
        foreach (Slot slot in _slots)
        {
            using var scope = torch.NewDisposeScope();
            if (slot.Parameter.Value.grad is not { } gradient)
            {
                continue;
            }

            slot.Steps++;
            double rate = slot.Group.LearningRate * factor;
            Tensor value = slot.Parameter.Value;
            if (slot.Group.WeightDecay != 0)
            {
                _ = value.mul_(1 - (rate * slot.Group.WeightDecay));
            }

            _ = slot.First.lerp_(gradient, 1 - _settings.Beta1);
            _ = slot.Second.mul_(_settings.Beta2).addcmul_(gradient, gradient, 1 - _settings.Beta2);
            double firstBias = 1 - Math.Pow(_settings.Beta1, slot.Steps);
            double secondBias = 1 - Math.Pow(_settings.Beta2, slot.Steps);
            Tensor spread = slot.Second.sqrt().div(Math.Sqrt(secondBias)).add(_settings.Epsilon);
            _ = value.addcdiv_(slot.First, spread, -rate / firstBias);
        }
    }

    /// <summary>Forgets the gradients, and frees them.</summary>
    public void ZeroGradients()
    {
        foreach (Slot slot in _slots)
        {
            slot.Parameter.Value.grad = null;
        }
    }

    /// <summary>
    /// Scales all gradients together so that their joint Euclidean norm is at most <paramref name="most"/>, as PyTorch's
    /// clip_grad_norm_ does.
    /// </summary>
    /// <param name="most">0 leaves them as they are.</param>
    /// <returns>The norm before.</returns>
    public double ClipGradients(double most)
    {
        using var constant = torch.no_grad();
        double squares = 0;
        foreach (Slot slot in _slots)
        {
            using var scope = torch.NewDisposeScope();
            squares += slot.Parameter.Value.grad is { } gradient ? (gradient * gradient).sum(ScalarType.Float64).item<double>() : 0;
        }

        double norm = Math.Sqrt(squares);
        double scale = most / (norm + 1e-6);
        if (most > 0 && scale < 1)
        {
            foreach (Slot slot in _slots)
            {
                using var scope = torch.NewDisposeScope();
                _ = slot.Parameter.Value.grad?.mul_(scale);
            }
        }

        return norm;
    }

    /// <summary>Names and tensors that a checkpoint keeps, in a fixed order; step counts are int64 scalars made for the caller's scope.</summary>
    internal IEnumerable<(string Name, Tensor Value)> State()
    {
        foreach (Slot slot in _slots)
        {
            yield return (FirstMoment + slot.Parameter.Name, slot.First);
            yield return (SecondMoment + slot.Parameter.Name, slot.Second);
            yield return (StepCount + slot.Parameter.Name, torch.tensor<long>([slot.Steps]));
        }
    }

    /// <summary>Takes over what <see cref="State"/> gave.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing or has another shape.</exception>
    internal void Restore(Func<string, Tensor?> saved)
    {
        using var constant = torch.no_grad();
        foreach (Slot slot in _slots)
        {
            using var scope = torch.NewDisposeScope();
            _ = slot.First.copy_(Find(FirstMoment, slot));
            _ = slot.Second.copy_(Find(SecondMoment, slot));
            slot.Steps = (saved(StepCount + slot.Parameter.Name) ?? throw Missing(StepCount + slot.Parameter.Name)).item<long>();
        }

        Tensor Find(string kind, Slot slot)
        {
            Tensor found = saved(kind + slot.Parameter.Name) ?? throw Missing(kind + slot.Parameter.Name);
            return found.shape.SequenceEqual(slot.First.shape)
                ? found
                : throw new InvalidDataException(
                    $"{kind}{slot.Parameter.Name} has shape [{string.Join(", ", found.shape)}] instead of [{string.Join(", ", slot.First.shape)}]; the optimiser state is of another model.");
        }

        static InvalidDataException Missing(string name) => new($"The optimiser state has no {name}; it was saved with other parts frozen. Start the stage anew.");
    }

    public void Dispose() => _slots.ForEach(s => s.Dispose());

    private sealed class Slot(ParameterGroup group, Parameter parameter) : IDisposable
    {
        public ParameterGroup Group { get; } = group;

        public Parameter Parameter { get; } = parameter;

        public Tensor First { get; } = torch.zeros(parameter.Value.shape, device: parameter.Value.device).DetachFromDisposeScope();

        public Tensor Second { get; } = torch.zeros(parameter.Value.shape, device: parameter.Value.device).DetachFromDisposeScope();

        public long Steps { get; set; }

        public void Dispose()
        {
            First.Dispose();
            Second.Dispose();
        }
    }
}
