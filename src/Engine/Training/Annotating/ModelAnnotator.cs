using Studio.Engine.Chat;
using Studio.Engine.Language;
using Studio.Engine.Video;

namespace Studio.Engine.Training.Annotating;

/// <summary>A loaded model as captioner and writer; one request at a time, greedy.</summary>
public sealed class ModelAnnotator : ICaptioner, IAnnotationWriter, IDisposable
{
    private readonly VideoModel _model;
    private readonly MediaEncoder _encoder;
    private readonly GenerationSettings _generation;
    private readonly SemaphoreSlim _one = new(1);

    /// <param name="maxTokens">Longest answer.</param>
    public ModelAnnotator(VideoModel model, MediaEncoder encoder, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _encoder) = (model, encoder);
        _generation = model.DefaultGeneration with { MaxNewTokens = maxTokens };
    }

    public string Identity => $"{_model.Name} ({_model.Fingerprint[..Math.Min(12, _model.Fingerprint.Length)]}, {_model.Dtype})";

    public Task<string> CaptionAsync(VideoClip clip, string prompt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(clip);
        return AskAsync(clip.Path, SamplingSettings.Uniform(clip.Frames) with { StartSeconds = clip.Start, EndSeconds = clip.End }, prompt, cancellationToken);
    }

    public Task<string> WriteAsync(string prompt, CancellationToken cancellationToken) => AskAsync(null, SamplingSettings.Default, prompt, cancellationToken);

    public void Dispose() => _one.Dispose();

    private async Task<string> AskAsync(string? video, SamplingSettings sampling, string prompt, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Ask(video, sampling, prompt, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    private string Ask(string? video, SamplingSettings sampling, string prompt, CancellationToken cancellationToken)
    {
        using var conversation = new Conversation(_model, _encoder);
        if (video is not null)
        {
            conversation.Attach(video);
        }

        Answer answer = conversation.Ask(prompt, new AskSettings { Sampling = sampling, Compression = _model.DefaultCompression, Generation = _generation }, ct: cancellationToken);
        cancellationToken.ThrowIfCancellationRequested(); // an answer that was cut short is none
        return answer.StopReason == StopReason.Length
            ? throw new FormatException($"{_model.Name}: the answer does not end within {_generation.MaxNewTokens} tokens; raise --max-tokens")
            : answer.Text;
    }
}
