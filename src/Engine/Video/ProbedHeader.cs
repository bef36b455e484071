using System.Globalization;
using System.Text.Json;

namespace Studio.Engine.Video;

/// <summary>The parts of ffprobe's JSON report that matter here, and the judgement whether they can be trusted.</summary>
internal sealed class ProbedHeader
{
    // Frames by which nb_frames may disagree with duration × rate before an edit list or a damaged index is suspected.
    private const double CountSlack = 1.5;
    private const double RateSlack = 1e-4;

    // Formats that hold one picture; a JPEG with motion in it comes as "mjpeg" or inside a video container.
    private static readonly string[] s_stillFormats = ["image2", "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "ppm_pipe", "pgm_pipe"];

    private double _averageRate;
    private double _baseRate;
    private double _duration;
    private long? _containerFrames;
    private string _container = "";
    private string _codec = "";
    private string _pixelFormat = "";
    private double _sampleAspectRatio = 1;
    private double _streamStart;
    private double _formatStart;
    private int _rotation;
    private bool _hasAudio;

    private ProbedHeader()
    {
    }

    /// <summary>Displayed size: rotation applied.</summary>
    internal int Width { get; private set; }

    internal int Height { get; private set; }

    internal int StreamIndex { get; private set; }

    internal bool IsStillImage { get; private set; }

    /// <summary>Seconds that the header states; 0 when it states none.</summary>
    internal double Duration => IsStillImage ? 0 : _duration;

    internal bool NeedsPacketPass =>
        _containerFrames is null
        || _averageRate <= 0
        || Math.Abs(_baseRate - _averageRate) > RateSlack * _averageRate
        || (_duration > 0 && Math.Abs(_containerFrames.Value - (_duration * _averageRate)) > CountSlack);

    /// <param name="path">Named in errors.</param>
    /// <param name="json">ffprobe's report.</param>
    /// <param name="outOfBounds">Asked when a picture has no size: the tool hides the size of one that it refuses.</param>
    /// <exception cref="MediaException">There is no picture stream, or it has no size.</exception>
    internal static ProbedHeader Parse(string path, string json, Func<MediaException?>? outOfBounds = null)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        JsonElement format = root.TryGetProperty("format", out JsonElement f) ? f : default;
        var header = new ProbedHeader
        {
            _container = Text(format, "format_name"),
            _formatStart = Number(format, "start_time") ?? 0,
        };
        JsonElement? chosen = null;
        bool coverArt = false;
        foreach (JsonElement stream in root.TryGetProperty("streams", out JsonElement s) ? s.EnumerateArray() : default)
        {
            string type = Text(stream, "codec_type");
            header._hasAudio |= type == "audio";
            if (type == "video")
            {
                // The cover of a song is a picture stream too, but not a video.
                bool attached = stream.TryGetProperty("disposition", out JsonElement d) && Number(d, "attached_pic") == 1;
                coverArt |= attached;
                chosen ??= attached ? null : stream;
            }
        }

        if (chosen is not { } video)
        {
            string what = header._hasAudio ? (coverArt ? "only sound and a cover picture" : "only sound") : "no picture stream";
            throw new MediaException(MediaError.NoVideo, path, $"'{path}' has {what}; choose a file with video.");
        }

        header.ReadStream(path, video, Number(format, "duration"), outOfBounds);
        return header;
    }

