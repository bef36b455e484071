using System.Text.Json.Serialization;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>Where a stage's samples come from: annotation files, or the procedural world.</summary>
public sealed record TrainingData
{
    /// <summary>Annotation files, one after the other; mixed by the recipe's seed.</summary>
    public IReadOnlyList<AnnotationFile>? Annotations { get; init; }

    /// <summary>Drawn videos without end, of the training split.</summary>
    public WorldRecipe? World { get; init; }

    /// <summary>Side of the drawn frames in pixels.</summary>
    public int WorldSide { get; init; } = 160;

    /// <summary>Most questions about one drawn video; each is a turn of its conversation.</summary>
    public int WorldQuestions { get; init; } = 1;

    /// <summary>Most further questions about what is seen in a drawn video of shots alone (<see cref="AlbumQuestions.More"/>): turns behind those.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public int MoreQuestions { get; init; }

    /// <summary>Most further questions that relate parts of a drawn video or album (<see cref="RelationQuestions"/>): turns behind those.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public int Relations { get; init; }

    /// <summary>How drawn questions with options are replied to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public LetteredReply Reply { get; init; }

    /// <summary>
    /// Kinds of drawn questions whose replies say what leads to the answer first (<see cref="WorldQuestion.Rationale"/>): "kite, bell. Answer: bell". With it come the
    /// option's words, whatever <see cref="Reply"/> says.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] // recipes from before it keep their fingerprint
    public IReadOnlyList<WorldKind>? Rationales { get; init; }

    /// <summary>Drawn albums among the drawn videos, or in their place: many scenes and questions for few frames.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] // recipes from before it keep their fingerprint
    public AlbumData? Album { get; init; }

    /// <summary>
    /// Share of the drawn samples whose video is told in words (<see cref="WorldNotes"/>) instead of shown: the decoder learns to answer from what it
    /// reads, at a fraction of the tokens, before it answers from what it sees.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public double Told { get; init; }

    /// <summary>
    /// Share of the drawn samples that are not told whose visual tokens are made from what the video shows (<see cref="SketchedVideo"/>) instead of by the tower.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public double Sketched { get; init; }

    /// <summary>Video-XL: also samples of several images, read as the frames of one sequence (video-xl.md 2.5).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public bool SeveralImages { get; init; }

    /// <summary>What the annotated samples of an update have in common.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public GroupBy GroupBy { get; init; }

    /// <exception cref="ArgumentException">Neither or both, or a value out of range.</exception>
    public void Validate()
    {
        TrainingRecipe.Check((Annotations is null) != (World is null && Album is null), "data names neither or both of annotations and drawn data", "annotations, or world and album");
        TrainingRecipe.Check(Annotations is null or { Count: > 0 }, "data.annotations is empty", "at least one file");
        foreach (AnnotationFile file in Annotations ?? [])
        {
            TrainingRecipe.Check(file.File.Length > 0, "data.annotations has a file without a name", "its path");
            TrainingRecipe.Check(file.First is > 0 and <= 1, $"data.annotations: the first {file.First} of '{file.File}'", "a share above 0, at most 1");
        }

        TrainingRecipe.Check(Annotations is not null || GroupBy == GroupBy.None, $"data.groupBy is {GroupBy} for drawn data, which is all videos", "it with annotations only");
        TrainingRecipe.Check(WorldSide is >= 16 and <= 1024, $"data.worldSide is {WorldSide}", "16 to 1024");
        TrainingRecipe.Check(WorldQuestions is >= 1 and <= 8, $"data.worldQuestions is {WorldQuestions}", "1 to 8");
        TrainingRecipe.Check(MoreQuestions >= 0 && MoreQuestions <= AlbumQuestions.MaxQuestions, $"data.moreQuestions is {MoreQuestions}", $"0 to {AlbumQuestions.MaxQuestions}");
        TrainingRecipe.Check(MoreQuestions == 0 || World is not null, "data.moreQuestions is given without a world", "it with data.world only");
        TrainingRecipe.Check(Relations >= 0 && Relations <= RelationQuestions.MaxQuestions, $"data.relations is {Relations}", $"0 to {RelationQuestions.MaxQuestions}");
        TrainingRecipe.Check(Relations == 0 || Annotations is null, "data.relations is given for annotations", "it with drawn data only");
        TrainingRecipe.Check(Rationales is null || Annotations is null, "data.rationales is given for annotations, whose answers are as they are written", "it with drawn data only");
        TrainingRecipe.Check(Told is >= 0 and <= 1, $"data.told is {Told}", "0 to 1");
        TrainingRecipe.Check(Told == 0 || Annotations is null, "data.told is given for annotations, whose videos nobody can tell", "it with drawn data only");
        TrainingRecipe.Check(Sketched is >= 0 and <= 1, $"data.sketched is {Sketched}", "0 to 1");
        TrainingRecipe.Check(Sketched == 0 || Annotations is null, "data.sketched is given for annotations, of whose videos nobody knows what they show", "it with drawn data only");
        World?.Validate();
        Album?.Validate();
        TrainingRecipe.Check(Album is null || World is not null || Album.Share == 1, $"data.album.share is {Album?.Share} without a world", "1, or a world for the others");
    }
}

