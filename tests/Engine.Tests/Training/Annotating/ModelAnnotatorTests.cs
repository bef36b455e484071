using Studio.Engine.Chat;
using Studio.Engine.Tests.Chat;
using Studio.Engine.Training.Annotating;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Training.Annotating;

/// <summary>The loaded model as captioner and writer.</summary>
public sealed class ModelAnnotatorTests : IDisposable
{
    private readonly TinyModel _tiny = new();

    public void Dispose() => _tiny.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Caption_Clip_IsTheModelsAnswerAboutThatClip()
    {
        using VideoModel model = Stopping();
        using var annotator = new ModelAnnotator(model, TinyModel.Encoder(), 512);
        var clip = new VideoClip(TinyModel.Sample, 0.5, 1.5, 4);
        Task<string> caption = annotator.CaptionAsync(clip, "Describe it.", Ct), text = annotator.WriteAsync("Say something.", Ct);
        Assert.Equal(Direct(model, TinyModel.Sample, SamplingSettings.Uniform(4) with { StartSeconds = 0.5, EndSeconds = 1.5 }, "Describe it."), await caption);
        Assert.Equal(Direct(model, null, SamplingSettings.Default, "Say something."), await text);
        Assert.StartsWith($"{model.Name} (", annotator.Identity, StringComparison.Ordinal);
        Assert.Contains(model.Fingerprint[..12], annotator.Identity, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_AnswerWithoutAnEnd_IsNoAnswer()
    {
        using var annotator = new ModelAnnotator(_tiny.Model, TinyModel.Encoder(), 3);
        FormatException e = await Assert.ThrowsAsync<FormatException>(() => annotator.WriteAsync("Say something.", Ct));
        Assert.Contains("does not end within 3 tokens; raise --max-tokens", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Caption_MissingVideo_IsNamed()
    {
        using var annotator = new ModelAnnotator(_tiny.Model, TinyModel.Encoder(), 3);
        await Assert.ThrowsAsync<MediaException>(() => annotator.CaptionAsync(new VideoClip("gone.mp4", 0, 1, 4), "Describe it.", Ct));
    }

    private static string Direct(VideoModel model, string? video, SamplingSettings sampling, string question)
    {
        using var conversation = new Conversation(model, TinyModel.Encoder());
        if (video is not null)
        {
            conversation.Attach(video);
        }

        Answer answer = conversation.Ask(question, new AskSettings { Sampling = sampling, Compression = model.DefaultCompression, Generation = model.DefaultGeneration with { MaxNewTokens = 512 } }, ct: Ct);
        Assert.Equal(StopReason.Stop, answer.StopReason);
        Assert.NotEqual("", answer.Text);
        return answer.Text;
    }

    /// <summary>The tiny random model with so many stop tokens that it comes to one.</summary>
    private VideoModel Stopping()
    {
        string folder = Path.Combine(_tiny.Folder, "stopping");
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.EnumerateFiles(_tiny.ModelFolder))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        File.WriteAllText(Path.Combine(folder, "generation_config.json"), $$"""{"eos_token_id": [{{string.Join(", ", Enumerable.Range(0, 256).Where(i => i % 7 == 3))}}]}""");
        return VideoModel.Load(folder, new LoadSettings());
    }
}
