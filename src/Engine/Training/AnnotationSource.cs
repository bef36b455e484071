using System.Text.Json;
using Studio.Engine.Tokenization;
using Studio.Engine.Video;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>A sample that a training would stumble over.</summary>
/// <param name="Place">Annotation file and number of the sample in it, from 1.</param>
public sealed record ManifestProblem(string Place, string Message);

/// <summary>
/// Samples of annotation files in LLaVA's form: conversations about an image or a video, of a video perhaps only a part from
/// "start" to "end" seconds. All files together are one list, mixed anew for each epoch by the seed, on request in groups.
/// </summary>
public sealed class AnnotationSource : ITrainingSource
{
    /// <summary>Most samples of all files together: half as many again as the original's largest stage.</summary>
    public const int MaxSamples = 9_000_000;

    /// <summary>Problems that one check lists; beyond it they are counted only.</summary>
    public const int MaxProblems = 1000;

    private readonly List<Entry> _entries = []; // bounded by MaxSamples
    private readonly List<ManifestProblem> _malformed = []; // bounded by MaxProblems
    private readonly VideoProbe _probe;
    private readonly FrameReader _frames;
    private readonly ImageReader _images;
    private readonly ulong _seed;
    private readonly int _most;
    private readonly int _mostImages;
    private readonly SampleGrouping _grouping;
    private (long Epoch, int[] Order) _order = (-1, []);
    private long _malformedCount;

    /// <summary>Reads the files.</summary>
    /// <param name="folder">What relative paths count from.</param>
    /// <param name="severalImages">Whether samples may be about several images; else they are problems.</param>
    /// <param name="grouping">What the samples of an update have in common; an epoch then holds whole updates.</param>
    /// <exception cref="InvalidDataException">A file is missing or no JSON, there are too many samples, or none that can be used.</exception>
    public AnnotationSource(IReadOnlyList<AnnotationFile> files, string folder, ulong seed, MediaTools tools, int most = MaxSamples, bool severalImages = false, SampleGrouping grouping = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        (_seed, _most, _mostImages, _grouping) = (seed, most, severalImages ? TrainingExample.MaxImages : 1, grouping);
        (_probe, _frames, _images) = (new VideoProbe(tools), new FrameReader(tools), new ImageReader(tools));
        foreach (AnnotationFile file in files)
        {
            Read(file, Path.Combine(folder, file.File));
        }

        if (_entries.Count == 0)
        {
            string first = _malformed.Count > 0 ? $"; the first problem: {_malformed[0].Message}" : "";
            throw new InvalidDataException($"{string.Join(", ", files.Select(f => f.File))} hold no sample that can be used{first}.");
        }
    }

    public long? Count => _grouping.EpochOf(_entries.Count);

    public TrainingExample Sample(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        (long epoch, long at) = Math.DivRem(index, _grouping.EpochOf(_entries.Count));
        Entry entry = _entries[OrderOf(epoch)[at]];
        var example = new TrainingExample(entry.Id, entry.Turns);
        return entry.Media.Count == 0 ? example
            : entry.IsImage ? example with { Images = [.. entry.Media.Select(ImageOf)] }
            : example with { Video = new File(_probe, _frames, entry.Media[0]), Start = entry.Start, End = entry.End };
    }

    private Func<CancellationToken, RgbImage> ImageOf(string path) => ct => _images.ReadAsync(path, ct).GetAwaiter().GetResult();

    /// <summary>Looks for what would stop or thin out a training before it starts: samples that are malformed, media that are missing or, on request, unreadable.</summary>
    /// <param name="open">Probe each file as well, which takes a process each.</param>
    /// <param name="onChecked">Told the number of samples looked at.</param>
    /// <returns>The first <see cref="MaxProblems"/> problems, and how many there are.</returns>
    public (IReadOnlyList<ManifestProblem> Problems, long Count) Check(bool open, Action<long>? onChecked = null, CancellationToken cancellationToken = default)
    {
        var problems = new List<ManifestProblem>(_malformed);
        long count = _malformedCount;
        for (int i = 0; i < _entries.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_entries[i] is var entry && entry.Media.Select(m => Problem(entry, m, open, cancellationToken)).FirstOrDefault(m => m is not null) is { } message)
            {
                count++;
                if (problems.Count < MaxProblems)
                {
                    problems.Add(new ManifestProblem(entry.Id, message));
                }
            }

            onChecked?.Invoke(i + 1);
        }

