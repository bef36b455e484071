using System.Text.Json.Serialization;
using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Vision;

namespace Studio.Engine.Training;

/// <summary>What a recipe starts from: a model that exists, or a fresh one with random weights.</summary>
public sealed record TrainingBase
{
    /// <summary>Geometry of half a million parameters for tests and first tries, VideoChat-Flash; "tiny-random-xl" is Video-XL's.</summary>
    public const string Tiny = "tiny-random", TinyXl = "tiny-random-xl";

    /// <summary>Geometry of the trained model that ships with the repository, VideoChat-Flash; "mini-xl" is Video-XL's.</summary>
    public const string Mini = "mini", MiniXl = "mini-xl";

    /// <summary>An installed model's name, or a folder in the published layout, from the recipe's folder or from where the command runs.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// A published geometry's name, <see cref="Tiny"/>, <see cref="TinyXl"/>, <see cref="Mini"/>, <see cref="MiniXl"/>, or a folder with a config.json, from the
    /// recipe's folder.
    /// </summary>
    public string? Geometry { get; init; }

    /// <summary>Of a geometry's random weights.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// Folder with a geometry's tokenizer.json, from the recipe's folder. Null: the geometry folder's own, or for a tiny or mini one
    /// the 256 bytes, <see cref="Merges"/> and ChatML's markers.
    /// </summary>
    public string? Tokenizer { get; init; }

    /// <summary>Merges that a tiny or mini geometry's tokenizer learns from the world's texts.</summary>
    public int Merges { get; init; }

    /// <summary>
    /// Folder of a model, from the recipe's folder, whose decoder and tokenizer take the place of the base's, as both originals start from
    /// a language model. Its layers must have the base's sizes; summary tokens that it does not have start anew from its ordinary ones; the tower and the projector stay the base's: random ones of a geometry, or a model's that
    /// was taught to see while another's decoder was taught to read.
    /// </summary>
    public string? Decoder { get; init; }

    /// <summary>
    /// Folders of models, from the recipe's folder, whose weights are averaged with those of the base's model, each counted alike: trainings that went apart from one model on data of different seeds
    /// come together so (model soups, Wortsman et al. 2022). They must have the base's sizes and its tokenizer. What else changes the base comes after it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] // recipes from before it keep their fingerprint
    public IReadOnlyList<string>? Average { get; init; }

    /// <summary>Most models in <see cref="Average"/>.</summary>
    public const int MaxAveraged = 16;

    /// <summary>Of a UMT tower: factor on what its patches bring in, which leaves everything but makes the fixed positions count for more (<see cref="UmtTower.ScalePatches"/>).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] // recipes from before it keep their fingerprint
    public double? PatchScale { get; init; }

    /// <summary>Whether a UMT tower, whose positions are fixed, becomes an InternVideo2 tower, which goes on learning them (<see cref="LearnedPositions"/>).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public bool LearnPositions { get; init; }

    /// <summary>Whether the base's model is not taken as it is.</summary>
    [JsonIgnore]
    public bool IsChanged => Average is not null || Decoder is not null || PatchScale is not null || LearnPositions;

    /// <exception cref="ArgumentException">Neither or both of model and geometry, or a tokenizer for a model that has its own.</exception>
    public void Validate()
    {
        TrainingRecipe.Check((Model is null) != (Geometry is null), "base names neither or both of model and geometry", "one of them");
        TrainingRecipe.Check(Model is null || Tokenizer is null, $"base.tokenizer is '{Tokenizer}' beside a model", "it to a geometry only: a model has its own");
        TrainingRecipe.Check(Decoder is null || (Tokenizer is null && Merges == 0), $"base.decoder is '{Decoder}' beside a tokenizer or merges", "one of them: the tokenizer comes with the decoder");
        TrainingRecipe.Check(Average is null || Model is not null, "base.average stands beside a geometry", "it to a model only: random weights are not averaged");
        TrainingRecipe.Check(Average is null or { Count: >= 1 and <= MaxAveraged }, $"base.average names {Average?.Count} models", $"1 to {MaxAveraged}, or leave it out");
        TrainingRecipe.Check(PatchScale is null or (> 0 and <= 1000), $"base.patchScale is {PatchScale}", "a number above 0, at most 1000, or leave it out");
        TrainingRecipe.Check(Merges is >= 0 and <= WorldVocabulary.MaxMerges, $"base.merges is {Merges}", $"0 to {WorldVocabulary.MaxMerges}");
        TrainingRecipe.Check(Merges == 0 || (Tokenizer is null && IsMade(Geometry)), $"base.merges is {Merges} where a tokenizer comes with the base", "them to a tiny or mini geometry only");
    }

