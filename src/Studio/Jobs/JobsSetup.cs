using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Quartz;
using Studio.Benchmarks.Storage;
using Studio.Hosting;
using Studio.Jobs.Data;
using Studio.Jobs.Running;
using Studio.Jobs.Trainings;

namespace Studio.Jobs;

/// <summary>Jobs: their list, the queue that keeps them over a crash, and the kinds of work there are.</summary>
internal static class JobsSetup
{
    /// <summary>Longest that jobs may take to save what they have when the server stops.</summary>
    private static readonly TimeSpan s_stop = TimeSpan.FromSeconds(25);

    /// <summary>After the conversations, so that jobs stop before the device does.</summary>
    public static IServiceCollection AddJobs(this IServiceCollection services, StudioFolders folders)
    {
        _ = services.AddSingleton<JobLimits>().AddDbContextFactory<JobDb>(o => o.UseStudioSqlite(folders.JobDatabase));
        // A scheduler with a name has a clock of its own: that of one without would become everybody's.
        _ = services.AddQuartz(JobQueue.Scheduler, q =>
        {
            _ = q.UseTimeProvider(TimeProvider.System); // its waiting is real, whatever the studio's clock says
            _ = q.ConfigureScheduler(o =>
            {
                o.IdleWaitTime = TimeSpan.FromSeconds(2); // it looks again this often, where nothing told it that a turn is free
                o.MaxBatchSize = 1; // or two of a batch would begin in any order
                o.ShutdownJobInterruption = ShutdownJobInterruption.Always;
            });
            _ = q.UseDefaultThreadPool(16); // more than may run at once: JobLimits bounds that
            _ = q.UsePersistentStore(s =>
            {
                _ = s.UseSqlite(SqliteFactory.Instance, SqliteSetup.ConnectionString(folders.SchedulerDatabase));
                _ = s.ProvisionSchema();
                _ = s.ConfigureStore(o => (o.StoreJobDataAsStrings, o.RecoverFiringsCancelledByShutdown, o.UseBackgroundThreads) = (true, true, true));
            });
            _ = q.UseExecutionLimits((p, limits) => _ = limits.ForGroup(JobQueue.Device, 1).ForGroup(JobQueue.Light, p.GetRequiredService<JobLimits>().MaxLight));
        });
        _ = services.AddSingleton<JobEvents>().AddSingleton<JobHistory>().AddSingleton<JobDevice>().AddSingleton(p => new JobQueue(p.GetRequiredKeyedService<ISchedulerFactory>(JobQueue.Scheduler), p.GetRequiredService<ILogger<JobQueue>>())).AddSingleton<JobRunner>();
        _ = services.AddSingleton(p => new JobService(
            p.GetRequiredService<IDbContextFactory<JobDb>>(), p.GetServices<IJobKind>(), p.GetRequiredService<JobQueue>(), p.GetRequiredService<JobRunner>(),
            p.GetRequiredService<JobHistory>(), p.GetRequiredService<JobEvents>(), p.GetRequiredService<JobLimits>(), p.GetRequiredService<TimeProvider>()));
        _ = services.AddSingleton<JobFollowers>().AddSingleton<RecipeFiles>().AddSingleton<IJobKind, TrainingKind>();
        _ = services.AddSingleton(p => new TrainingRuns(folders, p.GetRequiredService<TimeProvider>()));
        return services.AddHostedService<JobsLifetime>();
    }

    public static IEndpointRouteBuilder MapJobs(this IEndpointRouteBuilder endpoints) => endpoints.MapJobsApi().MapTrainingsApi();

    /// <summary>Creates the list's file, or brings it up to date.</summary>
    public static async Task MigrateAsync(IServiceProvider services, CancellationToken ct)
    {
        var db = await services.GetRequiredService<IDbContextFactory<JobDb>>().CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) await db.Database.MigrateAsync(ct).ConfigureAwait(false);
    }

    private sealed class JobsLifetime(JobService jobs, ILogger<JobsLifetime> log) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => jobs.ResumeAsync(cancellationToken);

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            using var limit = new CancellationTokenSource(s_stop);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                await jobs.StopAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                log.LogWarning("a job did not stop in time; it begins again when the server starts");
            }
        }
    }
}
