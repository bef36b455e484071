using System.Globalization;
using Studio.Engine.Checkpoints;

namespace Studio.Engine.Compression;

/// <summary>
/// Progressive visual dropout (VideoChat-Flash, "video-level compression"): after chosen layers of the decoder, some visual
/// tokens leave the sequence for good. Text never leaves. Immutable and validated when made.
/// </summary>
public sealed record VisualDropout : CompressionSettings
{
    /// <summary>Every visual token lives in every layer.</summary>
    public static readonly VisualDropout None = new();

    /// <summary>The model card's recipe: uniform to 75 % after 4 layers, by attention to 25 % after 18.</summary>
    public static readonly VisualDropout Balanced = new(CompressionType.Uniform0Attention, [4, 18], [1, 0.75, 0.25]);

    /// <summary>Ours, for the longest videos: half after 2 layers, an eighth after 14.</summary>
    public static readonly VisualDropout Strong = new(CompressionType.Uniform0Attention, [2, 14], [1, 0.5, 0.125]);

    /// <summary>The most stages a schedule may have: no published decoder has more layers than this to put one between.</summary>
    public const int MaxStages = 128;

    private VisualDropout() { }

    /// <param name="type">How survivors are chosen.</param>
    /// <param name="layers">1-based counts of layers already run when a drop happens; ascending, at least 1.</param>
    /// <param name="ratios">Share of the original visual tokens alive in each stage: 1.0 first, then one a drop, never rising, above 0.</param>
    /// <exception cref="ArgumentException">The lists do not fit each other or these rules.</exception>
    public VisualDropout(CompressionType type, IReadOnlyList<int> layers, IReadOnlyList<double> ratios)
    {
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(ratios);
        var shown = $"layers [{string.Join(", ", layers)}], ratios [{string.Join(", ", ratios.Select(Text))}]";
        if (layers.Count is 0 or > MaxStages) throw new ArgumentException($"{shown}: give 1 to {MaxStages} drop layers, or use 'off'");
        if (ratios.Count != layers.Count + 1) throw new ArgumentException($"{shown}: {layers.Count} drop layers need {layers.Count + 1} ratios (the first is 1), not {ratios.Count}");
        if (ratios[0] != 1) throw new ArgumentException($"{shown}: the first ratio is the share before any drop and must be 1, not {Text(ratios[0])}");
        for (var s = 0; s < layers.Count; s++)
        {
            if (layers[s] < 1 || (s > 0 && layers[s] <= layers[s - 1])) throw new ArgumentException($"{shown}: drop layers must ascend from 1 on; {layers[s]} does not");
            if (!(ratios[s + 1] > 0 && ratios[s + 1] <= ratios[s])) throw new ArgumentException($"{shown}: ratios must stay above 0 and never rise; {Text(ratios[s + 1])} does not fit after {Text(ratios[s])}");
        }

        (Type, DropAfterLayers, StageRatios) = (type, [.. layers], [.. ratios]);
    }

