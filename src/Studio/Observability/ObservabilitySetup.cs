using System.Net;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Studio.Accounts;
using Studio.Benchmarks.Machine;
using Studio.Hosting;
using Studio.ModelHosting;
using Studio.OpenAi;
using Studio.Security;

namespace Studio.Observability;

/// <summary>Health, metrics, logs, and the facts of the system page.</summary>
internal static class ObservabilitySetup
{
    public static IServiceCollection AddObservability(this IServiceCollection services, StudioOptions options, StudioFolders folders)
    {
        var level = new LogLevelSwitch(options);
        _ = services.AddSingleton(level).AddLogging(logging => logging.AddStudioLog(options, level));
        _ = services.AddSingleton<StudioMetrics>().AddSingleton<MetricsCollector>();
        var rates = Path.Combine(folders.Cache, "machine");
        _ = services.AddSingleton(p => new DoctorService(
            measure => Doctor.Examine(FactsReader.Read(new LocalMachine(new MachineProbe(p.GetRequiredService<TimeProvider>()), new RatesCache(rates), measure), folders.Data)),
            p.GetRequiredService<TimeProvider>()));
        _ = services.AddSingleton<Versions>().AddSingleton<StorageService>().AddSingleton<Caches>()
            .AddSingleton<IStudioCache>(new FolderCache("machine rates", "measured speeds of this machine; they are measured again when needed, in two seconds", rates, "rates-*.json", 0));
        _ = services.AddHealthChecks().AddCheck<DatabaseCheck>("database").AddCheck<StorageCheck>("storage");
        _ = services.AddSingleton<IProblemDetailsWriter, OpenAiProblemWriter>(); // before the framework's own, which takes whatever comes
        return services.AddProblemDetails(o => o.CustomizeProblemDetails = problem =>
        {
            _ = problem.ProblemDetails.Extensions.Remove("traceId");
            problem.ProblemDetails.Extensions["requestId"] = RequestIds.Of(problem.HttpContext);
        });
    }

    /// <summary>First in the pipeline: it times everything behind it.</summary>
    public static IApplicationBuilder UseRequestLog(this IApplicationBuilder app)
    {
        var services = app.ApplicationServices;
        _ = services.GetRequiredService<MetricsCollector>(); // listens from the first request on
        services.GetRequiredService<StudioMetrics>().WatchDevice(services.GetRequiredService<ModelHost>(), services.GetRequiredService<DeviceScheduler>());
        return app.UseMiddleware<RequestLog>();
    }

    public static IEndpointRouteBuilder MapObservability(this IEndpointRouteBuilder routes)
    {
        _ = routes.MapHealthChecks("/healthz/live", new() { Predicate = _ => false, ResponseWriter = WriteHealthAsync }).AllowAnonymous();
        foreach (var path in new[] { "/healthz", "/healthz/ready" })
            _ = routes.MapHealthChecks(path, new HealthCheckOptions { ResponseWriter = WriteHealthAsync }).AllowAnonymous();
        _ = routes.MapGet("/metrics", WriteMetricsAsync).AllowAnonymous().ExcludeFromDescription();
        SystemApi.Map(routes);
        return routes;
    }

    /// <summary>
    /// Whether a request comes from this machine itself: no proxy stands before it, and it names this machine, so that neither
    /// strangers behind a proxy here nor other sites' pages read the numbers.
    /// </summary>
    internal static bool IsDirectlyFromHere(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && HostGuard.IsThisMachine(http.Request.Host.Host)
        && !http.Request.Headers.Keys.Any(h => h.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || h.StartsWith("X-Original-", StringComparison.OrdinalIgnoreCase)
            || h.Equals("Forwarded", StringComparison.OrdinalIgnoreCase) || h.Equals("Via", StringComparison.OrdinalIgnoreCase) || h.Equals("X-Real-IP", StringComparison.OrdinalIgnoreCase));

    private static IResult WriteMetricsAsync(HttpContext http, MetricsCollector metrics) =>
        IsDirectlyFromHere(http) || CurrentUser.TryFrom(http.User) is { IsAdmin: true }
            ? TypedResults.Text(PrometheusText.Write(metrics.Collect()), PrometheusText.ContentType)
            : CurrentUser.TryFrom(http.User) is null ? TypedResults.Unauthorized() : TypedResults.Forbid();

    /// <summary>States and nothing else: anybody may ask.</summary>
    private static Task WriteHealthAsync(HttpContext http, HealthReport report) => http.Response.WriteAsJsonAsync(
        new { status = Word(report.Status), checks = report.Entries.ToDictionary(e => e.Key, e => Word(e.Value.Status)) }, http.RequestAborted);

    private static string Word(HealthStatus status) => status.ToString().ToLowerInvariant();
}
