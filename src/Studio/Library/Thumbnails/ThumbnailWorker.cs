using System.Threading.Channels;
using Studio.Engine.Video;

namespace Studio.Library.Thumbnails;

/// <summary>Makes pictures in the background, one video at a time.</summary>
internal sealed class ThumbnailWorker(ThumbnailMaker maker, LibraryEvents events, ILogger<ThumbnailWorker> log) : BackgroundService
{
    /// <summary>One word that something may have come; more would say no more.</summary>
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        events.Changed += Wake;
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        events.Changed -= Wake;
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The server answers first.
        await Task.Yield();
        try
        {
            do await DrainAsync(stoppingToken).ConfigureAwait(false);
            while (await _news.Reader.ReadAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The rest waits in the table.
        }
    }

    private async Task DrainAsync(CancellationToken ct)
    {
        try
        {
            while (await maker.MakeNextAsync(ct).ConfigureAwait(false)) ct.ThrowIfCancellationRequested();
        }
        catch (Exception e) when (e is MediaException or Microsoft.EntityFrameworkCore.DbUpdateException or Microsoft.Data.Sqlite.SqliteException)
        {
            log.LogWarning("Pictures of videos wait: {Reason}", e.Message);
        }
    }

    private void Wake(string ownerId) => _news.Writer.TryWrite(true);
}
