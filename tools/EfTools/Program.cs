using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Studio.Data;

return 0;

/// <summary>A context without a database, for the migrations tool.</summary>
internal sealed class DesignTime : IDesignTimeDbContextFactory<StudioDb>
{
    public StudioDb CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<StudioDb>().UseSqlite("Data Source=:memory:").Options);
}
