namespace Studio.Inspect;

/// <summary>What the model kept: traces, frames, their API.</summary>
internal static class InspectSetup
{
    public static IServiceCollection AddInspect(this IServiceCollection services) => services
        .AddSingleton<IAnswerAccess, DatabaseAnswerAccess>()
        .AddSingleton<TraceReader>()
        .AddSingleton<FrameImages>()
        .AddSingleton<InspectService>();

    public static void MapInspect(this IEndpointRouteBuilder routes) => InspectApi.Map(routes);
}
