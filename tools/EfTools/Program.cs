using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Studio.Data;
using Studio.Jobs.Data;

return 0;

/// <summary>A context without a database, for the migrations tool.</summary>
internal sealed class DesignTime : IDesignTimeDbContextFactory<StudioDb>
{
    public StudioDb CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<StudioDb>().UseSqlite("Data Source=:memory:").Options);
}

/// <summary>As above, of the jobs.</summary>
internal sealed class DesignTimeJobs : IDesignTimeDbContextFactory<JobDb>
{
    public JobDb CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<JobDb>().UseSqlite("Data Source=:memory:").Options);
}
