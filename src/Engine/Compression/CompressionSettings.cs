using Studio.Engine.Checkpoints;

namespace Studio.Engine.Compression;

/// <summary>
/// What becomes of visual tokens in the decoder: they leave it layer by layer (<see cref="VisualDropout"/>, VideoChat-Flash), or
/// are summarised window by window (<see cref="VstCompression"/>, Video-XL). Immutable; equal where the text form is.
/// </summary>
public abstract record CompressionSettings
{
    private protected CompressionSettings() { }

    /// <summary>Every visual token stays, in either system.</summary>
    public static CompressionSettings Off => VisualDropout.None;

    /// <summary>Whether every visual token stays.</summary>
    public abstract bool IsOff { get; }

    /// <summary>
    /// Reads <c>off</c>, <c>balanced</c> or <c>strong</c>, which mean something in both systems, or a form of the model's own
    /// (see <see cref="VisualDropout.Parse"/> and <see cref="VstCompression.Parse"/>).
    /// </summary>
    /// <exception cref="ArgumentException">Anything else, or a form of the other system; the message says what this model takes.</exception>
    public static CompressionSettings Parse(string text, ModelConfig model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Vst is { } vst ? VstCompression.Parse(text, vst) : VisualDropout.Parse(text, model.Language.Layers);
    }

    /// <summary>
    /// Whether a text has the form of one system alone, and the model is of the other: a drop schedule for a model with summary tokens, or
    /// the reverse. False of texts that no model takes.
    /// </summary>
    public static bool IsOfOtherSystem(string text, ModelConfig model)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(model);
        return model.Vst is null ? VstCompression.IsItsForm(text) : VisualDropout.IsItsForm(text);
    }

    /// <summary>Refuses a text that no model could take, however deep its decoder or long its windows.</summary>
    /// <exception cref="ArgumentException">The text has none of the forms of <see cref="Parse"/>.</exception>
    public static void CheckForm(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (VstCompression.IsItsForm(text)) _ = VstCompression.Parse(text, new() { Window = int.MaxValue });
        else _ = VisualDropout.Parse(text, int.MaxValue);
    }

    /// <summary>What applies where a user does not choose: what a checkpoint stores, or the published use.</summary>
    public static CompressionSettings DefaultOf(ModelConfig model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Vst is { } vst ? VstCompression.DefaultOf(vst) : VisualDropout.From(model.Compression, model.Language.Layers);
    }

    /// <summary>The settings as a model takes them.</summary>
    /// <exception cref="ArgumentException">They are the other system's, or do not fit the model's sizes.</exception>
    public static CompressionSettings Resolve(CompressionSettings settings, ModelConfig model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Vst is { } vst ? VstCompression.Of(settings, vst) : VisualDropout.Of(settings, model.Language.Layers);
    }

    /// <summary>The text form, which <see cref="Parse"/> reads.</summary>
    public abstract override string ToString();
}
