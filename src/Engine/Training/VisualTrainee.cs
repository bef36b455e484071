using Studio.Engine.Checkpoints;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Engine.Training;

/// <summary>What both systems' trainees share: from a sample's text and media to spliced rows with their labels, and to the loss of a batch.</summary>
public abstract class VisualTrainee : ITrainee
{
    private readonly Tokenizer _tokenizer;
    private SketchedVideo? _sketch; // made by the first sample that needs it

    private protected VisualTrainee(TrainingStage stage, Tokenizer tokenizer, Device device, Weights weights) => (Stage, _tokenizer, Device, Weights) = (stage, tokenizer, device, weights);

    private protected delegate void PixelWriter(VideoFrame frame, Span<float> pixels);

    public abstract IReadOnlyList<ParameterGroup> Groups { get; }

    public abstract ModelConfig Config { get; }

    private protected TrainingStage Stage { get; }

    private protected Device Device { get; }

    /// <summary>Borrowed.</summary>
    private protected Weights Weights { get; }

    /// <summary>How frames of a video are chosen, without its part.</summary>
    private protected abstract SamplingSettings Sampling { get; }

    /// <inheritdoc/>
    public TraineeLoss Loss(IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(samples);
        using var scope = torch.NewDisposeScope();
        using var gradients = torch.enable_grad();
        var batch = new List<TrainingSample>(); // bounded by the stage's batch
        foreach (TrainingExample sample in samples)
        {
            batch.Add(Prepare(sample, cancellationToken));
        }

        TrainingResult result = Forward(batch, samples, cancellationToken);
        return new TraineeLoss(scope.MoveToOuter(result.Loss), batch.Sum(s => s.Prompt.Length), result.SupervisedTokens);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);

    /// <param name="samples">What the batch was made of.</param>
    internal abstract TrainingResult Forward(IReadOnlyList<TrainingSample> batch, IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken);

    /// <summary>The message of a video's length that stands in front of the question; null for none.</summary>
    private protected abstract string? Message(FrameSelection selection);

    /// <summary>Visual tokens [rows, hidden] of a video.</summary>
    private protected abstract Tensor EncodeVideo(IEnumerable<VideoFrame> frames, int count, CancellationToken cancellationToken);

    /// <summary>Visual tokens [rows, hidden] of one image or several.</summary>
    private protected abstract Tensor EncodeImages(IReadOnlyList<RgbImage> images);

    /// <summary>What makes the visual tokens of a sketched video.</summary>
    private protected abstract SketchedVideo Sketch(Tokenizer tokenizer, Tensor embeddings);

    /// <summary>Sketched tokens [tokens, hidden] with what stands around them in a video's rows; the caller's scope's.</summary>
    private protected virtual Tensor EncodeSketch(Tensor tokens) => tokens;