    /// <summary>What a checkpoint stores, where its switch is on; else <see cref="None"/>.</summary>
    /// <exception cref="ArgumentException">The stored lists are not valid for the decoder.</exception>
    public static VisualDropout From(CompressionDefaults stored, int decoderLayers)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return stored.Enabled ? new VisualDropout(stored.Type, stored.DropAfterLayers, stored.StageRatios).ValidateFor(decoderLayers) : None;
    }

    /// <summary>The settings as a decoder of so many layers takes them.</summary>
    /// <exception cref="ArgumentException">They are not of this kind, or do not fit.</exception>
    public static VisualDropout Of(CompressionSettings settings, int decoderLayers)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings is VisualDropout dropout ? dropout.ValidateFor(decoderLayers)
            : settings.IsOff ? None
            : throw new ArgumentException($"compression '{settings}' is for models with visual summary tokens (Video-XL); this one drops visual tokens between layers");
    }

    public CompressionType Type { get; }

    /// <summary>Layers after which visual tokens are dropped: 1-based counts of layers run, ascending. Empty: no dropping.</summary>
    public IReadOnlyList<int> DropAfterLayers { get; } = [];

    /// <summary>Share of the original visual tokens alive in each stage; one more entry than <see cref="DropAfterLayers"/>.</summary>
    public IReadOnlyList<double> StageRatios { get; } = [1.0];

    public override bool IsOff => DropAfterLayers.Count == 0;

    /// <summary>The first drop whose survivors depend on the question (0-based), or the number of drops if none does.</summary>
    public int FirstAttentionStage => Math.Min(DropAfterLayers.Count, Type switch
    {
        CompressionType.Uniform => int.MaxValue,
        CompressionType.Attention => 0,
        CompressionType.Uniform0Attention => 1,
        _ => 2,
    });

    /// <summary>Whether a drop (0-based) ranks by attention.</summary>
    public bool RanksByAttention(int stage) => stage >= FirstAttentionStage;

    /// <summary>
    /// Visual tokens alive in a stage (0: before any drop) out of n: the double product, truncated (spec 5.3). Relative to
    /// the original count in every stage.
    /// </summary>
    public int Alive(int n, int stage) => (int)(n * StageRatios[stage]);

    /// <summary>The stage whose tokens a layer (0-based) reads.</summary>
    public int StageOfLayer(int layer)
    {
        var stage = 0;
        while (stage < DropAfterLayers.Count && DropAfterLayers[stage] <= layer) stage++;
        return stage;
    }

    /// <summary>Refuses a schedule that the decoder is too shallow for: the ranking of a drop needs a layer after it.</summary>
    /// <exception cref="ArgumentException">A drop layer is not below <paramref name="decoderLayers"/>.</exception>
    public VisualDropout ValidateFor(int decoderLayers)
    {
        foreach (var layer in DropAfterLayers)
        {
            if (layer >= decoderLayers) throw new ArgumentException($"cannot drop after layer {layer}: the decoder has {decoderLayers} layers, so a drop layer must be 1 to {decoderLayers - 1}");
        }

        return this;
    }

    /// <summary>
    /// A preset for a decoder of another depth than the published 28 layers: drop layers move in proportion.
    /// </summary>
    public VisualDropout ScaledTo(int decoderLayers)
    {
        if (IsOff || decoderLayers >= 28) return this;
        var layers = new List<int>();
        foreach (var layer in DropAfterLayers)
        {
            var scaled = Math.Max(layers.Count == 0 ? 1 : layers[^1] + 1, (int)Math.Round(layer * decoderLayers / 28.0));
            if (scaled >= decoderLayers) return None;
            layers.Add(scaled);
        }

        return new(Type, layers, StageRatios);
    }

    /// <summary>Whether a text is meant for a schedule of drops, right or wrong.</summary>
    internal static bool IsItsForm(string text) => text.Contains(':', StringComparison.Ordinal) && !VstCompression.IsItsForm(text);

    /// <summary>
    /// Reads <c>off</c>, <c>balanced</c>, <c>strong</c>, or <c>TYPE:LAYERS:RATIOS</c> such as
    /// <c>uniform0_attention:4,18:1,0.75,0.25</c>. Presets scale to <paramref name="decoderLayers"/>; explicit layers must fit it.
    /// </summary>
    /// <exception cref="ArgumentException">Anything else; the message says what and shows the form.</exception>
    public static VisualDropout Parse(string text, int decoderLayers)
    {
        ArgumentNullException.ThrowIfNull(text);
        switch (text)
        {
            case "off": return None;
            case "balanced": return Balanced.ScaledTo(decoderLayers);
            case "strong": return Strong.ScaledTo(decoderLayers);
        }

        const string Form = "use off, balanced, strong, or TYPE:LAYERS:RATIOS such as uniform0_attention:4,18:1,0.75,0.25";
        if (VstCompression.IsItsForm(text)) throw new ArgumentException($"compression '{text}' is for models with visual summary tokens (Video-XL); this one drops visual tokens between layers: {Form}");
        var parts = text.Split(':');
        if (parts.Length != 3) throw new ArgumentException($"unknown compression '{text}'; {Form}");
        var layers = parts[1].Split(',').Select(p => int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n
            : throw new ArgumentException($"compression '{text}': '{p}' is not a layer number; {Form}")).ToList();
        var ratios = parts[2].Split(',').Select(p => double.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out var r) ? r
            : throw new ArgumentException($"compression '{text}': '{p}' is not a ratio; {Form}")).ToList();
        return new VisualDropout(ParseType(parts[0]), layers, ratios).ValidateFor(decoderLayers);
    }

    /// <summary>Reads the published names: uniform, attention, uniform0_attention, uniform1_attention.</summary>
    public static CompressionType ParseType(string name) => name switch
    {
        "uniform" => CompressionType.Uniform,
        "attention" => CompressionType.Attention,
        "uniform0_attention" => CompressionType.Uniform0Attention,
        "uniform1_attention" => CompressionType.Uniform1Attention,
        _ => throw new ArgumentException($"unknown drop type '{name}'; use uniform, attention, uniform0_attention or uniform1_attention"),
    };

    public static string TypeName(CompressionType type) => type switch
    {
        CompressionType.Uniform => "uniform",
        CompressionType.Attention => "attention",
        CompressionType.Uniform0Attention => "uniform0_attention",
        _ => "uniform1_attention",
    };

    public bool Equals(VisualDropout? other) => other is not null && ToString() == other.ToString();

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>The form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => IsOff ? "off"
        : $"{TypeName(Type)}:{string.Join(",", DropAfterLayers)}:{string.Join(",", StageRatios.Select(Text))}";

    private static string Text(double ratio) => ratio.ToString("R", CultureInfo.InvariantCulture);
}
