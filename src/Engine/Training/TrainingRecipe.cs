using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Video;

namespace Studio.Engine.Training;

/// <summary>A whole training as data: stages one after the other, each from the weights of the one before. Scales differ in values only.</summary>
public sealed record TrainingRecipe
{
    /// <summary>Most stages of a recipe.</summary>
    public const int MaxStages = 64;

    /// <summary>Largest recipe file.</summary>
    public const long MaxFileBytes = 1 << 20;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        PropertyNameCaseInsensitive = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Also the name of the trained model.</summary>
    public required string Name { get; init; }

    /// <summary>What the values are taken from, or what they are for.</summary>
    public string Description { get; init; } = "";

    /// <summary>Orders samples and makes drawn ones.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>A checkpoint every so many updates, besides those at the end of a stage and where a run is stopped.</summary>
    public int SaveEvery { get; init; } = 500;

    /// <summary>Checkpoints that stay; older ones are removed.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Type of the finished model's weights. Checkpoints always keep fp32.</summary>
    public string SaveType { get; init; } = "bf16";

    /// <summary>What to start from; null: the caller names a model.</summary>
    public TrainingBase? Base { get; init; }

    /// <summary>In their order. None: the changed base is what the recipe makes.</summary>
    public required IReadOnlyList<TrainingStage> Stages { get; init; }

    /// <summary>Reads a recipe file.</summary>
    /// <exception cref="ArgumentException">The file is no recipe, or a value is out of range; the message names file and value.</exception>
    public static TrainingRecipe Load(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > MaxFileBytes)
        {
            throw new ArgumentException(file.Exists ? $"{path} has {file.Length} bytes; a recipe has at most {MaxFileBytes}." : $"There is no recipe {path}.", nameof(path));
        }

        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new ArgumentException($"{path} is no recipe: {e.Message}", nameof(path), e);
        }
    }

    /// <exception cref="JsonException">No such JSON.</exception>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public static TrainingRecipe Parse(string json)
    {
        TrainingRecipe recipe = JsonSerializer.Deserialize<TrainingRecipe>(json, s_json) ?? throw new JsonException("The recipe is null.");
        recipe.Validate();
        return recipe;
    }

    public string ToJson() => JsonSerializer.Serialize(this, s_json) + "\n";

    /// <summary>
    /// SHA-256 of everything that decides the weights after some stages. How often and how many checkpoints are kept, what is computed
    /// anew, names of the recipe, words and later stages do not: those may change while a training goes on.
    /// </summary>
    /// <param name="stages">From the first; null for all.</param>
    public string Fingerprint(int? stages = null) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        (this with
        {
            Name = "",
            Description = "",
            SaveEvery = 1,
            KeepCheckpoints = 1,
            SaveType = "",
            Stages = [.. Stages.Take(stages ?? Stages.Count).Select(s => s with { Checkpointing = false })],
        }).ToJson())));

    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Check(Name.Length is > 0 and <= 64 && Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'), $"name is '{Name}'", "1 to 64 letters, digits, '-', '_' and '.'");
        Check(SaveEvery >= 1, $"saveEvery is {SaveEvery}", "at least 1");
        Check(KeepCheckpoints is >= 1 and <= 100, $"keepCheckpoints is {KeepCheckpoints}", "1 to 100");
        Check(SaveType is "bf16" or "fp32" or "fp16", $"saveType is '{SaveType}'", "bf16, fp16 or fp32");
        Check(Stages.Count <= MaxStages && (Stages.Count >= 1 || Base is { IsChanged: true }), $"{Stages.Count} stages", $"1 to {MaxStages}, or none with a base that is changed, such as an average");
        Base?.Validate();
        foreach (TrainingStage stage in Stages)
        {
            stage.Validate();
        }
    }

    internal static void Check(bool met, string value, string allowed)
    {
        if (!met)
        {
            throw new ArgumentException($"{value}; give {allowed}.");
        }
    }
}

/// <summary>Which frames a stage looks at.</summary>
public enum FrameRule
{
    /// <summary>
    /// As many as <see cref="TrainingFrames.Max"/>, whatever the length: VideoChat-Flash takes the middles of equal parts, Video-XL
    /// frames from the first to the last.
    /// </summary>
    Middle,

    /// <summary>
    /// One a second. VideoChat-Flash: between two bounds, in whole clips (videochat-flash.md 2.1). Video-XL: up to the larger
    /// bound, beyond it that many from the first to the last (video-xl.md 2.6).
    /// </summary>
    Seconds,
}

/// <summary>Frames of a sample.</summary>
public sealed record TrainingFrames
{
    public FrameRule Rule { get; init; } = FrameRule.Seconds;

    public int Min { get; init; } = 64;

    public int Max { get; init; } = 512;

    internal SamplingSettings Sampling(int clip) => Rule == FrameRule.Middle
        ? new SamplingSettings { Mode = SamplingMode.Frames, FrameCount = Max, ClipLength = clip }
        : new SamplingSettings { Mode = SamplingMode.Published, RoundTo = clip, MinFrames = Min, MaxFrames = Max, ClipLength = clip };
}