    /// <summary>
    /// Writes the fresh model of a geometry, with its tokenizer, in fp32. Video-XL's summary tokens are left out: the first stage
    /// with ratios starts them from what the decoder has learned by then.
    /// </summary>
    /// <param name="folder">Filled as a whole or not at all; replaced where it exists.</param>
    /// <param name="recipeFolder">What relative paths count from.</param>
    /// <exception cref="ArgumentException">No such geometry or tokenizer, or the two do not fit.</exception>
    public void Create(string folder, string recipeFolder, CancellationToken cancellationToken = default)
    {
        Validate();
        string geometry = Geometry ?? throw new InvalidOperationException($"The base is the model '{Model}'; there is none to make.");
        string making = folder + ".tmp";
        Remove(making);
        _ = Directory.CreateDirectory(making);
        string? from = Path.Combine(recipeFolder, geometry) is var own && File.Exists(Path.Combine(own, ModelConfig.FileName)) ? own : null;
        string path = Path.Combine(making, "tokenizer.json");
        bool isTiny = from is null && IsMade(geometry);
        if (((Tokenizer ?? Decoder) is { } named ? Path.Combine(recipeFolder, named) : from) is { } source)
        {
            if (!File.Exists(Path.Combine(source, "tokenizer.json")))
            {
                throw new ArgumentException($"There is no tokenizer.json in '{source}'; name its folder as base.tokenizer in the recipe.");
            }

            TrainingCheckpoint.CopyCompanions(source, making);
        }
        else if (isTiny)
        {
            ByteLevelTokenizerWriter.Write(path, Merges == 0 ? [] : WorldVocabulary.Learn(Merges));
        }
        else
        {
            throw new ArgumentException($"The geometry '{geometry}' comes without a tokenizer; name a folder with a tokenizer.json as base.tokenizer in the recipe.");
        }

        var tokenizer = Tokenization.Tokenizer.Load(path);
        ModelConfig config = from is not null ? ModelConfig.Load(from) : isTiny ? OfTiny(geometry, tokenizer) : PublishedGeometries.Find(geometry).Config;
        if (config.Language.VocabularySize < tokenizer.VocabularySize)
        {
            throw new ArgumentException($"The tokenizer has {tokenizer.VocabularySize} tokens, the geometry '{geometry}' a vocabulary of {config.Language.VocabularySize}; raise vocab_size in its config.json.");
        }

        GenerationConfig? generation = File.Exists(Path.Combine(making, GenerationConfig.FileName)) ? GenerationConfig.Load(making) : null;
        RandomCheckpoint.Create(making, config, Seed, SafetensorsDtype.F32, generation: generation, withVst: false, cancellationToken: cancellationToken);
        if (IsChanged)
        {
            string given = making + ".given";
            Change(making, given, recipeFolder);
            Remove(making);
            Directory.Move(given, making);
        }

        Remove(folder);
        Directory.Move(making, folder);
    }