/// <summary>A reply to a question with lettered options.</summary>
public enum LetteredReply
{
    /// <summary>"(B) tent": the letter has to be known before the word is written.</summary>
    LetterFirst,

    /// <summary>"tent (B)": what is seen comes first, and its letter is then looked up among the options: two small steps for a small model.</summary>
    WordsFirst,

    /// <summary>"tent": the option's words alone, which name it as well. Looking up letters is a skill of its own, and takes a small decoder long to learn.</summary>
    Words,
}

/// <summary>Samples drawn as albums (<see cref="AlbumMaker"/>).</summary>
public sealed record AlbumData
{
    /// <summary>Pictures of an album, each number equally often.</summary>
    public IReadOnlyList<int> Pictures { get; init; } = [8];

    /// <summary>
    /// Seconds, hence frames, of each picture; one where nothing is said. VideoChat-Flash merges the tokens of a clip's frames: four different scenes in a clip mix what
    /// belongs to each, so that its albums need four.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] // recipes from before it keep their fingerprint
    public int? Seconds { get; init; }

    /// <summary>Objects in play.</summary>
    public int Objects { get; init; } = WorldObjects.All.Count;

    /// <summary>Share of the samples that are albums; the others are videos.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Share of an album's pictures that are cards, as far as their frames and numbers differ (4 an album).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public double Cards { get; init; }

    /// <summary>Share of an album's pictures that are easy to see: cards, and single large objects.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public double Large { get; init; }

    /// <summary>Share of an album's pictures that show nine different objects.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // recipes from before it keep their fingerprint
    public double Crowded { get; init; }

    [JsonIgnore]
    internal AlbumMix Mix => new((int)Math.Round(Large * 100), (int)Math.Round(Crowded * 100), (int)Math.Round(Cards * 100));

    /// <summary>Share of the albums that are to be listed; the others are asked about.</summary>
    public double Lists { get; init; } = 0.5;

    /// <summary>Questions of an album that is asked about.</summary>
    public int Questions { get; init; } = 12;

    /// <summary>Open or lettered; null for both.</summary>
    public WorldForm? Form { get; init; }

    /// <exception cref="ArgumentException">A value is out of range.</exception>
    internal void Validate()
    {
        TrainingRecipe.Check(Pictures is { Count: > 0 } && Pictures.All(p => p >= 1 && p <= AlbumMaker.MaxPictures), $"data.album.pictures is [{string.Join(", ", Pictures)}]", $"numbers from 1 to {AlbumMaker.MaxPictures}");
        TrainingRecipe.Check(Seconds is null or (>= 1 and <= AlbumMaker.MaxSeconds), $"data.album.seconds is {Seconds}", $"1 to {AlbumMaker.MaxSeconds}");
        TrainingRecipe.Check(Objects >= WorldRequest.MinObjects && Objects <= WorldObjects.All.Count, $"data.album.objects is {Objects}", $"{WorldRequest.MinObjects} to {WorldObjects.All.Count}");
        TrainingRecipe.Check(Share is > 0 and <= 1, $"data.album.share is {Share}", "a number above 0, at most 1");
        TrainingRecipe.Check(Cards >= 0 && Large >= 0 && Crowded >= 0 && Cards + Large + Crowded <= 1, $"data.album.cards is {Cards}, large {Large}, crowded {Crowded}", "shares of 1 at most together");
        TrainingRecipe.Check(Lists is >= 0 and <= 1, $"data.album.lists is {Lists}", "0 to 1");
        TrainingRecipe.Check(Questions is >= 1 and <= AlbumQuestions.MaxQuestions, $"data.album.questions is {Questions}", $"1 to {AlbumQuestions.MaxQuestions}");
    }
}

/// <param name="File">LLaVA conversations as JSON, or one a line; a relative path counts from the data folder.</param>
/// <param name="Media">Folder of its images and videos; empty for the annotation file's own.</param>
/// <param name="First">Share of its samples that is used: always the first ones, as the original's "first:p%".</param>
public sealed record AnnotationFile(string File, string Media = "", double First = 1);
