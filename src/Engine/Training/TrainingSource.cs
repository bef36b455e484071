using Studio.Engine.Tokenization;
using Studio.Engine.Video;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>A video that frames can be taken from.</summary>
public interface ITrainingVideo
{
    VideoInfo Info { get; }

    /// <summary>Chosen frames in order; the caller disposes each before it takes the next.</summary>
    IEnumerable<VideoFrame> Read(FrameSelection selection, CancellationToken cancellationToken);
}

/// <summary>One sample: about a video, images, or neither.</summary>
/// <param name="Id">For messages and records.</param>
/// <param name="Turns">User and assistant in turn; the first user turn holds the placeholder of the video or image, or one for each of several images.</param>
public sealed record TrainingExample(string Id, IReadOnlyList<TrainingTurn> Turns)
{
    /// <summary>Most images of a sample.</summary>
    public const int MaxImages = 64;

    /// <summary>Its place in the stage's order: what is drawn for a sample follows from the recipe and this alone.</summary>
    public long Number { get; init; }

    public ITrainingVideo? Video { get; init; }

    /// <summary>Reads each image; none where the sample is about a video or text alone.</summary>
    public IReadOnlyList<Func<CancellationToken, RgbImage>> Images { get; init; } = [];

    /// <summary>Part of the video in seconds; null for its start and its end.</summary>
    public double? Start { get; init; }

    public double? End { get; init; }
}

/// <summary>Samples by number: the same number always gives the same sample, so that a training can go on anywhere.</summary>
public interface ITrainingSource
{
    /// <summary>Number of samples; null where there are always more.</summary>
    long? Count { get; }

    /// <param name="index">From 0; a source that ends begins anew, in another order, after its last sample.</param>
    TrainingExample Sample(long index);
}

/// <summary>Samples of the procedural world, of its training split only. One object serves one thread.</summary>
public sealed class WorldSource : ITrainingSource
{
    /// <summary>What a lettered question ends with; the reply is the letter in brackets and the option's words, or one of the two, as the data say.</summary>
    public const string LetteredEnd = "\nAnswer with the letter of the right option.";

    private readonly WorldDataset? _dataset;
    private readonly AlbumData? _album;
    private readonly WorldFrames _frames;
    private readonly ulong _seed;
    private readonly int _questions, _more, _relations;
    private readonly LetteredReply _reply;
    private readonly double _told, _sketched;
    private readonly WorldForm? _form;
    private readonly IReadOnlyList<WorldKind> _rationales;

    /// <param name="data">With a world, albums, or both.</param>
    public WorldSource(TrainingData data, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(data);
        (_album, _seed) = (data.Album, seed);
        _dataset = data.World is { } recipe ? new WorldDataset(recipe, WorldSplit.Train, seed)
            : _album is not null ? null : throw new ArgumentException("The data names neither a world nor albums.", nameof(data));
        _frames = new WorldFrames(data.WorldSide, data.WorldSide);
        (_questions, _more, _relations, _form, _reply, _told, _sketched) = (data.WorldQuestions, data.MoreQuestions, data.Relations, data.World?.Form, data.Reply, data.Told, data.Sketched);
        _rationales = data.Rationales ?? [];
    }

    public long? Count => null;

