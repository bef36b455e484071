using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Engine.Training;

/// <summary>A training to run.</summary>
public sealed record TrainingRun
{
    public required TrainingRecipe Recipe { get; init; }

    /// <summary>Checkpoints, metrics and the finished model go here.</summary>
    public required string Folder { get; init; }

    /// <summary>The model to start from, in the published layout with its tokenizer.</summary>
    public required string BaseModel { get; init; }

    public Device Device { get; init; } = Device.CPU;

    /// <summary>Go on from the last checkpoint in the folder; without it the folder must hold none.</summary>
    public bool Resume { get; init; }
}

/// <summary>How a run ended.</summary>
/// <param name="Finished">False: it was stopped and can go on.</param>
/// <param name="Folder">The finished model, or the last checkpoint.</param>
public sealed record TrainingOutcome(bool Finished, string Folder);

/// <summary>
/// Runs a recipe's stages. Sample n of a stage follows from the recipe alone, nothing else is random, and checkpoints keep fp32
/// weights and the optimiser's state: a run that was stopped and resumed ends with the same weights, bit for bit, as one that was
/// not (on the same device with the same number of threads).
/// </summary>
/// <param name="time">Clock of the reported times.</param>
/// <param name="open">The samples of a stage's data, with the seed of their order.</param>
public sealed class Trainer(TimeProvider time, Func<TrainingStage, ulong, ITrainingSource> open)
{
    /// <summary>Name of the finished model's folder in a run's.</summary>
    public const string ModelFolder = "model";

    /// <summary>Name of the file in a run's folder with the recipe that it follows.</summary>
    public const string RecipeFile = "recipe.json";

    /// <summary>A sample that cannot be read is replaced by a later one, as in the original; further off each time.</summary>
    private static readonly int[] s_replacements = [0, 5, 10, 20, 40, 80];

    /// <summary>Trains until the recipe is done or <paramref name="stop"/> asks to stop, which it does after the running update.</summary>
    /// <param name="onUpdate">Told each update.</param>
    /// <exception cref="ArgumentException">The recipe is wrong, or a stage does not fit the model.</exception>
    /// <exception cref="InvalidOperationException">The folder holds a training already, another recipe's, or none to resume.</exception>
    /// <exception cref="TrainingException">The loss or a gradient is no finite number, or samples cannot be read.</exception>
    public TrainingOutcome Run(TrainingRun run, Action<TrainingUpdate>? onUpdate = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.Recipe.Validate();
        _ = Directory.CreateDirectory(run.Folder);
        (string start, TrainingPosition position) = Start(run);
        string model = Path.Combine(run.Folder, ModelFolder);
        if (Directory.Exists(model))
        {
            if (position.Stage >= run.Recipe.Stages.Count - 1)
            {
                return new TrainingOutcome(true, model);
            }

            // The recipe has gained stages since it was done: what it came to then stays, beside what it will come to.
            Directory.Move(model, $"{model}-{position.Stage + 1:00}");
        }

        AtomicFile.WriteAllText(Path.Combine(run.Folder, RecipeFile), run.Recipe.ToJson());
        TrainingCheckpoint.CopyCompanions(start, run.Folder); // the checkpoint that was started from may be removed on the way
        using Checkpoint checkpoint = Checkpoint.Open(start);
        foreach (TrainingStage stage in run.Recipe.Stages)
        {
            Trainees.Check(stage, checkpoint.Config);
        }

        using Weights weights = TrainingCheckpoint.LoadWeights(checkpoint, run.Device);
        var tokenizer = Tokenizer.Load(Path.Combine(start, "tokenizer.json"));
        using var metrics = new TrainingMetrics(run.Folder, position.Stage, position.Step);
        ModelConfig config = checkpoint.Config;
        string last = start;
        for (int index = position.Stage; index < run.Recipe.Stages.Count; index++)
        {
            TrainingStage stage = run.Recipe.Stages[index];
            using DecoderLora? adapters = stage.Lora is null ? null : new DecoderLora(stage.Lora, TensorLayout.For(config), weights, run.Device);
            Weights trained = adapters is null ? weights : weights.With(adapters.Corrections);
            using ITrainee trainee = Trainees.Create(stage, config, trained, tokenizer, run.Device, run.Recipe.Seed + (ulong)index);
            using var optimizer = new AdamW(trainee.Groups, stage.Optimizer);
            var running = new Stage(run, stage, index, trainee, optimizer, trained, run.Folder);
            running.Step = index == position.Stage ? position.Step : 0;
            if (running.Step > 0)
            {
                TrainingCheckpoint.RestoreOptimizer(start, optimizer);
                TrainingCheckpoint.RestoreHead(start, trainee);
                adapters?.Restore(start);
            }

            (bool done, last) = RunStage(running, metrics, onUpdate, stop);
            if (!done)
            {
                return new TrainingOutcome(false, last);
            }

            adapters?.MergeInto(weights);
            config = trainee.Config;
        }

        SafetensorsDtype type = run.Recipe.SaveType switch { "fp32" => SafetensorsDtype.F32, "fp16" => SafetensorsDtype.F16, _ => SafetensorsDtype.BF16 };
        TrainingCheckpoint.SaveModel(model, config, weights, run.Folder, type);
        return new TrainingOutcome(true, model);
    }