    /// <summary>Writes a model averaged with those of <see cref="Average"/>, with <see cref="Decoder"/> in place of its own, with <see cref="PatchScale"/> and then <see cref="LearnPositions"/>, in fp32.</summary>
    /// <param name="model">Folder of the model that keeps its tower and projector.</param>
    /// <param name="folder">Filled as a whole or not at all; replaced where it exists.</param>
    /// <param name="recipeFolder">What relative paths count from.</param>
    /// <exception cref="InvalidOperationException">The base changes nothing.</exception>
    /// <exception cref="ArgumentException">A model to average or the decoder does not fit, or the tower's positions are not fixed.</exception>
    public void Change(string model, string folder, string recipeFolder)
    {
        Validate();
        if (!IsChanged)
        {
            throw new InvalidOperationException("The base names no average, decoder, patchScale or learnPositions; there is nothing to change.");
        }

        using var target = Checkpoint.Open(model);
        using Weights whole = TrainingCheckpoint.LoadWeights(target, Device.CPU);
        if (Average is not null)
        {
            AverageWith(target, whole, [.. Average.Select(a => Path.Combine(recipeFolder, a))]);
        }

        string companions = model;
        if (Decoder is not null)
        {
            companions = Path.Combine(recipeFolder, Decoder);
            TakeDecoder(target, whole, companions);
        }

        if (PatchScale is { } scale)
        {
            try
            {
                UmtTower.ScalePatches(whole, target.Config.Vision, scale);
            }
            catch (ArgumentException e)
            {
                throw new ArgumentException($"base.patchScale is {scale}: {e.Message}; leave it out.", e);
            }
        }

        if (!LearnPositions)
        {
            Remove(folder);
            TrainingCheckpoint.SaveModel(folder, target.Config, whole, companions, SafetensorsDtype.F32);
            return;
        }

        try
        {
            (ModelConfig config, Weights learning) = LearnedPositions.Give(target.Config, whole);
            using (learning)
            {
                Remove(folder);
                TrainingCheckpoint.SaveModel(folder, config, learning, companions, SafetensorsDtype.F32);
            }
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"base.learnPositions is true: {e.Message}; leave it out.", e);
        }
    }

    /// <exception cref="ArgumentException">No such model, or its sizes or its tokenizer differ.</exception>
    private static void AverageWith(Checkpoint target, Weights whole, IReadOnlyList<string> others)
    {
        ReadOnlySpan<byte> words = File.ReadAllBytes(Path.Combine(target.Folder, "tokenizer.json"));
        foreach (string from in others)
        {
            CheckModel("base.average", from);
            string tokenizer = Path.Combine(from, "tokenizer.json");
            if (!File.Exists(tokenizer) || !words.SequenceEqual(File.ReadAllBytes(tokenizer)))
            {
                throw new ArgumentException($"base.average '{from}' has another tokenizer than the base; name a model that was trained from the same one.");
            }

            using var scope = torch.NewDisposeScope();
            using var source = Checkpoint.Open(from);
            using Weights other = TrainingCheckpoint.LoadWeights(source, Device.CPU);
            if (whole.Names.Except(other.Names).Concat(other.Names.Except(whole.Names)).Order(StringComparer.Ordinal).FirstOrDefault() is { } alone)
            {
                throw new ArgumentException($"base.average '{from}' and the base do not both have {alone}; name a model of the base's kind.");
            }

            foreach (string name in whole.Names)
            {
                Tensor own = whole.Get(name), value = other.Get(name);
                CheckSize("base.average", from, name, own, value);
                _ = own.add_(value); // fp32, whatever the files have
            }
        }

        foreach (string name in whole.Names)
        {
            _ = whole.Get(name).mul_(1.0 / (others.Count + 1));
        }
    }

    /// <exception cref="ArgumentException">There is none.</exception>
    private static void CheckModel(string key, string from)
    {
        if (!File.Exists(Path.Combine(from, ModelConfig.FileName)))
        {
            throw new ArgumentException($"There is no model in {key} '{from}'; run the recipe that makes it, or name another folder.");
        }
    }

    /// <exception cref="ArgumentException">Their sizes differ.</exception>
    private static void CheckSize(string key, string from, string name, Tensor own, Tensor value)
    {
        if (!own.shape.SequenceEqual(value.shape))
        {
            throw new ArgumentException($"{key} '{from}' has {name} as [{string.Join(", ", value.shape)}], the base as [{string.Join(", ", own.shape)}]; name a model with those sizes.");
        }
    }

    /// <exception cref="ArgumentException">Their sizes differ.</exception>
    private static void TakeDecoder(Checkpoint target, Weights whole, string from)
    {
        CheckModel("base.decoder", from);
        using var source = Checkpoint.Open(from);
        using Weights decoder = TrainingCheckpoint.LoadWeights(source, Device.CPU);
        foreach (ExpectedTensor tensor in target.Layout.Tensors.Where(t => t.Scope is not (CheckpointScope.Vision or CheckpointScope.Connector) && target.Contains(t.Name)))
        {
            Tensor own = whole.Get(tensor.Name);
            Tensor value = decoder.TryGet(tensor.Name) ?? Origin(tensor.Name) ?? throw new ArgumentException($"base.decoder '{from}' has no {tensor.Name}; name a model with as many layers.");
            CheckSize("base.decoder", from, tensor.Name, own, value);
            _ = own.copy_(value); // the base's own tensor comes back
        }

        // Summary tokens that the decoder knows nothing of start anew from its ordinary ones, as in a checkpoint that lacks them.
        Tensor? Origin(string name)
        {
            Tensor? origin = TensorLayout.VstOrigin(name) is { } ordinary ? decoder.TryGet(ordinary) : null;
            return name == TensorLayout.VstEmbedding && origin is not null ? origin.narrow(0, WeightLoading.VstRow(target.Config, from), 1) : origin;
        }
    }

    /// <summary>A tiny geometry takes its vocabulary and its ids from the tokenizer.</summary>
    private static ModelConfig OfTiny(string name, Tokenizer tokenizer)
    {
        if (!tokenizer.TryGetId(ChatMl.TurnEnd, out int end))
        {
            throw new ArgumentException($"The tokenizer has no {ChatMl.TurnEnd}, which ends every turn; base.tokenizer needs one with ChatML's markers.");
        }

        int start = tokenizer.TryGetId("<|endoftext|>", out int found) ? found : end;
        return name switch
        {
            TinyXl => TinyModels.VideoXl(tokenizer.VocabularySize, start, end),
            MiniXl => MiniModels.VideoXl(tokenizer.VocabularySize, start, end),
            Mini => MiniModels.VideoChatFlash(tokenizer.VocabularySize, start, end),
            _ => TinyModels.VideoChatFlash(tokenizer.VocabularySize, start, end),
        };
    }

    private static bool IsMade(string? geometry) => geometry is Tiny or TinyXl or Mini or MiniXl;

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
