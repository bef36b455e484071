using System.Text;

namespace Studio.Benchmarks.Evaluation;

/// <summary>What a model is asked for one document.</summary>
/// <param name="Text">Text of the user's turn.</param>
public sealed record EvalPrompt(string Text)
{
    /// <summary>System text in place of the model's own; null keeps that.</summary>
    public string? System { get; init; }

    /// <summary>
    /// Whether the visual tokens are followed by the text at once (needle tests, VNBench). Otherwise the model's chat form holds: visual
    /// tokens, line end, the message about duration and frame times, then the text.
    /// </summary>
    public bool Bare { get; init; }

    /// <summary>Start of the model's turn, given to it.</summary>
    public string Prefill { get; init; } = "";

    /// <summary>False for the variant that must answer without seeing the video.</summary>
    public bool ShowsVideo { get; init; } = true;

    /// <summary>The complete ChatML text of a bare prompt, with the placeholder where the visual tokens go.</summary>
    public string ChatMl(string placeholder)
    {
        var built = new StringBuilder();
        if (System is not null) built.Append("<|im_start|>system\n").Append(System).Append("<|im_end|>\n");
        built.Append("<|im_start|>user\n").Append(ShowsVideo ? placeholder : "").Append(Text).Append("<|im_end|>\n<|im_start|>assistant\n").Append(Prefill);
        return built.ToString();
    }
}

/// <summary>How the originals run a task.</summary>
/// <param name="MaxFrames">Frames at most.</param>
/// <param name="MaxNewTokens">Tokens of an answer at most.</param>
public sealed record EvalLimits(int MaxFrames, int MaxNewTokens);
