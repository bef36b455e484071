using Studio.Hosting;
using Studio.Library.Uploads;

namespace Studio.Library;

/// <summary>Videos: uploads, imports, the library itself and its pictures.</summary>
internal static class LibrarySetup
{
    public static IServiceCollection AddLibrary(this IServiceCollection services, StudioOptions options) =>
        services.AddLibraryCore(options).AddHostedService<LibraryCleanup>();

    /// <summary>Without the work in the background: what a command needs.</summary>
    public static IServiceCollection AddLibraryCore(this IServiceCollection services, StudioOptions options) => services
        .AddSingleton(LibraryLimits.From(options))
        .AddSingleton<LibraryEvents>()
        .AddSingleton<DiskSpace>()
        .AddSingleton<MediaInspector>()
        .AddSingleton<VideoIntake>()
        .AddSingleton<UploadStore>();

    public static void MapLibrary(this IEndpointRouteBuilder routes)
    {
        routes.MapTus();
    }
}
