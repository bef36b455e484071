using Studio.Benchmarks.Evaluation.Data;
using Studio.Hosting;
using Studio.Jobs;

namespace Studio.Evaluations;

/// <summary>Evaluations: as jobs, and over HTTP.</summary>
internal static class EvaluationsSetup
{
    public static IServiceCollection AddEvaluations(this IServiceCollection services, StudioFolders folders) =>
        services.AddSingleton(_ => new VideoStore(Path.Combine(folders.Cache, "eval-videos")))
            .AddSingleton<EvaluationParts>().AddSingleton<IJobKind, EvaluationKind>().AddSingleton<EvaluationEstimates>().AddSingleton<EvaluationService>();
}