    public TrainingExample Sample(long index)
    {
        var random = new WorldRandom(WorldRandom.Hash(_seed, (ulong)index, 0xA1B));
        if (_album is not null && (_dataset is null || random.InShare(_album.Share)))
        {
            WorldScript album = AlbumMaker.Compose(WorldSplit.Train, random.Next(), random.Pick(_album.Pictures), _album.Objects, _album.Mix, _album.Seconds ?? 1);
            IReadOnlyList<WorldQuestion> asked = random.InShare(_album.Lists) ? [] : AlbumQuestions.Ask(album, random.Next(), _album.Questions, _album.Form);
            WorldQuestion[] ofAlbum = asked.Count > 0 ? [.. asked, .. Related(album, asked, _album.Form)] : [AlbumQuestions.List(album)];
            return Example($"train-album-{index:000000}", album, ofAlbum, IsTold(), IsSketched(ofAlbum));
        }

        WorldItem item = _dataset!.Item(index);
        WorldQuestion[] questions = [.. item.Questions.Take(_questions)];
        IReadOnlyList<WorldQuestion> more = _more == 0 ? [] : AlbumQuestions.More(item.Script, random.Next(), _more, questions, _form);
        IReadOnlyList<WorldQuestion> related = Related(item.Script, [.. questions, .. more], _form);
        WorldQuestion[] all = [.. questions, .. more, .. related];
        return Example(item.Id, item.Script, all, IsTold(), IsSketched(all));

        IReadOnlyList<WorldQuestion> Related(WorldScript script, IReadOnlyList<WorldQuestion> before, WorldForm? form) =>
            _relations == 0 ? [] : RelationQuestions.Ask(script, random.Next(), _relations, before, form);

        bool IsTold() => _told > 0 && random.InShare(_told);

        // A sketch does not say how many of a thing stand in one part of the picture: nobody can number them there.
        bool IsSketched(WorldQuestion[] asked) => _sketched > 0 && random.InShare(_sketched)
            && !(_rationales.Contains(WorldKind.Count) && Array.Exists(asked, q => q.Kind == WorldKind.Count));
    }

    private TrainingExample Example(string id, WorldScript script, IEnumerable<WorldQuestion> questions, bool isTold, bool isSketched)
    {
        var turns = new List<TrainingTurn>();
        foreach (WorldQuestion question in questions)
        {
            string video = turns.Count > 0 ? "" : (isTold ? WorldNotes.Of(script) : ChatMl.VisualPlaceholder) + "\n";
            turns.Add(new TrainingTurn(ChatRole.User, video + Prompt(question)));
            turns.Add(new TrainingTurn(ChatRole.Assistant, Reply(question)));
        }

        return new TrainingExample(id, turns) { Video = isTold ? null : new DrawnVideo(_frames, script) { IsSketched = isSketched } };
    }

    private string Reply(WorldQuestion question) => _rationales.Contains(question.Kind) ? question.AnswerWithRationale() : question.Form != WorldForm.Lettered || _reply == LetteredReply.Words ? question.Answer
        : _reply == LetteredReply.WordsFirst ? $"{question.Answer} ({question.Letter})" : $"({question.Letter}) {question.Answer}";

    /// <summary>What is asked: the question, and where it has options, these and how to answer.</summary>
    public static string Prompt(WorldQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        return question.TextWithOptions() + (question.Form == WorldForm.Lettered ? LetteredEnd : "");
    }
}

/// <summary>A drawn video: its frames are made as they are asked for, and what they show is known.</summary>
public sealed class DrawnVideo(WorldFrames frames, WorldScript script) : ITrainingVideo
{
    public WorldScript Script => script;

    /// <summary>Whether its visual tokens are made from what it shows (<see cref="SketchedVideo"/>) instead of from its frames.</summary>
    public bool IsSketched { get; init; }

    public VideoInfo Info => frames.InfoOf(script);

    public IEnumerable<VideoFrame> Read(FrameSelection selection, CancellationToken cancellationToken)
    {
        foreach (VideoFrame frame in frames.Read(script, selection))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return frame;
        }
    }
}

/// <summary>Opens what a recipe's stage names.</summary>
public static class TrainingSources
{
    /// <param name="folder">What relative annotation files count from.</param>
    /// <param name="seed">Orders annotated samples, makes drawn ones.</param>
    /// <exception cref="InvalidDataException">An annotation file cannot be used.</exception>
    public static ITrainingSource Open(TrainingStage stage, string folder, ulong seed, MediaTools tools)
    {
        ArgumentNullException.ThrowIfNull(stage);
        TrainingData data = stage.Data;
        data.Validate();
        return data.Annotations is not { } files ? new WorldSource(data, seed)
            : new AnnotationSource(files, folder, seed, tools, severalImages: data.SeveralImages, grouping: new SampleGrouping(data.GroupBy, stage.Batch, stage.Accumulation));
    }
}
