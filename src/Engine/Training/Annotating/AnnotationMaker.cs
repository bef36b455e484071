using Studio.Engine.Checkpoints;
using Studio.Engine.Video;

namespace Studio.Engine.Training.Annotating;

/// <summary>How far a run is.</summary>
/// <param name="Done">Sections finished, with or without questions.</param>
/// <param name="Sections">Of so many.</param>
/// <param name="Asked">Answers asked for since the start.</param>
/// <param name="Reused">Answers that were there.</param>
/// <param name="Failed">What could not be had.</param>
public readonly record struct AnnotationProgress(int Done, int Sections, int Asked, int Reused, int Failed);

/// <summary>What a run made.</summary>
/// <param name="Records">Records in <paramref name="File"/>.</param>
/// <param name="ByKind">Records of each kind.</param>
/// <param name="LeftOut">What was left out on purpose.</param>
/// <param name="Failed">What could not be had, to be tried again at the next start.</param>
public sealed record AnnotationSummary(
    string File, int Videos, int Sections, long Records, IReadOnlyDictionary<string, int> ByKind, int LeftOut, int Failed, int Asked, int Reused);

/// <summary>
/// Makes annotations of a folder of videos: captions of clips, then a task's questions. Files in the output folder, NAME being the
/// task's: <c>NAME.answers.jsonl</c> (each answer as it comes), <c>NAME.failed.jsonl</c> (what this run could not have, and why),
/// and at the end <c>NAME.jsonl</c> (the records), <c>NAME.left-out.jsonl</c> and, of tasks that have them, <c>NAME.timelines.jsonl</c>.
/// </summary>
/// <remarks>
/// Killed and started again it asks for nothing that is there. The records are written from the log alone, in the order of videos and
/// sections: they do not depend on when or in what order answers came.
/// </remarks>
public sealed class AnnotationMaker(string folder, string output, IAnnotationTask task, ICaptioner captioner, IAnnotationWriter writer, MediaTools tools)
{
    /// <summary>Where the records come.</summary>
    public string FilePath => Path.Combine(output, $"{task.Name}.jsonl");

    /// <summary>Where failures are listed.</summary>
    public string FailedPath => Path.Combine(output, $"{task.Name}.failed.jsonl");

    private string AnswersPath => Path.Combine(output, $"{task.Name}.answers.jsonl");

    private string LeftOutPath => Path.Combine(output, $"{task.Name}.left-out.jsonl");

    private string TimelinesPath => Path.Combine(output, $"{task.Name}.timelines.jsonl");