    internal VideoInfo ToInfo(string path, long fileSize, PacketTimeline? timeline)
    {
        double rate = _averageRate > 0 ? _averageRate : _baseRate;
        FrameCountSource source = FrameCountSource.Container;
        long count = _containerFrames ?? 0;
        if (IsStillImage)
        {
            (count, rate) = (1, 1);
        }
        else if (timeline is not null)
        {
            // VP8 may store reference pictures that are never shown as packets of their own.
            source = _codec == "vp8" ? FrameCountSource.Estimate : FrameCountSource.Packets;
            count = timeline.Count;
            if (rate <= 0 && timeline.Times is { Count: > 1 } times)
            {
                rate = (times.Count - 1) / times[^1];
            }
        }
        else if (count <= 0)
        {
            source = FrameCountSource.Estimate;
            count = Math.Max(1, (long)Math.Round(_duration * rate));
        }

        if (!(rate > 0) || !double.IsFinite(rate))
        {
            throw new MediaException(
                MediaError.NotMedia, path, $"'{path}' states neither a frame rate nor frame times; re-encode it with `ffmpeg -r 25 -i FILE out.mp4`.");
        }

        return new VideoInfo
        {
            Path = path,
            FileSize = fileSize,
            Container = _container,
            Codec = _codec,
            PixelFormat = _pixelFormat,
            Duration = IsStillImage ? 0 : _duration > 0 ? _duration : count / rate,
            AverageFrameRate = rate,
            FrameCount = count,
            FrameCountSource = source,
            Width = Width,
            Height = Height,
            Rotation = _rotation,
            SampleAspectRatio = _sampleAspectRatio,
            HasAudio = _hasAudio,
            IsVariableFrameRate = timeline?.IsVariable ?? (!IsStillImage && Math.Abs(_baseRate - rate) > RateSlack * rate),
            IsStillImage = IsStillImage,
            StreamIndex = StreamIndex,
            StreamOffset = Math.Max(0, (timeline is { Times: not null } ? timeline.Start : _streamStart) - _formatStart),
            Timeline = timeline,
        };
    }

    private void ReadStream(string path, JsonElement video, double? formatDuration, Func<MediaException?>? outOfBounds)
    {
        StreamIndex = (int)(Number(video, "index") ?? 0);
        _codec = Text(video, "codec_name");
        _pixelFormat = Text(video, "pix_fmt");
        int width = (int)(Number(video, "width") ?? 0);
        int height = (int)(Number(video, "height") ?? 0);
        if (width <= 0 || height <= 0)
        {
            throw outOfBounds?.Invoke() ?? new MediaException(
                MediaError.Truncated, path, $"'{path}' has a picture stream of unknown size; it is probably cut off. Copy or upload it again.");
        }

        _averageRate = Fraction(Text(video, "avg_frame_rate"), '/') ?? 0;
        _baseRate = Fraction(Text(video, "r_frame_rate"), '/') ?? 0;
        _sampleAspectRatio = Fraction(Text(video, "sample_aspect_ratio"), ':') is > 0 and var ratio ? ratio : 1;
        _containerFrames = Number(video, "nb_frames") is > 0 and var frames ? (long)frames : null;
        _duration = Number(video, "duration") ?? TaggedDuration(video) ?? formatDuration ?? 0;
        _streamStart = Number(video, "start_time") ?? _formatStart;
        IsStillImage = s_stillFormats.Contains(_container);
        _rotation = ReadRotation(video);
        (Width, Height) = _rotation is 90 or 270 ? (height, width) : (width, height);
    }

    private static int ReadRotation(JsonElement video)
    {
        double degrees = 0;
        if (video.TryGetProperty("side_data_list", out JsonElement list))
        {
            foreach (JsonElement data in list.EnumerateArray())
            {
                // The display matrix turns counter-clockwise; we state clockwise.
                degrees = Number(data, "rotation") is { } r ? -r : degrees;
            }
        }

        int quarter = (int)Math.Round(degrees / 90) % 4;
        return (quarter + 4) % 4 * 90;
    }

    /// <summary>Matroska writes the length of a stream as a tag <c>hh:mm:ss.fffffffff</c>.</summary>
    private static double? TaggedDuration(JsonElement video) =>
        video.TryGetProperty("tags", out JsonElement tags)
        && Text(tags, "DURATION").Split(':') is [var h, var m, var s]
        && double.TryParse(h, CultureInfo.InvariantCulture, out double hours)
        && double.TryParse(m, CultureInfo.InvariantCulture, out double minutes)
        && double.TryParse(s, CultureInfo.InvariantCulture, out double seconds)
            ? (hours * 3600) + (minutes * 60) + seconds
            : null;

    private static string Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    private static double? Number(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.Number => value.GetDouble(),
            JsonValueKind.String when double.TryParse(value.GetString(), CultureInfo.InvariantCulture, out double number) => number,
            _ => null,
        };
    }

    private static double? Fraction(string text, char separator) =>
        text.Split(separator) is [var a, var b]
        && double.TryParse(a, CultureInfo.InvariantCulture, out double numerator)
        && double.TryParse(b, CultureInfo.InvariantCulture, out double denominator)
        && denominator != 0
            ? numerator / denominator
            : null;
}
