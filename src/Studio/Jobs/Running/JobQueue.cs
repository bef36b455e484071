using Quartz;
using Studio.Jobs.Data;

namespace Studio.Jobs.Running;

/// <summary>
/// The queue itself, which is Quartz's: its store keeps what waits and what runs over a crash, its groups bound what runs at
/// once. Here it is only told which job stands where.
/// </summary>
internal sealed class JobQueue(ISchedulerFactory schedulers, ILogger<JobQueue> log)
{
    /// <summary>Name of the scheduler; rows in its store bear it.</summary>
    public const string Scheduler = "jobs";

    /// <summary>Execution group of jobs that compute on the device: one at a time.</summary>
    public const string Device = "device";

    /// <summary>Execution group of all others.</summary>
    public const string Light = "light";

    private const string Group = "jobs";

    /// <summary>
    /// Quartz takes what is due longest first and looks at priorities only among equals. So a priority is years of being due:
    /// this many between one and the next.
    /// </summary>
    private const int YearsPerPriority = 15;

    private int _isStopped;

    public Task StartAsync(CancellationToken ct) => WithAsync(async s => await s.Start(ct).ConfigureAwait(false), ct);

    /// <summary>Asks everything that runs to stop, and waits for it. What was stopped will go on at the next start.</summary>
    public Task StopAsync(CancellationToken ct) => Interlocked.Exchange(ref _isStopped, 1) == 0
        ? WithAsync(async s => await s.Shutdown(waitForJobsToComplete: true, ct).ConfigureAwait(false), ct)
        : Task.CompletedTask; // a host may be stopped twice; a scheduler that was shut down cannot be asked again

    /// <summary>Puts a job into the queue, or to another place in it.</summary>
    public Task PutAsync(Job job, bool needsDevice, CancellationToken ct) => WithAsync(
        async s =>
        {
            var detail = JobBuilder.Create<QueuedJob>().WithIdentity(job.Id, Group).RequestRecovery().Build();
            // Named by the attempt: the end of the one before removes that one's trigger, and must not remove this.
            var trigger = TriggerBuilder.Create()
                .WithIdentity($"{job.Id}.{job.Attempts}", Group).StartAt(DueAt(job)).WithExecutionGroup(needsDevice ? Device : Light)
                .WithSimpleSchedule(x => x.WithRepeatCount(0).WithMisfireInstruction(SimpleTriggerMisfireInstruction.IgnoreMisfires))
                .Build();
            _ = await s.ScheduleJob(detail, trigger, ScheduleJobOptions.Replacing, ct).ConfigureAwait(false);
        },
        ct);

    /// <summary>Takes a job out; one that runs goes on. One whose turn comes at this moment stays: its row says that there is nothing to run.</summary>
    public Task RemoveAsync(string id, CancellationToken ct) => WithAsync(
        async s =>
        {
            try
            {
                _ = await s.DeleteJob(new JobKey(id, Group), ct).ConfigureAwait(false);
            }
            catch (SchedulerException e)
            {
                log.LogInformation("job {Id} stays in the queue: {Reason}", id, e.Message);
            }
        },
        ct);

    public async Task<bool> HasAsync(string id, CancellationToken ct)
    {
        var scheduler = await schedulers.GetScheduler(ct).ConfigureAwait(false);
        return await scheduler.Exists(new JobKey(id, Group), ct).ConfigureAwait(false);
    }

    /// <summary>Asks a running job to stop.</summary>
    public Task InterruptAsync(string id, CancellationToken ct) => WithAsync(async s => _ = await s.Interrupt(new JobKey(id, Group), ct).ConfigureAwait(false), ct);

    private static DateTimeOffset DueAt(Job job) => job.QueuedAt.AddYears(-YearsPerPriority * (int)job.Priority);

    private async Task WithAsync(Func<IScheduler, Task> action, CancellationToken ct) => await action(await schedulers.GetScheduler(ct).ConfigureAwait(false)).ConfigureAwait(false);
}

/// <summary>What Quartz runs: the job whose id its key has.</summary>
internal sealed class QueuedJob(JobRunner runner) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await runner.RunAsync(context.JobDetail.Key.Name, context.Recovering, cancellationToken).ConfigureAwait(false);
}
