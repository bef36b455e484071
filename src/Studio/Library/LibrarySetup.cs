using Studio.Hosting;
using Studio.Library.Importing;
using Studio.Library.Thumbnails;
using Studio.Library.Uploads;

namespace Studio.Library;

/// <summary>Videos: uploads, imports, the library itself and its pictures.</summary>
internal static class LibrarySetup
{
    public static IServiceCollection AddLibrary(this IServiceCollection services, StudioOptions options) =>
        services.AddLibraryCore(options).AddHostedService<LibraryCleanup>().AddHostedService<ThumbnailWorker>();

    /// <summary>Without the work in the background: what a command needs.</summary>
    public static IServiceCollection AddLibraryCore(this IServiceCollection services, StudioOptions options) => services
        .AddSingleton(LibraryLimits.From(options))
        .AddSingleton<LibraryEvents>()
        .AddSingleton<DiskSpace>()
        .AddSingleton<MediaInspector>()
        .AddSingleton<VideoIntake>()
        .AddSingleton<UploadStore>()
        .AddSingleton<VideoLibrary>()
        .AddSingleton<ThumbnailFiles>()
        .AddSingleton<ThumbnailMaker>()
        .AddSingleton<ImportFolders>()
        .AddSingleton(p => new VideoImporter(
            p.GetRequiredService<UploadStore>(), p.GetRequiredService<VideoLibrary>(), p.GetRequiredService<ImportFolders>(), options, p.GetRequiredService<LibraryLimits>()));

    public static void MapLibrary(this IEndpointRouteBuilder routes)
    {
        routes.MapTus();
        routes.MapVideosApi();
    }
}
