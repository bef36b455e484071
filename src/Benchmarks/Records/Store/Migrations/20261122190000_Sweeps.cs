using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Studio.Benchmarks.Records.Store.Migrations;

/// <summary>Further sweeps of a run beside the one that made it: a sweep that finds a run done, or half done, is whole with it.</summary>
[DbContext(typeof(RunsDb))]
[Migration("20261122190000_Sweeps")]
public sealed class Sweeps : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        ArgumentNullException.ThrowIfNull(migrationBuilder);
        _ = migrationBuilder.CreateTable(
            "sweep_runs",
            table => new { SweepId = table.Column<string>(), RunId = table.Column<string>() },
            constraints: table =>
            {
                _ = table.PrimaryKey("PK_sweep_runs", s => new { s.SweepId, s.RunId });
                _ = table.ForeignKey("FK_sweep_runs_runs_RunId", s => s.RunId, "runs", "Id", onDelete: ReferentialAction.Cascade);
            });
        _ = migrationBuilder.CreateIndex("IX_sweep_runs_RunId", "sweep_runs", "RunId");
    }
}
