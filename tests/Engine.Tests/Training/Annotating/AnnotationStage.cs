using System.Diagnostics;
using Studio.Engine.Training.Annotating;
using Studio.Engine.Video;

namespace Studio.Engine.Tests.Training.Annotating;

/// <summary>Two small videos in a folder of their own, 84 s (one section of 6 clips) and 300 s (two sections): made once a test class.</summary>
public sealed class AnnotationStage : IDisposable
{
    public AnnotationStage()
    {
        Folder = Directory.CreateTempSubdirectory("annotating-").FullName;
        Directory.CreateDirectory(Path.Combine(Videos, "more"));
        Make("a.mp4", 84);
        Make("more/b.mp4", 300);
    }

    public MediaTools Tools { get; } = MediaTools.Locate();

    public string Folder { get; }

    public string Videos => Path.Combine(Folder, "videos");

    /// <summary>A new output folder.</summary>
    public string NewOutput() => Path.Combine(Folder, Guid.NewGuid().ToString("N"));

    /// <summary>A video of one frame a second.</summary>
    public void Make(string name, int seconds)
    {
        using Process process = Process.Start(Tools.Ffmpeg, ["-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=1", "-frames:v", $"{seconds}", Path.Combine(Videos, name)]);
        process.WaitForExit();
    }

    internal AnnotationMaker Maker(string output, FakeAnnotator fake, IAnnotationTask? task = null, string? videos = null) =>
        new(videos ?? Videos, output, task ?? new VicoTask(), fake, fake, Tools);

    internal static AnnotationSettings Vico(ulong seed = 1, int jobs = 1, int questions = 7) => new()
    {
        Seed = seed, Jobs = jobs, Questions = questions, ClipSeconds = VicoTask.DefaultClipSeconds, SectionSeconds = VicoTask.DefaultSectionSeconds, Kinds = new VicoTask().Kinds,
    };

    internal static AnnotationSettings LongVideo(ulong seed = 1, int jobs = 1, int questions = 8) => new()
    {
        Seed = seed, Jobs = jobs, Questions = questions, ClipSeconds = LongVideoTask.DefaultClipSeconds, SectionSeconds = LongVideoTask.DefaultSectionSeconds, Kinds = new LongVideoTask().Kinds,
    };

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
