using System.Text.Json;
using System.Text.Json.Nodes;

namespace Studio.Engine.Checkpoints;

/// <summary>Decoding settings a checkpoint ships in generation_config.json; the defaults are those of an absent file.</summary>
public sealed record GenerationConfig
{
    /// <summary>Name of the file inside a model folder.</summary>
    public const string FileName = "generation_config.json";

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Token id put before a text, if any.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Padding id, if any.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Ids that end an answer; empty when the file names none (then config.json's apply).</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Whether to sample; false is greedy.</summary>
    public bool DoSample { get; init; }

    /// <summary>Factor against repeated ids, 1 for none. Applies to greedy decoding too (spec section 6).</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Divides logits before sampling.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Probability mass kept when sampling.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Candidates kept when sampling; 0 for all.</summary>
    public int TopK { get; init; } = 50;

    /// <summary>Reads generation_config.json of a model folder; all defaults when there is none.</summary>
    /// <exception cref="CheckpointException">The file is malformed or a value is out of range.</exception>
    public static GenerationConfig Load(string folder)
    {
        string path = Path.Combine(Path.GetFullPath(folder), FileName);
        return File.Exists(path) ? JsonFields.Read(path, Read) : new GenerationConfig();
    }

    /// <summary>The published layout: two-space indentation, one closing newline.</summary>
    public string ToJson()
    {
        var json = new JsonObject();
        if (BosTokenId is { } bos)
        {
            json["bos_token_id"] = bos;
        }

        if (PadTokenId is { } pad)
        {
            json["pad_token_id"] = pad;
        }

        json["do_sample"] = DoSample;
        if (EosTokenIds.Count > 0)
        {
            json["eos_token_id"] = ModelConfigWriter.TokenIds(EosTokenIds);
        }

        json["repetition_penalty"] = RepetitionPenalty;
        json["temperature"] = Temperature;
        json["top_p"] = TopP;
        json["top_k"] = TopK;
        json["transformers_version"] = "4.37.0";
        return json.ToJsonString(s_indented) + "\n";
    }

    /// <summary>Writes generation_config.json into a folder, atomically.</summary>
    public void Save(string folder) => AtomicFile.WriteAllText(Path.Combine(folder, FileName), ToJson());

    private static GenerationConfig Read(JsonFields json) => new()
    {
        BosTokenId = json.OptionalInt("bos_token_id", 0, int.MaxValue),
        PadTokenId = json.OptionalInt("pad_token_id", 0, int.MaxValue),
        EosTokenIds = json.Ints("eos_token_id", 0, int.MaxValue),
        DoSample = json.Bool("do_sample", false),
        RepetitionPenalty = json.Double("repetition_penalty", 0.01, 100, fallback: 1),
        Temperature = json.Double("temperature", 0, 100, fallback: 1),
        TopP = json.Double("top_p", 0, 1, fallback: 1),
        TopK = json.Int("top_k", 0, int.MaxValue, fallback: 50),
    };
}
