using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Running;

/// <summary>Kinds of failures of a sample: it alone fails, and counts as unscored.</summary>
public static class SampleErrors
{
    /// <summary>The video is missing or cannot be read.</summary>
    public const string Media = "media";

    /// <summary>No memory is left, of the machine or the card.</summary>
    public const string Memory = "memory";

    /// <summary>The model refused its input, or its numbers overflowed.</summary>
    public const string Model = "model";

    /// <summary>It took longer than a sample may.</summary>
    public const string Timeout = "timeout";

    /// <summary>The judge did not answer, or not usefully.</summary>
    public const string Judge = "judge";

    /// <summary>Anything else: a defect of the studio.</summary>
    public const string Internal = "internal";

    public static IReadOnlyList<string> All { get; } = [Media, Memory, Model, Timeout, Judge, Internal];

    /// <summary>Longest message kept, in characters.</summary>
    public const int MaxMessage = 1000;

    /// <summary>The class of a failure outside the judge.</summary>
    public static string ClassOf(Exception failure) => failure switch
    {
        AggregateException { InnerExceptions.Count: 1 } a => ClassOf(a.InnerExceptions[0]),
        MediaException { Reason: MediaError.TimedOut } or TimeoutException or OperationCanceledException => Timeout,
        MediaException or IOException or UnauthorizedAccessException => Media,
        OutOfMemoryException => Memory,
        TorchException torch when IsMemory(torch.Message) => Memory,
        TorchException or ArgumentException or InvalidOperationException or NotSupportedException => Model,
        _ => Internal,
    };

    /// <summary>A failure's message, cut, with the video named as the data names it: where it lies differs from machine to machine.</summary>
    internal static string Message(Exception failure, string? path, string media)
    {
        var text = path is { Length: > 0 } && media.Length > 0 ? failure.Message.Replace(path, media, StringComparison.Ordinal) : failure.Message;
        var first = text.Split('\n')[0].Trim();
        return first.Length > MaxMessage ? first[..MaxMessage] : first;
    }

    /// <summary>libtorch says so in words only.</summary>
    private static bool IsMemory(string message) => message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
        || message.Contains("not enough memory", StringComparison.OrdinalIgnoreCase) || message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase);
}