    private static (string Folder, TrainingPosition Position) Start(TrainingRun run)
    {
        if (TrainingCheckpoint.Last(run.Folder) is not { } last)
        {
            return run.Resume
                ? throw new InvalidOperationException($"{run.Folder} holds no checkpoint to resume; start without it.")
                : (run.BaseModel, new TrainingPosition(run.Recipe.Fingerprint(1), 0, 0));
        }

        if (!run.Resume)
        {
            throw new InvalidOperationException($"{run.Folder} holds a training already; resume it or choose another folder.");
        }

        return last.Position.Recipe == run.Recipe.Fingerprint(last.Position.Stage + 1)
            ? last
            : throw new InvalidOperationException(
                $"{last.Folder} follows other stages than '{run.Recipe.Name}' now says; go on with {Path.Combine(run.Folder, RecipeFile)} or choose another folder.");
    }

    private (bool Done, string Checkpoint) RunStage(Stage stage, TrainingMetrics metrics, Action<TrainingUpdate>? onUpdate, CancellationToken stop)
    {
        ITrainingSource source = open(stage.Settings, stage.Run.Recipe.Seed + (ulong)stage.Index);
        long steps = StepsOf(stage.Settings, source);
        var schedule = new CosineSchedule(steps, stage.Settings.WarmupRatio);
        while (stage.Step < steps && !stop.IsCancellationRequested)
        {
            TrainingUpdate update = Update(stage, source, schedule);
            metrics.Add(update);
            onUpdate?.Invoke(update);
            if (stage.Step % stage.Run.Recipe.SaveEvery == 0 && stage.Step < steps)
            {
                _ = stage.Save();
            }
        }

        return (stage.Step >= steps, stage.Save());
    }

    /// <exception cref="TrainingException">The data never ends and the stage says no number of updates.</exception>
    internal static long StepsOf(TrainingStage stage, ITrainingSource source)
    {
        if (stage.Steps is { } given)
        {
            return given;
        }

        return source.Count is { } count
            ? Math.Max(1, (long)Math.Ceiling(stage.Epochs * Math.Max(1, count / stage.BatchSamples)))
            : throw new TrainingException($"Stage '{stage.Name}' has data without an end; give it a number of steps.");
    }

    private TrainingUpdate Update(Stage stage, ITrainingSource source, CosineSchedule schedule)
    {
        long started = time.GetTimestamp();
        TrainingStage settings = stage.Settings;
        stage.Optimizer.ZeroGradients();
        (double loss, long rows, long supervised, int replaced) = (0, 0, 0, 0);
        for (int batch = 0; batch < settings.Accumulation; batch++)
        {
            using var scope = torch.NewDisposeScope();
            long first = (stage.Step * settings.BatchSamples) + ((long)batch * settings.Batch);
            TraineeLoss result = LossOf(stage, source, first, ref replaced);
            result.Loss.div(settings.Accumulation).backward();
            loss += result.Loss.item<float>() / settings.Accumulation;
            rows += result.Rows;
            supervised += result.Supervised;
        }

        double norm = stage.Optimizer.ClipGradients(settings.ClipNorm);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            throw new TrainingException(
                $"Stage '{settings.Name}', update {stage.Step + 1}: the loss is {loss} and the gradients' norm {norm}; resume from the last checkpoint with lower rates or a lower clipNorm.");
        }

        double factor = schedule.Factor(stage.Step);
        stage.Optimizer.Step(factor);
        stage.Optimizer.ZeroGradients();
        stage.Step++;
        return new TrainingUpdate
        {
            Stage = settings.Name,
            StageIndex = stage.Index,
            Step = stage.Step,
            Steps = schedule.Steps,
            Loss = loss,
            GradientNorm = norm,
            Rates = stage.Optimizer.Groups.DistinctBy(g => g.Name).ToDictionary(g => g.Name, g => g.LearningRate * factor),
            Rows = rows,
            Supervised = supervised,
            Replaced = replaced,
            Seconds = time.GetElapsedTime(started).TotalSeconds,
        };
    }

    /// <summary>The loss of one batch; a sample whose media cannot be read is replaced.</summary>
    private static TraineeLoss LossOf(Stage stage, ITrainingSource source, long first, ref int replaced)
    {
        MediaException? reason = null;
        foreach (int offset in s_replacements)
        {
            try
            {
                TrainingExample[] samples = [.. Enumerable.Range(0, stage.Settings.Batch).Select(i => source.Sample(first + i + offset) with { Number = first + i + offset })];
                return stage.Trainee.Loss(samples, CancellationToken.None);
            }
            catch (MediaException e) when (e.Reason != MediaError.ToolMissing)
            {
                replaced++;
                reason = e;
            }
        }

        throw new TrainingException($"Stage '{stage.Settings.Name}', sample {first} and {s_replacements.Length - 1} in its place cannot be read; the last one: {reason!.Message}", reason);
    }

    private sealed class Stage(TrainingRun run, TrainingStage settings, int index, ITrainee trainee, AdamW optimizer, Weights weights, string companions)
    {
        public TrainingRun Run => run;

        public TrainingStage Settings => settings;

        public int Index => index;

        public ITrainee Trainee => trainee;

        public AdamW Optimizer => optimizer;

        /// <summary>Updates done.</summary>
        public long Step { get; set; }

        public string Save() => TrainingCheckpoint.Save(
            run.Folder, new TrainingPosition(run.Recipe.Fingerprint(index + 1), index, Step), trainee, weights, optimizer, companions, run.Recipe.KeepCheckpoints);
    }
}

/// <summary>A training that cannot go on. The message names stage, place and remedy.</summary>
public sealed class TrainingException : Exception
{
    public TrainingException(string message)
        : base(message)
    {
    }

    public TrainingException(string message, Exception? inner)
        : base(message, inner)
    {
    }

    public TrainingException()
    {
    }
}
