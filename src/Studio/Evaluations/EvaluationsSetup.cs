using Studio.Jobs;

namespace Studio.Evaluations;

/// <summary>Evaluations: as jobs, and over HTTP.</summary>
internal static class EvaluationsSetup
{
    public static IServiceCollection AddEvaluations(this IServiceCollection services) =>
        services.AddSingleton<EvaluationParts>().AddSingleton<IJobKind, EvaluationKind>().AddSingleton<EvaluationEstimates>().AddSingleton<EvaluationService>();
}