    /// <summary>Makes what is missing and writes the records.</summary>
    /// <param name="onProgress">Called after each section, one call at a time.</param>
    /// <exception cref="ArgumentException">A setting or the folder cannot be used.</exception>
    /// <exception cref="AnnotatorException">Captioner or writer answers nothing any more; what was answered is kept.</exception>
    public async Task<AnnotationSummary> MakeAsync(AnnotationSettings settings, Action<AnnotationProgress>? onProgress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate(task.Kinds);
        var videos = new VideoFolder(folder, Path.GetFullPath(output), new VideoProbe(tools));
        IReadOnlyList<string> names = videos.Choose(settings);
        Directory.CreateDirectory(output);
        using var log = new AnswerLog(AnswersPath);
        var failures = new StreamWriter(FailedPath, append: false);
        await using (failures.ConfigureAwait(false))
        {
            using var asker = new Asker(log, failures, settings.Jobs);
            try
            {
                var left = new List<LeftOut>(); // at most one a video and section
                List<VideoSection> sections = await SectionsAsync(videos, names, settings, asker, left, cancellationToken).ConfigureAwait(false);
                await AnswerAsync(sections, settings, asker, onProgress, cancellationToken).ConfigureAwait(false);
                if (asker.Ended is not null)
                {
                    throw asker.Ended; // it was the last answer that failed
                }

                return await WriteAsync(sections, names.Count, left, settings, log, asker, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (asker.Ended is not null && !cancellationToken.IsCancellationRequested)
            {
                throw asker.Ended;
            }
        }
    }

    /// <summary>All sections of all videos that can be used, a video that is there twice once.</summary>
    private async Task<List<VideoSection>> SectionsAsync(
        VideoFolder videos, IReadOnlyList<string> names, AnnotationSettings settings, Asker asker, List<LeftOut> left, CancellationToken cancellationToken)
    {
        var opened = new SourceVideo?[names.Count];
        await Parallel.ForAsync(0, names.Count, Jobs(settings, cancellationToken), async (i, stop) =>
        {
            try
            {
                opened[i] = await videos.OpenAsync(names[i], asker, stop).ConfigureAwait(false);
            }
            catch (UnansweredException)
            {
                // Listed; the other videos go on.
            }
        }).ConfigureAwait(false);

        var seen = new Dictionary<string, string>(StringComparer.Ordinal); // at most the videos
        var sections = new List<VideoSection>(); // at most MaxSections a video
        foreach (SourceVideo video in opened.OfType<SourceVideo>())
        {
            if (!seen.TryAdd(video.ContentHash, video.Name))
            {
                left.Add(new LeftOut(video.Name, $"the same file as {seen[video.ContentHash]}"));
                continue;
            }

            foreach (VideoSection section in VideoSection.Of(video, settings))
            {
                int clips = section.Clips.Count;
                if (clips < task.MinClips)
                {
                    left.Add(new LeftOut(video.Name, $"{section.End - section.Start:0.###} s are {clips} clips; questions need {task.MinClips}"));
                    continue;
                }

                sections.Add(section);
            }
        }

        return sections;
    }

    /// <summary>Asks for all that is missing; what the answers make is written afterwards.</summary>
    private async Task AnswerAsync(List<VideoSection> sections, AnnotationSettings settings, Asker asker, Action<AnnotationProgress>? onProgress, CancellationToken cancellationToken)
    {
        var report = new Lock();
        int done = 0;
        await Parallel.ForAsync(0, sections.Count, Jobs(settings, cancellationToken), async (i, stop) =>
        {
            await TryAnnotateAsync(sections[i], settings, asker, stop).ConfigureAwait(false);
            lock (report)
            {
                onProgress?.Invoke(new AnnotationProgress(++done, sections.Count, asker.Asked, asker.Reused, asker.Failed));
            }
        }).ConfigureAwait(false);
    }

    private async Task<SectionAnnotations?> TryAnnotateAsync(VideoSection section, AnnotationSettings settings, Asker asker, CancellationToken cancellationToken)
    {
        try
        {
            TimedCaption[] captions = await CaptionsAsync(section, settings, asker, cancellationToken).ConfigureAwait(false);
            return await task.AnnotateAsync(section, captions, new AnnotationContext(settings, asker, captioner.Identity, writer), cancellationToken).ConfigureAwait(false);
        }
        catch (UnansweredException)
        {
            return null;
        }
    }

    private async Task<TimedCaption[]> CaptionsAsync(VideoSection section, AnnotationSettings settings, Asker asker, CancellationToken cancellationToken)
    {
        // All of them are tried, whichever fail: the next start has less to do.
        IReadOnlyList<ClipTime> clips = section.Clips;
        Task<Understood<string>>[] asked = [.. clips.Select(clip => asker.AskAsync(
            new Inquiry("caption", $"{section.Video.ContentHash} {clip.Start:0.###}-{clip.End:0.###}", captioner.Identity, $"{settings.Frames} frames. {task.CaptionPrompt}"),
            ct => captioner.CaptionAsync(new VideoClip(section.Video.Path, clip.Start, clip.End, settings.Frames), task.CaptionPrompt, ct),
            AnswerText.Caption,
            cancellationToken))];
        Understood<string>[] captions = await Task.WhenAll(asked).ConfigureAwait(false);
        return [.. clips.Select((clip, i) => new TimedCaption(clip.Start, clip.End, captions[i].Value))];
    }

    /// <summary>The files, from the log alone.</summary>
    private async Task<AnnotationSummary> WriteAsync(
        List<VideoSection> sections, int videos, List<LeftOut> left, AnnotationSettings settings, AnswerLog log, Asker asked, CancellationToken cancellationToken)
    {
        using var reader = new Asker(log, failures: null, jobs: 1);
        var kinds = new SortedDictionary<string, int>(StringComparer.Ordinal); // at most the task's kinds
        (long records, int leftOut, bool anyTimeline) = (0, left.Count, false);
        string[] paths = [FilePath, LeftOutPath, TimelinesPath];
        string[] temporary = [.. paths.Select(AtomicFile.TemporaryName)];
        try
        {
            using (var file = new StreamWriter(temporary[0]))
            using (var leftFile = new StreamWriter(temporary[1]))
            using (var timelines = new StreamWriter(temporary[2]))
            {
                foreach (LeftOut one in left)
                {
                    await leftFile.WriteAsync(one.ToJson() + "\n").ConfigureAwait(false);
                }

                foreach (VideoSection section in sections)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (await TryAnnotateAsync(section, settings, reader, cancellationToken).ConfigureAwait(false) is not { } made)
                    {
                        continue;
                    }

                    foreach (AnnotationRecord record in made.Records)
                    {
                        await file.WriteAsync(record.ToJson() + "\n").ConfigureAwait(false);
                        kinds[record.Meta.Kind] = kinds.GetValueOrDefault(record.Meta.Kind) + 1;
                        records++;
                    }

                    foreach (LeftOut one in made.LeftOut)
                    {
                        await leftFile.WriteAsync(one.ToJson() + "\n").ConfigureAwait(false);
                        leftOut++;
                    }

                    if (made.Timeline is { } timeline)
                    {
                        await timelines.WriteAsync(timeline.ToJson() + "\n").ConfigureAwait(false);
                        anyTimeline = true;
                    }
                }
            }

            for (int i = 0; i < paths.Length; i++)
            {
                if (i < 2 || anyTimeline)
                {
                    File.Move(temporary[i], paths[i], overwrite: true);
                }
            }
        }
        finally
        {
            foreach (string path in temporary)
            {
                File.Delete(path);
            }
        }

        return new AnnotationSummary(FilePath, videos, sections.Count, records, kinds, leftOut, asked.Failed, asked.Asked, asked.Reused);
    }

    private static ParallelOptions Jobs(AnnotationSettings settings, CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = settings.Jobs, CancellationToken = cancellationToken };
}