/// <summary>VideoChat-Flash: visual dropout while training; the published models were trained without.</summary>
public sealed record TrainingDrops
{
    public required CompressionType Type { get; init; }

    public required IReadOnlyList<int> Layers { get; init; }

    public required IReadOnlyList<double> Ratios { get; init; }

    /// <summary>
    /// Share of the samples that drop, drawn sample by sample; null for all. A model that sees whole videos as well in every update does not unlearn to read them.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] // recipes from before it keep their fingerprint
    public double? Share { get; init; }
}

/// <summary>One stage of a training.</summary>
public sealed record TrainingStage
{
    /// <summary>Most ratios to draw from.</summary>
    public const int MaxRatios = 64;

    /// <summary>Largest ratio; a model's window bounds it further.</summary>
    public const int MaxRatio = 1 << 16;

    public required string Name { get; init; }

    /// <summary>Learning rate of each part; what has none is frozen.</summary>
    public required PartRates Rates { get; init; }

    public required TrainingTemplate Template { get; init; }

    public LabelMasking Masking { get; init; } = LabelMasking.Published;

    public DurationJoin Join { get; init; } = DurationJoin.Training;

    /// <summary>Samples whose gradients are computed together; their loss is the mean over all their supervised tokens.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Batches an update; their losses are averaged, however many tokens each has, as the original's trainer does.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>Updates. Null: as many as <see cref="Epochs"/> take, for data that ends.</summary>
    public long? Steps { get; init; }

    public double Epochs { get; init; } = 1;

    public double WarmupRatio { get; init; } = 0.03;

    public double WeightDecay { get; init; }

    /// <summary>Bound of the gradients' joint norm; 0 for none.</summary>
    public double ClipNorm { get; init; } = 1;

    public AdamWSettings Optimizer { get; init; } = new();

    public TrainingFrames Frames { get; init; } = new();

    /// <summary>Side of a frame in pixels; null keeps the model's.</summary>
    public int? Resolution { get; init; }

    /// <summary>
    /// Images in tiles, as they are asked about. False, as in the first stage: the whole only, which VideoChat-Flash stretches to
    /// a square; Video-XL takes its middle, a visual token for each patch.
    /// </summary>
    public bool ImageTiles { get; init; } = true;

    /// <summary>Rows of the spliced sequence; the rest is cut from the right.</summary>
    public int MaxLength { get; init; } = 32_768;

    /// <summary>Null: no visual token is dropped.</summary>
    public TrainingDrops? Drops { get; init; }

    /// <summary>
    /// Video-XL: the compression ratios of which one is drawn for each window, from those that divide it; 1 keeps a window as it
    /// is. Null: no summary tokens at all, as in pre-training. A model without their weights gets them in the first stage with ratios.
    /// </summary>
    public IReadOnlyList<int>? Ratios { get; init; }

    /// <summary>fp32, or bf16 for the decoder's activations (weights, tower and projector stay fp32).</summary>
    public string Precision { get; init; } = "fp32";

    /// <summary>The decoder's layers are computed anew in the backward pass: the same bits, less memory, about a third more work.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public bool Checkpointing { get; init; }

    /// <summary>
    /// What each patch of drawn pictures shows is learned without asking the decoder: by the tower alone (<see cref="RecognitionTrainee"/>), or
    /// with a rate of the projector in the decoder's words (<see cref="WordTrainee"/>). Template, masking, join and maxLength say nothing.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public bool Recognition { get; init; }

    /// <summary>What points at words in a stage of recognition with a rate of the projector.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public WordsOf WordsOf { get; init; }

    /// <summary>
    /// In such a stage a patch says the letters that stand on it, one token each: the first digit of a number left of the second, so that their
    /// order can be read. Otherwise each patch of a mark says the whole mark, as a word in a sentence.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public bool LettersInPlace { get; init; }

    /// <summary>
    /// In such a stage a patch also says in which part of the picture its object stands, or how and where to it moves: both can then be read from
    /// the token that names the object, as its colour can.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public bool PlaceAndMotion { get; init; }

    /// <summary>In such a stage some of the patches without anything on them say colour and pattern of the backdrop, with <see cref="PlaceAndMotion"/> also where they are.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public bool Backdrops { get; init; }

    /// <summary>
    /// Stages of recognition show VideoChat-Flash's tower whole clips, as the model uses it, in place of each frame by itself. Motion is seen in no other way; pictures are
    /// learned faster one by one.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public bool InClips { get; init; }

    /// <summary>Train low-rank corrections of the decoder's matrices, with the decoder's learning rate, instead of the decoder. Null: no.</summary>
    public LoraSettings? Lora { get; init; }

    public required TrainingData Data { get; init; }

    /// <summary>Samples an update.</summary>
    [JsonIgnore]
    public int BatchSamples => Batch * Accumulation;

