using System.Diagnostics.CodeAnalysis;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>Every built-in task by its name.</summary>
public static class TaskCatalog
{
    public static IReadOnlyList<EvalTask> All { get; } =
    [
        new NiahSingle(), new NiahMulti(), new VideoXlNiah(),
        new VideoMme(), new VideoMme(subtitles: true), new VideoMmeVideoXl(), new VideoMmeVideoXl(subtitles: true),
        new MvBench(), new PerceptionTest(), new LongVideoBench(), new LongVideoBenchUpstream(), new LongVideoBenchUpstream(interleaved: true),
        new Mlvu(), new MlvuVideoXl(), .. MlvuGeneration.Each, new LvBench(), new VnBench(), new NextQa(), new Charades(),
        .. Vdc.Aspects.Select(aspect => new Vdc(aspect)), new WorldSet(),
    ];

    public static bool TryGet(string name, [NotNullWhen(true)] out EvalTask? task)
    {
        task = All.FirstOrDefault(t => t.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return task is not null;
    }

    /// <exception cref="ArgumentException">There is no such task; the message lists those there are.</exception>
    public static EvalTask Get(string name) => TryGet(name, out var task) ? task
        : throw new ArgumentException($"There is no task '{name}'. Tasks: {string.Join(", ", All.Select(t => t.Name))}.", nameof(name));
}