    /// <summary>Frames as pixels on the device, some at a time: [n, 3, side, side], the caller's scope's.</summary>
    /// <param name="each">Frames at a time; the last may be fewer.</param>
    private protected IEnumerable<Tensor> Pixels(IEnumerable<VideoFrame> frames, int count, int each, PixelWriter write, CancellationToken cancellationToken)
    {
        int side = Config.Vision.ImageSize;
        int area = 3 * side * side;
        using IEnumerator<VideoFrame> source = frames.GetEnumerator();
        for (int done = 0; done < count; done += each)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int now = Math.Min(each, count - done);
            Tensor pixels = torch.empty([now, 3, side, side]);
            for (int i = 0; i < now; i++)
            {
                if (!source.MoveNext())
                {
                    throw new InvalidOperationException($"{count} frames were promised, {done + i} came.");
                }

                using VideoFrame frame = source.Current;
                write(frame, pixels.data<float>().Slice(i * area, area));
            }

            yield return pixels.to(Device);
        }
    }

    /// <summary>Pictures of the tower's side as pixels on the device, [n, 3, side, side].</summary>
    private protected Tensor Pixels(IReadOnlyList<RgbImage> pictures, PixelPreprocessor preprocessor)
    {
        int side = Config.Vision.ImageSize;
        int area = 3 * side * side;
        Tensor pixels = torch.empty([pictures.Count, 3, side, side]);
        for (int i = 0; i < pictures.Count; i++)
        {
            preprocessor.Normalize(pictures[i].Rgb.Span, pixels.data<float>().Slice(i * area, area));
        }

        return pixels.to(Device);
    }

    /// <summary>The tower's features; a frozen tower records no graph.</summary>
    private protected Tensor Features(VisionTower tower, Tensor pixels) => Features(Stage, tower, pixels);

    /// <inheritdoc cref="Features(VisionTower, Tensor)"/>
    internal static Tensor Features(TrainingStage stage, VisionTower tower, Tensor pixels)
    {
        if (stage.Rates.Tower is not null)
        {
            return tower.Forward(pixels);
        }

        using var constant = torch.no_grad();
        return tower.Forward(pixels);
    }

    private TrainingSample Prepare(TrainingExample sample, CancellationToken cancellationToken)
    {
        FrameSelection? selection = sample.Video is null ? null
            : FrameSampling.Select(sample.Video.Info, Sampling with { StartSeconds = sample.Start, EndSeconds = sample.End });
        LabelledIds text = Text(sample, selection);
        int at = text.Ids.ToList().IndexOf(ChatMl.VisualPlaceholderId);
        if (at >= 0 != (selection is not null || sample.Images.Count > 0))
        {
            throw new ArgumentException(
                $"Sample {sample.Id} has {(at < 0 ? "a video or image and no" : "neither video nor image but a")} {ChatMl.VisualPlaceholder} in its first user turn; they come together.", nameof(sample));
        }

        Tensor? rows = sample.Video is DrawnVideo { IsSketched: true } drawn
            ? EncodeSketch((_sketch ??= Sketch(_tokenizer, Weights.Get(TensorLayout.EmbedTokens))).Tokens(drawn, selection!))
            : selection is not null ? EncodeVideo(sample.Video!.Read(selection, cancellationToken), selection.Count, cancellationToken)
            : sample.Images.Count > 0 ? EncodeImages([.. sample.Images.Select(read => read(cancellationToken))])
            : null;
        (Prompt prompt, int[] labels) = Splice(sample.Id, text, at, rows);
        return labels.Any(l => l != TrainingForward.Ignored)
            ? new TrainingSample(prompt, labels)
            : throw new ArgumentException($"Sample {sample.Id} has no answer left within {Stage.MaxLength} rows; raise maxLength or lower frames.max.", nameof(sample));
    }

    /// <summary>Puts visual rows in their place and cuts from the right, as the originals do after splicing.</summary>
    private (Prompt Prompt, int[] Labels) Splice(string id, LabelledIds text, int at, Tensor? rows)
    {
        if (rows is null)
        {
            int length = Math.Min(text.Ids.Count, Stage.MaxLength);
            return (new Prompt([new PromptPart.Text([.. text.Ids.Take(length)])]), [.. text.Labels.Take(length)]);
        }

        int visual = (int)Math.Min(rows.size(0), Math.Max(0, Stage.MaxLength - at));
        int after = Math.Min(text.Ids.Count - at - 1, Math.Max(0, Stage.MaxLength - at - visual));
        var prompt = new Prompt(
        [
            new PromptPart.Text([.. text.Ids.Take(at)]),
            new PromptPart.Visual(id, visual == rows.size(0) ? rows : rows.narrow(0, 0, visual)),
            new PromptPart.Text([.. text.Ids.Skip(at + 1).Take(after)]),
        ]);
        return (prompt, [.. text.Labels.Take(at), .. Enumerable.Repeat(TrainingForward.Ignored, visual), .. text.Labels.Skip(at + 1).Take(after)]);
    }

    private LabelledIds Text(TrainingExample sample, FrameSelection? selection)
    {
        if (Stage.Template == TrainingTemplate.Plain)
        {
            return TrainingText.Plain(_tokenizer, sample.Turns.First(t => t.Role == ChatRole.Assistant).Text);
        }

        TrainingTurn first = sample.Turns[0];
        string text = selection is null && sample.Images.Count == 0 ? first.Text
            : sample.Images.Count > 1 ? TrainingText.OnePlaceholder(first.Text)
            : TrainingText.WithDuration(first.Text, selection is null ? null : Message(selection), Stage.Join);
        return TrainingText.Chat(_tokenizer, [first with { Text = text }, .. sample.Turns.Skip(1)], Stage.Template, Stage.Masking, Stage.Join);
    }
}
