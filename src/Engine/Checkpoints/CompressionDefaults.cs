namespace Studio.Engine.Checkpoints;

/// <summary>How visual tokens are chosen at a drop layer (spec section 5.3).</summary>
public enum CompressionType
{
    /// <summary>Evenly spaced in every stage.</summary>
    Uniform,

    /// <summary>By attention of the last prompt token in every stage.</summary>
    Attention,

    /// <summary>Evenly spaced in stage 0, by attention later.</summary>
    Uniform0Attention,

    /// <summary>Evenly spaced in stages 0 and 1, by attention later.</summary>
    Uniform1Attention,
}

/// <summary>The visual dropout a checkpoint stores: what applies when the user does not choose.</summary>
/// <remarks>
/// Published files leave placeholders in the lists while the switch is off, so the lists are only held against the
/// decoder when <see cref="Enabled"/>; call <see cref="Validate"/> before using them otherwise.
/// </remarks>
public sealed record CompressionDefaults
{
    /// <summary><c>mm_llm_compress</c>.</summary>
    public bool Enabled { get; init; }

    /// <summary><c>llm_compress_type</c>.</summary>
    public CompressionType Type { get; init; } = CompressionType.Attention;

    /// <summary><c>llm_compress_layer_list</c>: tokens are dropped after this many layers have run (1-based count),
    /// ascending.</summary>
    public IReadOnlyList<int> DropAfterLayers { get; init; } = [];

    /// <summary><c>llm_image_token_ratio_list</c>: share of the original visual tokens alive in each stage; first is 1.</summary>
    public IReadOnlyList<double> StageRatios { get; init; } = [1.0];

    /// <summary>Checks both lists against a decoder of <paramref name="layers"/> layers.</summary>
    /// <param name="layers">Number of decoder layers. The last one cannot be a drop layer: the scorer reads the next layer's
    /// weights.</param>
    /// <param name="source">File named in the error.</param>
    /// <exception cref="CheckpointException">
    /// Layers not strictly ascending within 1..layers-1, or ratios not one more entry, starting at 1, non-increasing, in (0, 1].
    /// </exception>
    public void Validate(int layers, string source = "compression settings")
    {
        for (int i = 0; i < DropAfterLayers.Count; i++)
        {
            int least = i == 0 ? 1 : DropAfterLayers[i - 1] + 1;
            if (DropAfterLayers[i] < least || DropAfterLayers[i] >= layers)
            {
                throw Problem(source, "llm_compress_layer_list", $"ascending layers from 1 to {layers - 1}",
                    $"[{string.Join(", ", DropAfterLayers)}]");
            }
        }

        bool descending = StageRatios.Count == DropAfterLayers.Count + 1 && StageRatios[0] == 1.0;
        for (int i = 1; descending && i < StageRatios.Count; i++)
        {
            descending = StageRatios[i] > 0 && StageRatios[i] <= StageRatios[i - 1];
        }

        if (!descending)
        {
            throw Problem(source, "llm_image_token_ratio_list",
                $"{DropAfterLayers.Count + 1} ratios (one more than layers), the first 1.0, none above the one before, "
                + "all above 0",
                $"[{string.Join(", ", StageRatios)}]");
        }
    }

    private static CheckpointException Problem(string source, string key, string expected, string found) =>
        new(new CheckpointProblem(source, key, expected, found, "Correct the list or set mm_llm_compress to false."));
}