    /// <exception cref="ArgumentException">A value is out of range; the message names stage and value.</exception>
    public void Validate()
    {
        Check(Name.Length is > 0 and <= 64, $"name is '{Name}'", "1 to 64 characters");
        foreach ((string part, double? rate) in Rates.All())
        {
            Check(rate is null or (> 0 and <= 1), $"rates.{part} is {rate}", "a number above 0, at most 1, or leave it out to freeze it");
        }

        Check(Rates.All().Any(r => r.Rate is not null), "no part has a learning rate", "tower, projector, decoder or summary one");
        Check(
            Ratios is null || (Ratios.Count is >= 1 and <= MaxRatios && Ratios.All(r => r is >= 1 and <= MaxRatio) && Ratios.Distinct().Count() == Ratios.Count),
            $"ratios are [{string.Join(", ", Ratios ?? [])}]", $"1 to {MaxRatios} different ones from 1 to {MaxRatio}, or leave them out to train without summary tokens");
        Check(Rates.Summary is null || Ratios is not null, $"rates.summary is {Rates.Summary} without ratios", "ratios, or leave the rate out: nothing is summarised");
        Check(Drops?.Share is null or (> 0 and <= 1), $"drops.share is {Drops?.Share}", "a number above 0, at most 1, or leave it out: all samples drop");
        Check(Drops is null || Ratios is null, "drops and ratios are both given", "drops to VideoChat-Flash, ratios to Video-XL");
        Check(Batch is >= 1 and <= 4096, $"batch is {Batch}", "1 to 4096");
        Check(Accumulation is >= 1 and <= 65_536, $"accumulation is {Accumulation}", "1 to 65536");
        Check(Steps is null or >= 1, $"steps is {Steps}", "at least 1");
        Check(Epochs is > 0 and <= 10_000, $"epochs is {Epochs}", "a number above 0");
        Check(WarmupRatio is >= 0 and <= 1, $"warmupRatio is {WarmupRatio}", "0 to 1");
        Check(WeightDecay is >= 0 and <= 1, $"weightDecay is {WeightDecay}", "0 to 1");
        Check(ClipNorm is >= 0 and <= 1e6, $"clipNorm is {ClipNorm}", "0 or more");
        Check(Optimizer.Beta1 is >= 0 and < 1 && Optimizer.Beta2 is >= 0 and < 1 && Optimizer.Epsilon > 0, $"optimizer is {Optimizer}", "betas of 0 to below 1 and an epsilon above 0");
        Check(
            Frames.Max is >= 1 and <= SamplingSettings.MaxSelectedFrames && Frames.Min >= 1 && (Frames.Rule == FrameRule.Middle || Frames.Min <= Frames.Max),
            $"frames are {Frames.Min} to {Frames.Max}", $"1 to {SamplingSettings.MaxSelectedFrames}, the smaller first");
        Check(Resolution is null or (>= 16 and <= 4096), $"resolution is {Resolution}", "16 to 4096 pixels");
        Check(MaxLength >= 16, $"maxLength is {MaxLength}", "16 or more");
        Check(Precision is "fp32" or "bf16", $"precision is '{Precision}'", "fp32 or bf16");
        Check(!Recognition || (Rates.Decoder is null && Rates.Summary is null), "recognition is learned without the decoder", "rates.tower, rates.projector or both");
        Check(!Recognition || Data.Annotations is null, "recognition needs to know what each patch shows, and annotations do not say it", "drawn data: data.album or data.world");
        Check(!Recognition || (Ratios is null && Drops is null && Lora is null), "recognition has no decoder whose tokens are compressed or corrected", "neither ratios nor drops nor lora");
        Check(!Recognition || Data.Told == 0, "recognition looks at patches, and a told video has none", "data.told of 0");
        Check(!Recognition || Data.Sketched == 0, "recognition looks at patches, and a sketched video has none", "data.sketched of 0");
        Check(WordsOf == WordsOf.Patches || (Recognition && Rates.Projector is not null), $"wordsOf is {WordsOf} where no words are learned", "it with recognition and rates.projector only");
        foreach ((string option, bool asked) in (ReadOnlySpan<(string, bool)>)[("lettersInPlace", LettersInPlace), ("placeAndMotion", PlaceAndMotion), ("backdrops", Backdrops)])
        {
            Check(!asked || (Recognition && Rates.Projector is not null), $"{option} is true where no words are learned", "it with recognition and rates.projector only");
        }

        Check(!InClips || Recognition, "inClips is true in a stage that always looks at clips", "it with recognition only");
        Lora?.Validate(Name, Rates);
        Data.Validate();
        _ = Compression();

        void Check(bool met, string value, string allowed) => TrainingRecipe.Check(met, $"Stage '{Name}': {value}", allowed);
    }

    /// <exception cref="ArgumentException">The lists do not fit.</exception>
    internal VisualDropout Compression() => Drops is null ? VisualDropout.None : new VisualDropout(Drops.Type, Drops.Layers, Drops.Ratios);
}

/// <summary>What a projector learns to say in the decoder's words (<see cref="WordTrainee"/>).</summary>
public enum WordsOf
{
    /// <summary>Each projected patch the words of what it shows.</summary>
    Patches,

    /// <summary>
    /// Each visual token the words of all patches that are averaged into it, as the decoder gets it: a patch that shows nothing must then
    /// not drown its neighbours. The same as patches where tokens are patches that are alike (VideoChat-Flash).
    /// </summary>
    Tokens,
}