        return (problems, count);
    }

    private string? Problem(Entry entry, string media, bool open, CancellationToken cancellationToken)
    {
        if (!System.IO.File.Exists(media) && !(Directory.Exists(media) && !entry.IsImage))
        {
            return $"There is no file '{media}'.";
        }

        if (!open)
        {
            return null;
        }

        try
        {
            _ = _probe.ProbeAsync(media, cancellationToken: cancellationToken).GetAwaiter().GetResult();
            return null;
        }
        catch (MediaException e)
        {
            return e.Message;
        }
    }

    /// <summary>A mix of the samples for one epoch: 4 bytes a sample, of one epoch at a time.</summary>
    private int[] OrderOf(long epoch)
    {
        if (_order.Epoch != epoch)
        {
            var random = new WorldRandom(WorldRandom.Hash(_seed, (ulong)epoch, 0xA220));
            _order = (epoch, _grouping.Order(_entries.Count, i => _entries[i].Modality, i => _entries[i].Words, random));
        }

        return _order.Order;
    }

    private void Read(AnnotationFile file, string path)
    {
        if (!System.IO.File.Exists(path))
        {
            throw new InvalidDataException($"There is no annotation file '{path}'; name an existing one in the recipe.");
        }

        string media = file.Media.Length > 0 ? Path.Combine(Path.GetDirectoryName(path)!, file.Media) : Path.GetDirectoryName(path)!;
        try
        {
            // The share counts all samples of the file, so that a damaged one does not shift the rest.
            long total = Elements(path).LongCount();
            long wanted = (long)Math.Ceiling(total * file.First);
            long number = 0;
            foreach (JsonElement sample in Elements(path).TakeWhile(_ => number < wanted))
            {
                number++;
                Add(sample, $"{file.File}:{number}", media);
            }
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' is neither a JSON list nor JSON lines: {e.Message}", e);
        }
    }

    private void Add(JsonElement sample, string place, string folder)
    {
        try
        {
            if (_entries.Count == _most)
            {
                throw new InvalidDataException($"The annotation files hold more than {_most} samples; use fewer files or smaller shares.");
            }

            _entries.Add(Entry.Parse(sample, place, folder, _mostImages));
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or KeyNotFoundException)
        {
            _malformedCount++;
            if (_malformed.Count < MaxProblems)
            {
                _malformed.Add(new ManifestProblem(place, e is FormatException ? e.Message : $"{place} is no sample: {e.Message}"));
            }
        }
    }

    /// <summary>The samples of a file one by one: a JSON list, or an object a line.</summary>
    private static IEnumerable<JsonElement> Elements(string path)
    {
        bool isList;
        using (var start = new StreamReader(path))
        {
            int c;
            do
            {
                c = start.Read();
            }
            while (c >= 0 && char.IsWhiteSpace((char)c));
            isList = c == '[';
        }

        using FileStream stream = System.IO.File.OpenRead(path);
        foreach (JsonElement element in JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(stream, topLevelValues: !isList).ToBlockingEnumerable())
        {
            yield return element;
        }
    }

    private sealed record Entry(string Id, IReadOnlyList<TrainingTurn> Turns, IReadOnlyList<string> Media, bool IsImage, double? Start, double? End)
    {
        public SampleModality Modality => Media.Count == 0 ? SampleModality.Text : IsImage ? SampleModality.Image : SampleModality.Video;

        public int Words => Turns.Sum(t => t.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length);

        public static Entry Parse(JsonElement sample, string place, string folder, int mostImages)
        {
            var turns = new List<TrainingTurn>();
            foreach (JsonElement turn in sample.GetProperty("conversations").EnumerateArray())
            {
                string from = turn.GetProperty("from").GetString() ?? "";
                ChatRole role = from switch
                {
                    "human" or "user" => ChatRole.User,
                    "gpt" or "assistant" => ChatRole.Assistant,
                    _ => throw new FormatException($"{place} has a turn from '{from}'; there are human and gpt."),
                };
                turns.Add(new TrainingTurn(role, turn.GetProperty("value").GetString() ?? ""));
            }

            if (turns.Count < 2 || turns[0].Role != ChatRole.User || turns.Where((t, i) => (t.Role == ChatRole.User) != (i % 2 == 0)).Any())
            {
                throw new FormatException($"{place} has {turns.Count} turns that do not alternate from human to gpt.");
            }

            IReadOnlyList<string> images = FilesOf(sample, "image", place, mostImages);
            IReadOnlyList<string> media = images.Count > 0 ? images : FilesOf(sample, "video", place, 1);
            int placeholders = turns.Where(t => t.Role == ChatRole.User).Sum(t => ChatMl.SplitPlaceholders(t.Text).Count(p => p.IsVisual));
            int first = ChatMl.SplitPlaceholders(turns[0].Text).Count(p => p.IsVisual);
            bool fits = media.Count <= 1 ? placeholders == media.Count : placeholders == first && (first == 1 || first == media.Count);
            return fits
                ? new Entry(place, turns, [.. media.Select(m => Path.Combine(folder, m))], images.Count > 0, Seconds(sample, "start"), Seconds(sample, "end"))
                : throw new FormatException(media.Count <= 1
                    ? $"{place} has {placeholders} placeholders {ChatMl.VisualPlaceholder} for {(media.Count == 0 ? "no file" : $"'{media[0]}'")}; one file needs one."
                    : $"{place} has {placeholders} placeholders {ChatMl.VisualPlaceholder}, {first} of them in the first turn, for {media.Count} images; they need one each, or one for all, in the first turn.");
        }

        private static IReadOnlyList<string> FilesOf(JsonElement sample, string key, string place, int most)
        {
            if (!sample.TryGetProperty(key, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            {
                return [];
            }

            if (value.ValueKind != JsonValueKind.Array)
            {
                return [value.GetString()!];
            }

            int count = value.GetArrayLength();
            return count >= 1 && count <= most
                ? [.. value.EnumerateArray().Select(v => v.GetString() ?? throw new FormatException($"{place} has an entry without a name in '{key}'."))]
                : throw new FormatException($"{place} has {count} entries in '{key}'; {(most == 1 ? "samples with one can be trained on" : $"1 to {most} can be trained on")}.");
        }

        private static double? Seconds(JsonElement sample, string key) =>
            sample.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
    }

    private sealed class File(VideoProbe probe, FrameReader frames, string path) : ITrainingVideo
    {
        private VideoInfo? _info;

        public VideoInfo Info => _info ??= probe.ProbeAsync(path).GetAwaiter().GetResult();

        public IEnumerable<VideoFrame> Read(FrameSelection selection, CancellationToken cancellationToken) =>
            frames.ReadAsync(Info, selection, cancellationToken).ToBlockingEnumerable(cancellationToken);
    }
}
