using Studio.Benchmarks.Records.Store;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

public sealed class ResultsTargetTests
{
    [Theory]
    [InlineData(null, "/data/results.db")]
    [InlineData(" ", "/data/results.db")]
    [InlineData("/x/y.db", "/x/y.db")]
    public void Parse_NothingOrAPath_IsAFile(string? text, string file)
    {
        var target = ResultsTarget.Parse(text, "/data/results.db");
        Assert.Equal((false, file, file), (target.IsPostgres, target.Connection, target.Shown));
    }

    [Theory]
    [InlineData("Host=db.example.org;Database=evals;Username=ada;Password=s3cret")]
    [InlineData("postgresql://ada:s3cret@db.example.org:5433/evals?sslmode=verify-full")]
    public void Parse_AConnectionString_ShowsNoPassword(string text)
    {
        var target = ResultsTarget.Parse(text, "/data/results.db");
        Assert.Equal((true, "PostgreSQL database evals at db.example.org"), (target.IsPostgres, target.Shown));
        Assert.Contains("s3cret", target.Connection, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", target.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql:///evals?host=/var/run/pg", "Host=/var/run/pg")]
    [InlineData("postgres://h/d?sslmode=require", "SSL Mode=Require")]
    public void Parse_AnAddress_KeepsItsOptions(string text, string part) => Assert.Contains(part, ResultsTarget.Parse(text, "f").Connection, StringComparison.OrdinalIgnoreCase);

    [Theory]
    [InlineData("Host=h;Passwort=s3cret")]
    [InlineData("Database=d;Password=s3cret")]
    [InlineData("postgresql://h/d?frobnicate=s3cret")]
    public void Parse_WhatItCannotUse_IsRefusedWithoutTheSecret(string text)
    {
        var problem = Assert.Throws<ArgumentException>(() => ResultsTarget.Parse(text, "f"));
        Assert.Contains("Host=", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", problem.ToString(), StringComparison.Ordinal);
    }
}
